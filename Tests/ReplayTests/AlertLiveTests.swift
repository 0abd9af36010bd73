import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct AlertLiveTests {
    private static let tick: Int64 = 100_000_000

    private func options(_ rules: [AlertRule]) -> SessionEngine.Options {
        SessionEngine.Options(tickNanos: Self.tick, rules: AlertRules(rules))
    }

    private func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("alerts-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func recorder(_ path: String) throws -> Recorder {
        var options = Recorder.Options()
        options.path = path
        options.device = "mini1"
        return try Recorder.open(options)
    }

    private func data(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.range(of: "\"data\":").map { String(text[$0.lowerBound...]) } ?? ""
    }

    private func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    /// What happened to what, and when.
    private func words(_ changes: [(change: AlertWatch.Change, alert: Alert)]) -> [String] {
        changes.map { change, alert in
            let at = change == .resolved ? alert.resolvedAtNanos : alert.firedAtNanos
            return "\(at ?? -1) \(change.rawValue) \(alert.rule.name) \(alert.subject.label)"
        }
    }

    @Test("A recording fires when back-tested at the same instants as it did live")
    func liveIsBackTest() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/live.reel"
        let recorder = try recorder(path)
        let request = recorder.role(Role(.request))
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
        var stalled = AlertRule("stalled", .queuedNoneRunning, above: 0)
        stalled.forNanos = Self.tick
        var layers = AlertRule("layers", .spanP50, above: 300_000)
        layers.filter.operation = .layer
        layers.windowNanos = 1_000_000_000
        var silent = AlertRule("silent", .silence, above: 80_000_000)
        silent.severity = .critical
        let options = options([stalled, layers, silent])
        let engine = try SessionEngine(path: path, options: options)
        var watch = AlertWatch()
        var live: [String] = []
        var taken: [(cut: String, at: Int64, data: String)] = []
        var waiting: SpanContext?
        for round in 0..<40 {
            // Every eighth round a request comes in, gets its token five rounds later and ends.
            if round % 8 == 0 { waiting = recorder.begin(request) }
            if round % 8 == 5, let span = waiting {
                recorder.tokens(1, phase: .decode, in: span)
                recorder.end(span, status: .ok)
            }
            // For ten rounds the process is all but silent.
            if !(16..<26).contains(round) {
                recorder.sample { $0.set(.rssBytes, 1) }
                for _ in 0..<3 {
                    let start = recorder.now()
                    if round % 10 > 4 { usleep(700) }
                    recorder.record(layer, from: start, parent: nil)
                }
            }
            usleep(UInt32.random(in: 50_000...70_000))
            try engine.refresh()
            live += words(watch.changes(try engine.alerts()))
            let bytes = try engine.alertsJSON()
            let envelope = try parsed(bytes)
            #expect(envelope["final"] as? Bool == true)
            taken.append(
                (try #require(envelope["cut"] as? String), try #require(envelope["atNanos"] as? Int64), data(bytes)))
        }
        try recorder.close()
        try engine.refresh()
        live += words(watch.changes(try engine.alerts()))
        #expect(engine.revision == 0 && engine.hasFinalAlerts)
        let last = data(try engine.alertsJSON())
        try SessionPacker.pack(path: path)
        let replay = try SessionEngine(path: path, options: options)
        let report = try replay.alerts()
        #expect(
            Set(report.alerts.filter { $0.firedAtNanos != nil }.map(\.rule.name)) == ["stalled", "layers", "silent"])
        var whole = AlertWatch()
        // By instant: what was told late in one poll and early in the next has another order, not another time.
        #expect(live.sorted() == words(whole.changes(report)).sorted())
        #expect(data(try replay.alertsJSON()) == last)
        for snapshot in taken {
            let at = Timestamp(nanos: replay.bounds.start.nanos + snapshot.at)
            let cut = try #require(Cut(snapshot.cut))
            #expect(data(try replay.alertsJSON(ViewQuery(at: .instant(at), cut: cut))) == snapshot.data)
            // Every event up to the watermark was there, so the instant alone says the same.
            #expect(data(try replay.alertsJSON(ViewQuery(at: .instant(at)))) == snapshot.data)
        }
        // The engine that watched follows the directory that became a file.
        try engine.refresh()
        #expect(data(try engine.alertsJSON()) == last)
    }

    @Test("Events behind the watermark change the past: alerts are looked at again and the watch says so")
    func lateEvents() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/late.reel"
        let recorder = try recorder(path)
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 0, stage: 0))
        var slow = AlertRule("slow", .spanP50, above: 1_000_000)
        slow.filter.operation = .layer
        slow.windowNanos = 1_000_000_000
        var quick = AlertRule("quick", .spanP50, above: 1_000_000)
        quick.comparison = .below
        quick.filter = slow.filter
        quick.windowNanos = slow.windowNanos
        let options = options([slow, quick])
        let old = recorder.now()
        usleep(3_000)
        let oldEnd = recorder.now()
        for _ in 0..<20 { recorder.record(layer, from: recorder.now(), parent: nil) }
        usleep(350_000)
        let engine = try SessionEngine(path: path, options: options)
        var watch = AlertWatch()
        #expect(
            watch.changes(try engine.alerts()).map { "\($0.change.rawValue) \($0.alert.rule.name)" } == ["firing quick"]
        )
        for _ in 0..<60 { recorder.record(layer, from: old, to: oldEnd, parent: nil) }
        usleep(60_000)
        try engine.refresh()
        #expect(engine.revision == 1)
        let changes = watch.changes(try engine.alerts())
        #expect(
            Set(changes.map { "\($0.change.rawValue) \($0.alert.rule.name)" }) == ["firing slow", "withdrawn quick"])
        #expect(watch.changes(try engine.alerts()).isEmpty)
        let instant = try engine.alerts()
        try recorder.close()
        try SessionPacker.pack(path: path)
        let replay = try SessionEngine(path: path, options: options)
        let at = Timestamp(nanos: replay.bounds.start.nanos + instant.atNanos)
        #expect(try replay.alerts(ViewQuery(at: .instant(at))) == instant)
    }

    @Test("A recording that was closed ends with its last sign of life; one that was cut off goes on until all is said")
    func ends() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func session(_ state: StreamState) throws -> SessionEngine {
            let path = folder + "/\(state.rawValue).reel"
            let symbols = Symbols()
            let writer = try SessionWriter(path: path, name: "x", createdUnixNanos: Sample.origin, symbols: symbols)
            var info = StreamInfo(id: StreamID(high: 1, low: 1), device: "mini1")
            info.state = state
            info.lastHeartbeat = Timestamp(nanos: AlertSession.at(12.3))
            info.dropped = [.laneFull: 4]
            let stream = try writer.addStream(info)
            var builder = StreamBuilder(symbols: symbols, stream: 0, incarnation: 1 << 40)
            for second in 0..<10 {
                builder.add(.sample, Role(.memorySample), at: AlertSession.at(Double(second) + 0.5))
            }
            try writer.append(builder.batch, stream: stream)
            try writer.finish()
            return try SessionEngine(path: path, options: .init(rules: .standard))
        }
        let ended = try session(.ended)
        #expect(try ended.alerts().atNanos == 12_300_000_000 && ended.hasFinalAlerts)
        #expect(try ended.alerts().alerts.map(\.rule.name) == [])
        let dead = try session(.dead)
        let alerts = try dead.alerts().alerts
        #expect(alerts.map(\.rule.name) == ["drops", "silent-process"] && dead.hasFinalAlerts)
        #expect(alerts.map(\.firedAtNanos) == [13_000_000_000, 16_000_000_000])
    }
}
