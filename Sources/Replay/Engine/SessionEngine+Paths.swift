import SpanreelTracing

extension SessionEngine {
    /// The critical paths of the requests that ended in the window, summed by role.
    ///
    /// Reads the events from the first of these requests on: O(events), at millions a second, and holds the spans of
    /// requests in flight.
    public func path(_ query: ViewQuery = ViewQuery(window: .all)) throws(ReplayError) -> PathReport {
        let input = try input(query)
        var (first, start) = (Int64.min, Int64.min)
        if input.window.selection != .all {
            first = min(input.window.from, .max - 1) + 1
            let ended = input.fold.requests.records.filter { $0.end.map { $0 >= first } ?? false }
            // The client's side reaches a little beyond the server's request.
            start = ended.map { $0.start &- 2_000_000_000 }.min() ?? first
        }
        var fold = PathFold(
            directory: input.directory, clocks: input.clocks, window: first...max(first, input.instant.nanos),
            selector: input.fold.selector)
        try scan(from: Timestamp(nanos: start), input, query.cut) { event, batch in fold.add(event, in: batch) }
        fold.finish()
        return PathReport(fold, input.directory)
    }

    /// The same as canonical JSON.
    public func pathJSON(_ query: ViewQuery = ViewQuery(window: .all)) throws(ReplayError) -> [UInt8] {
        let report = try path(query)
        var json = JSONWriter()
        json.object { report.write(&$0) }
        return json.bytes
    }

    /// Every event inside the cut from `start` on, in canonical order, holding no more than writers are apart.
    private func scan(
        from start: Timestamp, _ input: SnapshotInput, _ cut: Cut?, _ body: (Event, borrowing EventBatch) -> Void
    ) throws(ReplayError) {
        var merge = EventMerge()
        do throws(TraceError) {
            try reader.scan(from: start, to: input.instant) { batch in
                if let cut {
                    var kept = EventBatch()
                    for event in batch.events where cut.contains(event) { kept.append(event, from: batch) }
                    merge.ingest(kept)
                } else {
                    merge.ingest(batch)
                }
                if let floor = reader.pendingFloor {
                    merge.flush(upTo: min(input.instant, Timestamp(nanos: floor.nanos &- 1)), body)
                }
            }
        } catch {
            throw ReplayError(.unreadable, error.description)
        }
        merge.flush(upTo: input.instant, body)
    }
}
