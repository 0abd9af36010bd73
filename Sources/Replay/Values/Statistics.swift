/// Summary of a group of durations in nanoseconds. All nil when `count` is 0.
public struct Statistics: Sendable, Equatable {
    /// Number of observations.
    public var count: Int
    /// The shortest.
    public var minNanos: Int64?
    /// The arithmetic mean, rounded.
    public var meanNanos: Int64?
    /// The population standard deviation, rounded.
    public var sigmaNanos: Int64?
    /// The median: linear interpolation between the two middle observations.
    public var p50Nanos: Int64?
    /// The ends of the interval in which the median of what these are a sample of lies, by ``medianRanks(count:)``.
    var medianLowNanos: Int64?
    /// The upper end.
    var medianHighNanos: Int64?
    /// The 95th percentile.
    public var p95Nanos: Int64?
    /// The 99th percentile.
    public var p99Nanos: Int64?
    /// The longest.
    public var maxNanos: Int64?

    /// From this many observations on the 99th percentile says something: three lie beyond it.
    public static let knownCount = 300

    /// Whether the 99th percentile is known.
    public var isKnown: Bool { count >= Self.knownCount }

    /// No observations.
    public static let none = Statistics(exact: [])

    /// Exact statistics of `values`. O(n log n).
    public init(exact values: [Int64]) {
        count = values.count
        guard !values.isEmpty else { return }
        let sorted = values.sorted()
        var sum: Int128 = 0
        for value in sorted { sum += Int128(value) }
        let mean = Double(sum) / Double(count)
        var squares = 0.0
        for value in sorted {
            let deviation = Double(value) - mean
            squares += deviation * deviation
        }
        minNanos = sorted[0]
        maxNanos = sorted[count - 1]
        meanNanos = Self.rounded(mean)
        sigmaNanos = Self.rounded((squares / Double(count)).squareRoot())
        p50Nanos = Self.percentile(50, of: sorted)
        if let ranks = Self.medianRanks(count: count) {
            medianLowNanos = sorted[ranks.lowerBound]
            medianHighNanos = sorted[ranks.upperBound]
        }
        p95Nanos = Self.percentile(95, of: sorted)
        p99Nanos = Self.percentile(99, of: sorted)
    }

    /// Statistics of more observations than are held: sums are exact, percentiles within 1 %.
    init(sketch: Sketch, moments: Moments) {
        self.init(
            sketch: sketch, count: moments.count, sum: moments.sum, squares: moments.squares, least: moments.least,
            greatest: moments.greatest)
    }

    /// The same from its parts.
    init(sketch: Sketch, count: Int, sum: Int128, squares: UInt128, least: Int64, greatest: Int64) {
        self.count = count
        guard count > 0, sketch.count > 0 else { return }
        let mean = Double(sum) / Double(count)
        let variance = max(0, Double(squares) / Double(count) - mean * mean)
        minNanos = least
        maxNanos = greatest
        meanNanos = Self.rounded(mean)
        sigmaNanos = Self.rounded(variance.squareRoot())
        func percentile(_ percent: Int) -> Int64 {
            let (low, fraction) = Self.rank(percent, count: Int(clamping: sketch.count))
            let below = sketch.value(atRank: UInt64(low))
            let above = sketch.value(atRank: min(UInt64(low) + 1, sketch.count - 1))
            return min(greatest, max(least, Self.between(below, above, fraction)))
        }
        p50Nanos = percentile(50)
        if let ranks = Self.medianRanks(count: Int(clamping: sketch.count)) {
            medianLowNanos = max(least, sketch.value(atRank: UInt64(ranks.lowerBound)))
            medianHighNanos = min(greatest, sketch.value(atRank: UInt64(ranks.upperBound)))
        }
        p95Nanos = percentile(95)
        p99Nanos = percentile(99)
    }

    /// The percentile of ascending values by linear interpolation between closest ranks, rank = p/100 * (n - 1):
    /// numpy's default and R's type 7. Nil when there are none.
    public static func percentile(_ percent: Int, of sorted: [Int64]) -> Int64? {
        guard !sorted.isEmpty else { return nil }
        let (low, fraction) = rank(percent, count: sorted.count)
        return between(sorted[low], sorted[min(low + 1, sorted.count - 1)], fraction)
    }

    /// The ranks, from 0, of the observations between which the true median lies, wrong once in a thousand times.
    ///
    /// How many of n observations lie below it is binomial, n/2 with deviation sqrt(n)/2, whatever the distribution
    /// (Hollander, Wolfe and Chicken, *Nonparametric Statistical Methods*, 3.6). Nil below 15 observations: the interval
    /// would begin before the first one.
    static func medianRanks(count: Int) -> ClosedRange<Int>? {
        // 3.29 deviations of the normal distribution leave a thousandth outside.
        let low = Int((Double(count) / 2 - 3.29 / 2 * Double(count).squareRoot()).rounded(.down)) - 1
        return low >= 0 ? low...(count - 1 - low) : nil
    }

    private static func rank(_ percent: Int, count: Int) -> (low: Int, hundredths: Int) {
        let scaled = min(max(percent, 0), 100) * (count - 1)
        return (scaled / 100, scaled % 100)
    }

    private static func between(_ low: Int64, _ high: Int64, _ hundredths: Int) -> Int64 {
        let step = Int128(high) - Int128(low)
        let scaled = step * Int128(hundredths)
        let half: Int128 = scaled < 0 ? -50 : 50
        return Int64(clamping: Int128(low) + (scaled + half) / 100)
    }

    static func rounded(_ value: Double) -> Int64 {
        guard value.isFinite else { return 0 }
        return Int64(exactly: value.rounded(.toNearestOrAwayFromZero)) ?? (value < 0 ? .min : .max)
    }
}
