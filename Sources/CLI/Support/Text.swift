internal import Foundation
internal import SpanreelTracing

/// Numbers as people read them.
enum Text {
    /// `1.2 MB`.
    static func bytes(_ count: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) bytes" : "\(fixed(value, 1)) \(units[unit])"
    }

    /// `312 ns`, `4.71 ms`, `1.20 s`.
    static func duration(_ nanos: Double) -> String {
        switch abs(nanos) {
        case ..<999.5: "\(fixed(nanos, 0)) ns"
        case ..<999_500: "\(fixed(nanos / 1e3, digits(nanos / 1e3))) us"
        case ..<999_500_000: "\(fixed(nanos / 1e6, digits(nanos / 1e6))) ms"
        default: "\(fixed(nanos / 1e9, digits(nanos / 1e9))) s"
        }
    }

    /// So many decimals that three digits count.
    private static func digits(_ value: Double) -> Int { abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : 2 }

    /// With that many decimals.
    static func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

    /// `84 %`.
    static func percent(_ ratio: Double) -> String { "\(fixed(ratio * 100, ratio > 0 && ratio < 0.1 ? 1 : 0)) %" }

    /// Filled up with blanks on the right.
    static func left(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }

    /// Filled up with blanks on the left.
    static func right(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : String(repeating: " ", count: width - text.count) + text
    }
}

/// What several commands print alike.
enum PackReport {
    /// After packing or sharing.
    static func packed(_ report: SessionPacker.Report, path: String, json: Bool) {
        if json {
            Output.print(
                "{\"path\":\(SafeText.json(path)),\"events\":\(report.events),\"sizeBytesBefore\":\(report.sizeBytesBefore),"
                    + "\"sizeBytes\":\(report.sizeBytes),\"damages\":\(report.damages.count)}")
        } else {
            Output.print(
                Output.visible(Invocation.short(path))
                    + ": \(report.events) events in \(Text.bytes(report.sizeBytes)), "
                    + "before \(Text.bytes(report.sizeBytesBefore))")
            for damage in report.damages {
                CommandFailure.complain("missing: byte \(damage.offsetBytes) of \(damage.path): \(damage.message)")
            }
        }
    }
}
