import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// Events of any kind, with any ids, times, values and attributes: no trap anywhere, and the same bytes however they
/// were cut into batches.
@Suite struct SoupTests {
    static let seeds: ClosedRange<UInt64> =
        ProcessInfo.processInfo.environment["SPANREEL_ACCEPT"] == "1" ? 1...100 : 1...6

    /// Mostly plausible numbers, so that spans match and hops join; and every extreme.
    private func number(_ random: inout Seeded) -> Int64 {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: .min
        case 1: .max
        case 2: .min + 1
        case 3: -1
        case 4: Int64(bitPattern: random.next())
        case 5: Int64(bitPattern: random.next()) >> Int64.random(in: 0...60, using: &random)
        case 6...10: Sample.origin + Int64.random(in: -30_000_000_000...90_000_000_000, using: &random)
        default: 0
        }
    }

    private func attributes(_ batch: inout EventBatch, _ symbols: Symbols, _ random: inout Seeded) {
        // What joins hops and ties clocks is there more often, and mostly as it should be.
        for key in [AttributeKey.messageID, .clockPeer, .clockT0, .clockT1, .clockT2, .clockT3]
        where Int.random(in: 0..<4, using: &random) > 0 {
            let isName = key == .clockPeer
            let bits =
                key == .messageID || isName
                ? UInt64.random(in: 1...3, using: &random) : UInt64(bitPattern: number(&random))
            batch.attributes.append(Attribute(key: key, type: isName ? .string : .int, bits: bits))
        }
        for key in 1...56 where Int.random(in: 0..<3, using: &random) == 0 {
            let type = [AttributeType.int, .double, .bool, .string, .blob].randomElement(using: &random) ?? .int
            // Strings and blobs that exist, and some that do not.
            let bits =
                type == .string || type == .blob
                ? UInt64.random(in: 0...12, using: &random)
                : type == .double && Bool.random(using: &random)
                    ? [Double.nan, .infinity, -.infinity, 1e300, -0.0].randomElement(using: &random)?.bitPattern ?? 0
                    : UInt64(bitPattern: number(&random))
            batch.attributes.append(Attribute(key: AttributeKey(rawValue: UInt32(key)), type: type, bits: bits))
        }
    }

    private func role(_ random: inout Seeded) -> Role {
        if Bool.random(using: &random) {
            let tie = [SpanreelTracing.Operation.hopSend, .hopReceive, .clockProbe].randomElement(using: &random)
            return Role(tie ?? .hopSend, phase: .decode, link: Link(from: "d", to: "e"))
        }
        let names = ["d", "e", "", "\u{202E}\0\"\\", "x"]
        return Role(
            SpanreelTracing.Operation.allCases.randomElement(using: &random) ?? .other,
            name: names.randomElement(using: &random) ?? "",
            phase: Phase.allCases.randomElement(using: &random) ?? .none,
            layer: Bool.random(using: &random) ? Int(truncatingIfNeeded: number(&random)) : nil,
            stage: Bool.random(using: &random) ? Int(truncatingIfNeeded: number(&random)) : nil,
            link: Bool.random(using: &random)
                ? Link(from: names.randomElement(using: &random) ?? "", to: names.randomElement(using: &random) ?? "")
                : nil)
    }

    private struct Soup {
        var symbols = Symbols()
        var streams: [StreamFact] = []
        var batches: [EventBatch] = []
        var origin = Timestamp(nanos: 0)
    }

    private func soup(_ seed: UInt64, events: Int) -> Soup {
        var random = Seeded(seed)
        var soup = Soup()
        for name in ["d", "e", "nobody", "cancelled", "mini"] { _ = soup.symbols.intern(name) }
        soup.origin = Timestamp(nanos: Bool.random(using: &random) ? Sample.origin : number(&random))
        soup.streams = (0..<3).map { index in
            StreamFact(
                id: "\(index)", device: ["d", "e", "d"][index], host: "h\(index)", clockDomain: ["1", "2", "3"][index],
                stage: Bool.random(using: &random) ? Int(truncatingIfNeeded: number(&random)) : nil,
                firstLayer: .max, lastLayer: .min)
        }
        let incarnations: [UInt64] = [0, 1, .max - 5, 1 << 63]
        var sequences: [UInt64: UInt64] = [:]
        var batch = EventBatch()
        for _ in 0..<events {
            let incarnation = incarnations.randomElement(using: &random) ?? 0
            let step = Int.random(in: 0..<50, using: &random) == 0 ? random.next() >> 3 : 1
            let sequence = (sequences[incarnation] ?? 0) &+ step
            sequences[incarnation] = sequence
            let first = batch.attributes.count
            attributes(&batch, soup.symbols, &random)
            let count = batch.attributes.count - first
            func id() -> UInt64 {
                Int.random(in: 0..<20, using: &random) == 0 ? random.next() : UInt64.random(in: 0...40, using: &random)
            }
            batch.events.append(
                Event(
                    kind: EventKind.allCases.randomElement(using: &random) ?? .mark,
                    status: [SpanStatus.unset, .ok, .error].randomElement(using: &random) ?? .ok,
                    stream: Int.random(in: 0..<30, using: &random) == 0
                        ? UInt32(truncatingIfNeeded: random.next()) : UInt32.random(in: 0...2, using: &random),
                    role: Int.random(in: 0..<30, using: &random) == 0
                        ? RoleID(UInt32(truncatingIfNeeded: random.next())) : soup.symbols.intern(role(&random)),
                    incarnation: incarnation, sequence: sequence, time: Timestamp(nanos: number(&random)),
                    start: Bool.random(using: &random) ? Timestamp(nanos: number(&random)) : nil, span: SpanID(id()),
                    parent: SpanID(id()), trace: TraceID(high: 0, low: UInt64.random(in: 0...4, using: &random)),
                    value: number(&random), attributeStart: UInt32(first), attributeCount: UInt16(count)))
        }
        soup.batches = [batch]
        return soup
    }

    /// Everything that can be asked, as one text.
    private func answers(_ soup: Soup, chunk: Int, seed: UInt64) -> (text: String, tiesClocks: Bool) {
        var random = Seeded(seed)
        let instants = [number(&random), Sample.origin + 20_000_000_000, .max, .min]
        let directory = Directory(symbols: soup.symbols, origin: soup.origin)
        directory.update(streams: soup.streams)
        var fold = SessionFold(directory: directory)
        var tree = TraceQuery(directory: directory, instant: Timestamp(nanos: instants[1]))
        var merge = EventMerge()
        for batch in soup.batches {
            for start in stride(from: 0, to: batch.events.count, by: chunk) {
                var piece = EventBatch()
                for event in batch.events[start..<min(start + chunk, batch.events.count)] {
                    piece.append(event, from: batch)
                }
                merge.ingest(piece)
            }
        }
        var ordered: [Event] = []
        merge.flush(upTo: Timestamp(nanos: .max)) { event, batch in
            fold.apply(event, in: batch)
            if event.trace.low == 2 || event.kind == .end { tree.add(event, in: batch) }
            ordered.append(event)
        }
        var text = "\(fold.cut)"
        for (index, instant) in instants.enumerated() {
            for window in [ViewQuery.WindowChoice.all, .samples100, .nanos(60_000_000_000), .nanos(.max)] {
                let input = SnapshotInput(
                    fold: fold, instant: Timestamp(nanos: instant), window: window,
                    clock: ClockMode.allCases[index % 3])
                for name in ViewName.allCases { text += json(name, input) }
                var writer = JSONWriter()
                writer.object { Quality(input: input).write(&$0) }
                text += String(decoding: writer.bytes, as: UTF8.self)
            }
        }
        for clock in ClockMode.allCases {
            let input = SnapshotInput(
                fold: fold, instant: Timestamp(nanos: instants[0]), window: .all, clock: clock)
            var waterfall = tree
            waterfall.finish(clocks: input.clocks)
            for (from, to) in [(Int64.min, Int64.max), (Sample.origin, Sample.origin + 60_000_000_000), (0, 1)] {
                var timeline = Timeline(
                    directory: directory, from: Timestamp(nanos: from), to: Timestamp(nanos: to), clocks: input.clocks)
                for span in fold.openSpans() { timeline.add(span) }
                for event in ordered { timeline.add(event) }
                var writer = JSONWriter()
                writer.object { timeline.write(pixels: 700, origin: soup.origin.nanos, &$0) }
                writer.object {
                    waterfall.write(
                        TraceID(high: 0, low: 2), origin: soup.origin.nanos, instant: to, symbols: soup.symbols, &$0)
                }
                text += String(decoding: writer.bytes, as: UTF8.self)
            }
        }
        return (text, !fold.clocks.solve(domains: directory.domains).alignment.isIdentity)
    }

    @Test("Any events: no trap, and the same bytes however they come")
    func anyEvents() {
        var tied = 0
        for seed in Self.seeds {
            let soup = soup(seed, events: 1500)
            let expected = answers(soup, chunk: .max - 1_000_000, seed: seed)
            #expect(expected.text.count > 10_000, "seed \(seed)")
            tied += expected.tiesClocks ? 1 : 0
            for chunk in [1, 17, 400] {
                let isSame = answers(soup, chunk: chunk, seed: seed).text == expected.text
                #expect(isSame, "seed \(seed), chunks of \(chunk)")
            }
        }
        // Else nothing would have been aligned.
        #expect(tied * 4 >= Self.seeds.count, "\(tied) of \(Self.seeds.count) soups tie their clocks")
    }
}
