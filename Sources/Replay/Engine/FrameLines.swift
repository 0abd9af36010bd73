import SpanreelTracing

/// What `top` and `replay --tty` both show.
enum FrameLines {
    /// Whose session, of which instant, and how fast it is.
    static func head(_ engine: SessionEngine, _ input: SnapshotInput) -> [String] {
        let states = LatencyView(input: input).states
        let queued = states[.queued, default: 0]
        let flight = queued + states[.prefill, default: 0] + states[.decode, default: 0]
        let ttft = input.ttft
        let tpot = input.fold.requests.tpot.statistics(in: input.window)
        let at = Decimals.text(Double(input.relative(input.instant.nanos)) / 1e9, 1) ?? "?"
        let filter = input.fold.selector.map { "  \(Human.safe($0.filter.words))" } ?? ""
        return [
            "\(Human.safe(engine.info.name))  \(engine.state.rawValue)  T \(at) s  window \(input.window.label)\(filter)",
            "tokens/s \(Human.rate(input.rate(input.sum(Tick.generated))))   in flight \(flight) (\(queued) queued)   "
                + "finished \(states[.finished, default: 0])",
            "TTFT P50 \(Human.duration(ttft.p50Nanos)) P95 \(Human.duration(ttft.p95Nanos))   "
                + "TPOT P50 \(Human.duration(tpot.p50Nanos)) P95 \(Human.duration(tpot.p95Nanos))",
        ]
    }

    /// The layers that take longest in decode, under their heading; nothing without any.
    static func slowestLayers(_ input: SnapshotInput, limit: Int) -> [String] {
        let rows = LayersView(input: input).rows.filter { $0.decode.count > 0 }
            .sorted { ($0.decode.p50Nanos ?? 0, $1.layer) > ($1.decode.p50Nanos ?? 0, $0.layer) }
        guard !rows.isEmpty else { return [] }
        return ["slowest layers, decode"]
            + rows.prefix(limit).map { row in
                "  \(TextWidth.fit(String(row.layer), 4)) \(TextWidth.fit(Human.safe(row.device), 10)) "
                    + "P50 \(TextWidth.right(Human.duration(row.decode.p50Nanos), 8))  "
                    + "P95 \(TextWidth.right(Human.duration(row.decode.p95Nanos), 8))"
            }
    }
}
