import SpanreelTracing

/// One screen of a session for `replay --tty`: the lines of an instant, without control codes.
public enum TerminalFrame {
    /// At most `rows` lines of at most `columns` characters. A pure function of (cut, T, parameters, size).
    public static func lines(
        _ engine: SessionEngine, _ query: ViewQuery, columns: Int = 80, rows: Int = 24
    ) throws(ReplayError) -> [String] {
        let input = try engine.input(query)
        let head = FrameLines.head(engine, input)
        var lines = Array(head.prefix(1))
        lines.append(bar(input, width: max(10, min(columns, 120))))
        lines.append("")
        lines += head.dropFirst()
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
                TextWidth.fit(Human.safe(row.device), 12) + " [" + String(repeating: "#", count: full)
                    + String(repeating: ".", count: width - full) + "] busy \(Human.percent(share))")
        }
        let layers = FrameLines.slowestLayers(input, limit: 5)
        if !layers.isEmpty { lines += [""] + layers }
        lines.append("")
        for finding in Bottleneck(input: input).findings.prefix(4) {
            lines.append((finding.isWarning ? "! " : "  ") + Human.safe(finding.text))
        }
        return lines.prefix(max(1, rows)).map { TextWidth.cut($0, to: max(1, columns)) }
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
}
