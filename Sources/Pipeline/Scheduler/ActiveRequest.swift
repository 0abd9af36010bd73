import SpanreelTracing

/// A request that holds one of the scheduler's places. Only the scheduler's thread touches it.
final class ActiveRequest {
    let generation: Generation
    /// Whether a step of it is in the ring.
    var isBusy = false
    /// Whether it is answered (or cancelled) and waits only for its last step to come back.
    var isOver = false
    /// Whether its prompt was looked up.
    var isAdmitted = false
    /// Prompt tokens that the prefix cache had.
    var cachedTokens = 0
    /// Positions sent through the ring.
    var position = 0
    /// Tokens generated.
    var output: [Int] = []
    /// Open spans of the phases and of the step in the ring.
    var prefillSpan: SpanContext?
    var decodeSpan: SpanContext?
    var stepSpan: SpanContext?
    var stops: StopFilter

    init(_ generation: Generation) {
        self.generation = generation
        stops = StopFilter(generation.stops)
    }

    /// Prefill until the whole prompt has been through the ring and its token is back.
    var phase: Phase { decodeSpan == nil ? .prefill : .decode }
}
