// swift-tools-version:6.1
import PackageDescription

// A package of its own: benchmarks must not weigh on those who depend on the library.
let package = Package(
    name: "spanreel-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "spanreel", path: "..")],
    targets: [
        .executableTarget(
            name: "generate",
            dependencies: [
                .product(name: "SpanreelTracing", package: "spanreel"),
                .product(name: "SpanreelInterop", package: "spanreel"),
            ]),
        .target(name: "BenchSupport", path: "Sources/support"),
        .executableTarget(
            name: "emit", dependencies: ["BenchSupport", .product(name: "SpanreelTracing", package: "spanreel")]),
        .executableTarget(
            name: "log", dependencies: ["BenchSupport", .product(name: "SpanreelTracing", package: "spanreel")]),
        .executableTarget(
            name: "scan",
            dependencies: [
                "BenchSupport",
                .product(name: "SpanreelTracing", package: "spanreel"),
                .product(name: "SpanreelReplay", package: "spanreel"),
            ]),
        .executableTarget(
            name: "sizes",
            dependencies: [
                "BenchSupport",
                .product(name: "SpanreelTracing", package: "spanreel"),
                .product(name: "SpanreelInterop", package: "spanreel"),
            ]),
    ]
)
