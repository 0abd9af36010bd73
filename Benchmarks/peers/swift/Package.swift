// swift-tools-version:6.1
import PackageDescription

// A package of its own: what a peer depends on must not weigh on our benchmarks.
let package = Package(
    name: "spanreel-peers",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3")
    ],
    targets: [
        .executableTarget(
            name: "peer-tracing",
            dependencies: [
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            ])
    ]
)
