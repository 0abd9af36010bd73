import SpanreelTracing
import Testing

@testable import SpanreelReplay

@Suite struct BottleneckTests {
    /// A ring of three devices with two layers each, whose times a test may set; all times are in microseconds.
    private struct Ring {
        var steps = 40
        /// By layer and step.
        var layer: (Int, Int) -> Int64 = { _, step in 360 + Int64(step % 7) * 5 }
        /// By the device that sends and step.
        var transit: (Int, Int) -> Int64 = { _, step in 90 + Int64(step % 5) * 4 }
        var sizes: [Int64] = [2048, 2048, 4]
        var hasOwnClocks = false

        func findings(_ clock: ClockMode = .aligned) -> [Bottleneck.Finding] {
            let symbols = Symbols()
            let names = ["mini1", "mini2", "mini3"]
            var devices = names.indices.map {
                StreamBuilder(symbols: symbols, stream: UInt32($0), incarnation: UInt64($0 + 1) << 32)
            }
            var now = Sample.origin
            var id: UInt64 = 0
            for step in 0..<steps {
                for device in names.indices {
                    for layer in [device * 2, device * 2 + 1] {
                        id += 1
                        let end = now + self.layer(layer, step) * 1000
                        devices[device].add(
                            .span, Role(.layer, phase: .decode, layer: layer, stage: device), at: end, from: now,
                            span: id)
                        now = end
                    }
                    let next = (device + 1) % 3
                    let link = Link(from: names[device], to: names[next])
                    let end = now + transit(device, step) * 1000
                    let message: [(AttributeKey, StreamBuilder.Value)] = [
                        (.messageID, .int(Int64(step + 1))), (.sizeBytes, .int(sizes[device])),
                    ]
                    devices[device].add(
                        .span, Role(.hopSend, phase: .decode, link: link), at: end - 1000, from: now, span: id + 1,
                        message)
                    devices[next].add(
                        .span, Role(.hopReceive, phase: .decode, link: link), at: end, from: end - 1000, span: id + 2,
                        message)
                    id += 2
                    now = end
                }
            }
            let directory = Directory(symbols: symbols, origin: Timestamp(nanos: Sample.origin))
            directory.update(
                streams: names.map {
                    StreamFact(id: $0, device: $0, host: "h", clockDomain: hasOwnClocks ? $0 : "one")
                })
            var fold = SessionFold(directory: directory)
            var merge = EventMerge()
            for device in devices { merge.ingest(device.batch) }
            merge.flush(upTo: Timestamp(nanos: .max)) { event, batch in fold.apply(event, in: batch) }
            let input = SnapshotInput(fold: fold, instant: Timestamp(nanos: now), window: .all, clock: clock)
            return Bottleneck(input: input).findings.filter(\.isWarning)
        }
    }

    @Test("A slow layer and a slow hop are named with their figures, and nothing else is")
    func slow() throws {
        var ring = Ring()
        ring.layer = { layer, step in (layer == 3 ? 2000 : 0) + 360 + Int64(step % 7) * 5 }
        ring.transit = { device, step in (device == 0 ? 2000 : 0) + 90 + Int64(step % 5) * 4 }
        let found = ring.findings()
        try #require(found.count == 2)
        #expect(found[0].text == "Layer 3 on mini2 takes 6.33x its neighbours in decode (2.38 ms).")
        #expect(found[0].layer == 3 && found[0].device == "mini2")
        #expect(found[0].figures?.own == 2_375_000 && found[0].figures?.others == 375_000)
        #expect(found[1].text == "The hop mini1 to mini2 takes 21.41x the others in decode (2.10 ms).")
        #expect(found[1].figures?.own == 2_098_000 && found[1].figures?.others == 98_000)
    }

    @Test("A healthy ring has nothing to name")
    func healthy() { #expect(Ring().findings().isEmpty) }

    /// On a busy machine the median of 16 transits was 5 ms for two healthy hops, since every other wake-up came late:
    /// a second later all three had the same median again.
    @Test("A median that the next few observations may move names nothing")
    func uncertain() {
        var ring = Ring(steps: 16)
        ring.transit = { device, step in device == 1 && step % 2 == 0 ? 11_000 : 90 }
        #expect(ring.findings().isEmpty)
        ring.transit = { device, _ in device == 1 ? 11_000 : 90 }
        #expect(ring.findings().map(\.view) == ["links"])
        ring.steps = 14
        #expect(ring.findings().isEmpty)
    }

    @Test("A hop may take the time that its bytes need", arguments: [(2100, 0), (9000, 1)] as [(Int64, Int)])
    func sizes(micros: Int64, count: Int) {
        var ring = Ring(sizes: [8192, 8192, 262_144])
        ring.transit = { device, step in (device == 2 ? micros : 90) + Int64(step % 5) * 4 }
        let found = ring.findings()
        #expect(found.count == count)
        #expect(found.allSatisfy { $0.link?.from == "mini3" })
    }

    @Test("A small message that takes longer than large ones is named")
    func small() {
        var ring = Ring()
        ring.transit = { device, step in (device == 2 ? 2000 : 90) + Int64(step % 5) * 4 }
        #expect(ring.findings().map(\.link?.from) == ["mini3"])
    }

    @Test("Transits between clocks that nothing ties together name no hop")
    func clocks() {
        var ring = Ring(hasOwnClocks: true)
        ring.transit = { device, step in (device == 0 ? 40_000 : 90) + Int64(step % 5) * 4 }
        #expect(ring.findings(.raw).isEmpty)
    }

    @Test("A device whose every layer is slow is named, not its layers")
    func device() {
        var ring = Ring()
        ring.layer = { layer, step in (layer / 2 == 1 ? 500 : 0) + 360 + Int64(step % 7) * 5 }
        let found = ring.findings()
        #expect(found.first?.device == "mini2" && found.first?.view == "devices")
        #expect(found.first?.figures?.own == 875_000)
    }

    @Test("The interval of a median misses it at most once in a thousand times")
    func ranks() throws {
        for count in 0...14 { #expect(Statistics.medianRanks(count: count) == nil) }
        for count in 15...1000 {
            let ranks = try #require(Statistics.medianRanks(count: count))
            // The median lies below the interval when at most `lowerBound` of the observations are below it.
            var outside = 0.0
            var probability = 1.0
            for _ in 0..<count { probability /= 2 }
            for below in 0...ranks.lowerBound {
                outside += probability
                probability *= Double(count - below) / Double(below + 1)
            }
            #expect(2 * outside < 0.001, "\(count)")
            #expect(ranks.lowerBound + ranks.upperBound == count - 1)
        }
    }
}
