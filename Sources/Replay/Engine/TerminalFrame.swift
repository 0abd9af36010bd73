import SpanreelTracing

/// One screen of a session for `replay --tty` and `top`: the lines of an instant, without control codes.
public enum TerminalFrame {
    /// At most `rows` lines of at most `columns` characters. A pure function of (cut, T, parameters, size).
    public static func lines(
        _ engine: SessionEngine, _ query: ViewQuery, columns: Int = 80, rows: Int = 24
    ) throws(ReplayError) -> [String] {
        let input = try engine.input(query)
        let latency = LatencyView(input: input)
        let states = latency.states
        var lines: [String] = []
        let at = Decimals.text(Double(input.relative(input.instant.nanos)) / 1e9, 1) ?? "?"
        lines.append(
            "\(Human.safe(engine.info.name))  \(engine.state.rawValue)  T \(at) s  window \(input.window.label)")
        lines.append(bar(input, width: max(10, min(columns, 120))))
        lines.append("")
        let tpot = input.fold.requests.tpot.statistics(in: input.window)
        let ttft = input.ttft
        lines.append(
            "tokens/s \(Human.rate(input.rate(input.sum(Tick.generated))))   in flight \(states[.queued, default: 0] + states[.prefill, default: 0] + states[.decode, default: 0])"
                + " (\(states[.queued, default: 0]) queued)   finished \(states[.finished, default: 0])")
        lines.append(
            "TTFT P50 \(Human.duration(ttft.p50Nanos)) P95 \(Human.duration(ttft.p95Nanos))   "
                + "TPOT P50 \(Human.duration(tpot.p50Nanos)) P95 \(Human.duration(tpot.p95Nanos))")
        let cache = CacheView(input: input)
        lines.append(
            "cache \(Human.percent(cache.tokenHitRatio)) of prompt tokens   memory \(Human.bytes(MemoryView(input: input).rssBytes))"
        )
        lines.append("")
        for row in DevicesView(input: input).rows {
            let share = input.ratio(row.busy, row.wall) ?? 0
            let width = max(4, min(40, columns - 30))
            let full = Int((share * Double(width)).rounded())
            lines.append(
                pad(Human.safe(row.device), 12) + " [" + String(repeating: "#", count: full)
                    + String(repeating: ".", count: width - full) + "] busy \(Human.percent(share))")
        }
        let layers = LayersView(input: input).rows.filter { $0.decode.count > 0 }
            .sorted { ($0.decode.p50Nanos ?? 0, $1.layer) > ($1.decode.p50Nanos ?? 0, $0.layer) }
        if !layers.isEmpty {
            lines.append("")
            lines.append("slowest layers, decode")
            for row in layers.prefix(5) {
                lines.append(
                    "  \(pad(String(row.layer), 4)) \(pad(Human.safe(row.device), 12)) P50 \(pad(Human.duration(row.decode.p50Nanos), 9)) P95 \(Human.duration(row.decode.p95Nanos))"
                )
            }
        }
        lines.append("")
        for finding in Bottleneck(input: input).findings.prefix(4) {
            lines.append((finding.isWarning ? "! " : "  ") + Human.safe(finding.text))
        }
        return lines.prefix(max(1, rows)).map { line in
            var cut = line.prefix(max(1, columns))
            while cut.last == " " { cut.removeLast() }
            return String(cut)
        }
    }

    /// Tokens per tick of the window as one line of levels.
    private static func bar(_ input: SnapshotInput, width: Int) -> String {
        let columns = input.ticks.columns(from: input.firstBucket, to: input.lastBucket, limit: width)
        let levels = Array(" .:-=+*#%@")
        let greatest = max(1, (0..<columns.count).map { columns.value(Tick.generated, $0) }.max() ?? 1)
        return String(
            (0..<columns.count).map { column in
                let value = max(0, columns.value(Tick.generated, column))
                return value == 0 ? levels[0] : levels[min(9, 1 + Int(value * 8 / greatest))]
            })
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
