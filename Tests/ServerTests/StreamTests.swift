import Foundation
import Testing

@testable import SpanreelServer

@Suite struct StreamTests {
    /// Reads events until `count` blocks have come or the server ends the stream.
    private func events(_ server: TestServer, _ path: String, _ count: Int) async throws -> (text: String, ended: Bool)
    {
        let port = server.client.port
        return try await offPool {
            let connection = try Connection(port: port)
            defer { connection.close() }
            try connection.write("GET \(path) HTTP/1.1\r\nHost: localhost:\(port)\r\nConnection: close\r\n\r\n")
            var text = ""
            while text.components(separatedBy: "event: ").count <= count {
                guard let part = connection.read() else { break }
                if part.isEmpty { return (text, true) }
                text += String(decoding: part, as: UTF8.self)
            }
            return (text, false)
        }
    }

    @Test func aLiveSessionKeepsSendingSnapshots() async throws {
        try await TestServer.run(sessions: ["a"], log: FakeLog(state: .live)) { (server: TestServer) async throws in
            let started = ContinuousClock.now
            let (text, ended) = try await events(server, "/api/sessions/a/stream?views=latency,layers&interval=250", 4)
            #expect(!ended)
            #expect(text.contains("200 OK") && text.lowercased().contains("content-type: text/event-stream"))
            #expect(
                text.contains("event: snapshot\ndata: {\"views\":\"latency+layers\",\"session\":\"a\",\"at\":\"live\""))
            #expect(text.components(separatedBy: "event: snapshot").count >= 5)
            #expect(ContinuousClock.now - started >= .milliseconds(600))
        }
    }

    @Test func aSavedSessionSendsOneSnapshotAndEnds() async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let (text, ended) = try await events(server, "/api/sessions/a/stream", 100)
            #expect(ended)
            #expect(text.components(separatedBy: "event: snapshot").count == 2)
            #expect(text.contains("event: end\ndata: {}"))
        }
    }

    @Test func aReplayMovesAtItsSpeedAndStopsAtTheEnd() async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let (text, ended) = try await events(server, "/api/sessions/a/stream?at=2s&speed=10&interval=250", 100)
            #expect(ended)
            let positions = text.components(separatedBy: "\"at\":").dropFirst().compactMap {
                Int64($0.prefix { $0.isNumber })
            }
            #expect(positions.first == 2_000_000_000)
            #expect(positions.last == 10_000_000_000)
            #expect(positions == positions.sorted())
            // 8 s of session at speed 10 are 0.8 s: four or five snapshots, fewer on a busy machine.
            #expect((2...6).contains(positions.count))
        }
    }

    @Test func aStreamEndsWhenTheSessionDoes() async throws {
        let log = FakeLog(state: .live)
        try await TestServer.run(sessions: ["a"], log: log) { (server: TestServer) async throws in
            Task {
                try await Task.sleep(for: .milliseconds(500))
                log.state = .saved
            }
            let (text, ended) = try await events(server, "/api/sessions/a/stream?interval=250", 100)
            #expect(ended)
            #expect(text.contains("event: end"))
        }
    }

    @Test func aClientThatGoesAwayStopsTheWork() async throws {
        let log = FakeLog(state: .live)
        try await TestServer.run(sessions: ["a"], log: log) { (server: TestServer) async throws in
            _ = try await events(server, "/api/sessions/a/stream?interval=250", 2)
            try await Task.sleep(for: .milliseconds(600))
            let before = log.views.load(ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(800))
            #expect(log.views.load(ordering: .relaxed) == before)
        }
    }

    @Test func manyWatchersOfOneViewShareItsSnapshots() async throws {
        let log = FakeLog(state: .live)
        try await TestServer.run(sessions: ["a"], log: log) { (server: TestServer) async throws in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask { _ = try? await events(server, "/api/sessions/a/stream?interval=250", 5) }
                }
            }
            // Twelve clients times five snapshots, but only one or two refreshes in each interval.
            #expect(log.views.load(ordering: .relaxed) <= 30)
        }
    }
}
