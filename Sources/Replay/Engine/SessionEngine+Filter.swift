import SpanreelTracing

/// A view once per model or variant.
struct SplitParts {
    let dimension: RequestFilter.Dimension
    let values: [(value: String, input: SnapshotInput)]
    /// Values beyond those given.
    let more: Int

    /// Writes `split`, `values` and `more`, each value's members by `body`.
    func write(_ json: inout JSONWriter, _ body: (SnapshotInput, inout JSONWriter) -> Void) {
        json.field("split", dimension.rawValue)
        json.object("values") { json in
            for part in values { json.object(part.value) { body(part.input, &$0) } }
        }
        json.field("more", more)
    }
}

extension SessionEngine {
    /// The fold of an instant, of the requests that `filter` selects.
    ///
    /// Labels are those known at that instant inside the cut, so facts are folded once more only when a label came for some
    /// of them; else a fold that was asked for before goes on. O(events since then).
    func fold(at time: Timestamp, cut: Cut?, filter: RequestFilter) throws(TraceError) -> SessionFold {
        guard !filter.isAll else { return try fold(at: time, cut: cut) }
        guard cut == nil else {
            return try advanced(SessionFold(directory: directory, filter: filter), to: time, cut: cut, seen: time)
        }
        var result = filtered.take(filter, at: time, directory) ?? SessionFold(directory: directory, filter: filter)
        // The first way is long: some folds stay behind on it.
        let stops = checkpoints.compactMap(\.position?.time).filter {
            $0 < time && (result.position?.time ?? Timestamp(nanos: .min)) < $0
        }
        for stop in FilteredFolds.spread(stops) {
            result = try advanced(result, to: stop, cut: nil, seen: time)
            filtered.keep(result, filter)
        }
        result = try advanced(result, to: time, cut: nil, seen: time)
        filtered.keep(result, filter)
        return result
    }

    /// The models or variants that requests have so far, at most 16, those with most requests, by name.
    public func values(of dimension: RequestFilter.Dimension) -> [RequestValue] {
        RequestValues(head, by: dimension).listed
    }

    /// Refuses a model or variant that no request of the session has; of a session that grows the answer is empty, for
    /// one may come. What the session holds by now counts, not what it held at the instant asked for.
    func check(_ filter: RequestFilter) throws(ReplayError) {
        guard state != .live else { return }
        for dimension in RequestFilter.Dimension.allCases {
            guard let wanted = filter[dimension] else { continue }
            let values = RequestValues(head, by: dimension)
            guard !values.mayHave(wanted) else { continue }
            let known = values.listed.isEmpty ? "there is no request" : "there are \(values.words)"
            throw ReplayError(
                .notFound,
                "No request has the \(dimension.rawValue) \"\(Human.safe(String(wanted.prefix(80))))\"; \(known).")
        }
    }

    /// The parts of a split as they stood at the query's instant inside its cut; nil when none is asked for.
    func parts(_ query: ViewQuery) throws(ReplayError) -> SplitParts? {
        guard let dimension = query.split else { return nil }
        let whole: SessionFold
        do throws(TraceError) {
            whole = try fold(at: instant(of: query), cut: query.cut)
        } catch {
            throw ReplayError(.unreadable, error.description)
        }
        let values = RequestValues(whole, by: dimension, filter: query.filter)
        var parts: [(value: String, input: SnapshotInput)] = []
        for value in values.listed {
            var query = query
            query.filter[dimension] = value.value
            parts.append((value.value, try input(query)))
        }
        return SplitParts(dimension: dimension, values: parts, more: values.more)
    }
}

extension RequestSelector {
    /// Whether a timeline shows an event: what is no work for requests too, unless it is inside of one that does not count.
    mutating func shows(_ event: Event, _ directory: Directory) -> Bool {
        shows(
            directory.plan(event.role).operation, event.trace, event.span, event.parent, event.stream,
            event.time.nanos, directory)
    }

    /// The same of a span that is open.
    mutating func shows(_ open: OpenSpan, _ directory: Directory) -> Bool {
        shows(
            directory.plan(RoleID(open.role)).operation, open.trace, SpanID(open.span), SpanID(open.parent),
            open.stream,
            open.start, directory)
    }

    private mutating func shows(
        _ operation: Operation, _ trace: TraceID, _ span: SpanID, _ parent: SpanID, _ stream: UInt32, _ time: Int64,
        _ directory: Directory
    ) -> Bool {
        guard !operation.isOfRequest else {
            return counts(
                operation, trace: trace, span: span, parent: parent, stream: stream, at: time, directory)
        }
        guard directory.labels.find(trace: trace, span: span, parent: parent, at: time, horizon) != nil else {
            return true
        }
        return counts(.step, trace: trace, span: span, parent: parent, stream: stream, at: time, directory)
    }
}
