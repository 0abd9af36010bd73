import Foundation
import SpanreelReplay
import SpanreelTracing
import Synchronization

@testable import SpanreelServer

/// A backend that answers with what it was asked, so that tests see what the edge made of a request.
struct FakeSession: SessionBackend {
    let name: String
    let log: FakeLog

    static let start = Timestamp(nanos: 1_800_000_000_000_000_000)

    var state: SessionPhase { log.state }
    var canGrow: Bool { log.state == .live }
    var bounds: (start: Timestamp, end: Timestamp) {
        (Self.start, Timestamp(nanos: Self.start.nanos + log.lengthNanos))
    }
    mutating func refresh() { log.refreshes.add(1, ordering: .relaxed) }

    private func at(_ query: SnapshotQuery) -> String {
        query.at.map { "\($0.nanos - Self.start.nanos)" } ?? "\"live\""
    }

    func views(_ names: [ViewName], _ query: SnapshotQuery) throws -> [UInt8] {
        log.views.add(1, ordering: .relaxed)
        if let cut = query.cut, cut == "bad" { throw TraceError(.invalid, "the cut is not of this session") }
        return Array(
            "{\"views\":\"\(names.map(\.rawValue).joined(separator: "+"))\",\"session\":\"\(name)\",\"at\":\(at(query)),\"window\":\"\(query.window)\"}"
                .utf8)
    }
    func traces(limit: Int, _ query: SnapshotQuery) -> [UInt8] {
        Array("{\"total\":0,\"limit\":\(limit),\"requests\":[]}".utf8)
    }
    func trace(_ id: TraceID, _ query: SnapshotQuery) throws -> [UInt8] {
        throw TraceError(.notFound, "no such trace in this session", path: "/secret/place")
    }
    func path(_ query: SnapshotQuery) -> [UInt8] {
        Array("{\"path\":\(at(query)),\"window\":\"\(query.window)\"}".utf8)
    }
    func tokens(_ id: TraceID, _ query: SnapshotQuery) -> [UInt8] { Array("{\"tokens\":\(at(query))}".utf8) }
    func timeline(from: Timestamp, to: Timestamp, pixels: Int, _ query: SnapshotQuery) -> [UInt8] {
        Array("{\"from\":\(from.nanos - Self.start.nanos),\"to\":\(to.nanos - Self.start.nanos),\"px\":\(pixels)}".utf8)
            + Array(repeating: UInt8(ascii: " "), count: log.padding.load(ordering: .relaxed))
    }
    func alerts(_ query: SnapshotQuery) -> [UInt8] { Array("{\"alerts\":[],\"at\":\(at(query))}".utf8) }
    func alertStatus() throws -> AlertStatus { throw ReplayError(.notFound, "a fake session has no alerts") }
    func dashboardMetrics(_ filter: RequestFilter) -> [UInt8] { Array("{\"current\":{\"tokens_per_second\":1}}".utf8) }
    func dashboardLayers(_ filter: RequestFilter) -> [UInt8] { Array("{\"5\":{}}".utf8) }
    func dashboardHistory(from: Timestamp?, to: Timestamp?, limit: Int?, _ filter: RequestFilter) -> [UInt8] {
        Array("{\"history\":[],\"limit\":\(limit ?? -1),\"from\":\((from?.nanos ?? 0) - Self.start.nanos)}".utf8)
    }
}

/// What a fake session is like, and how often it was asked.
final class FakeLog: Sendable {
    let refreshes = Atomic(0)
    let views = Atomic(0)
    let padding = Atomic(0)
    private let facts: Mutex<(state: SessionPhase, lengthNanos: Int64)>

    init(state: SessionPhase = .saved, lengthNanos: Int64 = 10_000_000_000) { facts = Mutex((state, lengthNanos)) }

    var state: SessionPhase {
        get { facts.withLock { $0.state } }
        set { facts.withLock { $0.state = newValue } }
    }
    var lengthNanos: Int64 { facts.withLock { $0.lengthNanos } }
}

/// A server on a free port over a directory of fake sessions: a file's name and content are the session's.
struct TestServer {
    let client: RawClient
    let directory: String

    static func run(
        sessions: [String] = [], log: FakeLog = FakeLog(),
        page: [String: String] = ["index.html": "<!doctype html>page"], source: SessionSource? = nil,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("spanreel-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let (directory, files) = (root.appendingPathComponent("sessions"), root.appendingPathComponent("page"))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        try Data("canary".utf8).write(to: root.appendingPathComponent("canary.txt"))
        for name in sessions { try Data(name.utf8).write(to: directory.appendingPathComponent(name + ".reel")) }
        for (name, text) in page { try Data(text.utf8).write(to: files.appendingPathComponent(name)) }
        var options = ViewerOptions()
        options.port = .exactly(0)
        options.directories = [directory.path]
        options.pageDirectory = files.path
        options.allowedHosts = ["viewer.example"]
        let (ready, continuation) = AsyncStream<Int>.makeStream()
        let server = ViewerServer(options, source: source ?? Self.source(log)) { continuation.yield($0.port) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ready.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            try await body(TestServer(client: RawClient(port: port), directory: directory.path))
            group.cancelAll()
        }
    }

    static func source(_ log: FakeLog) -> SessionSource {
        SessionSource(
            describe: { path in
                let name = try String(contentsOfFile: path, encoding: .utf8)
                guard !name.isEmpty else { throw TraceError(.notASession, "empty file") }
                return SessionDescription(
                    id: String(repeating: "0", count: 32 - name.utf8.count)
                        + name.utf8.map { String($0 % 10) }.joined(), name: name,
                    state: log.state, createdUnixNanos: Int64(name.utf8.first ?? 0), sizeBytes: name.utf8.count)
            },
            open: { path in FakeSession(name: try String(contentsOfFile: path, encoding: .utf8), log: log) },
            diff: { a, b in
                Array(
                    "{\"a\":\"\((a as NSString).lastPathComponent)\",\"b\":\"\((b as NSString).lastPathComponent)\"}"
                        .utf8)
            })
    }
}
