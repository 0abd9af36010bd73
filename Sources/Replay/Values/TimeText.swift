public import SpanreelTracing

/// The times that people type.
public enum TimeText {
    /// A duration: a decimal number and a unit `ns`, `us`, `ms`, `s`, `m`, `h`; without a unit seconds. Nil for anything
    /// else and for what does not fit.
    public static func duration(_ text: some StringProtocol) -> Int64? {
        let units: [(String, Int128)] = [
            ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
            ("h", 3_600_000_000_000),
        ]
        var number = Substring(String(text))
        var unit: Int128 = 1_000_000_000
        for (suffix, nanos) in units where number.hasSuffix(suffix) {
            number = number.dropLast(suffix.count)
            unit = nanos
            break
        }
        var isNegative = false
        if number.first == "-" || number.first == "+" {
            isNegative = number.first == "-"
            number = number.dropFirst()
        }
        guard !number.isEmpty, number.utf8.count <= 30 else { return nil }
        var whole: Int128 = 0
        var fraction: Int128 = 0
        var scale: Int128 = 1
        var hasPoint = false
        var hasDigit = false
        for byte in number.utf8 {
            switch byte {
            case UInt8(ascii: ".") where !hasPoint: hasPoint = true
            case 0x30...0x39:
                hasDigit = true
                if !hasPoint {
                    whole = whole * 10 + Int128(byte - 0x30)
                } else if scale < 1_000_000_000_000_000 {
                    fraction = fraction * 10 + Int128(byte - 0x30)
                    scale *= 10
                }
            default: return nil
            }
            guard whole < 1_000_000_000_000_000_000_000 else { return nil }
        }
        guard hasDigit else { return nil }
        let nanos = whole * unit + fraction * unit / scale
        return Int64(exactly: isNegative ? -nanos : nanos)
    }

    /// An RFC 3339 instant such as `2026-03-01T12:00:00.5Z` or with an offset `+01:00`; nil for anything else.
    public static func rfc3339(_ text: some StringProtocol) -> Timestamp? {
        let bytes = Array(text.utf8)
        func number(_ from: Int, _ length: Int) -> Int? {
            guard from + length <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[from..<from + length] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        func isByte(_ index: Int, _ characters: String) -> Bool {
            index < bytes.count && characters.utf8.contains(bytes[index])
        }
        guard let year = number(0, 4), isByte(4, "-"), let month = number(5, 2), isByte(7, "-"), let day = number(8, 2),
            isByte(10, "Tt "), let hour = number(11, 2), isByte(13, ":"), let minute = number(14, 2), isByte(16, ":"),
            let second = number(17, 2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var index = 19
        var nanos = 0
        if isByte(index, ".") {
            index += 1
            var scale = 100_000_000
            var digits = 0
            while index < bytes.count, (0x30...0x39).contains(bytes[index]) {
                nanos += Int(bytes[index] - 0x30) * scale
                scale /= 10
                index += 1
                digits += 1
            }
            guard digits > 0 else { return nil }
        }
        var offset = 0
        if isByte(index, "Zz") {
            index += 1
        } else if isByte(index, "+-") {
            guard let hours = number(index + 1, 2), isByte(index + 3, ":"), let minutes = number(index + 4, 2) else {
                return nil
            }
            offset = (hours * 60 + minutes) * 60 * (isByte(index, "-") ? -1 : 1)
            index += 6
        } else {
            return nil
        }
        guard index == bytes.count else { return nil }
        // Days from the civil date: Howard Hinnant's algorithm, valid for the proleptic Gregorian calendar.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let seconds = Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? nil : Timestamp(nanos: scaled &+ Int64(nanos))
    }
}
