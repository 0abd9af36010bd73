extension JSONWriter {
    /// A member of the statistics shape.
    mutating func statistics(_ name: String, _ value: Statistics) { object(name) { $0.statistics(value) } }

    /// The members of the statistics shape.
    mutating func statistics(_ value: Statistics) {
        field("count", value.count)
        field("minNanos", value.minNanos)
        field("meanNanos", value.meanNanos)
        field("sigmaNanos", value.sigmaNanos)
        field("p50Nanos", value.p50Nanos)
        field("p95Nanos", value.p95Nanos)
        field("p99Nanos", value.p99Nanos)
        field("maxNanos", value.maxNanos)
        field("known", value.isKnown)
    }
}

extension Statistics {
    /// The headings of ``cells``.
    static let columns = ["count", "min", "mean", "sigma", "P50", "P95", "P99", "max"]

    /// The statistics as cells of a table.
    var cells: [String] {
        [
            Human.count(Int64(count)), Human.duration(minNanos), Human.duration(meanNanos), Human.duration(sigmaNanos),
            Human.duration(p50Nanos), Human.duration(p95Nanos), Human.p99(self), Human.duration(maxNanos),
        ]
    }
}
