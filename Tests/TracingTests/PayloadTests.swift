import Testing

@testable import SpanreelTracing

/// decode(encode(events)) == events, for what a session may hold and for what only a hostile one does.
@Suite struct PayloadTests {
    static let streams = [
        BlockStream(id: StreamID(high: 1, low: 2), epoch: 1), BlockStream(id: StreamID(high: 3, low: 4), epoch: 7),
    ]

    static func header(_ batch: EventBatch) -> BlockHeader { BlockHeader(batch: batch, streams: streams) }

    static func decode(
        _ payload: BlockPayload, _ header: BlockHeader, _ symbols: Symbols = Symbols(), raw: Bool = false
    ) -> EventBatch? {
        let batch = BlockDecoder.decode(payload, header: header, symbols: symbols, raw: raw, number: number)
        // Whatever the bytes are: columns do not trap, and say the same as events where there are any.
        let columns = ColumnBlock()
        let names = Symbols()
        let isSound = columns.load(payload, header: header, symbols: names, number: number)
        if isSound { ask(columns) }
        if let batch, !raw {
            #expect(isSound)
            expect(columns, names, say: batch, symbols)
        }
        return batch
    }

    private static func number(_ stream: BlockStream) -> UInt32 { UInt32(streams.firstIndex(of: stream) ?? 99) }

    private static func ask(_ columns: ColumnBlock) {
        for group in columns.groups {
            _ = columns.starts(group)?[group.count - 1]
            for key in columns.templates[group.index].keys { _ = columns.integers(key, group)?[group.count - 1] }
        }
    }

    private static func expect(_ columns: ColumnBlock, _ names: Symbols, say batch: EventBatch, _ symbols: Symbols) {
        var rows = [Int](repeating: 0, count: columns.groups.count)
        for (event, number) in zip(batch.events, columns.numbers) {
            let group = columns.groups[number]
            let row = rows[number]
            rows[number] += 1
            var isSame = group.kind == event.kind && group.stream == event.stream
            isSame = isSame && names.role(group.role) == symbols.role(event.role)
            isSame = isSame && columns.times(group)?[row] == event.time.nanos
            isSame = isSame && columns.starts(group)?[row] == event.start.nanos
            if event.kind == .tokens { isSame = isSame && columns.tokens(group)?[row] == event.value }
            for attribute in batch.attributes(of: event) where attribute.type == .int {
                let isNamed = attribute.key.rawValue >= AttributeKey.firstInterned
                let key = isNamed ? names.key(symbols.name(of: attribute.key)) : attribute.key
                isSame = isSame && columns.has(key, group)
                // A key may stand twice: the first counts, here as there.
                guard batch.attribute(attribute.key, of: event)?.type == .int else { continue }
                isSame = isSame && columns.integers(key, group)?[row] == batch.int(attribute.key, of: event)
            }
            #expect(isSame)
        }
        #expect(rows == columns.groups.map(\.count))
    }

    static func expectRoundTrip(
        _ batch: EventBatch, _ symbols: Symbols, others: [BlockEncoder.Incarnation] = [], raw: Bool = false,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let encoder = try BlockEncoder()
        for effort in [BlockEffort.fast, .strong] {
            // Twice: what the first block left behind must not show in the second.
            for _ in 0..<2 {
                let payload = encoder.encode(batch, effort: effort, others: others, streams: streams, symbols: symbols)
                let other = Symbols()
                let back = try #require(
                    decode(payload, header(batch), other, raw: raw), "\(effort)", sourceLocation: location)
                #expect(
                    BlockTests.describe(back, other) == BlockTests.describe(batch, symbols), "\(effort)",
                    sourceLocation: location)
            }
        }
    }

    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func decodeGivesBackWhatEncodeTook(seed: UInt64) throws {
        let symbols = Symbols()
        try Self.expectRoundTrip(BlockTests.sample(seed: seed, count: Int(seed * 37), symbols: symbols), symbols)
    }

    @Test func anEmptyBlockAndOneEvent() throws {
        let symbols = Symbols()
        let payload = try BlockEncoder().encode(EventBatch(), effort: .fast, symbols: symbols)
        #expect(Self.decode(payload, Self.header(EventBatch()))?.events.count == 0)
        try Self.expectRoundTrip(BlockTests.sample(seed: 5, count: 1, symbols: symbols), symbols)
    }

    /// A regular pipeline: chained layers under a stage that is written at its end, over two streams and two traces.
    static func pipeline(_ steps: Int, _ symbols: Symbols, own: Bool) -> EventBatch {
        var batch = EventBatch()
        var random = SeededGenerator(seed: 42)
        var time: Int64 = 1_790_000_000_000_000_000
        let stage = symbols.intern(Role(.stage, phase: .decode, stage: 1))
        let layers = (0..<4).map { symbols.intern(Role(.layer, phase: .decode, layer: $0)) }
        let base: UInt64 = 0xffff_ffff_ffff_fff0  // Ids wrap within the block.
        let token = symbols.key("mlx.tokens")
        func add(_ role: RoleID, _ start: Int64, _ id: UInt64, _ parent: UInt64, _ step: Int, _ values: [Int64]) {
            let sequence = UInt64(batch.events.count + 1)
            batch.events.append(
                Event(
                    kind: .span, spanKind: .internal, stream: UInt32(step % 2), role: role, incarnation: base,
                    sequence: sequence, time: Timestamp(nanos: time), start: Timestamp(nanos: start),
                    span: SpanID(own ? base &+ sequence : id), parent: SpanID(parent),
                    trace: TraceID(high: 9, low: UInt64(step / 50)),
                    attributeStart: UInt32(batch.attributes.count), attributeCount: UInt16(values.count)))
            let keys: [AttributeKey] = [.kvOffset, token, .cpuNanos, .messageID]
            for (key, value) in zip(keys, values) {
                batch.attributes.append(Attribute(key: key, type: .int, bits: UInt64(bitPattern: value)))
            }
        }
        for step in 0..<steps {
            let stageID = own ? base &+ UInt64(batch.events.count + 5) : random.next()
            let begin = time + Int64(random.next() % 1000)
            time = begin
            for layer in layers {
                let start = time + Int64(random.next() % 64)
                let duration = 1_000_000 + Int64(random.next() % 300_000)
                time = start + duration
                add(
                    layer, start, random.next(), stageID, step, [Int64(step), 3 * Int64(step) + 7, duration / 1000, -1])
            }
            time += 90
            add(stage, begin, stageID, 0x1234, step, [Int64(step), 1])
        }
        return batch
    }

    @Test(arguments: [true, false]) func aPipelineOfTwoStreams(own: Bool) throws {
        let symbols = Symbols()
        let batch = Self.pipeline(400, symbols, own: own)
        try Self.expectRoundTrip(batch, symbols)
        // Ids that the library gave cost nothing; foreign ones eight bytes, each once.
        let payload = try BlockEncoder().encode(batch, effort: .strong, streams: Self.streams, symbols: symbols)
        #expect(own ? payload.tail.count < 2000 * 4 : payload.tail.count >= 2001 * 8)
    }

    @Test func idsOfOtherIncarnationsCostASequence() throws {
        let symbols = Symbols()
        var batch = Self.pipeline(100, symbols, own: true)
        for index in batch.events.indices { batch.events[index].parent = SpanID((1 << 62) + 10 + UInt64(index)) }
        let others = [BlockEncoder.Incarnation(base: 1 << 62, last: 1 << 20)]
        try Self.expectRoundTrip(batch, symbols, others: others)
        let encoder = try BlockEncoder()
        let known = encoder.encode(batch, effort: .strong, others: others, streams: Self.streams, symbols: symbols)
        let unknown = encoder.encode(batch, effort: .strong, streams: Self.streams, symbols: symbols)
        #expect(known.tail.count + 500 * 8 <= unknown.tail.count)
    }

    @Test func stampsOfATickingClockAreDividedByItsStep() throws {
        let symbols = Symbols()
        var batch = Self.pipeline(50, symbols, own: true)
        let clock = BlockClock(
            calibration: Calibration(ticksAnchor: 1 << 40, unixAnchor: 1_790_000_000_000_000_000, rate: 1_654_000_000),
            step: 26)
        for index in batch.events.indices {
            batch.events[index].start.nanos = (1 << 40) + batch.events[index].start.nanos % 1_000_000_007 * 26
            batch.events[index].time.nanos = batch.events[index].start.nanos + Int64(index) * 26
        }
        batch.clock = clock
        try Self.expectRoundTrip(batch, symbols, raw: true)
        let encoder = try BlockEncoder()
        let inSteps = encoder.encode(batch, effort: .fast, streams: Self.streams, symbols: symbols)
        let unix = try #require(Self.decode(inSteps, Self.header(batch)))
        #expect(unix.clock == nil)
        for (event, ticks) in zip(unix.events, batch.events) {
            #expect(event.time.nanos == clock.unixNanos(ticks.time.nanos))
        }
        // One stamp that is no multiple: all are kept as they are.
        batch.events[7].time.nanos += 1
        try Self.expectRoundTrip(batch, symbols, raw: true)
    }

    @Test func extremesComeBack() throws {
        let symbols = Symbols()
        var batch = EventBatch()
        let role = symbols.intern(Role(.other, name: "x", link: Link(from: "a", to: "b")))
        let numbers: [Int64] = [.min, .max, 0, -1, 1, .min + 1, 1 << 62, -(1 << 62)]
        for index in 0..<200 {
            let number = numbers[index % numbers.count]
            batch.events.append(
                Event(
                    kind: index % 3 == 0 ? .tokens : .mark, role: role, incarnation: 5, sequence: UInt64(index + 1),
                    time: Timestamp(nanos: number), trace: TraceID(high: .max, low: UInt64(index)),
                    value: index % 3 == 0 ? number : 0, attributeStart: UInt32(batch.attributes.count),
                    attributeCount: 4))
            batch.attributes.append(Attribute(key: .kvOffset, type: .int, bits: UInt64(bitPattern: number)))
            batch.attributes.append(
                Attribute(key: .hostCPU, type: .double, bits: index % 2 == 0 ? Double.nan.bitPattern : UInt64.max))
            let text = index % 5 == 0 ? String(repeating: "é", count: 5000) : "request-\(String(index + 998))"
            batch.attributes.append(
                Attribute(key: .requestID, type: .string, bits: UInt64(symbols.intern(text).index)))
            batch.attributes.append(
                Attribute(
                    key: symbols.key("own.\(index % 2)"), type: .blob,
                    bits: UInt64(symbols.intern(blob: [UInt8](repeating: 7, count: index % 9)))))
        }
        try Self.expectRoundTrip(batch, symbols)
    }

    @Test(arguments: ["007", "a0", "a00", "0", "x9223372036854775807", "x99999999999999999999", "-5", "٣"])
    func stringsThatEndInDigits(_ text: String) throws {
        let symbols = Symbols()
        var batch = EventBatch()
        let role = symbols.intern(Role(.other, name: "x"))
        for index in 0..<40 {
            batch.events.append(
                Event(
                    kind: .mark, role: role, incarnation: 5, sequence: UInt64(index + 1), time: Timestamp(nanos: 5),
                    attributeStart: UInt32(index), attributeCount: 1))
            let value = index % 4 == 0 ? text : text + String(index)
            batch.attributes.append(
                Attribute(key: .requestID, type: .string, bits: UInt64(symbols.intern(value).index)))
        }
        try Self.expectRoundTrip(batch, symbols)
    }

    @Test func encodingIsDeterministic() throws {
        func once() throws -> BlockPayload {
            let symbols = Symbols()
            return try BlockEncoder().encode(
                BlockTests.sample(seed: 11, count: 3000, symbols: symbols), effort: .strong, symbols: symbols)
        }
        let (first, second) = (try once(), try once())
        #expect(first.main == second.main && first.tail == second.tail)
    }

    // MARK: Hostile

    @Test(arguments: [BlockEffort.fast, .strong])
    func everyTruncationIsRefusedWithoutATrap(_ effort: BlockEffort) throws {
        let symbols = Symbols()
        let batch = Self.pipeline(8, symbols, own: false)
        let payload = try BlockEncoder().encode(batch, effort: effort, streams: Self.streams, symbols: symbols)
        let header = Self.header(batch)
        for length in 0..<payload.main.count {
            let cut = BlockPayload(main: Array(payload.main.prefix(length)), tail: payload.tail)
            #expect(Self.decode(cut, header) == nil)
        }
        for length in 0..<payload.tail.count {
            #expect(
                Self.decode(BlockPayload(main: payload.main, tail: payload.tail.prefix(length)), header) == nil)
        }
        #expect(Self.decode(BlockPayload(main: []), header) == nil)
    }

    @Test(arguments: [BlockEffort.fast, .strong], 1...3 as ClosedRange<UInt64>)
    func everyChangedByteDecodesOrIsRefusedWithoutATrap(_ effort: BlockEffort, seed: UInt64) throws {
        let symbols = Symbols()
        let batch =
            seed == 1
            ? Self.pipeline(10, symbols, own: false) : BlockTests.sample(seed: seed, count: 40, symbols: symbols)
        let payload = try BlockEncoder().encode(batch, effort: effort, streams: Self.streams, symbols: symbols)
        let header = Self.header(batch)
        for index in payload.main.indices {
            for byte in [0x00, 0x80, 0xff] as [UInt8] {
                var changed = payload
                changed.main[index] = changed.main[index] == byte ? byte ^ 0x10 : byte
                if let back = Self.decode(changed, header) {
                    #expect(back.events.count == batch.events.count)
                }
            }
        }
    }

    @Test func aClaimOfMoreThanABlockHoldsIsRefused() throws {
        let symbols = Symbols()
        let batch = BlockTests.sample(seed: 3, count: 10, symbols: symbols)
        let payload = try BlockEncoder().encode(batch, effort: .fast, symbols: symbols)
        var header = Self.header(batch)
        header.eventCount = BlockLimits.maxEvents + 1
        #expect(Self.decode(payload, header) == nil)
        header.eventCount = 11
        #expect(Self.decode(payload, header) == nil)
    }
}
