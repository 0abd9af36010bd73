import SpanreelTracing

/// Decides which facts count in a fold of some requests only; the fold asks it once a fact, before anything else.
///
/// ```
/// fact of a request's work -> its request's label (RequestLabels) -> does the filter want it?
///        without a request -> the model that its stream declares, no variant
/// anything else (samples, probes, marks, who wrote what)               counts always
/// ```
/// Labels are those known at the horizon, which is the instant and cut of the snapshot: so a request that says its model
/// at its end has its layers and tokens too. The fold stays a pure function of (cut, T, filter); when a label becomes
/// known for facts that were judged without it, ``isOutdated(at:position:_:)`` says so and the fold is made anew.
struct RequestSelector {
    let filter: RequestFilter
    /// Up to where labels are known.
    private(set) var horizon = RequestLabels.Horizon()
    /// The latest word about a fact that is older than it: at earlier instants the fold would be another one.
    private(set) var foresight = Int64.min
    /// Traces of which facts were judged while something that the filter asks for was not known.
    private var unresolved = GenerationTable<UInt8>(filler: 0, limit: 65_536)
    private var wantedModel: UInt32?
    private var wantedVariant: UInt32?

    init(_ filter: RequestFilter) { self.filter = filter }

    /// Sets the instant and cut of the snapshot that is folded next.
    mutating func look(until instant: Timestamp, cut: Cut?) {
        horizon = RequestLabels.Horizon(instant: instant.nanos, cut: cut)
    }

    /// Whether a fact of that operation counts.
    mutating func counts(
        _ operation: Operation, trace: TraceID, span: SpanID, parent: SpanID, stream: UInt32, at time: Int64,
        _ directory: Directory
    ) -> Bool {
        guard operation.isOfRequest else { return true }
        let found = directory.labels.find(trace: trace, span: span, parent: parent, at: time, horizon)
        var label = found?.label ?? RequestLabel()
        if let found, found.said > time { foresight = max(foresight, found.said) }
        if !isResolved(label), !(trace.isNone && span.isNone && parent.isNone) {
            let key = RequestLabels.key(trace: trace, span: operation == .request ? span : parent)
            if unresolved.find(key) == nil { unresolved.insert(key, 1) }
        }
        if label.model == 0 { label.model = directory.stream(stream).model }
        return wants(label, directory.symbols)
    }

    private func isResolved(_ label: RequestLabel) -> Bool {
        (filter.model == nil || label.model != 0) && (filter.variant == nil || label.variant != 0)
    }

    private mutating func wants(_ label: RequestLabel, _ symbols: Symbols) -> Bool {
        (filter.model.map { Self.matches(label.model, $0, &wantedModel, symbols) } ?? true)
            && (filter.variant.map { Self.matches(label.variant, $0, &wantedVariant, symbols) } ?? true)
    }

    /// Whether a string is the one wanted. Each string has one id: once it was met, ids are compared.
    private static func matches(_ id: UInt32, _ wanted: String, _ known: inout UInt32?, _ symbols: Symbols) -> Bool {
        if id == 0 { return wanted == RequestFilter.none }
        if let known { return id == known }
        guard symbols.string(StringID(id)) == wanted else { return false }
        known = id
        return true
    }

    /// Whether a fold that ends at `position` cannot go on to `instant`: of facts in it something else is known by then.
    func isOutdated(at instant: Timestamp, position: EventMerge.Position?, _ directory: Directory) -> Bool {
        guard let position else { return false }
        guard position.time <= instant, foresight <= instant.nanos else { return true }
        var later = horizon
        later.instant = instant.nanos
        for said in directory.labels.said(after: horizon.instant, through: instant.nanos) {
            let before = directory.labels.find(said, horizon)?.label ?? RequestLabel()
            let after = directory.labels.find(said, later)?.label ?? RequestLabel()
            guard differ(before, after) else { continue }
            let alone = RequestLabels.key(trace: .none, span: SpanID(said.span))
            if unresolved.find(said.key) != nil || unresolved.find(alone) != nil { return true }
            if isResolved(before), said.start <= position.time.nanos { return true }
        }
        return false
    }

    private func differ(_ a: RequestLabel, _ b: RequestLabel) -> Bool {
        filter.model != nil && a.model != b.model || filter.variant != nil && a.variant != b.variant
    }
}

extension Operation {
    /// Whether it is work for requests, so that it is filed under one: not of the recording as such.
    var isOfRequest: Bool {
        switch self {
        case .other, .memorySample, .clockProbe, .clockReply: false
        default: true
        }
    }
}
