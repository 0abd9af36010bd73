/// A span and its trace: what a child needs to know of its parent, on any thread or machine.
public struct SpanContext: Sendable, Hashable {
    /// The span; none when its begin was dropped or tracing is off.
    public var span: SpanID
    /// The trace.
    public var trace: TraceID

    // Where the emitting stream keeps the trace, so that a child need not look it up. 0: not interned here.
    @usableFromInline var contextID: UInt32 = 0
    @usableFromInline var roleID: UInt32 = 0
    @usableFromInline var recorderID: UInt64 = 0

    /// A context of another process or library.
    @inlinable public init(trace: TraceID, span: SpanID) {
        self.trace = trace
        self.span = span
    }

    @inlinable init(trace: TraceID, span: SpanID, contextID: UInt32, roleID: UInt32, recorderID: UInt64) {
        self.trace = trace
        self.span = span
        self.contextID = contextID
        self.roleID = roleID
        self.recorderID = recorderID
    }

    /// Neither span nor trace: what a disabled recorder returns.
    @inlinable public static var none: SpanContext { SpanContext(trace: .none, span: .none) }

    /// The span that encloses the running task, as ``Recorder/withSpan(_:kind:parent:_:)`` sets it.
    @TaskLocal public static var current: SpanContext?

    /// Reads a W3C `traceparent`: `00-<32 hex trace>-<16 hex span>-<2 hex flags>`; nil for anything malformed.
    ///
    /// A version above 00 may carry more fields after a dash; `ff` and all-zero ids are invalid.
    /// Source: https://www.w3.org/TR/trace-context/#traceparent-header
    public init?(traceparent text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, let version = Hex.parse(parts[0]), version != 0xff,
            version != 0 || parts.count == 4,
            parts[3].utf8.count == 2, Hex.parse(parts[3]) != nil,
            let trace = TraceID(hex: parts[1]), !trace.isNone,
            let span = SpanID(hex: parts[2]), !span.isNone
        else { return nil }
        self.init(trace: trace, span: span)
    }

    /// The W3C `traceparent` of this span, flagged as sampled.
    public var traceparent: String { "00-\(trace)-\(span)-01" }

    /// Same span of the same trace, wherever it was interned.
    public static func == (a: SpanContext, b: SpanContext) -> Bool { a.span == b.span && a.trace == b.trace }

    /// Hashes span and trace.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(span)
        hasher.combine(trace)
    }
}
