internal import SpanreelTracing

/// Collects what is compared per request: first and last token, gaps, prompt and cached tokens, how it ended.
///
/// Facts come in any order; a request counts once its begin and end are known. Token times are kept for the first
/// ``timesMax`` emissions of a request, for its gaps; counts and ends are exact for any number.
struct RequestTimes {
    static let timesMax = 4_096

    /// One request, as far as it is known.
    struct Request {
        var trace = TraceID.none
        var stream: UInt32 = 0
        var start: Int64?
        var end: Int64?
        var failed = false
        var inputTokens: Int64?
        var cachedTokens: Int64?
        var outputTokens: Int64 = 0
        var first = Int64.max
        var last = Int64.min
        var emissions: [Int64] = []
        var model: StringID?

        /// Whether it finished well and its times are known.
        var isUsable: Bool {
            guard let start, let end else { return false }
            return !failed && end >= start && outputTokens > 0 && first >= start
        }
    }

    private(set) var requests: [SpanID: Request] = [:]

    mutating func tokens(_ event: Event, _ batch: borrowing EventBatch, _ phase: Phase) {
        guard !event.parent.isNone, event.value >= 0 else { return }
        Self.change(&requests[event.parent, default: Request()]) { request in
            if phase == .prefill {
                let cached = max(0, batch.int(.cachedTokens, of: event) ?? 0)
                request.cachedTokens = cached
                request.inputTokens = event.value &+ cached
                return
            }
            let time = event.time.nanos
            request.outputTokens &+= event.value
            request.first = min(request.first, time)
            request.last = max(request.last, time)
            if request.emissions.count < Self.timesMax { request.emissions.append(time) }
        }
    }

    private static func change(_ request: inout Request, _ body: (inout Request) -> Void) { body(&request) }

    /// The begin of a request whose end came first and did not know what it ended.
    mutating func lateEnd(_ span: SpanID, _ end: Event) {
        requests[span]?.end = end.time.nanos
        if end.status == .error { requests[span]?.failed = true }
    }

    mutating func begin(_ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols) {
        var request = requests[event.span] ?? Request()
        request.start = event.time.nanos
        take(event, batch, symbols, into: &request)
        requests[event.span] = request
    }

    mutating func whole(_ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols) {
        var request = requests[event.span] ?? Request()
        request.start = event.start.nanos
        request.end = event.time.nanos
        take(event, batch, symbols, into: &request)
        requests[event.span] = request
    }

    /// An end; when its role is not known to be a request's, only of a request that is known already.
    mutating func end(_ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols, known: Bool) {
        guard known || requests[event.span] != nil else { return }
        var request = requests[event.span] ?? Request()
        request.end = event.time.nanos
        take(event, batch, symbols, into: &request)
        requests[event.span] = request
    }

    private func take(
        _ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols, into request: inout Request
    ) {
        if !event.trace.isNone { request.trace = event.trace }
        if event.kind != .end { request.stream = event.stream }
        if event.status == .error { request.failed = true }
        if let reason = batch.string(.finishReason, of: event), Self.unfinished.contains(symbols.string(reason)) {
            request.failed = true
        }
        if let status = batch.int(.httpStatus, of: event), status >= 400 { request.failed = true }
        if request.inputTokens == nil { request.inputTokens = batch.int(.inputTokens, of: event) }
        if request.cachedTokens == nil { request.cachedTokens = batch.int(.cachedTokens, of: event) }
        if let model = batch.string(.model, of: event) { request.model = model }
    }

    private static let unfinished: Set<String> = ["cancelled", "rejected", "abort", "error"]
}
