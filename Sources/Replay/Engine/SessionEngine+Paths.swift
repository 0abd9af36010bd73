public import SpanreelTracing

extension SessionEngine {
    /// The critical paths of the requests that ended in the window, summed by role.
    ///
    /// Reads the events from the first of these requests on: O(events), at millions a second, and holds the spans of
    /// requests in flight.
    public func path(_ query: ViewQuery = ViewQuery(window: .all)) throws(ReplayError) -> PathReport {
        let input = try input(query)
        let from = input.window.selection == .all ? Int64.min : input.window.from
        var low = Int64.max
        for record in input.fold.requests.records {
            guard let end = record.end, end > from, end <= input.instant.nanos else { continue }
            low = min(low, record.start)
        }
        var fold = PathFold(
            directory: input.directory, clocks: input.clocks,
            window: (from == .max ? from : from &+ (from == .min ? 0 : 1))...max(from, input.instant.nanos),
            selector: input.fold.selector)
        // Requests that the fold has forgotten are among those of the whole session only.
        let start = input.window.selection == .all || low == .max ? Int64.min : low &- 2_000_000_000
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
                if cut == nil, (batch.events.last?.time ?? input.instant) <= input.instant {
                    merge.ingest(batch)
                } else {
                    var kept = EventBatch()
                    for event in batch.events where cut.map({ $0.contains(event) }) ?? true {
                        kept.append(event, from: batch)
                    }
                    merge.ingest(kept)
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
