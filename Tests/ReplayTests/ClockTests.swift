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
        let clocks = fold.clocks.solve(domains: fold.directory.domains)
        #expect(!clocks.isIdentity)
        let two = try #require(fold.directory.domains.firstIndex(of: "two"))
        var time = Sample.origin + 1_000_000
        while time < sample.end {
            // The stamp on the skewed clock and the truth behind it.
            let stamp = time + Self.planted(time)
            let (offset, error) = clocks.offset(domain: two, at: stamp)
            let band = try #require(error)
            #expect(abs(offset - Self.planted(time)) <= band, "seed \(seed) at \(time - Sample.origin)")
            // Half of the slowest round trip, and what 500 ppm may add where only one direction has newer evidence.
            #expect(band < 500_000)
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
        let solved = clocks.solve(domains: domains)
        let (offset, error) = solved.offset(domain: 1, at: Sample.origin + 5_000_000_000)
        #expect(abs(offset - 5_000_000) <= (error ?? 0))
        #expect((error ?? .max) <= 300_000)
    }

    @Test("One clock is the identity with error 0")
    func identity() {
        let fold = Sample(seed: 1).fold()
        let clocks = fold.clocks.solve(domains: fold.directory.domains)
        #expect(clocks.isIdentity)
        #expect(clocks.offset(domain: 0, at: 5).offset == 0 && clocks.offset(domain: 0, at: 5).error == 0)
    }
}
