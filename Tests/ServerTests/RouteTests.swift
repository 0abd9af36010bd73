import Foundation
import Testing

@testable import SpanreelServer

@Suite struct RouteTests {
    @Test func sessionsAreListedNewestFirstAndFoundByNameIdAndCurrent() async throws {
        try await TestServer.run(sessions: ["alpha", "beta"]) { (server: TestServer) async throws in
            let list = try #require(try await server.client.get("/api/sessions").json["sessions"] as? [[String: Any]])
            #expect(list.map { $0["name"] as? String } == ["beta", "alpha"])
            #expect(list.first?["state"] as? String == "saved")
            #expect(list.first?["createdUnixNanos"] as? String == "98")
            let id = try #require(list.last?["id"] as? String)
            for (name, expected) in [
                ("alpha", "alpha"), ("beta", "beta"), (id, "alpha"), ("current", "beta"), ("al%70ha", "alpha"),
            ] {
                #expect(
                    try await server.client.get("/api/sessions/\(name)/views/overview").json["session"] as? String
                        == expected)
            }
        }
    }

    @Test func sessionsThatComeLaterAreFound() async throws {
        try await TestServer.run { (server: TestServer) async throws in
            #expect(try await server.client.get("/api/sessions").body == #"{"sessions":[]}"#)
            #expect(try await server.client.get("/api/sessions/current/views/overview").status == 404)
            try Data("late".utf8).write(to: URL(fileURLWithPath: server.directory + "/late.reel"))
            try Data().write(to: URL(fileURLWithPath: server.directory + "/empty.reel"))
            try await Task.sleep(for: .milliseconds(600))
            #expect(try await server.client.get("/api/sessions/late/views/overview").status == 200)
            #expect(try await server.client.get("/api/sessions/empty/views/overview").status == 404)
        }
    }

    @Test(arguments: [
        ("/api/sessions/a/views/overview", "overview", "\"live\"", "all"),
        ("/api/sessions/a/views/latency,layers,latency?at=live&window=100", "latency+layers", "\"live\"", "100"),
        ("/api/sessions/a/views/cache?at=2.5s&window=1m", "cache", "2500000000", "1m"),
        ("/api/sessions/a/views/cache?at=-2s", "cache", "8000000000", "all"),
        ("/api/sessions/a/views/cache?at=-60s", "cache", "0", "all"),
        ("/api/sessions/a/views/cache?at=1.500000001s", "cache", "1500000001", "all"),
        ("/api/sessions/a/views/cache?at=2027-01-15T08:00:01.5Z", "cache", "1500000000", "all"),
        ("/api/sessions/a/views/cache?at=2027-01-15T09:00:01%2B01:00", "cache", "1000000000", "all"),
    ])
    func viewParametersReachTheSession(path: String, views: String, at: String, window: String) async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let answer = try await server.client.get(path)
            #expect(answer.body == "{\"views\":\"\(views)\",\"session\":\"a\",\"at\":\(at),\"window\":\"\(window)\"}")
            #expect(answer.headers["content-type"] == "application/json")
        }
    }

    @Test(arguments: [
        ("/api/sessions/nobody/views/overview", 404, "not-found"),
        ("/api/sessions/a/views/nonsense", 404, "not-found"),
        ("/api/sessions/a/views/,", 400, "invalid-argument"),
        ("/api/sessions/a/views/", 404, "not-found"),
        ("/api/sessions/a", 404, "not-found"),
        ("/api", 404, "not-found"),
        ("/api/nothing", 404, "not-found"),
        ("/api/sessions/%ff/views/overview", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?at=yesterday", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?at=1e3s", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?at=99999999999999999999s", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?at=2026-13-01T00:00:00Z", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?window=0s", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?window=-1m", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?window=1x1", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?clock=sundial", 400, "invalid-argument"),
        ("/api/sessions/a/views/overview?cut=bad", 400, "invalid-argument"),
        ("/api/sessions/a/traces?limit=0", 400, "invalid-argument"),
        ("/api/sessions/a/traces?limit=many", 400, "invalid-argument"),
        ("/api/sessions/a/traces?limit=1000000000", 400, "invalid-argument"),
        ("/api/sessions/a/traces/xyz", 400, "invalid-argument"),
        ("/api/sessions/a/traces/00000000000000000000000000000000", 400, "invalid-argument"),
        ("/api/sessions/a/traces/00000000000000000000000000000001", 404, "not-found"),
        ("/api/sessions/a/traces/xyz/tokens", 400, "invalid-argument"),
        ("/api/sessions/a/traces/00000000000000000000000000000001/nothing", 404, "not-found"),
        ("/api/sessions/a/path?window=0s", 400, "invalid-argument"),
        ("/api/sessions/a/timeline?from=5s&to=1s", 400, "invalid-argument"),
        ("/api/sessions/a/timeline?px=0", 400, "invalid-argument"),
        ("/api/sessions/a/timeline?px=%00", 400, "invalid-argument"),
        ("/api/sessions/a/stream?interval=1", 400, "invalid-argument"),
        ("/api/sessions/a/stream?speed=0", 400, "invalid-argument"),
        ("/api/sessions/a/stream?speed=nan", 400, "invalid-argument"),
        ("/api/sessions/a/stream?views=nonsense", 404, "not-found"),
        ("/api/sessions/nobody/stream", 404, "not-found"),
        ("/api/diff?a=a", 400, "invalid-argument"),
        ("/api/diff?a=a&b=nobody", 404, "not-found"),
        ("/api/history?limit=-1", 400, "invalid-argument"),
    ])
    func whatIsWrongIsSaidInOneSentence(path: String, status: Int, code: String) async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            let answer = try await server.client.get(path)
            #expect(answer.status == status)
            #expect(answer.errorCode == code)
            let message = try #require(answer.errorMessage)
            #expect(!message.isEmpty && !message.contains("\n") && !message.contains("/secret"))
        }
    }

    @Test func tracesTimelineAndDiffAnswer() async throws {
        try await TestServer.run(sessions: ["a", "b"]) { (server: TestServer) async throws in
            #expect(try await server.client.get("/api/sessions/a/traces?limit=7").json["limit"] as? Int == 7)
            #expect(
                try await server.client.get("/api/sessions/a/timeline?from=1s&to=-1s&px=300").body
                    == #"{"from":1000000000,"to":9000000000,"px":300}"#)
            #expect(
                try await server.client.get("/api/sessions/a/path?at=2s&window=1m").body
                    == #"{"path":2000000000,"window":"1m"}"#)
            let trace = "/api/sessions/a/traces/00000000000000000000000000000001"
            #expect(try await server.client.get("\(trace)/tokens?at=2s").body == #"{"tokens":2000000000}"#)
            #expect(try await server.client.get("/api/diff?a=a&b=b").body == #"{"a":"a.reel","b":"b.reel"}"#)
        }
    }

    @Test func theDashboardHasItsShapeBeforeThereIsASession() async throws {
        try await TestServer.run { (server: TestServer) async throws in
            let metrics = try await server.client.get("/api/metrics").json
            let current = try #require(metrics["current"] as? [String: Double])
            #expect(current.count == 12 && current["tokens_per_second"] == 0)
            #expect((metrics["averages"] as? [String: Double])?.keys == current.keys)
            #expect((metrics["peaks"] as? [String: Double])?.count == 4)
            #expect((metrics["totals"] as? [String: Double])?.count == 4)
            #expect(try await server.client.get("/api/layers").body == "{}")
            #expect(try await server.client.get("/api/history").body == #"{"history":[]}"#)
        }
    }

    @Test func theDashboardShowsTheCurrentSession() async throws {
        try await TestServer.run(sessions: ["a"]) { (server: TestServer) async throws in
            #expect(try await server.client.get("/api/metrics").body == #"{"current":{"tokens_per_second":1}}"#)
            #expect(try await server.client.get("/api/layers").body == #"{"5":{}}"#)
            #expect(try await server.client.get("/api/history?limit=3").json["limit"] as? Int == 3)
            for from in ["2.5s", "2.5", "1800000002.5", "2027-01-15T08:00:02.5Z"] {
                #expect(try await server.client.get("/api/history?from=\(from)").json["from"] as? Int == 2_500_000_000)
            }
        }
    }

    @Test func equalQuestionsBetweenTwoRefreshesCostOneFold() async throws {
        let log = FakeLog(state: .saved)
        try await TestServer.run(sessions: ["a"], log: log) { (server: TestServer) async throws in
            for _ in 0..<20 { _ = try await server.client.get("/api/sessions/a/views/overview") }
            #expect(log.views.load(ordering: .relaxed) == 1)
            #expect(log.refreshes.load(ordering: .relaxed) == 1)
        }
    }

    @Test(arguments: [
        ("zstd", true), ("gzip, deflate, br, zstd", true), ("zstd;q=0.5", true), ("zstd;q=0", false),
        ("zstd; q=0.0", false),
        ("gzip", false), ("zstdx", false),
    ])
    func longAnswersAreCompressedForThoseWhoTakeIt(accepted: String, isCompressed: Bool) async throws {
        let log = FakeLog()
        log.padding.store(10_000, ordering: .relaxed)
        try await TestServer.run(sessions: ["a"], log: log) { (server: TestServer) async throws in
            let answer = try await server.client.get(
                "/api/sessions/a/timeline", headers: ["Accept-Encoding: \(accepted)"])
            #expect(answer.headers["content-encoding"] == (isCompressed ? "zstd" : nil))
            #expect((Int(answer.headers["content-length"] ?? "") ?? 0 < 1000) == isCompressed)
            let short = try await server.client.get("/api/sessions", headers: ["Accept-Encoding: zstd"])
            #expect(short.headers["content-encoding"] == nil)
        }
    }
}
