public import SpanreelTracing

/// An instant as people and the API write it: `live`, `12.5s`, `-5s` (from the end) or RFC 3339.
public enum InstantText: Hashable, Sendable {
    /// The newest instant there is.
    case live
    /// Nanoseconds after the session's start.
    case fromStart(Int64)
    /// Nanoseconds before the session's end.
    case fromEnd(Int64)
    /// A point on the clock.
    case absolute(Timestamp)

    /// Reads one of the four forms; nil for anything else.
    public init?(_ text: some StringProtocol) {
        if text == "live" {
            self = .live
        } else if text.hasPrefix("-"), let nanos = DurationText.nanos(text.dropFirst()) {
            self = .fromEnd(nanos)
        } else if let nanos = DurationText.nanos(text) {
            self = .fromStart(nanos)
        } else if let nanos = RFC3339.unixNanos(text) {
            self = .absolute(Timestamp(nanos: nanos))
        } else {
            return nil
        }
    }

    /// The instant in a session of those bounds; nil for `live`.
    public func timestamp(start: Timestamp, end: Timestamp) -> Timestamp? {
        switch self {
        case .live: nil
        case .fromStart(let nanos): Timestamp(nanos: start.nanos.saturatingAdd(nanos))
        case .fromEnd(let nanos): Timestamp(nanos: max(start.nanos, end.nanos.saturatingAdd(-nanos)))
        case .absolute(let timestamp): timestamp
        }
    }
}

/// A length of time: a decimal number and one of `ns us ms s m h`.
public enum DurationText {
    private static let units: [(suffix: String, nanos: Int64)] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Nanoseconds, exact up to nine decimals; nil for anything else, a negative number and more than a hundred years.
    public static func nanos(_ text: some StringProtocol) -> Int64? {
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) && text.dropLast($0.suffix.count).last?.isDecimal == true })
        else { return nil }
        let parts = text.dropLast(unit.suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.count <= 2, (1...12).contains(whole.utf8.count),
            whole.utf8.allSatisfy(\.isDigit), let units = Int64(whole)
        else { return nil }
        let (scaled, overflow) = units.multipliedReportingOverflow(by: unit.nanos)
        guard !overflow, scaled < 3_200_000_000_000_000_000 else { return nil }
        guard parts.count == 2, let decimals = parts.last else { return scaled }
        guard (1...9).contains(decimals.utf8.count), decimals.utf8.allSatisfy(\.isDigit), var fraction = Int64(decimals) else {
            return nil
        }
        for _ in decimals.utf8.count..<9 { fraction *= 10 }
        // `fraction` is in billionths of the unit: at most 1e9 * 3.6e12, which needs the wider product.
        let product = fraction.multipliedFullWidth(by: unit.nanos)
        return scaled + Int64(1_000_000_000).dividingFullWidth(product).quotient
    }
}

/// Date and time as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) has them.
enum RFC3339 {
    /// Nanoseconds since 1970; nil for anything that is no such date and time.
    static func unixNanos(_ text: some StringProtocol) -> Int64? {
        // 2026-11-23T23:59:59[.123456789](Z|+01:00)
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 35, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] == 0x54 || bytes[10] == 0x74,
            bytes[13] == 0x3A, bytes[16] == 0x3A, let year = number(bytes, 0, 4), let month = number(bytes, 5, 2),
            let day = number(bytes, 8, 2), let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2),
            let second = number(bytes, 17, 2), (1970...2200).contains(year), (1...12).contains(month),
            (1...days(month, year)).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var position = 19
        var fraction: Int64 = 0
        if bytes[position] == 0x2E {
            var digits = 0
            position += 1
            while position < bytes.count, bytes[position].isDigit {
                if digits < 9 { fraction = fraction * 10 + Int64(bytes[position] - 0x30) }
                digits += 1
                position += 1
            }
            guard digits > 0 else { return nil }
            for _ in min(digits, 9)..<9 { fraction *= 10 }
        }
        guard let offset = offsetSeconds(bytes[position...]) else { return nil }
        let daysSince = dayNumber(year, month, day)
        let seconds = Int64(daysSince * 86400 + hour * 3600 + minute * 60 + second - offset)
        return seconds * 1_000_000_000 + fraction
    }

    private static func offsetSeconds(_ bytes: ArraySlice<UInt8>) -> Int? {
        let rest = Array(bytes)
        if rest == [0x5A] || rest == [0x7A] { return 0 }
        // A plus sign that a careless client did not escape arrives as a blank.
        guard rest.count == 6, rest[3] == 0x3A, let hours = number(rest, 1, 2), let minutes = number(rest, 4, 2), hours < 24,
            minutes < 60
        else { return nil }
        switch rest[0] {
        case 0x2B, 0x20: return hours * 3600 + minutes * 60
        case 0x2D: return -(hours * 3600 + minutes * 60)
        default: return nil
        }
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int? {
        var value = 0
        for byte in bytes[start..<start + count] {
            guard byte.isDigit else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }

    private static func days(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970 of a proleptic Gregorian date: years begin in March, so that the leap day comes last.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}

extension Character {
    fileprivate var isDecimal: Bool { self >= "0" && self <= "9" }
}

extension Int64 {
    fileprivate func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
