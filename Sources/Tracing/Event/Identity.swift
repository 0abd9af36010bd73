// The identities of the log. Each is a type of its own, so that a span id never stands where a
// time or a trace id belongs.

/// A span's 64-bit id. Own ids are `incarnation base + sequence`; foreign ids (W3C, OTLP) are kept as they came.
///
/// Zero means "no span", as in [W3C Trace Context](https://www.w3.org/TR/trace-context/#parent-id).
public struct SpanID: Hashable, Sendable, Comparable {
    /// The id's bits; 0 means none.
    public var rawValue: UInt64

    /// Wraps `rawValue`.
    @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// No span.
    @inlinable public static var none: SpanID { SpanID(0) }

    /// Whether this is "no span".
    @inlinable public var isNone: Bool { rawValue == 0 }

    /// Order of the digits.
    @inlinable public static func < (a: SpanID, b: SpanID) -> Bool { a.rawValue < b.rawValue }
}

/// A trace's 128-bit id, big-endian halves as W3C prints them.
public struct TraceID: Hashable, Sendable, Comparable {
    /// The first sixteen hexadecimal digits.
    public var high: UInt64
    /// The last sixteen hexadecimal digits.
    public var low: UInt64

    /// Joins the two halves.
    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// No trace.
    @inlinable public static var none: TraceID { TraceID(high: 0, low: 0) }

    /// Whether this is "no trace".
    @inlinable public var isNone: Bool { high == 0 && low == 0 }

    /// Order of the digits.
    @inlinable public static func < (a: TraceID, b: TraceID) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

/// 128 random bits, printed as 32 hexadecimal digits.
public struct RandomID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// First sixteen digits.
    public var high: UInt64
    /// Last sixteen digits.
    public var low: UInt64
    /// Nobody: the stream of what is said of a whole session.
    public static let none = RandomID(high: 0, low: 0)
    /// Whether this is nobody's id.
    public var isNone: Bool { self == .none }
    /// An id from its halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
    /// Parses 32 hexadecimal digits.
    public init?(hex: some StringProtocol) {
        guard let id = TraceID(hex: hex) else { return nil }
        self.init(high: id.high, low: id.low)
    }
    /// Thirty-two lower-case hexadecimal digits.
    public var description: String { Hex.string(high) + Hex.string(low) }
    /// Order of the digits.
    public static func < (a: RandomID, b: RandomID) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

/// Names a session for ever, whatever its file is called.
public typealias SessionID = RandomID
/// Names what one process writes; never a PID, which the system uses again.
public typealias StreamID = RandomID

/// An instant in nanoseconds since 1970-01-01T00:00:00Z, on the clock of the stream that stamped it.
public struct Timestamp: Hashable, Sendable, Comparable {
    /// Nanoseconds since the Unix epoch.
    public var nanos: Int64

    /// Wraps nanoseconds since the Unix epoch.
    @inlinable public init(nanos: Int64) { self.nanos = nanos }

    /// Earlier.
    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanos < b.nanos }

    /// `a - b` in nanoseconds; wraps at the ends of Int64, which are 292 years away.
    @inlinable public static func - (a: Timestamp, b: Timestamp) -> Int64 { a.nanos &- b.nanos }
}

extension TraceID: CustomStringConvertible {
    /// Thirty-two lower-case hexadecimal digits.
    public var description: String { Hex.string(high) + Hex.string(low) }

    /// Parses thirty-two hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 32, let high = Hex.parse(hex.prefix(16)), let low = Hex.parse(hex.dropFirst(16)) else {
            return nil
        }
        self.init(high: high, low: low)
    }
}

extension SpanID: CustomStringConvertible {
    /// Sixteen lower-case hexadecimal digits.
    public var description: String { Hex.string(rawValue) }

    /// Parses sixteen hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 16, let value = Hex.parse(hex) else { return nil }
        self.init(value)
    }
}

/// Hexadecimal text of 64-bit ids.
package enum Hex {
    /// Sixteen lower-case digits.
    package static func string(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Two lower-case digits for each byte.
    package static func string(_ bytes: [UInt8]) -> String {
        var digits = ""
        digits.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            if byte < 16 { digits += "0" }
            digits += String(byte, radix: 16)
        }
        return digits
    }

    /// Parses up to sixteen digits; signs, blanks and anything else give nil.
    package static func parse(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty, text.utf8.count <= 16 else { return nil }
        var value: UInt64 = 0
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x61 + 10)
            case 0x41...0x46: value = value << 4 | UInt64(byte - 0x41 + 10)
            default: return nil
            }
        }
        return value
    }
}
