internal import SpanreelTracing

/// The second pass: turns spans and metrics into events and writes them.
///
/// Bounded memory: at most ``windowEvents`` events wait for their place in time.
final class SpanMapper<Sink: ImportSink>: OTLPVisitor {
    /// Events held back, over all streams, before the earlier half is written: about 100 MB.
    let windowEvents: Int

    let sink: Sink
    let plan: ImportPlan
    let problems: ImportProblems
    let keys: MappedKeys
    var report = ImportReport()

    private var buffer = EventBuffer()
    /// The sink's number of each planned stream that was met.
    private var numbers: [Int: UInt32] = [:]
    var current = 0
    var scope = OTLPScope()
    private var seen = RecentSpans()
    /// Instants of each stream's metric readings: a memory span of the same instant says the same again.
    var sampleTimes: [Int: Set<Int64>] = [:]
    /// The parent and phase of each stream's latest LM head: sampling follows it and does not state its phase.
    private var headPhase: [Int: (parent: SpanID, phase: Phase)] = [:]
    private var roles: [Role: RoleID] = [:]

    init(sink: Sink, plan: ImportPlan, problems: ImportProblems, windowEvents: Int = 400_000) {
        self.sink = sink
        self.plan = plan
        self.problems = problems
        self.windowEvents = windowEvents
        keys = MappedKeys(sink.symbols)
    }

    func visit(resource: OTLPResource) throws(TraceError) {
        current = plan.index(of: resource)
    }

    func visit(scope: OTLPScope) { self.scope = scope }

    func visit(span: OTLPSpan, document: Int, offset: Int) throws(TraceError) {
        if let fault = span.fault {
            problems.add(document: document, offset: offset, what: fault)
            return
        }
        guard seen.insert(span.trace, span.span) else {
            report.duplicates += 1
            return
        }
        let entry = RoleTable.entry(of: span, scope: scope.name)
        var role = RoleTable.role(of: span, entry: entry, streamStage: plan.streams[current].stage)
        switch entry.operation {
        case .head: headPhase[current] = (span.parent, role.phase)
        case .sampling:
            if role.phase == .none, let head = headPhase[current], head.parent == span.parent {
                role.phase = head.phase
            }
        default: break
        }
        var attributes = AttributeList(span: span, scope: scope, operation: entry.operation, keys: keys, sink.symbols)
        let list = attributes.finish()
        report.leftOutValues += attributes.leftOut
        try add(
            Event(
                kind: .span, status: SpanStatus(rawValue: UInt8(clamping: span.statusCode)) ?? .unset,
                spanKind: SpanKind(rawValue: UInt8(clamping: span.kind)) ?? .unspecified,
                role: sink.symbols.intern(role),
                incarnation: 0, sequence: 0, time: Timestamp(nanos: Int64(clamping: span.endNanos)),
                start: Timestamp(nanos: Int64(clamping: span.startNanos)), span: span.span, parent: span.parent,
                trace: span.trace),
            list)
        report.spans += 1
        try derive(from: span, role: role)
    }

    /// Writes everything that is held back.
    func finish() throws(TraceError) {
        try buffer.flush(keep: 0, to: sink)
    }

    /// Adds an event to the current stream.
    func add(_ event: Event, _ attributes: [Attribute]) throws(TraceError) {
        let number: UInt32
        if let known = numbers[current] {
            number = known
        } else {
            let planned = plan.streams[current]
            number = try sink.addStream(planned)
            numbers[current] = number
            report.devices.append(planned.device)
        }
        buffer.add(event, stream: number, attributes)
        report.events += 1
        if buffer.count >= windowEvents { try buffer.flush(keep: windowEvents / 2, to: sink) }
    }
}

extension OTLPSpan {
    /// Why it cannot be kept; nil for a span that can.
    var fault: String? {
        if trace.isNone { return "a span without a trace id" }
        if span.isNone { return "a span without an id" }
        if startNanos > UInt64(Int64.max) || endNanos > UInt64(Int64.max) { return "a time beyond the year 2262" }
        if endNanos == 0 { return "a span without an end" }
        if endNanos < startNanos { return "a span that ends before it begins" }
        return nil
    }
}

/// The spans met lately, to drop what an exporter sent twice. Remembers at least the last half million.
struct RecentSpans {
    private struct Key: Hashable {
        var trace: TraceID
        var span: SpanID
    }

    private var young: Set<Key> = []
    private var old: Set<Key> = []

    /// False when the span was met before.
    mutating func insert(_ trace: TraceID, _ span: SpanID) -> Bool {
        let key = Key(trace: trace, span: span)
        if old.contains(key) || !young.insert(key).inserted { return false }
        if young.count >= 500_000 {
            old = young
            young = []
        }
        return true
    }
}
