import SpanreelTracing

/// How far a request has come.
public enum RequestState: String, Sendable, CaseIterable {
    /// Arrived, not scheduled yet.
    case queued
    /// Scheduled, no token yet.
    case prefill
    /// Emits tokens.
    case decode
    /// Ended well.
    case finished
    /// Ended by its client.
    case cancelled
    /// Refused: a 4xx answer or the engine's refusal.
    case rejected
    /// Ended by an error.
    case failed
    /// Begun, not ended, and silent for 30 s: its process is probably gone.
    case open
}

/// One request as the log tells it.
struct RequestRecord: Sendable {
    var span: SpanID
    var trace: TraceID
    var device: Int32 = -1
    var domain: Int32 = -1
    /// Arrival; of a request whose own fact has not come yet the earliest child's start.
    var start: Int64
    var startAligned: Int64
    var hasStart = false
    var end: Int64?
    var state = RequestState.queued
    var lastActivity: Int64

    var queueStart: Int64?
    var queueNanos: Int64?
    var prefillNanos: Int64?
    var prefillEnd: Int64?

    var firstToken: Int64?
    var firstTokenAligned: Int64 = 0
    /// Whose clock stamped it.
    var firstTokenDomain: Int32 = -1
    var lastToken: Int64 = 0
    var emittedTokens: Int64 = 0
    var itl = GapBuckets()

    var inputTokens: Int64?
    var cachedTokens: Int64?
    var outputTokens: Int64?
    var httpStatus: Int64?
    var promptCounted = false
    var lookupCounted = false
    var pendingLookup: Lookup?
    var requestID: UInt32 = 0
    /// As the request says, else as the stream of its own fact, or of its first one, declares.
    var model: UInt32 = 0
    var variant: UInt32 = 0
    var finishReason: UInt32 = 0
    var errorType: UInt32 = 0
    var status = SpanStatus.unset

    /// A cache lookup that waits to hear which device is the scheduler's.
    struct Lookup: Sendable {
        var device: Int32
        var isHit: Bool
        var hitTokens: Int64
        var promptTokens: Int64
        var time: Int64
    }

    var hasEnded: Bool { end != nil }

    var label: RequestLabel { RequestLabel(model: model, variant: variant) }

    /// TTFT: first token less arrival, queue included.
    func ttft(raw: Bool) -> Int64? {
        guard let firstToken, hasStart else { return nil }
        return max(0, raw ? firstToken &- start : firstTokenAligned &- startAligned)
    }

    /// TPOT: (last token - first token) / (tokens - 1); unknown for a single token.
    var tpot: Int64? {
        guard let firstToken, emittedTokens > 1, lastToken >= firstToken else { return nil }
        return (lastToken &- firstToken) / (emittedTokens - 1)
    }

    /// End to end, from arrival to the end of the answer.
    var e2e: Int64? { hasStart ? end.map { max(0, $0 &- start) } : nil }

    /// The state that the view prints at `instant`.
    func state(at instant: Int64) -> RequestState {
        guard !hasEnded else { return state }
        return instant &- lastActivity > Self.openNanos ? .open : state
    }

    /// A request of which nothing was heard for so long counts as given up.
    static let openNanos: Int64 = 30_000_000_000
}

/// Gaps between emissions in at most 64 buckets of equally many gaps: a spark line of any length.
struct GapBuckets: Sendable {
    private static let limit = 64
    private var sums: ContiguousArray<Int64> = []
    private var perBucket: Int64 = 1
    private var partialSum: Int64 = 0
    private var partialCount: Int64 = 0

    mutating func add(_ gap: Int64) {
        partialSum = partialSum &+ gap
        partialCount += 1
        guard partialCount >= perBucket else { return }
        if sums.count >= Self.limit {
            for index in 0..<Self.limit / 2 { sums[index] = sums[2 * index] &+ sums[2 * index + 1] }
            sums.removeLast(Self.limit / 2)
            perBucket *= 2
            // The bucket just filled is now half of one; it goes on.
            return
        }
        sums.append(partialSum)
        partialSum = 0
        partialCount = 0
    }

    /// The mean gap of each bucket.
    var means: [Int64] {
        var result = sums.map { $0 / perBucket }
        if partialCount > 0, result.count < Self.limit { result.append(partialSum / partialCount) }
        return result
    }
}
