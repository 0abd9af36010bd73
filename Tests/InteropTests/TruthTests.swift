import Foundation
import SpanreelInterop
import SpanreelReplay
import SpanreelTracing
import Testing

/// The views of the real session against `truth.json`, which numpy computed from the raw stamps: counts and bytes
/// exactly, everything else to half a unit of the last digit printed there.
@Suite struct TruthTests {
    typealias Object = [String: Any]

    /// All views of the imported session, on raw stamps, with cancelled requests as the truth counts them.
    static let json = Result<Data, any Error> {
        let folder = try Fixture.temporary([], "unused").deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: folder) }
        let target = folder.appending(path: "mlx.reel").path(percentEncoded: false)
        _ = try Importer.importFile(at: Fixture.trace, to: target)
        let query = ViewQuery(window: .all, clock: .raw, states: [.finished, .cancelled])
        return Data(try SessionEngine(path: target).views(ViewName.allCases, query))
    }

    private func view(_ name: String) throws -> Object {
        let object = try JSONSerialization.jsonObject(with: try Self.json.get()) as? Object
        return try #require((object?["views"] as? Object)?[name] as? Object)
    }

    private func rows(_ view: String, _ member: String) throws -> [Object] {
        try #require(try self.view(view)[member] as? [Object])
    }

    private func row(_ rows: [Object], device: String) throws -> Object {
        try #require(rows.first { $0["device"] as? String == device })
    }

    /// Compares a statistics object in nanoseconds with one of the truth, in units of `unit` with `decimals` decimals.
    private func expect(
        _ found: Any?, _ truth: Any?, unit: Double, decimals: Int, _ what: String,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let found = try #require(found as? Object, "\(what)", sourceLocation: location)
        let truth = try #require(truth as? Object, "\(what)", sourceLocation: location)
        #expect(found["count"] as? Int == truth["n"] as? Int, "\(what)", sourceLocation: location)
        // Half a unit of the last digit, and half a nanosecond for the view's own rounding.
        let tolerance = 0.5 * pow(10, -Double(decimals)) * unit + 0.501
        for name in ["min", "mean", "p50", "p95", "p99", "max"] {
            let nanos = try #require(found["\(name)Nanos"] as? Double, "\(what) \(name)", sourceLocation: location)
            let expected = try #require(truth[name] as? Double, "\(what) \(name)", sourceLocation: location) * unit
            #expect(
                abs(nanos - expected) <= tolerance, "\(what) \(name): \(nanos) and \(expected)",
                sourceLocation: location)
        }
    }

    @Test func requestsAndTheirTimes() throws {
        let truth = try Fixture.truth()
        let latency = try view("latency")
        let states = try #require(latency["states"] as? [String: Int])
        let requests = try #require(truth["requests"] as? Object)
        let byStatus = try #require(requests["by_status"] as? [String: Int])
        #expect(states["finished", default: 0] + states["cancelled", default: 0] == byStatus["200"])
        #expect(states["rejected"] == byStatus["400"])
        #expect(states.values.reduce(0, +) == requests["http_total"] as? Int)
        let kinds = try #require(requests["client_kinds"] as? [String: Int])
        #expect(states["cancelled"] == kinds["cancel"] && states["rejected"] == kinds["invalid"])
        for (member, key) in [
            ("e2e", "server_request_ms"), ("queue", "queue_wait_ms"), ("prefill", "prefill_ms"),
            ("decodeStep", "decode_step_ms"), ("prefillStep", "prefill_chunk_ms"),
        ] {
            try expect(latency[member], truth[key], unit: 1e6, decimals: 3, key)
        }
    }

    /// The server printed its own TTFT in whole microseconds, and truth's statistics are of these: half a microsecond
    /// more.
    @Test func timeToFirstToken() throws {
        let truth = try Fixture.truth()
        let ttft = try #require(try view("latency")["ttft"] as? Object)
        let expected = try #require(truth["ttft_server_stats_ms"] as? Object)
        #expect(ttft["count"] as? Int == expected["n"] as? Int)
        for name in ["min", "mean", "p50", "p95", "p99", "max"] {
            let nanos = try #require(ttft["\(name)Nanos"] as? Double)
            let stated = try #require(expected[name] as? Double) * 1e6
            #expect(abs(nanos - stated) <= 1_000.5, "ttft \(name): \(nanos) and \(stated)")
        }
        let each = try rows("requests", "requests").compactMap { $0["ttftNanos"] as? Double }.sorted()
        let list = try #require(truth["ttft_server_ms"] as? [Double]).sorted()
        #expect(each.count == list.count)
        for (nanos, stated) in zip(each, list) { #expect(abs(nanos - stated * 1e6) <= 500.5) }
    }

    @Test func tokensAndRates() throws {
        let truth = try Fixture.truth()
        let throughput = try view("throughput")
        let tokens = try #require(truth["tokens"] as? Object)
        #expect(throughput["generatedTokens"] as? Int == tokens["generated_by_engine(counter)"] as? Int)
        #expect(throughput["promptTokens"] as? Int == tokens["prefilled(counter)"] as? Int)
        #expect(throughput["cachedTokens"] as? Int == tokens["cached"] as? Int)
        let rows = try rows("requests", "requests").filter { $0["state"] as? String != "rejected" }
        #expect(
            rows.compactMap { $0["outputTokens"] as? Int }.reduce(0, +)
                == tokens["output_tokens_on_server_spans"] as? Int)
        #expect(
            rows.compactMap { $0["inputTokens"] as? Int }.reduce(0, +) == tokens["input_tokens_on_admitted"] as? Int)
        for (member, key) in [
            ("systemTokensPerSecond", "tokens_per_s_wall"),
            ("whileDecodingTokensPerSecond", "tokens_per_s_while_decoding"),
        ] {
            let rate = try #require(throughput[member] as? Double)
            let expected = try #require(truth[key] as? Double)
            // Both are printed with three decimals of the same number.
            #expect(abs(rate - expected) < 0.000_5, "\(key): \(rate) and \(expected)")
        }
        let rate = try #require(throughput["requestsPerSecond"] as? Double)
        let finished = try #require(try view("latency")["states"] as? [String: Int])["finished", default: 0]
        let wall = try #require(truth["wall_s"] as? Double)
        #expect(abs(rate - Double(finished) / wall) < 0.001)
    }

    @Test func theCache() throws {
        let truth = try #require(try Fixture.truth()["cache"] as? Object)
        let cache = try view("cache")
        for (member, key) in [
            ("lookups", "lookups"), ("hits", "hits"), ("hitTokens", "hit_tokens"), ("promptTokens", "prompt_tokens"),
            ("evicted", "removed"),
        ] {
            #expect(cache[member] as? Int == truth[key] as? Int, "\(key)")
        }
        #expect(cache["accessHitRatio"] as? Double == truth["hit_rate"] as? Double)
        for device in try rows("cache", "perDevice") {
            #expect(device["maxSizeBytes"] as? Int == truth["max_bytes_seen_per_device"] as? Int)
        }
    }

    @Test func devicesAndTheirStages() throws {
        let truth = try Fixture.truth()
        let devices = try rows("devices", "devices")
        let busy = try #require(truth["stage_busy_frac"] as? [String: Double])
        let stages = try #require(truth["stage_decode_us"] as? Object)
        #expect(devices.count == busy.count && busy.count == 3)
        for (name, ratio) in busy {
            let device = try row(devices, device: name)
            let found = try #require(device["stageRatio"] as? Double)
            #expect(abs(found - ratio) < 0.000_05, "\(name): \(found) and \(ratio)")
            try expect(device["stageTime"], stages[name], unit: 1e3, decimals: 1, name)
        }
        let last = try row(devices, device: "mini3")
        try expect(last["headTime"], truth["lm_head_us"], unit: 1e3, decimals: 1, "lm_head")
        try expect(last["samplingTime"], truth["token_sample_us"], unit: 1e3, decimals: 1, "token_sample")
    }

    @Test func everyLayerInBothPhases() throws {
        let truth = try #require(try Fixture.truth()["layers"] as? Object)
        let found = try rows("layers", "layers")
        for phase in ["decode", "prefill"] {
            let expected = try #require(truth[phase] as? [Object])
            #expect(expected.count == 24 && found.count == 24)
            for (layer, entry) in zip(found, expected) {
                let name = "layer \(entry["layer"] ?? "?") \(phase)"
                #expect(layer["layer"] as? Int == entry["layer"] as? Int)
                #expect(layer["device"] as? String == entry["device"] as? String)
                try expect(layer[phase], entry["wall_us"], unit: 1e3, decimals: 1, name)
                try expect(layer["\(phase)CPU"], entry["cpu_us"], unit: 1e3, decimals: 1, "\(name) CPU")
            }
        }
    }

    @Test func everyHop() throws {
        let truth = try #require(try Fixture.truth()["hops"] as? [String: Object])
        let links = try rows("links", "links")
        #expect(links.count == truth.count && truth.count == 3)
        for link in links {
            let name = "\(link["from"] ?? "")>\(link["to"] ?? "")"
            let expected = try #require(truth[name])
            #expect(link["transfers"] as? Int == expected["messages"] as? Int)
            #expect(link["sizeBytes"] as? Int == expected["bytes"] as? Int)
            for (phase, transit, send, receive) in [
                ("decode", "transit", "send", "receive"),
                ("prefill", "prefillTransit", "prefillSend", "prefillReceive"),
            ] {
                let side = try #require(expected[phase] as? Object)
                try expect(
                    link[transit], side["one_way_true_us(send start to recv end)"], unit: 1e3, decimals: 1,
                    "\(name) \(transit)")
                try expect(link[send], side["send_us"], unit: 1e3, decimals: 1, "\(name) \(send)")
                try expect(link[receive], side["recv_us"], unit: 1e3, decimals: 1, "\(name) \(receive)")
            }
        }
    }

    @Test func memoryAtItsGreatest() throws {
        let truth = try #require(try Fixture.truth()["memory_max"] as? [String: [String: Int]])
        let devices = try rows("memory", "hosts").flatMap { $0["devices"] as? [Object] ?? [] }
        for (name, expected) in truth {
            let found = try #require(try row(devices, device: name)["max"] as? Object)
            for (member, key) in [
                ("activeBytes", "mlx.memory.active"), ("allocatorCacheBytes", "mlx.memory.cache"),
                ("peakBytes", "mlx.memory.peak"), ("rssBytes", "process.memory.rss"),
            ] {
                #expect(found[member] as? Int == expected[key], "\(name) \(key)")
            }
        }
    }
}
