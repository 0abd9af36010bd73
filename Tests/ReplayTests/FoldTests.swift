import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct FoldTests {
    private func input(_ sample: Sample, _ window: ViewQuery.WindowChoice = .all, clock: ClockMode = .aligned)
        -> SnapshotInput
    {
        SnapshotInput(fold: sample.fold(), instant: Timestamp(nanos: sample.end), window: window, clock: clock)
    }

    @Test(
        "The views agree with the model that made the events", arguments: [1, 2, 3, 4, 5] as [UInt64], [false, true])
    func agreesWithModel(seed: UInt64, whole: Bool) {
        let sample = Sample(seed: seed, requests: 40, whole: whole)
        let input = input(sample)
        #expect(input.sum(Tick.generated) == Int64(sample.tokens), "seed \(seed)")
        let states = LatencyView(input: input).states
        #expect(states[.finished, default: 0] == sample.finished, "seed \(seed)")
        #expect(states[.cancelled, default: 0] == sample.cancelled, "seed \(seed)")
        #expect(states[.rejected, default: 0] == sample.rejected, "seed \(seed)")
        #expect(input.ttft == Statistics(exact: sample.ttft), "seed \(seed)")
        #expect(input.fold.requests.tpot.statistics(in: input.window) == Statistics(exact: sample.tpot), "seed \(seed)")
        #expect(input.fold.requests.itl.statistics(in: input.window) == Statistics(exact: sample.gaps), "seed \(seed)")
        let cache = CacheView(input: input)
        #expect(cache.hits == Int64(sample.hits) && cache.lookups == Int64(sample.lookups), "seed \(seed)")
        #expect(cache.hitTokens == Int64(48 * sample.hits) && cache.promptTokens == Int64(96 * sample.lookups))
        for row in LayersView(input: input).rows {
            #expect(row.decode == Statistics(exact: sample.layerTimes[row.layer] ?? []), "seed \(seed)")
            #expect(row.device == (row.layer < 2 ? "mini1" : "mini2"))
        }
        let link = LinksView(input: input).rows.first
        #expect(
            link?.sizeBytes == sample.hopBytes && link?.decode == Statistics(exact: sample.transits), "seed \(seed)")
    }

    @Test("Whole spans and begin/end pairs give the same latencies")
    func formsAgree() {
        let pairs = input(Sample(seed: 9, requests: 30))
        let whole = input(Sample(seed: 9, requests: 30, whole: true))
        #expect(json(.latency, pairs) == json(.latency, whole))
    }

    @Test("Neither chunking nor the order of arrival changes a byte", arguments: 1...8 as ClosedRange<UInt64>)
    func orderDoesNotMatter(seed: UInt64) {
        let sample = Sample(seed: 77, requests: 25, probes: true)
        let instant = Timestamp(nanos: sample.end)
        let expected = SnapshotInput(fold: sample.fold(), instant: instant, window: .samples100, clock: .aligned)
        let fold = sample.fold(chunk: { Int.random(in: 1...40, using: &$0) }, shuffle: true, seed: seed)
        let shuffled = SnapshotInput(fold: fold, instant: instant, window: .samples100, clock: .aligned)
        for name in ViewName.allCases { #expect(json(name, expected) == json(name, shuffled), "seed \(seed) \(name)") }
        #expect(expected.fold.cut == fold.cut)
    }

    @Test("A window of observations is the last ones; a window of time is what became visible in it")
    func windows() {
        let sample = Sample(seed: 5, requests: 60)
        let last = input(sample, .samples100)
        #expect(last.fold.requests.itl.statistics(in: last.window) == Statistics(exact: Array(sample.gaps.suffix(100))))
        let minute = input(sample, .nanos(3_000_000_000))
        let from = sample.end - 3_000_000_000
        let ended = minute.fold.requests.records.filter { ($0.end ?? 0) > from }.count
        #expect(LatencyView(input: minute).ended.count == ended && ended > 0)
    }

    @Test("An open span counts in no percentile and is listed")
    func openSpans() {
        let symbols = Symbols()
        var stream = StreamBuilder(symbols: symbols, stream: 0, incarnation: 5)
        stream.add(.begin, Role(.request), at: Sample.origin + 1, span: 11, trace: 1)
        stream.add(
            .begin, Role(.stage, phase: .decode, stage: 0), at: Sample.origin + 5, span: 12, parent: 11, trace: 1)
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: Sample.origin))
        directory.update(streams: [StreamFact(id: "a", device: "d", host: "h")])
        var fold = SessionFold(directory: directory)
        for event in stream.batch.events { fold.apply(event, in: stream.batch) }
        #expect(fold.openSpans().map(\.span) == [11, 12])
        let at = Timestamp(nanos: Sample.origin + 1_000_000)
        let input = SnapshotInput(fold: fold, instant: at, window: .all, clock: .aligned)
        #expect(LatencyView(input: input).states[.queued] == 1)
        #expect(input.fold.requests.e2e.count == 0)
        let later = SnapshotInput(
            fold: fold, instant: Timestamp(nanos: Sample.origin + 60_000_000_000), window: .all, clock: .aligned)
        #expect(LatencyView(input: later).states[.open] == 1)
    }

    @Test("Any event may be applied", arguments: 1...20 as ClosedRange<UInt64>)
    func isTotal(seed: UInt64) {
        var random = Seeded(seed)
        let symbols = Symbols()
        let operations = Operation.allCases
        func extreme(_ random: inout Seeded) -> Int64 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: .min
            case 1: .max
            case 2: 0
            case 3: -1
            default: Int64(bitPattern: random.next()) >> Int64.random(in: 0...60, using: &random)
            }
        }
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: extreme(&random)))
        directory.update(streams: [
            StreamFact(id: "a", device: "d", host: "h", clockDomain: "1"),
            StreamFact(id: "b", device: "e", host: "i", clockDomain: "2"),
        ])
        var fold = SessionFold(directory: directory)
        for _ in 0..<3000 {
            var batch = EventBatch()
            for key in 1...56 where Bool.random(using: &random) {
                let type = [AttributeType.int, .double, .bool, .string, .blob].randomElement(using: &random) ?? .int
                let bits =
                    type == .string ? UInt64.random(in: 0...9, using: &random) : UInt64(bitPattern: extreme(&random))
                batch.attributes.append(Attribute(key: AttributeKey(rawValue: UInt32(key)), type: type, bits: bits))
            }
            let role = Role(
                operations.randomElement(using: &random) ?? .other,
                phase: Phase.allCases.randomElement(using: &random) ?? .none,
                layer: Bool.random(using: &random) ? Int.random(in: -3...5, using: &random) : nil,
                stage: Bool.random(using: &random) ? Int(truncatingIfNeeded: extreme(&random)) : nil,
                link: Bool.random(using: &random) ? Link(from: "d", to: "e") : nil)
            let event = Event(
                kind: EventKind.allCases.randomElement(using: &random) ?? .mark,
                status: .error, stream: UInt32.random(in: 0...3, using: &random), role: symbols.intern(role),
                incarnation: UInt64.random(in: 0...2, using: &random), sequence: random.next() >> 1,
                time: Timestamp(nanos: extreme(&random)), start: Timestamp(nanos: extreme(&random)),
                span: SpanID(UInt64.random(in: 0...30, using: &random)),
                parent: SpanID(UInt64.random(in: 0...30, using: &random)),
                trace: TraceID(high: 0, low: UInt64.random(in: 0...4, using: &random)), value: extreme(&random),
                attributeStart: UInt32.random(in: 0...3, using: &random),
                attributeCount: UInt16.random(in: 0...60, using: &random))
            fold.apply(event, in: batch)
        }
        for window in [ViewQuery.WindowChoice.all, .samples100, .nanos(60_000_000_000), .nanos(.max)] {
            for clock in ClockMode.allCases {
                let input = SnapshotInput(
                    fold: fold, instant: Timestamp(nanos: extreme(&random)), window: window, clock: clock)
                for name in ViewName.allCases { #expect(!json(name, input).isEmpty, "seed \(seed)") }
            }
        }
    }

    @Test("A stream that has said nothing yet changes no view", arguments: [false, true])
    func silentStreams(isFirst: Bool) {
        let sample = Sample(seed: 5, requests: 30, skew: ClockTests.planted, probes: true)
        var known = sample
        // Its device and clock come first by name, and its device is one that others speak for.
        let silent = StreamFact(id: "0", device: "mini2", host: "0", clockDomain: "0", stage: 7, firstLayer: 9)
        known.streams = isFirst ? [silent] + sample.streams : sample.streams + [silent]
        if isFirst {
            for batch in known.batches.indices {
                for event in known.batches[batch].events.indices { known.batches[batch].events[event].stream += 1 }
            }
        }
        let instant = Timestamp(nanos: sample.end + 100_000_000)
        let with = SnapshotInput(fold: known.fold(), instant: instant, window: .all, clock: .aligned)
        let without = SnapshotInput(fold: sample.fold(), instant: instant, window: .all, clock: .aligned)
        let differing = ViewName.allCases.filter { json($0, with) != json($0, without) }
        #expect(differing.isEmpty)
    }
}
