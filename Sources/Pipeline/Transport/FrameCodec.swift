import SpanreelTracing

// One message on the wire, little-endian:
//
//      0  u32  magic "SRP0"
//      4  u32  header length, from byte 12 on    at most 1 MiB
//      8  u32  payload length                    at most 64 MiB
//     12  u8   kind          13  u8   phase          14  u16  traceparent length
//     16  u64  message id    24  u64  request
//     32  u32  position      36  u32  rows           40  i32  token index
//     44  u32  temperature (Float bits)              48  u32  top k
//     52  u64  sampling seed 60  u64  step span id
//     68  u32  keep prefix   72  u32  token count
//     76       traceparent (ASCII), then token count x u16
//              payload
//
// Decoding is total: any bytes give a frame or an error, never a trap, and lengths are checked before memory
// is taken for them.

enum FrameCodec {
    /// Bytes that tell how long header and payload are.
    static let prefixBytes = 12
    /// The longest header accepted.
    static let maximumHeaderBytes = 1 << 20
    /// The longest payload accepted.
    static let maximumPayloadBytes = 64 << 20
    private static let magic: UInt32 = 0x3050_5253
    private static let fixedHeaderBytes = 64

    /// The bytes of a frame.
    static func encode(_ frame: Frame) -> [UInt8] {
        let trace = Array(frame.traceparent.utf8.prefix(Int(UInt16.max)))
        let headerBytes = fixedHeaderBytes + trace.count + 2 * frame.tokens.count
        var out: [UInt8] = []
        out.reserveCapacity(prefixBytes + headerBytes + frame.payload.count)
        func put<T: FixedWidthInteger>(_ value: T) {
            withUnsafeBytes(of: value.littleEndian) { out.append(contentsOf: $0) }
        }
        put(magic)
        put(UInt32(truncatingIfNeeded: headerBytes))
        put(UInt32(truncatingIfNeeded: frame.payload.count))
        put(frame.kind.rawValue)
        put(frame.phase.rawValue)
        put(UInt16(truncatingIfNeeded: trace.count))
        put(frame.messageID)
        put(frame.request)
        put(UInt32(truncatingIfNeeded: frame.position))
        put(UInt32(truncatingIfNeeded: frame.rows))
        put(Int32(truncatingIfNeeded: frame.tokenIndex))
        put(frame.sampling.temperature.bitPattern)
        put(UInt32(truncatingIfNeeded: frame.sampling.topK))
        put(frame.sampling.seed)
        put(frame.step.rawValue)
        put(UInt32(truncatingIfNeeded: frame.keepPrefix))
        put(UInt32(truncatingIfNeeded: frame.tokens.count))
        out += trace
        for token in frame.tokens { put(UInt16(truncatingIfNeeded: token)) }
        out += frame.payload
        return out
    }

    /// Header and payload length from the first ``prefixBytes`` bytes.
    static func lengths(_ prefix: [UInt8]) throws(PipelineError) -> (header: Int, payload: Int) {
        var reader = ByteReader(prefix)
        guard try reader.integer(UInt32.self) == magic else {
            throw PipelineError(.badFrame, "A message does not begin with the ring's magic number.")
        }
        let header = Int(try reader.integer(UInt32.self))
        let payload = Int(try reader.integer(UInt32.self))
        guard (fixedHeaderBytes...maximumHeaderBytes).contains(header), payload <= maximumPayloadBytes else {
            throw PipelineError(.badFrame, "A message claims \(header) bytes of header and \(payload) of payload.")
        }
        return (header, payload)
    }

    /// The frame of a header as long as ``lengths(_:)`` said, without its payload.
    static func decode(header: [UInt8]) throws(PipelineError) -> Frame {
        var reader = ByteReader(header)
        guard let kind = Frame.Kind(rawValue: try reader.integer(UInt8.self)),
            let phase = Phase(rawValue: try reader.integer(UInt8.self))
        else { throw PipelineError(.badFrame, "A message is of an unknown kind or phase.") }
        var frame = Frame(kind)
        frame.phase = phase
        let traceBytes = Int(try reader.integer(UInt16.self))
        frame.messageID = try reader.integer(UInt64.self)
        frame.request = try reader.integer(UInt64.self)
        frame.position = Int(try reader.integer(UInt32.self))
        frame.rows = Int(try reader.integer(UInt32.self))
        frame.tokenIndex = Int(try reader.integer(Int32.self))
        frame.sampling.temperature = Float(bitPattern: try reader.integer(UInt32.self))
        frame.sampling.topK = Int(try reader.integer(UInt32.self))
        frame.sampling.seed = try reader.integer(UInt64.self)
        frame.step = SpanID(try reader.integer(UInt64.self))
        frame.keepPrefix = Int(try reader.integer(UInt32.self))
        let tokenCount = Int(try reader.integer(UInt32.self))
        frame.traceparent = String(decoding: try reader.bytes(traceBytes), as: UTF8.self)
        guard reader.remaining == 2 * tokenCount else {
            throw PipelineError(
                .badFrame, "A message announces \(tokenCount) tokens but holds \(reader.remaining) bytes.")
        }
        frame.tokens.reserveCapacity(tokenCount)
        for _ in 0..<tokenCount { frame.tokens.append(Int(try reader.integer(UInt16.self))) }
        return frame
    }

    /// A whole message at once.
    static func decode(_ bytes: [UInt8]) throws(PipelineError) -> Frame {
        let (header, payload) = try lengths(Array(bytes.prefix(prefixBytes)))
        guard bytes.count == prefixBytes + header + payload else {
            throw PipelineError(
                .badFrame, "A message of \(bytes.count) bytes should have \(prefixBytes + header + payload).")
        }
        var frame = try decode(header: Array(bytes[prefixBytes..<(prefixBytes + header)]))
        frame.payload = Array(bytes[(prefixBytes + header)...])
        return frame
    }
}

/// Reads little-endian integers; throws at the end of the bytes.
private struct ByteReader {
    private let source: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { source = bytes }

    var remaining: Int { source.count - at }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(PipelineError) -> T {
        var value: T = 0
        for (index, byte) in try bytes(MemoryLayout<T>.size).enumerated() {
            value |= T(truncatingIfNeeded: byte) << T(truncatingIfNeeded: 8 * index)
        }
        return value
    }

    mutating func bytes(_ count: Int) throws(PipelineError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else {
            throw PipelineError(.badFrame, "A message ends in the middle of its header.")
        }
        defer { at += count }
        return source[at..<(at + count)]
    }
}
