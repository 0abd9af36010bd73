public import SpanreelTracing

extension SessionEngine {
    /// The waterfall of a trace, as canonical JSON: with all of it, whatever the query filters.
    ///
    /// - Throws: ``ReplayError`` `not-found` when no span of the trace is in the session at the instant asked for.
    public func trace(_ id: TraceID, _ query: ViewQuery = ViewQuery()) throws(ReplayError) -> [UInt8] {
        let input = try unfiltered(query)
        let (tree, _) = try waterfall(id, input, query.cut)
        var json = JSONWriter()
        json.object { json in
            tree.write(
                id, origin: input.tickClock.origin, instant: input.instant.nanos, symbols: directory.symbols, &json)
        }
        return json.bytes
    }

    /// The token strip of a trace's request, as canonical JSON.
    ///
    /// - Throws: ``ReplayError`` `not-found` when no request of the trace is in the session at the instant asked for.
    public func tokens(_ id: TraceID, _ query: ViewQuery = ViewQuery()) throws(ReplayError) -> [UInt8] {
        let input = try unfiltered(query)
        let (tree, _) = try waterfall(id, input, query.cut)
        guard let root = tree.nodes.firstIndex(where: { directory.plan($0.role).operation == .request }) else {
            throw ReplayError(.notFound, "The trace \(id) has no request in this session at that instant.")
        }
        let strip = TokenStrip(
            tree.path(from: root), start: tree.nodes[root].start, emissions: tree.emissions.map { ($0.time, $0.tokens) }
        ) { span in
            let node = tree.nodes[Int(span)]
            return (PathKind(directory.plan(node.role).operation), directory.stream(node.stream).device)
        }
        var json = JSONWriter()
        json.object { json in
            json.field("trace", id.description)
            json.field("startNanos", tree.nodes[root].start &- input.tickClock.origin)
            strip.write(origin: input.tickClock.origin, device: directory.name(ofDevice:), &json)
        }
        return json.bytes
    }

    /// Instant and clocks of a query: they are the same with any filter.
    private func unfiltered(_ query: ViewQuery) throws(ReplayError) -> SnapshotInput {
        var query = query
        query.filter = RequestFilter()
        return try input(query)
    }

    private func waterfall(
        _ id: TraceID, _ input: SnapshotInput, _ cut: Cut?
    ) throws(ReplayError) -> (TraceQuery, Int) {
        var low = Timestamp(nanos: .min)
        var high = input.instant
        if let slot = input.fold.requests.slot(trace: id) {
            // The client's side and other clocks reach a little beyond the server's request.
            let record = input.fold.requests.records[slot]
            low = Timestamp(nanos: record.start &- 2_000_000_000)
            if record.hasStart, let end = record.end {
                high = min(high, Timestamp(nanos: end.addingReportingOverflow(2_000_000_000).partialValue))
            }
        }
        var merge = EventMerge()
        do throws(TraceError) {
            try reader.scan(from: low, to: high) { batch in
                var kept = EventBatch()
                for event in batch.events where event.trace == id || event.kind == .end {
                    guard event.time <= input.instant, cut.map({ $0.contains(event) }) ?? true else { continue }
                    kept.append(event, from: batch)
                }
                merge.ingest(kept)
            }
        } catch {
            throw ReplayError(.unreadable, error.description)
        }
        var tree = TraceQuery(directory: directory, instant: input.instant)
        let count = merge.flush(upTo: input.instant) { event, batch in tree.add(event, in: batch) }
        guard !tree.nodes.isEmpty else {
            throw ReplayError(.notFound, "There is no trace \(id) in this session at that instant.")
        }
        tree.finish(clocks: input.clocks)
        return (tree, count)
    }

    /// Spans of all devices between two instants, for `pixels` columns, as canonical JSON.
    public func timeline(
        from: Timestamp, to: Timestamp, pixels: Int, _ query: ViewQuery = ViewQuery()
    ) throws(ReplayError) -> [UInt8] {
        guard from < to else { throw ReplayError(.invalid, "The timeline's from must lie before its to.") }
        guard (1...16_384).contains(pixels) else {
            throw ReplayError(.invalid, "The timeline's width is 1 to 16384 pixels.")
        }
        try check(query.filter)
        let input = try unfiltered(query)
        let to = min(to, input.instant)
        let start = min(from, to)
        var timeline = Timeline(directory: directory, from: start, to: to, clocks: input.clocks)
        var selector = query.filter.isAll ? nil : RequestSelector(query.filter)
        selector?.look(until: input.instant, cut: query.cut)
        var merge = EventMerge()
        do throws(TraceError) {
            let before = try fold(at: start, cut: query.cut)
            for open in before.openSpans() where selector?.shows(open, directory) ?? true { timeline.add(open) }
            try reader.scan(from: start, to: to) { batch in
                var kept = EventBatch()
                for event in batch.events where event.time > start && event.start <= to {
                    guard event.time <= input.instant, cutContains(query.cut, event),
                        event.kind == .end || selector?.shows(event, directory) ?? true
                    else { continue }
                    var bare = event
                    bare.attributeCount = 0
                    kept.events.append(bare)
                }
                merge.ingest(kept)
            }
        } catch {
            throw ReplayError(.unreadable, error.description)
        }
        merge.flush(upTo: Timestamp(nanos: .max)) { event, _ in timeline.add(event) }
        var json = JSONWriter()
        json.object { timeline.write(pixels: pixels, origin: input.tickClock.origin, &$0) }
        return json.bytes
    }

    private func cutContains(_ cut: Cut?, _ event: Event) -> Bool { cut.map { $0.contains(event) } ?? true }
}
