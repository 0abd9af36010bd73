import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct EngineTests {
    private func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("replay-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Writes a sample as a packed session.
    private func saved(_ sample: Sample, in folder: String) throws -> String {
        let path = folder + "/sample.reel"
        try saveSession(sample.batches, sample.streams, sample.symbols, name: "sample", to: path)
        return path
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The envelope's parsed members.
    private func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    /// What must be the same in live and replay: from `"data"` or `"views"` on.
    private func data(_ bytes: [UInt8]) -> String {
        let text = text(bytes)
        for key in ["\"data\":", "\"views\":"] {
            if let range = text.range(of: key) { return String(text[range.lowerBound...]) }
        }
        return text
    }

    @Test("An instant asked for in any order gives what folding up to it gives")
    func scrubbing() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sample = Sample(seed: 21, requests: 80, skew: ClockTests.planted, probes: true)
        let engine = try SessionEngine(path: try saved(sample, in: folder))
        #expect(engine.state == .saved)
        var random = Seeded(21)
        for _ in 0..<12 {
            let time = Timestamp(nanos: Int64.random(in: Sample.origin...sample.end, using: &random))
            let fold = try engine.fold(at: time, cut: nil)
            let expected = sample.batches.reduce(0) { $0 + $1.events.count { $0.time <= time } }
            #expect(fold.eventCount == expected)
            let answer = try engine.views(ViewName.allCases, ViewQuery(at: .instant(time)))
            let again = try SessionEngine(path: engine.info.path)
            let fresh = try again.views(ViewName.allCases, ViewQuery(at: .instant(time)))
            #expect(text(answer) == text(fresh))
        }
    }

    @Test("Answers are the same bytes with many checkpoints, with few, and with those deleted")
    func checkpoints() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sample = Sample(seed: 22, requests: 120, skew: ClockTests.planted, probes: true)
        let path = try saved(sample, in: folder)
        var often = SessionEngine.Options()
        often.checkpointEvents = 97
        var seldom = SessionEngine.Options()
        seldom.checkpointEvents = 1500
        let engines = [try SessionEngine(path: path, options: often), try SessionEngine(path: path, options: seldom)]
        #expect(engines.map(\.checkpointCount).allSatisfy { $0 > 2 })
        let plain = try SessionEngine(path: path)
        #expect(plain.checkpointCount == 0)
        var random = Seeded(22)
        for _ in 0..<10 {
            let time = Timestamp(nanos: Int64.random(in: Sample.origin...sample.end, using: &random))
            let query = ViewQuery(at: .instant(time))
            let expected = text(try plain.views(ViewName.allCases, query))
            plain.dropCheckpoints()
            for engine in engines { #expect(text(try engine.views(ViewName.allCases, query)) == expected) }
        }
        for engine in engines {
            let query = ViewQuery(at: .instant(Timestamp(nanos: (Sample.origin + sample.end) / 2)))
            let before = text(try engine.views(ViewName.allCases, query))
            engine.dropCheckpoints()
            #expect(engine.checkpointCount == 0)
            #expect(text(try engine.views(ViewName.allCases, query)) == before)
        }
    }

    @Test("A live snapshot's cut gives the same bytes on the saved session")
    func liveIsReplay() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/live.reel"
        var options = Recorder.Options()
        options.path = path
        options.name = "live"
        options.device = "mini1"
        let recorder = try Recorder.open(options)
        let request = recorder.role(Role(.request))
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
        let step = recorder.role(Role(.step, phase: .decode))
        let engine = try SessionEngine(path: path)
        #expect(engine.state == .live)
        let views = ViewName.allCases.filter { $0 != .processes }
        var taken: [(cut: String, at: Int64, data: String)] = []
        for round in 0..<6 {
            for _ in 0..<5 {
                let span = recorder.begin(request)
                for _ in 0..<10 {
                    let inner = recorder.begin(step, parent: span)
                    recorder.record(layer, from: recorder.now(), parent: inner)
                    recorder.end(inner)
                    recorder.tokens(1, phase: .decode, in: span)
                }
                // Some stay open over a snapshot.
                if round % 2 == 0 { recorder.end(span, status: .ok) }
            }
            recorder.mark("round \(round)")
            usleep(60_000)
            try engine.refresh()
            let bytes = try engine.views(views, ViewQuery(window: .nanos(60_000_000_000)))
            let envelope = try parsed(bytes)
            #expect(envelope["final"] as? Bool == true)
            taken.append(
                (try #require(envelope["cut"] as? String), try #require(envelope["atNanos"] as? Int64), data(bytes)))
        }
        #expect(engine.head.eventCount > 100)
        try recorder.close()
        try SessionPacker.pack(path: path)
        let replay = try SessionEngine(path: path)
        #expect(replay.state == .saved)
        #expect(replay.bounds.start == engine.bounds.start)
        for snapshot in taken {
            let at = Timestamp(nanos: replay.bounds.start.nanos + snapshot.at)
            let cut = Cut(snapshot.cut as String)
            let query = ViewQuery(at: .instant(at), window: .nanos(60_000_000_000), cut: try #require(cut))
            let replayed = try replay.views(views, query)
            #expect(data(replayed) == snapshot.data)
        }
        // The engine that watched follows the directory that became a file.
        try engine.refresh()
        #expect(engine.state == .saved && engine.head.eventCount == replay.head.eventCount)
    }

    @Test("Events behind the watermark are folded in their place, and the revision says so")
    func lateEvents() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/late.reel"
        var options = Recorder.Options()
        options.path = path
        options.name = "late"
        options.device = "mini1"
        let recorder = try Recorder.open(options)
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
        let old = recorder.now()
        usleep(2_000)
        let oldEnd = recorder.now()
        for _ in 0..<50 { recorder.record(layer, from: recorder.now(), parent: nil) }
        usleep(60_000)
        let engine = try SessionEngine(path: path)
        #expect(engine.head.eventCount == 50 && engine.revision == 0)
        recorder.record(layer, from: old, to: oldEnd, parent: nil)
        usleep(60_000)
        try engine.refresh()
        #expect(engine.head.eventCount == 51 && engine.revision == 1)
        let views = ViewName.allCases.filter { $0 != .processes }
        let live = try engine.views(views)
        let envelope = try parsed(live)
        let cut = Cut(try #require(envelope["cut"] as? String))
        let at = Timestamp(nanos: engine.bounds.start.nanos + (try #require(envelope["atNanos"] as? Int64)))
        try recorder.close()
        try SessionPacker.pack(path: path)
        let replay = try SessionEngine(path: path)
        let replayed = try replay.views(views, ViewQuery(at: .instant(at), cut: try #require(cut)))
        #expect(data(replayed) == data(live))
    }

    @Test("Waterfall, timeline and dashboard are JSON of the documented shape")
    func queries() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sample = Sample(seed: 4, requests: 30)
        let engine = try SessionEngine(path: try saved(sample, in: folder))
        let trace = try parsed(try engine.trace(TraceID(high: 7, low: 1)))
        let spans = try #require(trace["spans"] as? [[String: Any]])
        let flows = try #require(trace["flows"] as? [[String: Any]])
        #expect((trace["devices"] as? [String]) == ["mini1", "mini2"])
        #expect(spans.contains { $0["critical"] as? Bool == true } && !flows.isEmpty)
        #expect(trace["missingParents"] as? Int == 0)
        #expect(throws: ReplayError.self) { try engine.trace(TraceID(high: 1, low: 1)) }
        let bounds = engine.bounds
        let line = try parsed(try engine.timeline(from: bounds.start, to: bounds.end, pixels: 800))
        #expect((line["tracks"] as? [Any])?.isEmpty == false)
        #expect(throws: ReplayError.self) { try engine.timeline(from: bounds.end, to: bounds.start, pixels: 800) }
        let metrics = try engine.dashboardMetrics()
        #expect(!text(metrics).contains("null"))
        let current = try #require(try parsed(metrics)["current"] as? [String: Any])
        #expect(current["total_tokens_processed"] as? Int ?? 0 > sample.tokens)
        let layerBytes = try engine.dashboardLayers()
        let layers = try parsed(layerBytes)
        #expect(layers.count == 4 && !text(layerBytes).contains("null"))
        let fields = try #require(layers["0"] as? [String: Any])
        #expect(
            Set(fields.keys) == [
                "avg_time_ms", "min_time_ms", "max_time_ms", "std_time_ms", "p50_time_ms", "p95_time_ms", "p99_time_ms",
                "samples", "phases",
            ])
        let history = try #require(try parsed(try engine.dashboardHistory())["history"] as? [[String: Any]])
        let generated = history.reduce(0.0) { $0 + ($1["eval_tokens_per_second"] as? Double ?? 0) }
        #expect(Int(generated.rounded()) == sample.tokens)
        let stats = try SessionStats.text(engine)
        #expect(stats.contains("Layers, decode") && !stats.contains("\u{1b}"))
        let frame = try TerminalFrame.lines(engine, ViewQuery(), columns: 60, rows: 10)
        #expect(frame.count <= 10 && frame.allSatisfy { $0.count <= 60 })
    }
}
