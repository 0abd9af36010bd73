import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// One kind of bad input after the other, by hand: the views' defined answer, and its count in `quality`.
@Suite struct QualityTests {
    typealias Kind = Quality.Kind
    static let origin = Sample.origin
    static let link = Link(from: "d", to: "e")
    static let stage = Role(.stage, phase: .decode, stage: 0)
    static let layer = Role(.layer, phase: .decode, layer: 0, stage: 0)

    /// Folds what `body` writes on two streams of two hosts; `sameDevice` gives both one label.
    private func input(
        clocks: [String] = ["one", "one"], sameDevice: Bool = false, after: Int64 = 1_000_000_000,
        _ body: (inout StreamBuilder, inout StreamBuilder) -> Void
    ) -> SnapshotInput {
        let symbols = Symbols()
        var one = StreamBuilder(symbols: symbols, stream: 0, incarnation: 0x1111_0000_0000_0000)
        var two = StreamBuilder(symbols: symbols, stream: 1, incarnation: 0x2222_0000_0000_0000)
        body(&one, &two)
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: Self.origin))
        directory.update(streams: [
            StreamFact(id: "a", device: "d", host: "h", clockDomain: clocks[0]),
            StreamFact(id: "b", device: sameDevice ? "d" : "e", host: "i", clockDomain: clocks[1]),
        ])
        var fold = SessionFold(directory: directory)
        var merge = EventMerge()
        merge.ingest(one.batch)
        merge.ingest(two.batch)
        merge.flush(upTo: Timestamp(nanos: .max)) { event, batch in fold.apply(event, in: batch) }
        return SnapshotInput(
            fold: fold, instant: Timestamp(nanos: Self.origin + after), window: .all, clock: .aligned)
    }

    /// The kinds that occurred.
    private func found(_ input: SnapshotInput) -> [Kind: Int64] {
        let quality = Quality(input: input)
        return Dictionary(uniqueKeysWithValues: Kind.allCases.map { ($0, quality.count($0)) }).filter { $0.value != 0 }
    }

    private func decode(_ input: SnapshotInput) -> Statistics? { LayersView(input: input).rows.first?.decode }

    @Test("Drops are counted as the writers say, and make numbers lower bounds")
    func drops() {
        var input = input { one, _ in one.add(.span, Self.layer, at: Self.origin + 10, from: Self.origin, span: 1) }
        #expect(found(input).isEmpty)
        input.dropped = 7
        #expect(found(input) == [.dropped: 7])
        #expect(Bottleneck(input: input).findings.contains { $0.text.contains("7 events were dropped") })
    }

    @Test("A hole in a writer's sequence is counted by its size")
    func gaps() {
        let input = input { one, _ in
            for index in 1...9 as ClosedRange<Int64> {
                one.add(.span, Self.layer, at: Self.origin + index * 10, from: Self.origin, span: UInt64(index))
            }
            one.remove(sequences: 3...6)
        }
        #expect(found(input) == [.missingEvents: 4])
        #expect(decode(input)?.count == 5)
    }

    @Test("A stamp behind an earlier one's: both count in the order of their stamps")
    func reordered() {
        let input = input { one, _ in
            one.add(.mark, Role(.other, name: "first"), at: Self.origin + 9_000_000)
            one.add(.mark, Role(.other, name: "set back"), at: Self.origin + 100)
            // Within a millisecond it is only which statement came first.
            one.add(.mark, Role(.other, name: "third"), at: Self.origin + 9_500_000)
            one.add(.mark, Role(.other, name: "fourth"), at: Self.origin + 9_400_000)
        }
        #expect(found(input) == [.reorderedEvents: 1])
        #expect(input.fold.processes.marks.map(\.text) == ["set back", "first", "fourth", "third"])
    }

    @Test("A begin without an end is open and in no percentile; an end without a begin is nothing")
    func halves() {
        let input = input { one, _ in
            one.add(.begin, Self.stage, at: Self.origin + 5, span: 1)
            one.add(.end, Self.stage, at: Self.origin + 9, span: 77)
        }
        #expect(found(input) == [.openSpans: 1, .orphanEnds: 1])
        #expect(
            input.fold.openSpans().map(\.span) == [1]
                && DevicesView(input: input).rows.allSatisfy { $0.stageTime.count == 0 })
    }

    @Test("More open spans than are held are counted; their ends are ends without a begin")
    func manyOpen() {
        let extra = 10
        let input = input { one, _ in
            for index in 1...UInt64(SessionFold.openLimit + extra) {
                one.add(.begin, Self.stage, at: Self.origin + Int64(index), span: index)
            }
            one.add(.end, Self.stage, at: Self.origin + 900_000, span: UInt64(SessionFold.openLimit + 1))
        }
        #expect(
            found(input) == [.openSpans: Int64(SessionFold.openLimit), .openNotHeld: Int64(extra), .orphanEnds: 1])
    }

    @Test("Of two spans with one id the first counts", arguments: [false, true])
    func duplicates(whole: Bool) {
        let input = input { one, two in
            if whole {
                one.add(.span, Self.layer, at: Self.origin + 100, from: Self.origin, span: 9)
                two.add(.span, Self.layer, at: Self.origin + 300, from: Self.origin, span: 9)
            } else {
                one.add(.begin, Self.layer, at: Self.origin, span: 9)
                two.add(.begin, Self.layer, at: Self.origin + 50, span: 9)
                one.add(.end, Self.layer, at: Self.origin + 100, span: 9)
            }
        }
        #expect(found(input) == [.duplicateSpans: 1])
        #expect(decode(input) == Statistics(exact: [100]))
    }

    @Test("A parent that never comes is missing, one that comes later is not")
    func parents() {
        let input = input { one, _ in
            one.add(.span, Self.layer, at: Self.origin + 10, from: Self.origin, span: 1, parent: 500)
            one.add(.span, Self.layer, at: Self.origin + 20, from: Self.origin + 10, span: 2, parent: 500)
            one.add(.span, Self.layer, at: Self.origin + 30, from: Self.origin + 20, span: 3, parent: 600)
            one.add(.span, Self.stage, at: Self.origin + 40, from: Self.origin, span: 600)
            // Of a parent that is over the children count too.
            one.add(
                .span, Role(.other, name: "late"), at: Self.origin + 40, from: Self.origin + 39, span: 4, parent: 600)
        }
        #expect(found(input) == [.missingParents: 2])
        #expect(decode(input)?.count == 3)
    }

    @Test("What parents are waited for is bounded: the forgotten ones stay missing")
    func manyMissingParents() {
        let count = UInt64(3 * SpanFold.generation)
        let input = input { one, _ in
            for index in 1...count {
                one.add(
                    .span, Self.layer, at: Self.origin + Int64(index), from: Self.origin, span: index,
                    parent: index + count)
            }
            // The first has been forgotten, the last has not.
            one.add(.span, Self.stage, at: Self.origin + 900_000, from: Self.origin, span: count + 1)
            one.add(.span, Self.stage, at: Self.origin + 900_001, from: Self.origin, span: 2 * count)
        }
        #expect(found(input) == [.missingParents: Int64(count) - 1])
    }

    @Test("A child that outlives its parent keeps its duration; the parent's own time ends with it")
    func outlives() throws {
        let input = input { one, _ in
            one.add(.begin, Self.stage, at: Self.origin, span: 1, trace: 3)
            one.add(.begin, Self.layer, at: Self.origin + 10, span: 2, parent: 1, trace: 3)
            one.add(.end, Self.stage, at: Self.origin + 100, span: 1)
            one.add(.end, Self.layer, at: Self.origin + 250, span: 2)
        }
        #expect(found(input) == [.outlivedParents: 1])
        #expect(decode(input) == Statistics(exact: [240]))
    }

    @Test("A span that ends before it starts lasts 0 ns")
    func negative() {
        let input = input { one, _ in
            one.add(.span, Self.layer, at: Self.origin + 10, from: Self.origin + 500, span: 1)
        }
        #expect(found(input) == [.negativeDurations: 1])
        #expect(decode(input) == Statistics(exact: [0]))
    }

    @Test("A hop with one side has no transit; the side that is there counts")
    func lonelyHops() throws {
        func hop(_ one: inout StreamBuilder, _ operation: SpanreelTracing.Operation, _ id: Int64, at time: Int64) {
            one.add(
                .span, Role(operation, phase: .decode, link: Self.link), at: Self.origin + time,
                from: Self.origin + time - 5, span: UInt64(time), [(.messageID, .int(id)), (.sizeBytes, .int(10))])
        }
        let input = input { one, two in
            hop(&one, .hopSend, 1, at: 10)
            hop(&two, .hopReceive, 1, at: 40)
            hop(&one, .hopSend, 2, at: 50)
            hop(&two, .hopReceive, 3, at: 60)
            hop(&two, .hopReceive, 4, at: 70)
        }
        #expect(found(input) == [.sendsWithoutReceive: 1, .receivesWithoutSend: 2])
        let row = try #require(LinksView(input: input).rows.first)
        #expect(row.decode == Statistics(exact: [35]) && row.transfers == 2 && row.sizeBytes == 20)
    }

    @Test("Of a message id used twice the later send counts; a receive before its send takes 0 ns")
    func messages() throws {
        let input = input { one, two in
            let send = Role(.hopSend, phase: .decode, link: Self.link)
            let receive = Role(.hopReceive, phase: .decode, link: Self.link)
            one.add(.span, send, at: Self.origin + 10, from: Self.origin, span: 1, [(.messageID, .int(1))])
            one.add(.span, send, at: Self.origin + 30, from: Self.origin + 20, span: 2, [(.messageID, .int(1))])
            two.add(.span, receive, at: Self.origin + 60, from: Self.origin + 50, span: 3, [(.messageID, .int(1))])
            two.add(.span, receive, at: Self.origin + 70, from: Self.origin + 65, span: 4, [(.messageID, .int(2))])
            one.add(.span, send, at: Self.origin + 95, from: Self.origin + 90, span: 5, [(.messageID, .int(2))])
        }
        #expect(found(input) == [.duplicateMessages: 1, .negativeTransits: 1, .sendsWithoutReceive: 1])
        #expect(try #require(LinksView(input: input).rows.first).decode.minNanos == 0)
        #expect(try #require(LinksView(input: input).rows.first).decode.maxNanos == 40)
    }

    /// A clock probe each 100 ms whose answers are `wrong` off; the second device's clock is 5 ms ahead.
    private func probed(_ seconds: Int64, peer: String = "e", wrong: (Int64) -> Int64) -> SnapshotInput {
        input(clocks: ["one", "two"], after: seconds * 1_000_000_000) { one, two in
            two.add(.mark, Role(.other, name: "here"), at: Self.origin)
            one.add(.begin, Role(.request), at: Self.origin, span: 1, trace: 1)
            for index in 0..<seconds * 10 {
                let t0 = Self.origin + index * 100_000_000
                let answer = t0 + 100_000 + 5_000_000 + wrong(index)
                one.add(
                    .span, Role(.clockProbe), at: t0 + 200_000, from: t0,
                    [
                        (.clockPeer, .text(peer)), (.clockT0, .int(t0)), (.clockT1, .int(answer)),
                        (.clockT2, .int(answer)), (.clockT3, .int(t0 + 200_000)),
                    ])
            }
        }
    }

    @Test("A wild answer is taken out, a step widens its epoch; both are counted")
    func clocks() throws {
        let wild = probed(30) { $0 == 150 ? -1_000_000_000 : 0 }
        #expect(found(wild) == [.openSpans: 1, .clockOutliers: 1])
        let band = try #require(wild.clocks.offset(domain: 1, at: Self.origin + 15_000_000_000).error)
        #expect(band < 200_000)
        let stepped = probed(60) { $0 >= 255 ? 80_000_000 : 0 }
        #expect(found(stepped) == [.openSpans: 1, .clockSteps: 1])
        let within = try #require(stepped.clocks.offset(domain: 1, at: Self.origin + 25_000_000_000).error)
        let later = stepped.clocks.offset(domain: 1, at: Self.origin + 45_000_000_000)
        #expect(within >= 40_000_000 && abs(later.offset - 85_000_000) <= (later.error ?? -1))
        #expect((later.error ?? .max) < 200_000)
    }

    @Test("A probe of a device that never spoke says nothing, and is counted, whatever it is called")
    func probesWithoutPeer() {
        let input = probed(20, peer: "nobody") { _ in 0 }
        #expect(found(input) == [.openSpans: 1, .probesWithoutPeer: 200])
        #expect(input.directory.devices.count == 2 && input.clocks.isIdentity)
    }

    @Test("Two hosts with one device name are shown as one device, and counted")
    func sharedNames() {
        let input = input(sameDevice: true) { one, two in
            one.add(.span, Self.layer, at: Self.origin + 10, from: Self.origin, span: 1)
            two.add(.span, Self.layer, at: Self.origin + 30, from: Self.origin, span: 2)
        }
        #expect(found(input) == [.sharedDeviceNames: 1])
        #expect(decode(input)?.count == 2)
    }

    @Test("Names without end: what a fold holds is bounded, what is beyond is counted")
    func manyNames() {
        let extra = 100
        let input = input { one, _ in
            for index in 0..<LayerFold.groupLimit + extra {
                one.add(
                    .span, Role(.layer, phase: .decode, layer: index), at: Self.origin + Int64(index) + 10,
                    from: Self.origin, span: UInt64(index + 1))
            }
            for index in 0..<LinkFold.linkLimit + extra {
                one.add(
                    .span, Role(.hopReceive, phase: .decode, link: Link(from: "d", to: "x\(index)")),
                    at: Self.origin + 100_000 + Int64(index), from: Self.origin + 100_000, span: UInt64(100_000 + index)
                )
            }
            for index in 0..<20_000 {
                one.add(.mark, Role(.other, name: "name \(index)"), at: Self.origin + 200_000 + Int64(index))
            }
        }
        #expect(
            found(input) == [.notHeld: Int64(2 * extra), .receivesWithoutSend: Int64(LinkFold.linkLimit + extra)])
        #expect(input.fold.layers.groups.count == LayerFold.groupLimit)
        #expect(input.fold.links.links.count == LinkFold.linkLimit)
        #expect(input.fold.processes.marks.count <= 512)
    }

    @Test("No events at all: every view answers, nothing is counted")
    func nothing() {
        let input = input { _, _ in }
        #expect(found(input).isEmpty)
        for name in ViewName.allCases where name != .processes { #expect(json(name, input).count > 2) }
        #expect(input.rate(5) == nil)
    }
}
