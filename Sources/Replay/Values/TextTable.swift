/// Columns of text: numbers right, words left, two blanks between.
struct TextTable {
    private var rows: [[String]] = []
    private let leftColumns: Set<Int>

    /// A table with a heading; the columns in `left` are words.
    init(_ heading: [String], left: Set<Int> = [0]) {
        rows = [heading]
        leftColumns = left
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// The lines, without trailing blanks.
    var lines: [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = "  "
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                line += leftColumns.contains(column) ? cell + padding : padding + cell
                if column + 1 < row.count { line += "  " }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

/// Numbers as people read them: three significant digits and a unit.
enum Human {
    static func duration(_ nanos: Int64?) -> String {
        guard let nanos else { return "-" }
        let value = Double(nanos)
        switch nanos.magnitude {
        case 0..<1000: return "\(nanos) ns"
        case 1000..<999_500: return "\(Decimals.significant(value / 1e3)) us"
        case 999_500..<999_500_000: return "\(Decimals.significant(value / 1e6)) ms"
        case 999_500_000..<600_000_000_000: return "\(Decimals.significant(value / 1e9)) s"
        default: return "\(Decimals.significant(value / 60e9)) min"
        }
    }

    /// The 99th percentile; "not known" where it stands on too few observations to say anything.
    static func p99(_ statistics: Statistics) -> String {
        statistics.isKnown || statistics.count == 0 ? duration(statistics.p99Nanos) : "not known"
    }

    static func bytes(_ value: Int64?) -> String {
        guard let value else { return "-" }
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var number = Double(value)
        var unit = 0
        while abs(number) >= 1023.5, unit + 1 < units.count {
            number /= 1024
            unit += 1
        }
        return unit == 0 ? "\(value) B" : "\(Decimals.significant(number)) \(units[unit])"
    }

    static func percent(_ ratio: Double?) -> String {
        ratio.flatMap { Decimals.text($0 * 100, 1) }.map { "\($0) %" } ?? "-"
    }

    static func rate(_ value: Double?) -> String { value.map(Decimals.significant) ?? "-" }

    /// `2261` as `2,261`.
    static func count(_ value: Int64) -> String {
        let digits = Array(String(value.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// Text that came from outside, without what a terminal would obey.
    static func safe(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
                        || scalar.value == 0x2029 || (0x202A...0x202E).contains(scalar.value) ? "?" : scalar
                }))
    }
}
