/// How much of a growing session is kept: the oldest whole segments beyond it are forgotten, as a fact in the log.
public struct Retention: Sendable, Hashable {
    /// Most bytes a stream keeps; nil for no bound.
    public var sizeBytes: Int?
    /// Greatest age of a stream's events; nil for no bound.
    public var ageNanos: Int64?

    /// Everything is kept.
    public static let unbounded = Retention()

    /// A retention from its parts.
    public init(sizeBytes: Int? = nil, ageNanos: Int64? = nil) {
        self.sizeBytes = sizeBytes
        self.ageNanos = ageNanos
    }

    /// Reads `2GiB`, `500MB`, `24h`, `30m`, `90s` or `7d`.
    public init(parsing text: String) throws(TraceError) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        let sizes = ["KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "kB": 1000, "MB": 1_000_000, "GB": 1_000_000_000]
        let seconds = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        if let number = Int(digits), number > 0, number < 1 << 24 {
            if let factor = sizes[String(unit)] {
                self.init(sizeBytes: number * factor)
                return
            }
            if let factor = seconds[String(unit)] {
                let nanos = Int64(number * factor).multipliedReportingOverflow(by: 1_000_000_000)
                self.init(ageNanos: nanos.overflow ? .max : nanos.partialValue)
                return
            }
        }
        throw TraceError(.invalid, "expected how much to keep, such as 2GiB or 24h, found \"\(text)\"")
    }

    /// Under this much free space the disk counts as full: `SPANREEL_MIN_FREE` (`512MiB`, or `0` for never), else 1 GiB.
    static var minFreeBytes: Int64 {
        guard let text = POSIX.environment("SPANREEL_MIN_FREE") else { return 1 << 30 }
        if text == "0" { return 0 }
        return (try? Retention(parsing: text))?.sizeBytes.map { Int64($0) } ?? 1 << 30
    }

    /// Segments are small enough that forgetting one does not forget most.
    var segmentBytes: Int { min(64 << 20, max(1 << 16, (sizeBytes ?? .max) / 8)) }
}
