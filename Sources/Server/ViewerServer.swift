internal import Foundation
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
public import ServiceLifecycle
internal import Synchronization

/// The viewer: the HTTP API and the page, on loopback.
///
/// Runs until its task is cancelled or a graceful shutdown is triggered; streams end with either.
///
/// ```swift
/// var options = ViewerOptions()
/// options.paths = ["demo.reel"]
/// try await ViewerServer(options) { print("open", $0.url) }.run()
/// ```
public struct ViewerServer: Service {
    /// Ports tried after a preferred one that is taken.
    private static let portsTried = 100
    private static let connectionLimit = 1024

    private let options: ViewerOptions
    private let source: SessionSource
    private let onReady: @Sendable (ViewerAddress) async -> Void

    /// A viewer with those options; `onReady` is told once where it listens.
    public init(_ options: ViewerOptions, onReady: @escaping @Sendable (ViewerAddress) async -> Void = { _ in }) {
        self.init(options, source: .engine(rules: options.rules), onReady: onReady)
    }

    init(_ options: ViewerOptions, source: SessionSource, onReady: @escaping @Sendable (ViewerAddress) async -> Void) {
        self.options = options
        self.source = source
        self.onReady = onReady
    }

    /// Serves until cancelled or shut down.
    ///
    /// - Throws: ``ViewerError`` when no port can be had.
    public func run() async throws {
        let logger = Logger(label: "spanreel.viewer", factory: { StreamLogHandler.standardError(label: $0) })
        let catalog = SessionCatalog(directories: options.directories, paths: options.paths, source: source)
        let alerting = options.webhook.map { webhook in
            [Task { await AlertMonitor(catalog: catalog, webhook: webhook).run() }, Task { await webhook.run() }]
        }
        defer { alerting?.forEach { $0.cancel() } }
        let responder = EdgeResponder(
            hosts: HostRule(allowing: options.allowedHosts),
            inner: ViewerRoutes(
                catalog: catalog, source: source,
                files: StaticFiles(directory: options.pageDirectory ?? StaticFiles.bundledDirectory())),
            report: { logger.error("\($0)") })
        switch options.port {
        case .exactly(let port):
            try await serve(responder, port, wished: port, logger)
        case .preferred(let wished):
            for port in wished..<min(wished + Self.portsTried, 65536) {
                do {
                    return try await serve(responder, port, wished: wished, logger)
                } catch let error as ViewerError where error.code == "port-in-use" {
                    continue
                }
            }
            throw ViewerError(
                code: "port-in-use",
                message:
                    "Ports \(wished) to \(wished + Self.portsTried - 1) are all taken; give a free one with --port.")
        }
    }

    private func serve(_ responder: some HTTPResponder<BasicRequestContext>, _ port: Int, wished: Int, _ logger: Logger)
        async throws
    {
        var quiet = logger
        quiet.logLevel = .critical
        let onReady = onReady
        let application = Application(
            responder: responder,
            server: .http1(configuration: Self.limits),
            configuration: .init(
                address: .hostname("127.0.0.1", port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit, logger: quiet)),
            onServerRunning: { channel in
                let bound = channel.localAddress?.port ?? port
                await onReady(ViewerAddress(port: bound, takenPort: bound == wished || wished == 0 ? nil : wished))
            },
            logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw ViewerError(
                code: "port-in-use", message: "Port \(port) is taken by another program; give a free one with --port.")
        } catch let error as IOError where error.errnoCode == EACCES {
            throw ViewerError(
                code: "port-refused", message: "The system does not let this user listen on port \(port).")
        }
    }

    /// Nothing of this has a limit by default. Streams are not idle: their snapshots are traffic.
    private static var limits: HTTP1Channel.Configuration {
        .init(
            idleTimeout: .seconds(60),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 32 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100))
    }
}
