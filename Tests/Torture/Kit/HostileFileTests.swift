import Foundation
import Testing

@testable import SpanreelTracing

/// Files whose checksums hold and that claim, or unpack to, as much as the format allows: reading one takes less than
/// 64 MB over the block's declared size, and never traps. Each is read by a process of its own.
@Suite(.serialized) struct HostileFileTests {
    static let limitBytes = 64_000_000

    private struct Found {
        var peakBytes: Int
        var events: Int
        var damages: Int
    }

    private func read(_ write: (BlockFileWriter) throws -> Void) async throws -> Found {
        let path = NSTemporaryDirectory() + "spanreel-hostile-" + UUID().uuidString + ".reel"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let header = FileHeader(
            kind: .packed, epoch: 1, session: .random(), stream: .none, syncMarker: .random(), createdUnixNanos: 1)
        try write(try BlockFileWriter(creating: path, header: header, compressor: ZstdCompressor(level: 19)))
        let (code, output) = try await TortureSlices.run(["peak", path])
        let words = output.split(separator: "\n").last?.split(separator: " ") ?? []
        try #require(code == 0 && words.count == 6, "\(output)")
        return Found(
            peakBytes: try #require(Int(words[1])), events: try #require(Int(words[3])),
            damages: try #require(Int(words[5])))
    }

    private func header(events: Int) -> BlockHeader {
        var header = BlockHeader(type: .events, stream: RandomID(high: 1, low: 2), epoch: 1)
        header.incarnation = 1 << 40
        header.firstSequence = 1
        header.lastSequence = UInt64(events)
        header.eventCount = events
        return header
    }

    /// What a process takes beyond one that reads a single event, and finds beyond that a file has no end.
    private func beyond(_ found: Found) async throws -> (bytes: Int, damages: Int) {
        let one = try Self.encoded(1, Symbols()) { _ in ([], Role(.layer)) }
        let floor = try await read { try $0.append(one, header(events: 1)) }
        #expect(floor.events == 1)
        return (found.peakBytes - floor.peakBytes, found.damages - floor.damages)
    }

    private func expectRead(_ found: Found, events: Int, _ payload: BlockPayload) async throws {
        let more = try await beyond(found)
        #expect(found.events == events && more.damages == 0)
        #expect(more.bytes < Self.limitBytes + payload.main.count, "\(more.bytes) bytes")
    }

    private func expectRefused(_ found: Found, declaredBytes: Int) async throws {
        let more = try await beyond(found)
        #expect(found.events == 0 && more.damages > 0)
        #expect(more.bytes < Self.limitBytes + declaredBytes, "\(more.bytes) bytes")
    }

    private static func encoded(
        _ events: Int, _ symbols: Symbols, _ row: (Int) -> ([Attribute], Role)
    ) throws -> BlockPayload {
        let encoder = try BlockEncoder()
        encoder.begin(incarnation: 1 << 40, firstSequence: 1, effort: .strong)
        for index in 0..<events {
            let (attributes, role) = row(index)
            let packed = BlockRow(
                fact: Fact.pack(.mark, .unset, .internal), role: symbols.intern(role).index, start: Int64(index),
                time: Int64(index), span: 0, parent: 0, trace: .none)
            attributes.withUnsafeBufferPointer { encoder.append(packed, $0) }
        }
        return encoder.finish(symbols: symbols)
    }

    @Test func aBlockOfAsManyAttributesAsThereMayBe() async throws {
        let symbols = Symbols()
        let each = BlockLimits.maxAttributes / BlockLimits.maxEvents
        let attributes = (0..<each).map {
            Attribute(key: symbols.key("key.\($0)"), type: .int, bits: UInt64($0))
        }
        let payload = try Self.encoded(BlockLimits.maxEvents, symbols) { _ in (attributes, Role(.layer)) }
        let found = try await read { try $0.append(payload, header(events: BlockLimits.maxEvents)) }
        try await expectRead(found, events: BlockLimits.maxEvents, payload)
    }

    @Test func aBlockOfAsManyStringsAsThereMayBe() async throws {
        let symbols = Symbols()
        let each = 4
        let events = (BlockLimits.maxStrings - 1024) / each
        let payload = try Self.encoded(events, symbols) { index in
            let attributes = (0..<each).map { position in
                let number = String(1_000_000 + index * each + position)
                return Attribute(key: .requestID, type: .string, bits: UInt64(symbols.intern("r-" + number).index))
            }
            return (attributes, Role(.layer))
        }
        let found = try await read { try $0.append(payload, header(events: events)) }
        try await expectRead(found, events: events, payload)
    }

    @Test func aBlockOfAsManyTemplatesAsThereMayBe() async throws {
        let symbols = Symbols()
        let payload = try Self.encoded(BlockLimits.maxTemplates, symbols) { ([], Role(.layer, layer: $0)) }
        let found = try await read { try $0.append(payload, header(events: BlockLimits.maxTemplates)) }
        try await expectRead(found, events: BlockLimits.maxTemplates, payload)
    }

    @Test func aFrameOfNothingButZeros() async throws {
        let bomb = BlockPayload(main: [UInt8](repeating: 0, count: BlockHeader.maxPayloadBytes), tail: [])
        let found = try await read { try $0.append(bomb, header(events: 1)) }
        try await expectRefused(found, declaredBytes: BlockHeader.maxPayloadBytes)
    }

    @Test func aFrameThatHoldsMoreThanItsHeaderSays() async throws {
        let bomb = [UInt8](repeating: 0, count: BlockHeader.maxPayloadBytes)
        let stored = try ZstdCompressor(level: 19).compress(bomb)
        let found = try await read { writer in
            var header = header(events: 1)
            header.rawLength = 1000
            header.storedLength = stored.count
            header.payloadHash = XXHash64.hash(stored)
            try writer.append(stored: stored, header)
        }
        try await expectRefused(found, declaredBytes: 1000)
    }
}
