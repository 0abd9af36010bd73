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
        lines += section(layers(input))
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
        let states = LatencyView(input: input).states
        let queued = states[.queued, default: 0]
        let flight = queued + states[.prefill, default: 0] + states[.decode, default: 0]
        let ttft = input.ttft
        let tpot = input.fold.requests.tpot.statistics(in: input.window)
        let at = Decimals.text(Double(input.relative(input.instant.nanos)) / 1e9, 1) ?? "?"
        var lines = [
            "\(Human.safe(engine.info.name))  \(engine.state.rawValue)  T \(at) s  window \(input.window.label)",
            "tokens/s \(Human.rate(input.rate(input.sum(Tick.generated))))   in flight \(flight) (\(queued) queued)   "
                + "finished \(states[.finished, default: 0])",
            "TTFT P50 \(Human.duration(ttft.p50Nanos)) P95 \(Human.duration(ttft.p95Nanos))   "
                + "TPOT P50 \(Human.duration(tpot.p50Nanos)) P95 \(Human.duration(tpot.p95Nanos))",
        ]
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

    private static func layers(_ input: SnapshotInput) -> [String] {
        let rows = LayersView(input: input).rows.filter { $0.decode.count > 0 }
            .sorted { ($0.decode.p50Nanos ?? 0, $1.layer) > ($1.decode.p50Nanos ?? 0, $0.layer) }
        guard !rows.isEmpty else { return [] }
        return ["slowest layers, decode"]
            + rows.prefix(4).map { row in
                "  \(TextWidth.fit(String(row.layer), 4)) \(TextWidth.fit(Human.safe(row.device), 10)) "
                    + "P50 \(TextWidth.right(Human.duration(row.decode.p50Nanos), 8))  "
                    + "P95 \(TextWidth.right(Human.duration(row.decode.p95Nanos), 8))"
            }
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

/// Text in columns of a terminal, where a Chinese character takes two and an accent none.
enum TextWidth {
    /// The columns that a character takes.
    static func of(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0..<0x300: return 1
        // East Asian Wide and emoji, in blocks: a character too many in them is shown with room to spare.
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F000...0x1FAFF, 0x20000...0x3FFFD, 0x2600...0x27BF, 0x231A...0x23FF:
            return 2
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: return character.unicodeScalars.count > 1 ? 1 : 0
            default: return character.unicodeScalars.contains { $0.value == 0xFE0F } ? 2 : 1
            }
        }
    }

    /// The columns that a line takes.
    static func of(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + of($1) } }

    /// As much of a line as fits, without blanks at the end.
    static func cut(_ text: String, to columns: Int) -> String {
        var width = 0
        var end = text.startIndex
        for index in text.indices {
            width += of(text[index])
            guard width <= columns else { break }
            end = text.index(after: index)
        }
        var line = text[..<end]
        while line.last == " " { line.removeLast() }
        return String(line)
    }

    /// Exactly so many columns: cut, or filled up with blanks.
    static func fit(_ text: String, _ columns: Int) -> String {
        let short = cut(text, to: columns)
        return short + String(repeating: " ", count: max(0, columns - of(short)))
    }

    /// Filled up with blanks on the left.
    static func right(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - of(text))) + text
    }
}
