import SpanreelTracing

/// A span that ended, from a whole `.span` fact or from a matched begin and end.
struct FinishedSpan {
    var plan: Directory.Plan
    var stream: Directory.StreamPlan
    var role: RoleID
    var start: Int64
    var end: Int64
    var span: SpanID
    var parent: SpanID
    var trace: TraceID
    var status: SpanStatus
    /// What the begin said and the end need not repeat; meaning by operation (see ``OpenSpan``).
    var first: Int64 = 0
    /// The second of these.
    var second: Int64 = 0

    /// Duration; 0 for a span that ends before it starts.
    @inline(__always) var nanos: Int64 { end > start ? end &- start : 0 }
}

/// A span that has begun and not ended.
struct OpenSpan: BitwiseCopyable {
    var span: UInt64 = 0
    var parent: UInt64 = 0
    var traceHigh: UInt64 = 0
    var traceLow: UInt64 = 0
    var start: Int64 = 0
    var role: UInt32 = 0
    var stream: UInt32 = 0
    /// Of a hop: its message key, 0 when none was given.
    var first: Int64 = 0
    /// Of a hop: its size in bytes, -1 when none was given; of a step: its sequences.
    var second: Int64 = 0

    var trace: TraceID { TraceID(high: traceHigh, low: traceLow) }
}

/// The key that joins a hop's send to its receive: a number of the message id, or 0.
@inline(__always) func messageKey(_ event: Event, in batch: borrowing EventBatch) -> Int64 {
    messageKey(batch.attribute(.messageID, of: event))
}

/// The same of the attribute itself.
@inline(__always) func messageKey(_ attribute: Attribute?) -> Int64 {
    guard let attribute else { return 0 }
    switch attribute.type {
    case .int: return Int64(bitPattern: mixed(attribute.bits, 1) | 1)
    case .string: return Int64(bitPattern: mixed(attribute.bits, 2) | 1)
    case .double, .bool, .blob: return 0
    }
}
