/// Writes canonical JSON: keys in the order of the calls, no blanks, numbers with fixed decimals.
///
/// The same calls give the same bytes on every machine: nothing asks a locale, a hash order or a shortest-double
/// printer. Strings escape what JSON must (quote, backslash, control) and also U+007F, U+2028 and U+2029, which break
/// scripts and terminals; invalid UTF-8 cannot occur in a `String`.
public struct JSONWriter {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer.
    public init() { bytes.reserveCapacity(4096) }

    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    /// Writes a key; a value must follow.
    public mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes an object whose members `body` writes.
    public mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        body(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Writes an array whose elements `body` writes.
    public mutating func array(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        body(&self)
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes a member that is an object.
    public mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
        key(name)
        object(body)
    }

    /// Writes a member that is an array.
    public mutating func array(_ name: String, _ body: (inout JSONWriter) -> Void) {
        key(name)
        array(body)
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        bytes += Array("null".utf8)
    }

    /// Writes an integer.
    public mutating func int(_ value: Int64) {
        separate()
        bytes += Array(String(value).utf8)
    }

    /// Writes a string.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// Writes a boolean.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes += Array((value ? "true" : "false").utf8)
    }

    /// Writes a number with exactly `decimals` decimals; `null` for NaN, infinities and what is too large to scale.
    public mutating func double(_ value: Double, decimals: Int) {
        separate()
        bytes += Array((Decimals.text(value, decimals) ?? "null").utf8)
    }

    /// Writes bytes that are JSON already.
    public mutating func raw(_ json: [UInt8]) {
        separate()
        bytes += json
    }

    // MARK: Members

    /// An integer member, null when unknown.
    public mutating func field(_ name: String, _ value: Int64?) {
        key(name)
        if let value { int(value) } else { null() }
    }

    /// An integer member, null when unknown.
    public mutating func field(_ name: String, _ value: Int?) { field(name, value.map { Int64(clamping: $0) }) }

    /// A string member, null when unknown.
    public mutating func field(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    /// A boolean member.
    public mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A rate: three decimals, null when unknown.
    public mutating func rate(_ name: String, _ value: Double?) {
        key(name)
        if let value { double(value, decimals: 3) } else { null() }
    }

    /// A ratio: four decimals, null when unknown.
    public mutating func ratio(_ name: String, _ value: Double?) {
        key(name)
        if let value { double(value, decimals: 4) } else { null() }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: bytes += [0x5C, 0x22]
            case 0x5C: bytes += [0x5C, 0x5C]
            case 0x0A: bytes += [0x5C, UInt8(ascii: "n")]
            case 0x0D: bytes += [0x5C, UInt8(ascii: "r")]
            case 0x09: bytes += [0x5C, UInt8(ascii: "t")]
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: escape(scalar.value)
            case 0x20..<0x7F: bytes.append(UInt8(scalar.value))
            default: bytes += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ value: UInt32) {
        let digits = Array("0123456789abcdef".utf8)
        bytes += [0x5C, UInt8(ascii: "u")]
        for shift in [UInt32(12), 8, 4, 0] { bytes.append(digits[Int((value >> shift) & 15)]) }
    }
}

/// Fixed-point printing without a locale.
enum Decimals {
    /// `value` with exactly `decimals` decimals, rounded half away from zero; nil when it is not finite or too large.
    static func text(_ value: Double, _ decimals: Int) -> String? {
        var scale: Int64 = 1
        for _ in 0..<max(0, min(decimals, 9)) { scale *= 10 }
        guard value.isFinite else { return nil }
        let scaled = (value * Double(scale)).rounded(.toNearestOrAwayFromZero)
        guard let integer = Int64(exactly: scaled) else { return nil }
        let magnitude = integer.magnitude
        let whole = magnitude / UInt64(scale)
        let sign = integer < 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = String(magnitude % UInt64(scale))
        return "\(sign)\(whole).\(String(repeating: "0", count: max(0, decimals - fraction.count)))\(fraction)"
    }

    /// `value` with three significant digits, without an exponent.
    static func significant(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        let size = abs(value)
        let decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.09995 ? 3 : 4
        return text(value, decimals) ?? "-"
    }
}
