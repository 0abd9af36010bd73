import Foundation
import SpanreelReplay
import SpanreelTracing
import Synchronization
import Testing

@testable import SpanreelServer

@Suite struct AlertTests {
    @Test func aWebhookTriesAgainUntilItIsAnswered() async throws {
        let server = try HookServer([500, 503])
        defer { server.close() }
        let complaints = Mutex<[String]>([])
        let hook = try Webhook("http://127.0.0.1:\(server.port)/hook") { text in complaints.withLock { $0.append(text) }
        }
        hook.send(Array("{\"a\":1}".utf8))
        hook.send(Array("{\"a\":2}".utf8))
        hook.finish()
        await hook.run()
        // The first message was refused twice; the second waited for its turn.
        #expect(server.bodies == ["{\"a\":1}", "{\"a\":1}", "{\"a\":1}", "{\"a\":2}"])
        #expect(hook.counts == Webhook.Counts(delivered: 2, givenUp: 0))
        #expect(complaints.withLock { $0 }.isEmpty)
    }

    @Test func whatIsGivenUpIsCountedAndSaid() async throws {
        let complaints = Mutex<[String]>([])
        let tried = Mutex(0)
        let hook = Webhook(
            transport: { body in
                tried.withLock { $0 += 1 }
                if body == [1] { throw CancellationError() }
                return body == [2] ? 400 : 200
            }, firstPause: .milliseconds(1), limit: 3, report: { text in complaints.withLock { $0.append(text) } })
        // Nobody takes from the queue yet: sending returns at once, and the fourth finds it full.
        for number in 1...4 as ClosedRange<UInt8> { hook.send([number]) }
        #expect(hook.counts.givenUp == 1)
        hook.finish()
        await hook.run()
        #expect(hook.counts == Webhook.Counts(delivered: 1, givenUp: 3))
        // Six times in vain, once refused for good, once delivered.
        #expect(tried.withLock { $0 } == Webhook.attempts + 2)
        let said = complaints.withLock { $0 }
        #expect(said.count == 3 && said.allSatisfy { $0.contains("given up") && $0.hasSuffix("[webhook]") })
        #expect(said.last?.contains("3 so far") == true && said.contains { $0.contains("status 400") })
    }

    @Test(arguments: ["", "file:///etc/passwd", "localhost:8000", "http://", "ftp://a/b"])
    func aWebhookIsAnHTTPAddress(address: String) {
        #expect(throws: ViewerError.self) { try Webhook(address) }
    }

    @Test func theRouteAnswersLikeTheOthers() async throws {
        try await TestServer.run(sessions: ["alpha"]) { (server: TestServer) async throws in
            let answer = try await server.client.get("/api/sessions/alpha/alerts?at=2.5s")
            #expect(answer.status == 200 && answer.body == "{\"alerts\":[],\"at\":2500000000}")
            #expect(try await server.client.get("/api/sessions/nobody/alerts").status == 404)
            #expect(try await server.client.get("/api/sessions/alpha/alerts?at=x").errorCode == "invalid-argument")
        }
    }

    @Test func aLiveSessionReachesTheWebhook() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spanreel-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = Recorder.Options()
        options.path = folder + "/live.reel"
        options.device = "mini1"
        let recorder = try Recorder.open(options)
        let server = try HookServer([500])
        defer { server.close() }
        var viewer = ViewerOptions()
        viewer.port = .exactly(0)
        viewer.directories = [folder]
        viewer.rules = AlertRules([AlertRule("waiting", .queued, above: 0)])
        viewer.webhook = try Webhook("http://127.0.0.1:\(server.port)/")
        let (ready, continuation) = AsyncStream<Int>.makeStream()
        let running = ViewerServer(viewer) { continuation.yield($0.port) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await running.run() }
            var iterator = ready.makeAsyncIterator()
            _ = await iterator.next()
            let span = recorder.begin(recorder.role(Role(.request)))
            func waits(for count: Int, _ word: String) async throws -> Bool {
                for _ in 0..<100 {
                    if server.bodies.count(where: { $0.contains(word) }) >= count { return true }
                    try await Task.sleep(for: .milliseconds(100))
                }
                return false
            }
            // Refused once, so it comes twice.
            #expect(try await waits(for: 2, "\"change\":\"firing\""))
            recorder.tokens(1, phase: .decode, in: span)
            #expect(try await waits(for: 1, "\"change\":\"resolved\""))
            try recorder.close()
            group.cancelAll()
        }
        let first = try #require(server.bodies.first)
        #expect(first.contains("\"name\":\"live\"") && first.contains("\"rule\":\"waiting\""))
        #expect(viewer.webhook?.counts.givenUp == 0)
    }
}
