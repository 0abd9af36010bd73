internal import SpanreelTracing

/// One line of a comparison.
public struct DiffRow: Sendable {
    /// What the numbers are.
    public enum Unit: String, Sendable {
        /// Nanoseconds.
        case nanos
        /// A rate.
        case perSecond
        /// 0 to 1.
        case ratio
    }

    /// What the comparison says of it.
    public enum Verdict: String, Sendable {
        /// Significantly so, and by more than the threshold.
        case worse
        /// The same in the good direction.
        case better
        /// The whole confidence interval lies within the threshold.
        case same
        /// Neither: more requests would tell.
        case inconclusive
        /// Too few requests have it.
        case tooFew

        /// The order in reports.
        var rank: Int {
            switch self {
            case .worse: 0
            case .better: 1
            case .inconclusive: 2
            case .same: 3
            case .tooFew: 4
            }
        }
    }

    /// The words for a person.
    public var name: String
    /// A stable name: `layer.11.decode`, `ttft`.
    public var id: String
    /// Which role; nil for a headline metric.
    public var role: DiffRole?
    /// Where it ran after the change.
    public var device: String?
    /// What the numbers are.
    public var unit: Unit
    /// Requests on each side.
    public var samplesBefore: Int
    /// See ``samplesBefore``.
    public var samplesAfter: Int
    /// The median over requests.
    public var before: Double
    /// The median over requests.
    public var after: Double
    /// Hodges and Lehmann's shift.
    public var shift: Double
    /// Its 95 % confidence interval.
    public var low: Double
    /// See ``low``.
    public var high: Double
    /// Less than this is of no practical matter.
    public var threshold: Double
    /// Mann and Whitney's p; nil when not tested.
    public var p: Double?
    /// Adjusted for the number of rows tested.
    public var q: Double?
    /// What it adds to a request: shift times occurrences per request; 0 for headline metrics.
    public var contributionNanos: Double = 0
    /// Occurrences per request, the mean of both sides.
    public var perRequest: Double = 0
    /// Half the width of the band in which the clocks' offset lies, both sides together.
    public var clockErrorNanos: Int64?
    /// What the comparison says.
    public var verdict: Verdict = .inconclusive

    /// The shift relative to the median before; nil when that is 0.
    public var relative: Double? { before != 0 ? shift / abs(before) : nil }
}

/// How a comparison decides.
public struct DiffOptions: Sendable {
    /// The false discovery rate that is allowed.
    public var alpha = 0.05
    /// A change below this share of the median before is of no practical matter.
    public var thresholdRatio = 0.03
    /// Nor is one below this many nanoseconds.
    public var thresholdNanos = 20_000.0
    /// Fewer requests on a side give no verdict.
    public var minRequests = 4
    /// Requests to leave out on each side, by arrival: warm-up.
    public var skipFirst = 0

    /// The defaults: 5 %, 3 %, 20 us, 4 requests.
    public init() {}
}
