import SpanreelTracing

extension ScanReport {
    init(_ part: ScanPart, start: Timestamp) {
        func stretches(_ series: ScanSeries) -> [Stretch] {
            series.entries.map { entry in
                Stretch(
                    startNanos: Int64(clamping: entry.bucket).multipliedReportingOverflow(by: series.widthNanos)
                        .partialValue, sum: entry.sum)
            }
        }
        self.start = start
        layers = part.layers
            .sorted { a, b in
                (a.key.device, a.key.layer, a.key.phase.rawValue) < (b.key.device, b.key.layer, b.key.phase.rawValue)
            }
            .map { key, durations in
                Layer(device: key.device, layer: key.layer, phase: key.phase, durations: durations.statistics)
            }
        generated = stretches(part.generated)
        generatedCount = part.generated.total
        prompt = stretches(part.prompt)
        promptCount = part.prompt.total
        gaps = Gaps(part.emissions, start: start)
        links = part.links
            .sorted { ($0.key.from, $0.key.to) < ($1.key.from, $1.key.to) }
            .map { link, sends in
                LinkRow(
                    link: link, transfers: sends.sizes.count, seconds: stretches(sends.sizes),
                    sizeBytes: sends.sizes.total)
            }
        caches = part.lookups.sorted { $0.key < $1.key }
            .map { device, lookups in
                CacheRow(
                    device: device, lookups: stretches(lookups.all), hits: stretches(lookups.hits),
                    lookupCount: lookups.all.total, hitCount: lookups.hits.total)
            }
        trace = Self.rows(part.trace, start: start)
        quality = part.quality
    }

    /// Begins and ends joined to spans.
    private static func rows(_ facts: [ScanPart.TraceFact], start: Timestamp) -> [TraceRow] {
        var rows: [TraceRow] = []
        var open: [SpanID: Int] = [:]
        for fact in facts.sorted(by: { Event.precedes($0.event, $1.event) }) {
            let event = fact.event
            if event.kind == .end {
                guard let row = open.removeValue(forKey: event.span) else { continue }
                rows[row].durationNanos = event.time.nanos &- start.nanos &- rows[row].startNanos
                continue
            }
            if event.kind == .begin { open[event.span] = rows.count }
            rows.append(
                TraceRow(
                    startNanos: event.start.nanos &- start.nanos,
                    durationNanos: event.kind == .begin ? nil : event.time.nanos &- event.start.nanos, span: event.span,
                    parent: event.parent, device: fact.device, role: fact.role))
        }
        return rows.enumerated().sorted { ($0.element.startNanos, $0.offset) < ($1.element.startNanos, $1.offset) }
            .map(\.element)
    }
}

extension ScanReport.Gaps {
    /// From the times of all emissions, in any order.
    init(_ emissions: ContiguousArray<Int64>, start: Timestamp) {
        var times = emissions
        // Blocks of one stream come in order: then there is nothing to sort.
        if !zip(times, times.dropFirst()).allSatisfy({ $0 <= $1 }) { times.sort() }
        let width = ScanReport.gapWindow
        last = Statistics(exact: zip(times.suffix(width + 1), times.suffix(width + 1).dropFirst()).map { $1 &- $0 })
        guard times.count > width else { return }
        // The mean of successive gaps is the distance of the outer two emissions.
        var greatest: (span: Int64, at: Int64) = (.min, 0)
        for index in width..<times.count {
            let span = times[index] &- times[index - width]
            if span > greatest.span { greatest = (span, times[index]) }
        }
        greatestMeanNanos = greatest.span / Int64(width)
        greatestAtNanos = greatest.at &- start.nanos
    }
}
