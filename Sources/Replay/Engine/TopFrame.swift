import SpanreelTracing

/// One screen of `top`: what a session does now, without control codes, in as much room as there is.
public enum TopFrame {
    /// At most `rows` lines, none wider than `columns`, whatever names the log holds: what matters most comes first and
    /// what does not fit is left out. A pure function of (cut, T, parameters, size).
    ///
    /// - Throws: ``ReplayError`` as views do.
    public static func lines(
        _ engine: SessionEngine, _ query: ViewQuery = ViewQuery(), columns: Int = 80, rows: Int = 24
    ) throws(ReplayError) -> [String] {
        let input = try engine.input(query)
        let alerts = try engine.alerts(query).alerts.filter { $0.state == .firing }
        let width = max(1, columns)
        var lines = head(engine, input)
        if !alerts.isEmpty {
            lines.append("")
            lines += alerts.suffix(5).reversed().map { alert in
                "! \(alert.rule.severity.rawValue) \(alert.rule.name): \(Human.safe(alert.text))"
            }
        }
        lines += section(devices(input, width: width))
        lines += section(FrameLines.slowestLayers(input, limit: 4))
        lines += section(links(input))
        return lines.prefix(max(1, rows)).map { TextWidth.cut($0, to: width) }
    }

    /// The same as one JSON object: the views and the alerts in the envelopes of the API.
    ///
    /// - Throws: ``ReplayError`` as views do.
    public static func json(_ engine: SessionEngine, _ query: ViewQuery = ViewQuery()) throws(ReplayError) -> [UInt8] {
        let views = try engine.views([.overview, .throughput, .devices, .layers, .links, .memory], query)
        let alerts = try engine.alertsJSON(query)
        var json = JSONWriter()
        json.object { json in
            json.key("snapshot")
            json.raw(views)
            json.key("alerts")
            json.raw(alerts)
        }
        return json.bytes
    }

    private static func section(_ lines: [String]) -> [String] { lines.isEmpty ? [] : [""] + lines }

    private static func head(_ engine: SessionEngine, _ input: SnapshotInput) -> [String] {
        var lines = FrameLines.head(engine, input)
        if !input.silent.isEmpty {
            let silent = input.silent.map { "\(Human.safe($0.device)) for \(Human.duration($0.silentNanos))" }
            lines.append("silent: \(silent.joined(separator: ", "))")
        }
        if input.dropped > 0 { lines.append("dropped: \(input.dropped) events; numbers are lower bounds") }
        return lines
    }

    private static func devices(_ input: SnapshotInput, width: Int) -> [String] {
        let rows = DevicesView(input: input).rows
        guard !rows.isEmpty else { return [] }
        // The bar takes what the words leave of the line; without room for one there is none.
        let room = width - 54
        return ["devices"]
            + rows.map { row in
                let share = min(1, max(0, input.ratio(row.busy, row.wall) ?? 0))
                let size = min(20, room)
                let full = size > 0 ? Int((share * Double(size)).rounded()) : 0
                let bar =
                    size >= 4
                    ? "[\(String(repeating: "#", count: full))\(String(repeating: ".", count: size - full))] " : ""
                let memory = memory(input, row.index)
                return
                    "  \(TextWidth.fit(Human.safe(row.device), 10)) \(bar)busy \(TextWidth.right(Human.percent(share), 7))"
                    + "  bubble \(TextWidth.right(Human.percent(row.bubbleRatio), 7))  mem \(memory)"
            }
    }

    private static func memory(_ input: SnapshotInput, _ index: Int) -> String {
        guard input.fold.memory.devices.indices.contains(index) else { return "-" }
        return Human.bytes(input.fold.memory.devices[index].rss.last)
    }

    private static func links(_ input: SnapshotInput) -> [String] {
        let rows = LinksView(input: input).rows
        guard !rows.isEmpty else { return [] }
        return ["links, transit in decode"]
            + rows.prefix(6).map { row in
                let name = "\(Human.safe(row.from)) > \(Human.safe(row.to))"
                let speed = row.bytesPerSecond.map { Decimals.significant($0 / 1e9) } ?? "-"
                return "  \(TextWidth.fit(name, 22)) P50 \(TextWidth.right(Human.duration(row.decode.p50Nanos), 8))  "
                    + "P95 \(TextWidth.right(Human.duration(row.decode.p95Nanos), 8))  \(speed) GB/s"
            }
    }
}
