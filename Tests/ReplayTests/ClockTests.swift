import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct ClockTests {
    /// The second device's clock runs 37.5 ms ahead and gains 40 microseconds a second.
    static func planted(_ time: Int64) -> Int64 { 37_500_000 + (time - Sample.origin) / 25_000 }

    @Test("A planted skew of 37.5 ms and 40 ppm is recovered within its band", arguments: 1...10 as ClosedRange<UInt64>)
    func recoversSkew(seed: UInt64) throws {
        let sample = Sample(seed: seed, requests: 120, skew: Self.planted, probes: true)
        let fold = sample.fold()
        let clocks = fold.clocks.solve(domains: fold.directory.domains).alignment
        #expect(!clocks.isIdentity)
        let two = try #require(fold.directory.domains.firstIndex(of: "two"))
        var time = Sample.origin + 1_000_000
        let lastProbe = time + (sample.end - 1 - time) / 1_000_000_000 * 1_000_000_000
        while time < sample.end {
            // The stamp on the skewed clock and the truth behind it.
            let stamp = time + Self.planted(time)
            let (offset, error) = clocks.offset(domain: two, at: stamp)
            let band = try #require(error)
            #expect(abs(offset - Self.planted(time)) <= band, "seed \(seed) at \(time - Sample.origin)")
            // Each second a probe, whose ways take 400 us at most: so a direction's bound is at most that, between two
            // probes too, and half of both ways is 400 us; a thousandth and 1 us for each clock come on top. After the
            // last probe each direction may drift by 500 ppm.
            let sinceProbe = max(0, time - lastProbe)
            #expect(band <= 400_000 + 400 + 2_000 + sinceProbe / 2_000, "seed \(seed) at \(time - Sample.origin)")
            time += 500_000_000
        }
    }

    @Test("Aligned transits agree with the truth within the band; raw ones carry the skew")
    func transits() throws {
        let sample = Sample(seed: 3, requests: 120, skew: Self.planted, probes: true)
        let instant = Timestamp(nanos: sample.end + 100_000_000)
        let aligned = SnapshotInput(fold: sample.fold(), instant: instant, window: .all, clock: .aligned)
        let raw = SnapshotInput(fold: sample.fold(), instant: instant, window: .all, clock: .raw)
        let row = try #require(LinksView(input: aligned).rows.first)
        let error = try #require(aligned.clockError(row.state))
        let truth = try #require(Statistics(exact: sample.transits).meanNanos)
        let mean = try #require(row.decode.meanNanos)
        #expect(abs(mean - truth) <= error)
        let rawMean = try #require(LinksView(input: raw).rows.first?.decode.meanNanos)
        #expect(rawMean > 37_000_000)
        // Causality: nothing is received before it was sent.
        #expect((row.decode.minNanos ?? -1) >= 0)
    }

    @Test("Hops in both directions bound the offset without any probe")
    func hopsAlone() {
        var clocks = ClockFold()
        let domains = ["a", "b"]
        for index in 0..<200 {
            let time = Sample.origin + Int64(index) * 100_000_000
            clocks.hop(from: 0, to: 1, transit: 5_000_000 + 200_000 + Int64(index % 7) * 10_000, at: time)
            clocks.hop(from: 1, to: 0, transit: -5_000_000 + 250_000 + Int64(index % 5) * 10_000, at: time)
        }
        let solved = clocks.solve(domains: domains).alignment
        let (offset, error) = solved.offset(domain: 1, at: Sample.origin + 5_000_000_000)
        #expect(abs(offset - 5_000_000) <= (error ?? 0))
        #expect((error ?? .max) <= 300_000)
    }

    @Test("One clock is the identity with error 0")
    func identity() {
        let fold = Sample(seed: 1).fold()
        let clocks = fold.clocks.solve(domains: fold.directory.domains).alignment
        #expect(clocks.isIdentity)
        #expect(clocks.offset(domain: 0, at: 5).offset == 0 && clocks.offset(domain: 0, at: 5).error == 0)
    }

    /// A session of 30 s whose second device has late evidence: a probe of the first seconds, told at the end.
    private func withLateProbe() -> (Sample, SessionFold) {
        var sample = Sample(seed: 3, requests: 200, skew: Self.planted, probes: true)
        var late = StreamBuilder(symbols: sample.symbols, stream: 0, incarnation: 0x4444_0000_0000_0000)
        let t0 = Sample.origin + 2_300_000_000
        let t1 = t0 + 20_000
        late.add(
            .span, Role(.clockProbe), at: sample.end - 1, from: t0,
            [
                (.clockPeer, .text("mini2")), (.clockT0, .int(t0)), (.clockT1, .int(t1 + Self.planted(t1))),
                (.clockT2, .int(t1 + Self.planted(t1))), (.clockT3, .int(t0 + 40_000)),
            ])
        sample.batches.append(late.batch)
        return (sample, sample.fold())
    }

    @Test("raw, aligned and refit are three answers, in views and in waterfalls")
    func modes() throws {
        let (sample, fold) = withLateProbe()
        #expect(sample.end - Sample.origin > 25_000_000_000)
        #expect(fold.clocks.lateCount == 2)
        let instant = Timestamp(nanos: sample.end + 100_000_000)
        var means: [ClockMode: Int64] = [:]
        var starts: [ClockMode: [Int64]] = [:]
        for mode in ClockMode.allCases {
            let input = SnapshotInput(fold: fold, instant: instant, window: .all, clock: mode)
            means[mode] = LinksView(input: input).rows.first?.prefill.meanNanos
            var tree = TraceQuery(directory: fold.directory, instant: instant)
            for batch in sample.batches {
                for event in batch.events where event.trace == TraceID(high: 7, low: 2) || event.kind == .end {
                    tree.add(event, in: batch)
                }
            }
            tree.finish(clocks: input.clocks)
            starts[mode] = tree.nodes.map(\.start).sorted()
            let flow = try #require(tree.flows.first)
            #expect((flow.error == nil) == (mode == .raw))
            // The band is 250 us or so, a transit 525 on average; of raw stamps nothing is known.
            let row = try #require(LinksView(input: input).rows.first)
            #expect(row.isBelow(input.clockError(row.state)) == (mode == .raw))
            #expect(row.isBelow(1_000_000_000) && !row.isBelow(1000))
        }
        let (raw, aligned, refit) = (
            try #require(means[.raw]), try #require(means[.aligned]), try #require(means[.refit])
        )
        #expect(raw - aligned > 37_000_000)
        // The late probe's round trip is a tenth of the others': it moves what is solved anew, and nothing else.
        #expect(aligned != refit && abs(aligned - refit) < 500_000)
        #expect(starts[.raw] != starts[.aligned] && starts[.aligned] != starts[.refit])
    }

    @Test("What is frozen does not depend on what the reader knows of silent streams")
    func frozenIsPure() {
        let sample = Sample(seed: 6, requests: 200, skew: Self.planted, probes: true)
        var known = sample
        known.streams.append(StreamFact(id: "0", device: "mini2", host: "0", clockDomain: "0", stage: 7))
        let (a, b) = (sample.fold(), known.fold(chunk: { Int.random(in: 1...40, using: &$0) }, shuffle: true))
        #expect(a.clocks.frozenThrough > Int64.min && a.clocks.frozenThrough == b.clocks.frozenThrough)
        let input = { (fold: SessionFold) in
            SnapshotInput(fold: fold, instant: Timestamp(nanos: sample.end), window: .all, clock: .aligned)
        }
        for name in ViewName.allCases { #expect(json(name, input(a)) == json(name, input(b))) }
    }

    @Test("Each domain's offset, drift and band are listed; unlinked clocks have none")
    func rows() throws {
        let sample = Sample(seed: 3, requests: 200, skew: Self.planted, probes: true)
        let instant = Timestamp(nanos: sample.end)
        let rows = ClockRow.rows(SnapshotInput(fold: sample.fold(), instant: instant, window: .all, clock: .raw))
        #expect(rows.map(\.domain) == ["one", "two"] && rows.map(\.isRoot) == [true, false])
        #expect(rows[0].offset == 0 && rows[0].error == 0 && rows[0].driftPPM == 0)
        let (offset, error) = (try #require(rows[1].offset), try #require(rows[1].error))
        #expect(abs(offset - Self.planted(sample.end)) <= error)
        // Over 20 s and more, either end wrong by its band of 403 us at most.
        #expect(abs(try #require(rows[1].driftPPM) - 40) <= 2 * 403 / 20)
        var unlinked = sample
        unlinked.batches = unlinked.batches.map { batch in
            var kept = EventBatch()
            for event in batch.events where [.layer, .request].contains(sample.symbols.role(event.role).operation) {
                kept.append(event, from: batch)
            }
            return kept
        }
        let alone = ClockRow.rows(SnapshotInput(fold: unlinked.fold(), instant: instant, window: .all, clock: .aligned))
        #expect(alone.map(\.error) == [nil, nil] && alone.map(\.offset) == [nil, nil])
    }
}
