public import SpanreelTracing

/// Which events a snapshot has seen: the last sequence of every incarnation, and what was known of the writers then.
///
/// A snapshot is a pure function of (cut, instant, parameters). What a snapshot prints about the writers and is not in
/// the log (events dropped so far, who was silent) therefore travels in the cut too: replay with a live snapshot's cut
/// repeats it.
///
/// Printed form: `c1.` and lower-case hexadecimal, opaque to everyone else. Parsing is total.
/// ```
/// version 1 | dropped | n * (incarnation, sequence) by incarnation | m * (silentNanos, length, UTF-8 device)
/// numbers as LEB128, incarnations as 8 bytes little-endian
/// ```
public struct Cut: Sendable, Equatable {
    /// Incarnations in ascending order, each with the last sequence seen.
    public private(set) var entries: [Entry]
    /// Events dropped by the writers so far.
    public var dropped: UInt64
    /// The writers that gave no sign of life.
    public var silent: [Watermark.Silence]

    /// One incarnation's part of a cut.
    public struct Entry: Sendable, Equatable {
        /// The incarnation's base.
        public var incarnation: UInt64
        /// The last sequence seen.
        public var sequence: UInt64
    }

    /// A cut from entries in any order; of the same incarnation the highest sequence counts.
    public init(_ entries: [Entry] = [], dropped: UInt64 = 0, silent: [Watermark.Silence] = []) {
        var sorted: [Entry] = []
        for entry in entries.sorted(by: { ($0.incarnation, $0.sequence) < ($1.incarnation, $1.sequence) }) {
            if let last = sorted.last, last.incarnation == entry.incarnation { sorted.removeLast() }
            sorted.append(entry)
        }
        self.entries = sorted
        self.dropped = dropped
        self.silent = silent
    }

    /// Whether the cut has seen that event. O(log incarnations).
    public func contains(_ event: Event) -> Bool {
        sequence(of: event.incarnation).map { event.sequence <= $0 } ?? false
    }

    /// The last sequence seen of an incarnation.
    public func sequence(of incarnation: UInt64) -> UInt64? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].incarnation < incarnation { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].incarnation == incarnation else { return nil }
        return entries[low].sequence
    }

    /// Whether everything that `other` has seen is in this cut.
    public func covers(_ other: Cut) -> Bool {
        other.entries.allSatisfy { entry in sequence(of: entry.incarnation).map { entry.sequence <= $0 } ?? false }
    }
}

extension Cut: CustomStringConvertible {
    /// The opaque printable form.
    public var description: String {
        var bytes: [UInt8] = []
        bytes.appendLEB(dropped)
        bytes.appendLEB(UInt64(entries.count))
        for entry in entries {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: entry.incarnation >> shift))
            }
            bytes.appendLEB(entry.sequence)
        }
        for silence in silent {
            bytes.appendLEB(UInt64(max(0, silence.silentNanos)))
            let label = Array(silence.device.utf8)
            bytes.appendLEB(UInt64(label.count))
            bytes += label
        }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = Array("c1.".utf8)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Parses the printable form; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        guard characters.starts(with: Array("c1.".utf8)), characters.count % 2 == 1 else { return nil }
        var bytes: [UInt8] = []
        var index = 3
        while index < characters.count {
            guard let high = Self.nibble(characters[index]), let low = Self.nibble(characters[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
            index += 2
        }
        var input = LEBReader(bytes: bytes)
        guard let dropped = input.number(), let count = input.number() else { return nil }
        var entries: [Entry] = []
        for _ in 0..<min(count, UInt64(bytes.count)) {
            guard let incarnation = input.word(), let sequence = input.number() else { return nil }
            if let last = entries.last, last.incarnation >= incarnation { return nil }
            entries.append(Entry(incarnation: incarnation, sequence: sequence))
        }
        guard UInt64(entries.count) == count else { return nil }
        var silent: [Watermark.Silence] = []
        while !input.isAtEnd {
            guard let nanos = input.number(), nanos <= UInt64(Int64.max), let length = input.number(),
                let label = input.take(length)
            else { return nil }
            silent.append(
                Watermark.Silence(device: String(decoding: label, as: UTF8.self), silentNanos: Int64(nanos)))
        }
        self.init(entries, dropped: dropped, silent: silent)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendLEB(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        append(UInt8(truncatingIfNeeded: value))
    }
}

private struct LEBReader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position >= bytes.count }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    mutating func word() -> UInt64? {
        guard position + 8 <= bytes.count else { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += 8
        return value
    }

    mutating func take(_ length: UInt64) -> ArraySlice<UInt8>? {
        guard length <= UInt64(bytes.count - position) else { return nil }
        let end = position + Int(length)
        defer { position = end }
        return bytes[position..<end]
    }
}
