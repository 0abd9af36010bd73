/// What kind of fact an event is. Wire tags: append only.
public enum EventKind: UInt8, Sendable, CaseIterable {
    /// A span began; `time` is its start and `span` its id.
    case begin = 1
    /// A span ended; `span` is the id of the span that ended.
    case end = 2
    /// A whole span as one fact at its end: `start` to `time`.
    case span = 3
    /// Something happened at `time`.
    case mark = 4
    /// `value` tokens were emitted (decode) or computed (prefill) at `time`.
    case tokens = 5
    /// Gauges were read at `time`; they are the attributes.
    case sample = 6
}

/// How a span ended, as in OpenTelemetry. Wire tags.
public enum SpanStatus: UInt8, Sendable {
    /// Nothing was said.
    case unset = 0
    /// The operation went well, explicitly.
    case ok = 1
    /// The operation failed; `error.type` or a status message may say how.
    case error = 2
}

/// OpenTelemetry's span kind; the numbers are OTLP's.
public enum SpanKind: UInt8, Sendable {
    /// Not given.
    case unspecified = 0
    /// Inside one process.
    case `internal` = 1
    /// The server's side of a call.
    case server = 2
    /// The client's side of a call.
    case client = 3
    /// Sending a message.
    case producer = 4
    /// Receiving a message.
    case consumer = 5
}

/// An index into ``Symbols/roles`` of the reader that produced the event.
public struct RoleID: Hashable, Sendable {
    /// Position in `Symbols.roles`.
    public var index: UInt32
    /// Wraps a position.
    @inlinable public init(_ index: UInt32) { self.index = index }
}

/// An index into ``Symbols/strings`` of the reader that produced the event.
public struct StringID: Hashable, Sendable {
    /// Position in `Symbols.strings`; 0 is the empty string.
    public var index: UInt32
    /// Wraps a position.
    @inlinable public init(_ index: UInt32) { self.index = index }
}

/// One fact of the log, decoded. Trivially copyable: names are indices into the reader's ``Symbols``.
public struct Event: Sendable {
    /// What kind of fact.
    public var kind: EventKind
    /// How a span ended; `.unset` on `.begin`.
    public var status: SpanStatus
    /// OpenTelemetry's kind, where one was given.
    public var spanKind: SpanKind
    /// Number of attributes in the batch from `attributeStart` on.
    public var attributeCount: UInt16
    /// Index into the reader's ``SessionReader/streams``.
    public var stream: UInt32
    /// What it is about. On `.end` it repeats the role of its begin where the writer knew it, else `Operation.other`.
    public var role: RoleID
    /// Position of the first attribute in ``EventBatch/attributes``.
    public var attributeStart: UInt32
    /// The random base of the incarnation that wrote it: (incarnation, sequence) is the event's identity.
    public var incarnation: UInt64
    /// Counts from 1 within the incarnation.
    public var sequence: UInt64
    /// When the fact became visible: a begin's start, an end's or a whole span's end. Raw clock of the stream.
    public var time: Timestamp
    /// A whole span's start; equal to `time` for every other kind.
    public var start: Timestamp
    /// Own id on `.begin` and `.span`; the ended span's on `.end`; else none.
    public var span: SpanID
    /// The enclosing span, perhaps of another process; none for a root.
    public var parent: SpanID
    /// The trace; none for what belongs to no trace.
    public var trace: TraceID
    /// Token count on `.tokens`; else 0.
    public var value: Int64

    /// Creates an event; every field is the caller's.
    public init(
        kind: EventKind, status: SpanStatus = .unset, spanKind: SpanKind = .unspecified, stream: UInt32 = 0,
        role: RoleID, incarnation: UInt64, sequence: UInt64, time: Timestamp, start: Timestamp? = nil,
        span: SpanID = .none, parent: SpanID = .none, trace: TraceID = .none, value: Int64 = 0,
        attributeStart: UInt32 = 0, attributeCount: UInt16 = 0
    ) {
        self.kind = kind
        self.status = status
        self.spanKind = spanKind
        self.attributeCount = attributeCount
        self.stream = stream
        self.role = role
        self.attributeStart = attributeStart
        self.incarnation = incarnation
        self.sequence = sequence
        self.time = time
        self.start = start ?? time
        self.span = span
        self.parent = parent
        self.trace = trace
        self.value = value
    }

    /// The canonical order of the log: (time, incarnation, sequence). Total, since the last two identify an event.
    @inlinable public static func precedes(_ a: Event, _ b: Event) -> Bool {
        if a.time != b.time { return a.time < b.time }
        if a.incarnation != b.incarnation { return a.incarnation < b.incarnation }
        return a.sequence < b.sequence
    }
}
