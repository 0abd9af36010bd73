import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// Folds events made by hand and says what the alerts are.
struct AlertSession {
    var symbols = Symbols()
    var batches: [EventBatch] = []
    var streams: [StreamFact] = []
    static let second: Int64 = 1_000_000_000

    /// A stream whose events `body` adds, at seconds since the session's start.
    mutating func stream(
        _ device: String, host: String = "h", ending: StreamFact.Ending? = nil, _ body: (inout StreamBuilder) -> Void
    ) {
        var builder = StreamBuilder(
            symbols: symbols, stream: UInt32(streams.count), incarnation: UInt64(streams.count + 1) << 32)
        body(&builder)
        streams.append(StreamFact(id: "s\(streams.count)", device: device, host: host, ending: ending))
        batches.append(builder.batch)
    }

    static func at(_ seconds: Double) -> Int64 { Sample.origin + Int64(seconds * 1e9) }

    /// One pass over everything, or pieces that each end where `watermarks` says; the report at the end of the last.
    func report(_ rules: AlertRules, at seconds: Double, watermarks: [Int64] = []) -> AlertReport {
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: Sample.origin), rules: rules)
        directory.update(streams: streams)
        var fold = SessionFold(directory: directory)
        var merge = EventMerge()
        for batch in batches { merge.ingest(batch) }
        for time in watermarks {
            merge.flush(upTo: Timestamp(nanos: time)) { event, batch in fold.apply(event, in: batch) }
            fold.advanceAlerts(beyond: time + 1)
        }
        merge.flush(upTo: Timestamp(nanos: Self.at(seconds))) { event, batch in fold.apply(event, in: batch) }
        fold.advanceAlerts(beyond: Self.at(seconds) + 1)
        return AlertReport([(fold, Array(rules.rules.indices))], of: directory, at: Self.at(seconds))
    }
}

@Suite struct AlertFoldTests {
    private static let second: Int64 = 1_000_000_000

    private func samples(
        _ builder: inout StreamBuilder, _ seconds: ClosedRange<Int>,
        _ values: [(AttributeKey, StreamBuilder.Value)] = []
    ) {
        for second in seconds {
            builder.add(.sample, Role(.memorySample), at: AlertSession.at(Double(second) + 0.5), values)
        }
    }

    @Test("A condition is pending, fires when it held for so long, and resolves at the first tick without it")
    func states() throws {
        var session = AlertSession()
        session.stream("mini1") { one in
            one.add(.begin, Role(.request), at: AlertSession.at(2.5), span: 1, trace: 1)
            one.add(
                .span, Role(.queue), at: AlertSession.at(9.2), from: AlertSession.at(2.5), span: 2, parent: 1, trace: 1)
            one.add(.end, Role(.request), at: AlertSession.at(9.8), span: 1, trace: 1, status: .ok)
        }
        var rule = AlertRule("stalled", .queuedNoneRunning, above: 0)
        rule.forNanos = 4 * Self.second
        let rules = AlertRules([rule])
        #expect(session.report(rules, at: 2.9).alerts.isEmpty)
        let pending = try #require(session.report(rules, at: 6.9).alerts.first)
        #expect(pending.state == .pending && pending.sinceNanos == 3 * Self.second && pending.firedAtNanos == nil)
        let firing = try #require(session.report(rules, at: 7).alerts.first)
        #expect(firing.state == .firing && firing.firedAtNanos == 7 * Self.second && firing.value == 1)
        #expect(firing.text == "1 request is in the queue and none running.")
        let resolved = try #require(session.report(rules, at: 30).alerts.first)
        #expect(resolved.state == .resolved && resolved.firedAtNanos == 7 * Self.second)
        #expect(resolved.resolvedAtNanos == 10 * Self.second)
        // A condition that never held for long enough leaves nothing.
        rule.forNanos = 8 * Self.second
        #expect(session.report(AlertRules([rule]), at: 30).alerts.isEmpty)
    }

    @Test("A request that waits while its process lives waits for ever; one whose process is gone is given up")
    func queuedForHours() {
        func session(sampledUntil last: Int) -> AlertSession {
            var session = AlertSession()
            session.stream("mini1") { one in
                one.add(.begin, Role(.request), at: AlertSession.at(0.2), span: 1, trace: 1)
                samples(&one, 0...last)
            }
            return session
        }
        let rules = AlertRules([AlertRule("stalled", .queuedNoneRunning, above: 0)])
        #expect(session(sampledUntil: 600).report(rules, at: 600).count(.firing) == 1)
        let gone = session(sampledUntil: 40).report(rules, at: 600)
        #expect(gone.count(.firing) == 0 && gone.alerts.first?.resolvedAtNanos == 71 * Self.second)
    }

    @Test("A request that decodes makes the others wait in turn; one that hangs for 30 s does not")
    func hangingDecode() throws {
        var session = AlertSession()
        session.stream("mini1") { one in
            one.add(.begin, Role(.request), at: AlertSession.at(0.1), span: 1, trace: 1)
            one.add(.tokens, Role(.tokens, phase: .decode), at: AlertSession.at(5.5), parent: 1, trace: 1, value: 1)
            one.add(.begin, Role(.request), at: AlertSession.at(6.5), span: 2, trace: 2)
            samples(&one, 7...100)
        }
        let report = session.report(AlertRules([AlertRule("stalled", .queuedNoneRunning, above: 0)]), at: 100)
        #expect(report.alerts.map(\.firedAtNanos) == [1 * Self.second, 36 * Self.second])
        #expect(report.alerts.first?.resolvedAtNanos == 6 * Self.second)
    }

    @Test("Silence is by the log: sampled streams alone, not those that were closed, and those that died")
    func silence() throws {
        let rules = AlertRules([AlertRule("silent", .silence, above: Double(5 * Self.second))])
        func fired(_ ending: StreamFact.Ending?, samples count: Int) -> [Int64?] {
            var session = AlertSession()
            session.stream("mini1", ending: ending) { samples(&$0, 0...count - 1) }
            session.stream("mini2") { samples(&$0, 0...60) }
            return session.report(rules, at: 60).alerts.map(\.firedAtNanos)
        }
        // Last heard of at 9.5, next expected at 10.5: overdue by more than 5 s at the tick that ends at 16.
        #expect(fired(nil, samples: 10) == [16 * Self.second])
        let end = Timestamp(nanos: AlertSession.at(9.6))
        #expect(fired(.init(time: end, isDeath: true, dropped: 0), samples: 10) == [16 * Self.second])
        #expect(fired(.init(time: end, isDeath: false, dropped: 0), samples: 10).isEmpty)
        // Two samples are no rhythm.
        #expect(fired(nil, samples: 2).isEmpty)
    }

    @Test("What a stream dropped is known when it ends")
    func drops() throws {
        var session = AlertSession()
        let end = Timestamp(nanos: AlertSession.at(4.2))
        session.stream("mini1", ending: .init(time: end, isDeath: false, dropped: 7)) { samples(&$0, 0...3) }
        session.stream("mini2") { samples(&$0, 0...60) }
        let report = session.report(AlertRules.standard, at: 30)
        let alert = try #require(report.alerts.first)
        #expect(report.alerts.count == 1 && alert.rule.name == "drops" && alert.firedAtNanos == 5 * Self.second)
        #expect(alert.value == 7 && alert.subject == .device("mini1"))
        #expect(alert.text == "mini1 dropped 7 events: numbers are lower bounds.")
    }

    @Test("SLO burn needs both windows: it fires while requests miss their goal and ends soon after")
    func burn() throws {
        var session = AlertSession()
        session.stream("mini1") { one in
            for number in 0..<240 {
                let start = Double(number)
                let isBad = (60..<120).contains(number) && number % 2 == 0
                let first = start + (isBad ? 2.5 : 0.1)
                let id = UInt64(number + 1)
                one.add(
                    .tokens, Role(.tokens, phase: .decode), at: AlertSession.at(first), parent: id, trace: id, value: 1)
                one.add(
                    .span, Role(.request), at: AlertSession.at(first + 0.01), from: AlertSession.at(start), span: id,
                    trace: id, status: .ok)
            }
        }
        session.batches[0].events.sort { $0.time < $1.time }
        let report = session.report(AlertRules.standard, at: 240)
        let alert = try #require(report.alerts.first)
        #expect(report.alerts.count == 1 && alert.rule.name == "slo-burn" && alert.state == .resolved)
        let fired = try #require(alert.firedAtNanos)
        let resolved = try #require(alert.resolvedAtNanos)
        // A tenth and more of the requests so far are bad from second 82 on; the last 25 s are clean from 146 on.
        #expect((75...90).contains(fired / Self.second) && (140...150).contains(resolved / Self.second))
        #expect(alert.worst > 14.4)
    }

    @Test("Memory and links: values, subjects, filters")
    func gauges() throws {
        var session = AlertSession()
        let link = Link(from: "mini1", to: "mini2")
        let other = Link(from: "mini2", to: "mini3")
        session.stream("mini1") { one in
            samples(
                &one, 0...30, [(.activeBytes, .int(95)), (.limitBytes, .int(100)), (.memoryPressure, .double(0.5))])
        }
        session.stream("mini2") { two in
            for number in 0..<100 {
                for (place, link, transit) in [(0.0, link, 0.004), (0.1, other, 0.001)] {
                    let start = Double(number) * 0.3 + place
                    let key = Int64(number) * 2 + (place > 0 ? 1 : 0)
                    two.add(
                        .span, Role(.hopSend, phase: .decode, link: link), at: AlertSession.at(start + 0.0001),
                        from: AlertSession.at(start),
                        [
                            (.messageID, .int(key)), (.sizeBytes, .int(4096)),
                            (.interface, .text(place > 0 ? "eth0" : "wlan0")),
                        ])
                    two.add(
                        .span, Role(.hopReceive, phase: .decode, link: link), at: AlertSession.at(start + transit),
                        from: AlertSession.at(start), [(.messageID, .int(key)), (.sizeBytes, .int(4096))])
                }
            }
        }
        let report = session.report(AlertRules.standard, at: 30)
        let fired = report.alerts.filter { $0.firedAtNanos != nil }
        #expect(
            Set(fired.map { "\($0.rule.name) \($0.subject.label)" }) == [
                "memory-pressure h", "memory-limit mini1", "wrong-link mini1 > mini2", "slow-link mini1 > mini2",
            ])
        #expect(fired.first { $0.rule.name == "slow-link" }?.value == 4)
        #expect(fired.first { $0.rule.name == "memory-limit" }?.value == 0.95)
        #expect(fired.first { $0.rule.name == "memory-limit" }?.firedAtNanos == 11 * Self.second)
        var elsewhere = AlertRule("x", .memoryRatio, above: 0.5)
        elsewhere.filter.device = "mini9"
        #expect(session.report(AlertRules([elsewhere]), at: 30).alerts.isEmpty)
        elsewhere.filter.device = "mini1"
        #expect(session.report(AlertRules([elsewhere]), at: 30).count(.firing) == 1)
        for (name, isWrong) in [
            ("wlan0", true), ("utun3", true), ("Tailscale", true), ("eth0", false), ("en0", false), ("bridge0", false),
            ("", false),
        ] {
            #expect(AlertReadings.isWrong(name) == isWrong, "\(name)")
        }
    }

    @Test("A rule over spans sees its own role and nothing else")
    func spans() throws {
        var session = AlertSession()
        for (device, nanos) in [("mini1", 4), ("mini2", 9)] as [(String, Int)] {
            session.stream(device) { stream in
                for number in 0..<60 {
                    let start = Double(number) * 0.2
                    let spans: [(Int, Phase, Int)] = [(0, .decode, nanos), (1, .decode, 20), (0, .prefill, 30)]
                    for (layer, phase, length) in spans {
                        let end = AlertSession.at(start + Double(length) / 1000)
                        let status: SpanStatus = layer == 1 ? .error : .ok
                        stream.add(
                            .span, Role(.layer, phase: phase, layer: layer), at: end, from: AlertSession.at(start),
                            status: status)
                    }
                }
            }
            session.batches[session.batches.count - 1].events.sort { $0.time < $1.time }
        }
        var rule = AlertRule("layer", .spanP50, above: 8_000_000)
        rule.filter.operation = .layer
        rule.filter.phase = .decode
        rule.filter.layer = 0
        rule.windowNanos = 5 * Self.second
        let report = session.report(AlertRules([rule]), at: 20)
        #expect(report.alerts.count == 1)
        let alert = try #require(report.alerts.first)
        #expect(alert.subject == .device("mini2") && alert.value == 9_000_000 && alert.state == .resolved)
        // Eight observations are there at 2 s; the last comes at 11.8 and the window is empty of eight by 16.
        #expect(alert.firedAtNanos == 2 * Self.second && alert.resolvedAtNanos == 16 * Self.second)
        #expect(alert.text == "decode layer 0 spanP50 of mini2 is 9.00 ms, above 8.00 ms.")
        rule.metric = .spanErrorRatio
        rule.threshold = 0.4
        #expect(session.report(AlertRules([rule]), at: 20).alerts.isEmpty)
        rule.filter.layer = nil
        #expect(session.report(AlertRules([rule]), at: 10).count(.firing) == 2)
    }

    @Test("A stamp a century ahead costs nothing, and what happens on the way is not missed")
    func farAhead() throws {
        var session = AlertSession()
        let end = AlertSession.at(5_000_000.5)
        session.stream("mini1", ending: .init(time: Timestamp(nanos: end), isDeath: false, dropped: 3)) { one in
            samples(&one, 0...3)
            one.add(.mark, Role(.other, name: "late"), at: Int64.max - 5)
        }
        let report = session.report(AlertRules.standard, at: 9_000_000)
        let alert = try #require(report.alerts.first { $0.rule.name == "drops" })
        #expect(alert.firedAtNanos == 5_000_001 * Self.second)
        #expect(report.alerts.first { $0.rule.name == "silent-process" }?.firedAtNanos == 10 * Self.second)
        _ = session.report(AlertRules.standard, at: 200 * 365 * 86_400)
    }

    @Test("However the watermark moves, the alerts are the same bytes", arguments: 1...20 as ClosedRange<UInt64>)
    func watermarks(seed: UInt64) {
        let sample: Sample
        if seed % 2 == 0 {
            sample = Sample(seed: seed, requests: 60, skew: ClockTests.planted, probes: true)
        } else {
            sample = Sample(seed: seed, requests: 60)
        }
        let session = sample.alertSession
        var layers = AlertRule("layers", .spanP95, above: 1_150_000)
        layers.filter.operation = .layer
        layers.windowNanos = 3 * Self.second
        var pace = AlertRule("pace", .tokensPerSecond, below: 12)
        pace.windowNanos = 2 * Self.second
        var ttft = AlertRule("ttft", .ttftP50, above: 40_000_000)
        ttft.windowNanos = 4 * Self.second
        var hop = AlertRule("hop", .linkP50, above: 520_000)
        hop.windowNanos = 2 * Self.second
        var flight = AlertRule("queue", .inFlight, above: 0)
        flight.forNanos = Self.second
        var failures = AlertRule("failures", .failureRatio, above: 0.1)
        failures.windowNanos = 10 * Self.second
        let rules = AlertRules([layers, pace, ttft, hop, flight, failures] + AlertRules.standard.rules)
        let end = Double(sample.end - Sample.origin) / 1e9 + 4
        let expected = session.report(rules, at: end)
        #expect(expected.fired > 5, "seed \(seed)")
        var random = Seeded(seed)
        var time = Sample.origin
        var watermarks: [Int64] = []
        while time < sample.end {
            time += Int64.random(in: 1...2_500_000_000, using: &random)
            watermarks.append(min(time, sample.end))
        }
        let pieces = session.report(rules, at: end, watermarks: watermarks)
        #expect(json(pieces, rules) == json(expected, rules), "seed \(seed)")
    }

    private func json(_ report: AlertReport, _ rules: AlertRules) -> String {
        var writer = JSONWriter()
        writer.object { report.write(rules, &$0) }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension Sample {
    /// The same events for alerts.
    var alertSession: AlertSession {
        AlertSession(symbols: symbols, batches: batches, streams: streams)
    }
}

extension AlertRule {
    /// A rule that fires as soon as the value is below the threshold.
    init(_ name: String, _ metric: AlertMetric, below threshold: Double) {
        self.init(name, metric, above: threshold)
        comparison = .below
    }
}
