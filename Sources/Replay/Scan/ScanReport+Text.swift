import SpanreelTracing

extension ScanReport {
    /// The report as lines of aligned columns, as `spanreel scan` prints it.
    public func text(title: String) -> [String] {
        var lines = [title, "  \(Human.count(Int64(quality.events))) events; on the streams' own clocks"]
        for words in quality.words { lines.append("  \(words)") }
        lines.append("")
        tokenLines(&lines)
        layerLines(&lines)
        linkLines(&lines)
        cacheLines(&lines)
        traceLines(&lines)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private func tokenLines(_ lines: inout [String]) {
        lines.append("Tokens")
        var table = TextTable(["", "tokens", "greatest in a second"])
        for (name, count, seconds) in [
            ("generated", generatedCount, generated), ("prompt, computed", promptCount, prompt),
        ] {
            table.add([name, Human.count(count), Human.count(seconds.map(\.sum).max() ?? 0)])
        }
        lines += table.lines
        if gaps.last.count > 0 {
            lines.append(
                "  the last \(gaps.last.count) gaps between emissions: mean \(Human.duration(gaps.last.meanNanos)), "
                    + "P50 \(Human.duration(gaps.last.p50Nanos)), P95 \(Human.duration(gaps.last.p95Nanos)), "
                    + "max \(Human.duration(gaps.last.maxNanos))")
        }
        if let mean = gaps.greatestMeanNanos, let at = gaps.greatestAtNanos {
            lines.append("  the slowest hundred: mean \(Human.duration(mean)), up to \(Human.duration(at))")
        }
        lines.append("")
    }

    private func layerLines(_ lines: inout [String]) {
        guard !layers.isEmpty else { return }
        lines.append("Layers")
        var table = TextTable(["device", "layer", "phase"] + Statistics.columns, left: [0, 2])
        for row in layers {
            table.add([Human.safe(row.device), "\(row.layer)", row.phase.label] + row.durations.cells)
        }
        lines += table.lines + [""]
    }

    private func linkLines(_ lines: inout [String]) {
        guard !links.isEmpty else { return }
        lines.append("Links")
        var table = TextTable(["", "transfers", "bytes", "greatest in a second"])
        for row in links {
            table.add([
                Human.safe("\(row.link.from) > \(row.link.to)"), Human.count(Int64(row.transfers)),
                Human.bytes(row.sizeBytes), Human.bytes(row.seconds.map(\.sum).max()),
            ])
        }
        lines += table.lines + [""]
    }

    private func cacheLines(_ lines: inout [String]) {
        guard !caches.isEmpty else { return }
        lines.append("Cache lookups")
        var table = TextTable(["", "lookups", "hits", "of lookups"])
        for row in caches {
            table.add([
                Human.safe(row.device), Human.count(row.lookupCount), Human.count(row.hitCount),
                Human.percent(row.lookupCount > 0 ? Double(row.hitCount) / Double(row.lookupCount) : nil),
            ])
        }
        lines += table.lines + [""]
    }

    private func traceLines(_ lines: inout [String]) {
        guard !trace.isEmpty else { return }
        lines.append(
            "Trace, \(Human.count(Int64(trace.count))) facts from \(Human.duration(trace.first?.startNanos)) on")
        var table = TextTable(["start", "duration", "device", "what"], left: [2, 3])
        let first = trace.first?.startNanos ?? 0
        for row in trace {
            table.add([
                Human.duration(row.startNanos &- first), row.durationNanos.map(Human.duration) ?? "open",
                Human.safe(row.device), Human.safe(row.role.name + (row.role.layer.map { " \($0)" } ?? "")),
            ])
        }
        lines += table.lines
    }
}

extension ScanReport.Quality {
    /// What is missing, one sentence each.
    var words: [String] {
        [
            (lost, "events lie in damaged blocks and are left out; `spanreel verify` says where"),
            (layersInTwoFacts, "layers are told by a begin and an end and are left out; `spanreel stats` joins them"),
            (negativeDurations, "layers end before they start and count as 0"),
            (unreadable, "events have no number where one is expected and are left out"),
        ].filter { $0.0 > 0 }.map { "\(Human.count(Int64($0.0))) \($0.1)" }
    }
}
