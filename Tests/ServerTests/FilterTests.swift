import Foundation
import SpanreelReplay
import SpanreelTracing
import Testing

@testable import SpanreelServer

/// Filters and splits over HTTP, on sessions that a recorder wrote.
@Suite struct FilterTests {
    /// Two models, two variants; every fourth request says nothing.
    private static func record(_ path: String, closes: Bool = true) throws -> Recorder {
        var options = Recorder.Options()
        options.path = path
        options.device = "mini1"
        let recorder = try Recorder.open(options)
        let request = recorder.role(Role(.request))
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
        for number in 0..<12 {
            let span = recorder.begin(request) { attributes in
                guard number % 4 != 3 else { return }
                attributes.set(.model, number % 2 == 0 ? "large model" : "small")
                attributes.set(.variant, number < 6 ? "a" : "b")
            }
            recorder.record(layer, from: recorder.now(), parent: span)
            recorder.tokens(number + 1, phase: .decode, in: span)
            recorder.end(span, status: .ok)
        }
        if closes { try recorder.close() }
        return recorder
    }

    private func run(live: Bool = false, _ body: (RawClient) async throws -> Void) async throws {
        try await TestServer.run(source: .engine(rules: AlertRules())) { (server: TestServer) async throws in
            let recorder = try Self.record(server.directory + "/ab.reel", closes: !live)
            // Found within half a second.
            try await Task.sleep(for: .milliseconds(600))
            try await body(server.client)
            if live { try recorder.close() }
        }
    }

    private func values(_ answer: [String: Any], _ dimension: String) -> [String: Int] {
        let rows = (answer["values"] as? [String: [[String: Any]]])?[dimension] ?? []
        return Dictionary(
            uniqueKeysWithValues: rows.compactMap { row in
                (row["value"] as? String).flatMap { value in (row["requests"] as? Int).map { (value, $0) } }
            })
    }

    @Test func everyAnswerTakesAModelAndAVariant() async throws {
        try await run { client in
            let root = "/api/sessions/ab"
            let views = try await client.get("\(root)/views/throughput,layers,requests?model=large%20model&variant=a")
                .json
            #expect((views["filter"] as? [String: String]) == ["model": "large model", "variant": "a"])
            #expect(values(views, "model") == ["large model": 6, "small": 3, "(none)": 3])
            #expect(values(views, "variant") == ["a": 5, "b": 4, "(none)": 3])
            let data = try #require(views["views"] as? [String: [String: Any]])
            #expect(data["throughput"]?["generatedTokens"] as? Int == 1 + 3 + 5)
            #expect(data["requests"]?["total"] as? Int == 3)
            let traces = try await client.get("\(root)/traces?variant=b").json
            #expect(traces["total"] as? Int == 4)
            let line = try await client.get("\(root)/timeline?variant=(none)&px=16000").json
            let unnamed = try await client.get("\(root)/traces?variant=(none)").json["requests"] as? [[String: Any]]
            let ids = Set(unnamed?.compactMap { $0["trace"] as? String } ?? [])
            // Of spans that share a pixel one is named.
            let drawn = Set(line["traces"] as? [String] ?? [])
            #expect(ids.count == 3 && !drawn.isEmpty && drawn.isSubset(of: ids))
            let alerts = try await client.get("\(root)/alerts?model=small").json
            #expect((alerts["filter"] as? [String: Any])?["model"] as? String == "small")
            let metrics = try await client.get("/api/metrics?variant=b").json
            let totals = try #require(metrics["totals"] as? [String: Any])
            #expect(totals["total_tokens_processed"] as? Int == 7 + 9 + 10 + 11)
            let layers = try await client.get("/api/layers?variant=b").json
            #expect((layers["0"] as? [String: Any])?["samples"] as? Int == 4)
            let history = try await client.get("/api/history?variant=b").json["history"] as? [[String: Any]]
            #expect(history?.last?["total_tokens_processed"] as? Int == 37)
            let stream = try await client.get("\(root)/stream?views=throughput&variant=b")
            #expect(stream.body.contains("\"generatedTokens\":37,") && stream.body.contains("event: end"))
        }
    }

    @Test func aSplitHasTheDataOncePerValue() async throws {
        try await run { client in
            let one = try await client.get("/api/sessions/ab/views/throughput?split=variant").json
            let data = try #require(one["data"] as? [String: Any])
            #expect(data["split"] as? String == "variant" && data["more"] as? Int == 0)
            let parts = try #require(data["values"] as? [String: [String: Any]])
            #expect(parts.mapValues { $0["generatedTokens"] as? Int } == ["a": 17, "b": 37, "(none)": 24])
            let stream = try await client.get("/api/sessions/ab/stream?views=throughput&split=model").body
            #expect(stream.contains("\"split\":\"model\",\"values\":{\"large model\":{"))
        }
    }

    @Test func whatNoRequestHasIsRefusedByName() async throws {
        try await run { client in
            for path in ["views/latency", "traces", "timeline", "alerts", "stream"] {
                let answer = try await client.get("/api/sessions/ab/\(path)?variant=c")
                #expect(answer.status == 404 && answer.errorCode == "not-found")
                #expect(answer.errorMessage == "No request has the variant \"c\"; there are a, b, (none).")
            }
            #expect(try await client.get("/api/metrics?model=c").status == 404)
            for path in [
                "views/latency?split=colour", "traces?split=model", "alerts?split=model", "timeline?split=model",
            ] {
                let answer = try await client.get("/api/sessions/ab/\(path)")
                #expect(answer.status == 400 && answer.errorCode == "invalid-argument")
            }
        }
    }

    @Test func aLiveSessionAnswersEmptilyUntilTheValueComes() async throws {
        try await run(live: true) { client in
            let answer = try await client.get("/api/sessions/ab/views/requests?variant=c")
            #expect(answer.status == 200)
            #expect((answer.json["data"] as? [String: Any])?["total"] as? Int == 0)
        }
    }
}
