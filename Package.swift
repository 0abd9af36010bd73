// swift-tools-version:6.1
import PackageDescription

// Target names carry the package prefix: a target called `Tracing` cannot stand in one
// package graph with apple/swift-distributed-tracing. Folders stay plain through `path:`.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "spanreel",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SpanreelTracing", targets: ["SpanreelTracing"]),
        .library(name: "SpanreelReplay", targets: ["SpanreelReplay"]),
        .library(name: "SpanreelInterop", targets: ["SpanreelInterop"]),
        .library(name: "SpanreelServer", targets: ["SpanreelServer"]),
        .executable(name: "spanreel", targets: ["spanreel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .target(name: "CSpanreel", path: "Sources/CSpanreel"),
        .target(
            name: "SpanreelTracing", dependencies: ["CZstd", "CSpanreel"],
            path: "Sources/Tracing", swiftSettings: strict),
        .target(
            name: "SpanreelReplay", dependencies: ["SpanreelTracing"],
            path: "Sources/Replay", swiftSettings: strict),
        .target(
            name: "SpanreelInterop",
            dependencies: ["SpanreelTracing", "CZstd"],
            path: "Sources/Interop", swiftSettings: strict),
        .target(
            name: "SpanreelServer",
            dependencies: [
                "SpanreelTracing", "SpanreelReplay",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Server", resources: [.copy("Public")], swiftSettings: strict),
        .target(
            name: "SpanreelPipeline",
            dependencies: [
                "SpanreelTracing",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Pipeline", swiftSettings: strict),
        .executableTarget(
            name: "spanreel",
            dependencies: [
                "SpanreelTracing", "SpanreelReplay", "SpanreelInterop", "SpanreelServer", "SpanreelPipeline",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/CLI", swiftSettings: strict),
        .testTarget(
            name: "TracingTests", dependencies: ["SpanreelTracing"],
            path: "Tests/TracingTests", swiftSettings: strict),
        .executableTarget(
            name: "torture-child", dependencies: ["SpanreelTracing"],
            path: "Tests/Torture/Child", swiftSettings: strict),
        .target(name: "QuietC", path: "Tests/Torture/QuietC"),
        .executableTarget(
            name: "quiet-child", dependencies: ["SpanreelTracing", "QuietC"],
            path: "Tests/Torture/Quiet", swiftSettings: strict),
        .testTarget(
            name: "TortureTests", dependencies: ["SpanreelTracing", "torture-child", "quiet-child"],
            path: "Tests/Torture/Kit", swiftSettings: strict),
        .executableTarget(
            name: "format-writer", dependencies: ["SpanreelTracing"],
            path: "Tests/FormatReader/Writer", swiftSettings: strict),
        .testTarget(
            name: "ReplayTests", dependencies: ["SpanreelTracing", "SpanreelReplay"],
            path: "Tests/ReplayTests", swiftSettings: strict),
        .testTarget(
            name: "GoldenTests", dependencies: ["SpanreelTracing", "SpanreelReplay"],
            path: "Tests/Golden", swiftSettings: strict),
        .testTarget(
            name: "InteropTests", dependencies: ["SpanreelTracing", "SpanreelReplay", "SpanreelInterop"],
            path: "Tests/InteropTests", swiftSettings: strict),
        .testTarget(
            name: "ServerTests", dependencies: ["SpanreelTracing", "SpanreelReplay", "SpanreelServer"],
            path: "Tests/ServerTests", swiftSettings: strict),
        .testTarget(
            name: "PipelineTests", dependencies: ["SpanreelTracing", "SpanreelPipeline"],
            path: "Tests/PipelineTests", swiftSettings: strict),
        .testTarget(
            name: "CLITests", dependencies: ["SpanreelTracing", "SpanreelReplay"],
            path: "Tests/CLITests", swiftSettings: strict),
    ]
)
