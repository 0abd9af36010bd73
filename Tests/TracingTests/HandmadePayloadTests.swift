import Testing

@testable import SpanreelTracing

/// Payloads that no writer makes: one event, put together by hand from docs/FORMAT.md, with one thing wrong.
@Suite struct HandmadePayloadTests {
    /// The head of a column, and its byte in the main part where it has one.
    struct Column {
        var head: [UInt8]
        var body: [UInt8] = []

        static func constant(_ value: Int64) -> Column {
            var writer = ByteWriter()
            writer.u8(UInt8(Coding.constant))
            writer.zigzag(value)
            return Column(head: writer.bytes)
        }
        /// One plane in the main part.
        static func planes(_ value: UInt8) -> Column {
            Column(head: [UInt8(Coding.planes), 0, 1, 0], body: [value])
        }
        /// Another column's values as they are.
        static func reference(column: UInt8) -> Column {
            Column(head: [UInt8(Predictor.reference << 4 | Coding.constant), 0, column, 2, 1, 0])
        }
    }

    /// A mark without parent and trace.
    struct Handmade {
        var foreign: [UInt64] = []
        var series: Column?
        var gap = Column.constant(7)
        /// A value of the column `parent-value`, which the link does not ask for.
        var parentValue: Column?

        var payload: BlockPayload {
            var writer = ByteWriter()
            writer.u8(BlockLimits.payloadVersion)
            writer.varint(1)
            writer.varint(1)
            for word in [0, 0, Calibration.unitRate, 0] as [UInt64] { writer.u64(word) }
            writer.varint(UInt64(foreign.count))
            writer.varint(0)  // Bases.
            writer.varint(2)
            writer.string("")
            writer.string("name")
            writer.varint(series == nil ? 0 : 1)
            if series != nil { writer.bytes += [1, 0, 1] }
            writer.bytes += [0, 0]  // Blobs and traces.
            writer.varint(1)
            writer.role(Role(.other, name: "name")) { writer, _ in writer.varint(1) }
            writer.varint(0)  // Streams.
            writer.varint(1)
            writer.bytes += [0, Fact.pack(.mark, .unset, .unspecified), 0, 1]
            writer.bytes += [0, parentValue == nil ? 0 : 1, 0, 0, 0]
            let link = Column.constant(Int64(LinkCode.Parent.none << 1))
            let fixed = [gap, .constant(0), .constant(0), link, parentValue].compactMap { $0 }
            for column in [series].compactMap({ $0 }) + fixed { writer.bytes += column.head }
            writer.bytes += series?.body ?? []
            writer.bytes.append(0)  // The event's template.
            for column in fixed { writer.bytes += column.body }
            var tail = ByteWriter()
            for id in foreign { tail.u64(id) }
            return BlockPayload(main: writer.bytes, tail: tail.bytes[...])
        }

        func decoded() -> EventBatch? {
            var header = BlockHeader(type: .events, stream: StreamID(high: 1, low: 2), epoch: 1)
            (header.incarnation, header.firstSequence, header.lastSequence, header.eventCount) = (5, 1, 1, 1)
            return BlockDecoder.decode(payload, header: header, symbols: Symbols())
        }
    }

    @Test func theSoundOneIsRead() throws {
        let batch = try #require(Handmade().decoded())
        #expect(batch.events.map(\.time.nanos) == [7])
        #expect(Handmade(gap: .planes(9)).decoded()?.events.first?.time.nanos == 9)
        #expect(Handmade(series: .constant(5)).decoded() != nil)
    }

    @Test func onlyAttributesRefer() {
        for column in 0...4 as ClosedRange<UInt8> {
            #expect(Handmade(gap: .reference(column: column)).decoded() == nil)
            #expect(Handmade(series: .reference(column: column)).decoded() == nil)
        }
    }

    @Test func everyValueAndForeignIDIsUsed() {
        #expect(Handmade(parentValue: .constant(3)).decoded() == nil)
        #expect(Handmade(parentValue: .planes(3)).decoded() == nil)
        #expect(Handmade(foreign: [11]).decoded() == nil)
    }

    @Test func noNumberOfASeriesIsBelowZero() {
        #expect(Handmade(series: .constant(-1)).decoded() == nil)
    }

    @Test func aFrameHasAChecksumOfItsOwn() throws {
        let main = Handmade().payload.main
        let whole = try ZstdCompressor(level: 1).compress(main)
        #expect(Zstd.decompress(whole + [1, 2], rawLength: main.count)?.tail == [1, 2])
        // The same frame without: the flag off, and the last four bytes gone.
        var bare = Array(whole.dropLast(4))
        bare[4] &= ~4
        #expect(Zstd.decompress(bare, rawLength: main.count) == nil)
        for length in 0..<6 { #expect(Zstd.decompress(Array(whole.prefix(length)), rawLength: main.count) == nil) }
    }
}
