/// The channels of the per-tick record of a session.
enum Tick {
    /// Output tokens emitted.
    static let generated = 0
    /// Prompt tokens computed.
    static let prompt = 1
    /// Prompt tokens served by the cache.
    static let cached = 2
    /// Nanoseconds of requests in flight, summed over requests.
    static let inFlight = 3
    /// Nanoseconds of requests waiting in the queue, summed over requests.
    static let queued = 4
    /// Requests that ended, in whatever way.
    static let ended = 5
    /// Requests that finished well.
    static let finished = 6
    /// Sum of their end-to-end times.
    static let endToEnd = 7
    /// Payload bytes sent over links.
    static let hopBytes = 8
    /// Scheduler's cache lookups that hit.
    static let hits = 9
    /// Scheduler's cache lookups.
    static let lookups = 10
    /// Prompt tokens of these that hit.
    static let hitTokens = 11
    /// Prompt tokens of these.
    static let lookupTokens = 12
    /// Nanoseconds with at least one request in flight.
    static let working = 13
    /// Nanoseconds with at least one decode step running.
    static let decoding = 14
    /// Nanoseconds of decode steps, summed over steps.
    static let decodeSteps = 15
    /// Tokens that were a request's first emission: prefill made them, not decode.
    static let firstTokens = 16
    /// Cache entries inserted.
    static let inserted = 17
    /// Cache entries evicted.
    static let evicted = 18

    static let count = 19
    /// A day of ticks is kept one by one.
    static let limit = 86_400
}
