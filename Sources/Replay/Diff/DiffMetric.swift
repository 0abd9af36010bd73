/// What is compared beside the roles: what a user of the server feels. One value per finished request.
public enum DiffMetric: String, Sendable, CaseIterable {
    /// Arrival at the server to first token, queue included.
    case ttft
    /// (last token - first token) / (tokens - 1).
    case tpot
    /// The median gap between emissions.
    case itlMedian
    /// The 95th percentile of the gaps: stutter.
    case itlP95
    /// Arrival to end.
    case e2e
    /// (tokens - 1) / (last token - first token).
    case tokensPerSecond
    /// Cached share of the prompt tokens.
    case cacheHit

    /// The words for a person.
    public var label: String {
        switch self {
        case .ttft: "TTFT"
        case .tpot: "TPOT"
        case .itlMedian: "ITL P50"
        case .itlP95: "ITL P95"
        case .e2e: "end to end"
        case .tokensPerSecond: "tokens/s per request"
        case .cacheHit: "prompt tokens cached"
        }
    }

    /// Nanoseconds, a rate or a ratio.
    public var unit: DiffRow.Unit {
        switch self {
        case .ttft, .tpot, .itlMedian, .itlP95, .e2e: .nanos
        case .tokensPerSecond: .perSecond
        case .cacheHit: .ratio
        }
    }
}
