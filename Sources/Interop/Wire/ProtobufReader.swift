/// What contradicts a foreign format, and where: an offset in the document that is being read.
struct WireError: Error {
    /// A short phrase, such as "a length beyond the end".
    var what: String
    /// Offset from the start of the document.
    var offset: Int
}

/// Walks one message of protobuf's [wire format](https://protobuf.dev/programming-guides/encoding/).
///
/// Total: every byte string either yields fields or throws; nothing is read outside `position..<end`.
struct ProtobufReader {
    /// The value of one field, undecoded.
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// Where the bytes stand in the document.
        case bytes(Range<Int>)
    }

    /// One field as it stands in the message.
    struct Field {
        var number: Int
        var value: Value
        /// The field with its tag, for copying what is not understood.
        var raw: Range<Int>
    }

    let bytes: [UInt8]
    let start: Int
    private(set) var position: Int
    let end: Int

    /// Reads the message in `range` of `bytes`; a range outside of them is cut to them.
    init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        let whole = 0..<bytes.count
        let range = (range ?? whole).clamped(to: whole)
        self.bytes = bytes
        start = range.lowerBound
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil at the message's end.
    mutating func next() throws(WireError) -> Field? {
        guard position < end else { return nil }
        let start = position
        let tag = try varint()
        let number = Int(truncatingIfNeeded: tag >> 3 & 0x1FFF_FFFF)
        guard number > 0, tag >> 32 == 0 else { throw WireError(what: "an impossible field number", offset: start) }
        let value: Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try little(8))
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw WireError(what: "a length beyond the end", offset: start)
            }
            value = .bytes(position..<position + Int(length))
            position += Int(length)
        case 5: value = .fixed32(UInt32(truncatingIfNeeded: try little(4)))
        default: throw WireError(what: "an unknown wire type", offset: start)
        }
        return Field(number: number, value: value, raw: start..<position)
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = position
        while position < end {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw WireError(what: "a varint of more than ten bytes", offset: start) }
        }
        throw WireError(what: "a varint cut short", offset: start)
    }

    private mutating func little(_ count: Int) throws(WireError) -> UInt64 {
        guard end - position >= count else { throw WireError(what: "a number cut short", offset: position) }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += count
        return value
    }
}

/// Writes protobuf's wire format. Fields in the order of the calls; callers keep field-number order,
/// so that equal messages have equal bytes. Default values are left out, as proto3 does.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        tag(field, 0)
        raw(varint: value)
    }

    mutating func fixed64(_ field: Int, _ value: UInt64, evenZero: Bool = false) {
        guard value != 0 || evenZero else { return }
        tag(field, 1)
        for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    mutating func fixed32(_ field: Int, _ value: UInt32) {
        guard value != 0 else { return }
        tag(field, 5)
        for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * index))) }
    }

    mutating func string(_ field: Int, _ value: String, evenEmpty: Bool = false) {
        guard !value.isEmpty || evenEmpty else { return }
        tag(field, 2)
        raw(varint: UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// Bytes or an encoded message.
    mutating func bytes(_ field: Int, _ value: [UInt8], evenEmpty: Bool = false) {
        guard !value.isEmpty || evenEmpty else { return }
        tag(field, 2)
        raw(varint: UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A member of a oneof: present even when zero.
    mutating func present(varint value: UInt64, _ field: Int) {
        tag(field, 0)
        raw(varint: value)
    }

    /// Fields that stand as they came, tags included.
    mutating func append(fields: [UInt8]) { bytes.append(contentsOf: fields) }

    private mutating func tag(_ field: Int, _ wire: UInt64) { raw(varint: UInt64(field) << 3 | wire) }

    private mutating func raw(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }
}
