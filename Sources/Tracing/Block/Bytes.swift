/// Signed numbers as unsigned ones that stay small near zero: 0, -1, 1, -2, ...
enum ZigZag {
    @inline(__always) static func encode(_ value: Int64) -> UInt64 { UInt64(bitPattern: value &<< 1 ^ value &>> 63) }
    @inline(__always) static func decode(_ raw: UInt64) -> Int64 {
        Int64(bitPattern: raw &>> 1) ^ -Int64(bitPattern: raw & 1)
    }
}

/// Appends little-endian integers, LEB128 varints and strings.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) { fixed(value) }
    mutating func u32(_ value: UInt32) { fixed(value) }
    mutating func u64(_ value: UInt64) { fixed(value) }
    mutating func i64(_ value: Int64) { fixed(value) }

    private mutating func fixed(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Unsigned LEB128: seven bits a byte, low first, at most ten bytes.
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func zigzag(_ value: Int64) { varint(ZigZag.encode(value)) }

    mutating func string(_ text: String) { blob(Array(text.utf8)) }

    mutating func blob(_ payload: [UInt8]) {
        varint(UInt64(payload.count))
        bytes.append(contentsOf: payload)
    }

    /// A role: operation, phase, layer + 1, stage + 1, then name and link by the caller's way with strings.
    mutating func role(_ role: Role, string: (inout ByteWriter, String) -> Void) {
        u8(role.operation.rawValue)
        u8(role.phase.rawValue)
        varint(UInt64(clamping: (role.layer ?? -1) + 1))
        varint(UInt64(clamping: (role.stage ?? -1) + 1))
        string(&self, role.name)
        u8(role.link == nil ? 0 : 1)
        if let link = role.link {
            string(&self, link.from)
            string(&self, link.to)
        }
    }
}

/// Reads what `ByteWriter` wrote. Total: past the end or malformed gives nil, for good.
struct ByteReader {
    let bytes: [UInt8]
    var offset: Int
    private let end: Int
    private(set) var failed = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    /// Reads only `range` of `bytes`; a range outside is empty and failed.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        if range.lowerBound >= 0, range.upperBound <= bytes.count {
            offset = range.lowerBound
            end = range.upperBound
        } else {
            offset = 0
            end = 0
            failed = true
        }
    }

    var remaining: Int { end - offset }
    var isAtEnd: Bool { offset >= end }

    private mutating func fail() { failed = true; offset = end }

    mutating func u8() -> UInt8? {
        guard offset < end else { fail(); return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func u16() -> UInt16? { fixed(UInt16.self) }
    mutating func u32() -> UInt32? { fixed(UInt32.self) }
    mutating func u64() -> UInt64? { fixed(UInt64.self) }
    mutating func i64() -> Int64? { fixed(Int64.self) }

    private mutating func fixed<T: FixedWidthInteger>(_: T.Type) -> T? {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { fail(); return nil }
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
        offset += size
        return T(littleEndian: value)
    }

    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = bytes[offset]
            offset += 1
            // The tenth byte holds the last bit; anything more does not fit.
            if shift == 63 && byte > 1 { break }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { break }
        }
        fail()
        return nil
    }

    mutating func zigzag() -> Int64? { varint().map(ZigZag.decode) }

    mutating func blob() -> [UInt8]? {
        guard let count = varint(), count <= UInt64(remaining) else { fail(); return nil }
        return take(Int(count))
    }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= remaining else { fail(); return nil }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    mutating func string() -> String? { blob().map { String(decoding: $0, as: UTF8.self) } }

    mutating func role(string: (inout ByteReader) -> String?) -> Role? {
        guard let operation = u8(), let phase = u8(), let layer = varint(), let stage = varint(),
            let name = string(&self), let hasLink = u8()
        else { return nil }
        var link: Link?
        if hasLink == 1 {
            guard let from = string(&self), let to = string(&self) else { return nil }
            link = Link(from: from, to: to)
        }
        guard layer <= UInt64(Int32.max), stage <= UInt64(Int32.max) else { fail(); return nil }
        // An operation of a newer version is still a span with a name.
        return Role(
            Operation(rawValue: operation) ?? .other, name: name, phase: Phase(rawValue: phase) ?? .none,
            layer: layer == 0 ? nil : Int(layer) - 1, stage: stage == 0 ? nil : Int(stage) - 1, link: link)
    }
}
