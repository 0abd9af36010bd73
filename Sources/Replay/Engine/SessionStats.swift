import SpanreelTracing

/// All views of a session as plain text, for `spanreel stats`: aligned columns, units, no colour codes.
public enum SessionStats {
    /// The views that have a text form.
    public static let views: Set<ViewName> = Set(ViewName.allCases).subtracting([.density])

    /// What the views say of the recording rather than of its requests: a split has them once.
    private static let common: Set<ViewName> = [.memory, .processes]

    /// The text of the views asked for; ends with a newline. The window is the whole session unless the query says
    /// otherwise. Split, the views follow each other under the name of each value.
    public static func text(
        _ engine: SessionEngine, _ query: ViewQuery = ViewQuery(window: .all), views: Set<ViewName> = views
    ) throws(ReplayError) -> String {
        let input = try engine.input(query)
        var lines: [String] = []
        head(engine, input, query.filter, &lines)
        if let parts = try engine.parts(query) {
            for (value, part) in parts.values {
                let heading = "\(parts.dimension.rawValue) \(Human.safe(value))"
                lines += [heading, String(repeating: "=", count: heading.count)]
                body(engine, part, views.subtracting(common), &lines)
            }
            if parts.values.isEmpty { lines += ["No request of any \(parts.dimension.rawValue)", ""] }
            if parts.more > 0 { lines += ["and \(parts.more) more", ""] }
        }
        body(engine, input, query.split == nil ? views : views.intersection(common), &lines)
        if lines.last == "" { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func body(
        _ engine: SessionEngine, _ input: SnapshotInput, _ views: Set<ViewName>, _ lines: inout [String]
    ) {
        // What is slow comes first.
        if views.contains(.overview) { words(input, &lines) }
        if views.contains(.throughput) { throughput(input, &lines) }
        if views.contains(.latency) { latency(input, &lines) }
        if views.contains(.layers) { layers(input, &lines) }
        if views.contains(.links) { links(input, &lines) }
        if views.contains(.devices) { devices(input, &lines) }
        if views.contains(.cache) { cache(input, &lines) }
        if views.contains(.memory) { memory(input, &lines) }
        if views.contains(.requests) { requests(input, &lines) }
        if views.contains(.processes) { processes(engine, input, &lines) }
    }

    private static func head(
        _ engine: SessionEngine, _ input: SnapshotInput, _ filter: RequestFilter, _ lines: inout [String]
    ) {
        let at = Human.duration(input.relative(input.instant.nanos))
        lines.append("Session \(Human.safe(engine.info.name)) (\(engine.info.id)), \(engine.state.rawValue)")
        lines.append(
            "  \(Human.count(Int64(input.fold.eventCount))) events, \(at) long; window \(input.window.label), clock \(input.clock.rawValue)"
        )
        lines.append(
            "  \(DevicesView(input: input).rows.count) devices, \(Set(LayersView(input: input).rows.map(\.layer)).count) layers"
        )
        if !filter.isAll { lines.append("  only requests of \(Human.safe(filter.words))") }
        if let words = Quality(input: input).words { lines.append("  \(words)") }
        lines.append("")
    }

    private static func throughput(_ input: SnapshotInput, _ lines: inout [String]) {
        let view = ThroughputView(input: input)
        lines.append("Tokens")
        var table = TextTable(["", "tokens", "tokens/s"])
        table.add([
            "generated, over the wall", Human.count(input.sum(Tick.generated)),
            Human.rate(input.rate(input.sum(Tick.generated))),
        ])
        table.add(["generated, while decoding", "", Human.rate(view.whileDecoding)])
        table.add(["generated, per request", "", Human.rate(view.perRequest)])
        table.add([
            "prompt, computed", Human.count(input.sum(Tick.prompt)), Human.rate(input.rate(input.sum(Tick.prompt))),
        ])
        table.add([
            "prompt, cached", Human.count(input.sum(Tick.cached)), Human.rate(input.rate(input.sum(Tick.cached))),
        ])
        lines += table.lines
        lines.append("  idle \(Human.percent(view.idleRatio)) of \(Human.duration(input.wallNanos))")
        lines.append("")
    }

    private static func row(_ name: String, _ statistics: Statistics) -> [String] { [name] + statistics.cells }

    private static func latency(_ input: SnapshotInput, _ lines: inout [String]) {
        let view = LatencyView(input: input)
        let states = view.states
        lines.append("Requests")
        lines.append(
            "  "
                + RequestState.allCases.filter { states[$0, default: 0] > 0 || $0 == .finished }
                .map { "\($0.rawValue) \(states[$0, default: 0])" }.joined(separator: ", "))
        var table = TextTable([""] + Statistics.columns)
        table.add(row("time to first token", input.ttft))
        table.add(row("time per output token", input.fold.requests.tpot.statistics(in: input.window)))
        table.add(row("gap between tokens", input.fold.requests.itl.statistics(in: input.window)))
        table.add(row("end to end", input.fold.requests.e2e.statistics(in: input.window)))
        table.add(row("queue", input.fold.requests.queue.statistics(in: input.window)))
        table.add(row("prefill", input.fold.requests.prefill.statistics(in: input.window)))
        let client = input.fold.requests.clientE2e.statistics(in: input.window)
        if client.count > 0 { table.add(row("end to end, client", client)) }
        lines += table.lines
        let (good, count) = view.goodput
        if count > 0 {
            lines.append("  goodput (TTFT 1 s, TPOT 100 ms): \(good) of \(count); P99 is known from 300 samples on")
        }
        lines.append("")
    }

    private static func layers(_ input: SnapshotInput, _ lines: inout [String]) {
        let rows = LayersView(input: input).rows
        guard !rows.isEmpty else { return }
        for (phase, value) in [("decode", \LayersView.Row.decode), ("prefill", \LayersView.Row.prefill)] {
            guard rows.contains(where: { $0[keyPath: value].count > 0 }) else { continue }
            lines.append("Layers, \(phase)")
            var table = TextTable(["layer", "device"] + Statistics.columns, left: [1])
            for entry in rows {
                var cells = row(String(entry.layer), entry[keyPath: value])
                cells.insert(Human.safe(entry.device), at: 1)
                table.add(cells)
            }
            lines += table.lines
            lines.append("")
        }
    }

    private static func links(_ input: SnapshotInput, _ lines: inout [String]) {
        let rows = LinksView(input: input).rows
        guard !rows.isEmpty else { return }
        lines.append("Links, transit in decode")
        var table = TextTable(["link", "transfers", "size", "mean", "P50", "P95", "P99", "clock error"])
        for row in rows {
            let error = input.clockError(row.state)
            // A transit below its band says nothing.
            let mark = error != nil && row.isBelow(error) ? " > transit" : ""
            table.add([
                "\(Human.safe(row.from)) > \(Human.safe(row.to))", Human.count(row.transfers),
                Human.bytes(row.sizeBytes),
                Human.duration(row.decode.meanNanos), Human.duration(row.decode.p50Nanos),
                Human.duration(row.decode.p95Nanos), Human.p99(row.decode),
                error.map { "+-\(Human.duration($0))\(mark)" } ?? "-",
            ])
        }
        lines += table.lines
        lines.append("")
    }

    private static func devices(_ input: SnapshotInput, _ lines: inout [String]) {
        let view = DevicesView(input: input)
        let rows = view.rows
        guard !rows.isEmpty else { return }
        lines.append("Devices")
        var table = TextTable([
            "device", "layers", "busy", "no request", "too few", "upstream", "downstream", "bubble", "stage P50",
        ])
        for row in rows {
            func share(_ nanos: Int64) -> String { Human.percent(input.ratio(nanos, row.wall)) }
            let layers = row.firstLayer.flatMap { first in row.lastLayer.map { "\(first)-\($0)" } } ?? "-"
            table.add([
                Human.safe(row.device), layers, share(row.busy), share(row.noRequest), share(row.tooFew),
                share(row.upstream), share(row.downstream), Human.percent(row.bubbleRatio),
                Human.duration(row.stageTime.p50Nanos),
            ])
        }
        lines += table.lines
        if let imbalance = view.imbalance(rows) { lines.append("  imbalance \(Decimals.significant(imbalance))") }
        lines.append("")
    }

    private static func cache(_ input: SnapshotInput, _ lines: inout [String]) {
        let cache = CacheView(input: input)
        if cache.lookups > 0 {
            lines.append("Prefix cache")
            lines.append(
                "  tokens \(Human.count(cache.hitTokens)) of \(Human.count(cache.promptTokens)) (\(Human.percent(cache.tokenHitRatio))), "
                    + "lookups \(cache.hits) of \(cache.lookups) (\(Human.percent(cache.accessHitRatio)))")
            lines.append("")
        }
    }

    private static func memory(_ input: SnapshotInput, _ lines: inout [String]) {
        let memory = input.fold.memory.devices.indices.filter { input.fold.memory.devices[$0].hasSample }
            .sorted { input.device($0) < input.device($1) }
        guard !memory.isEmpty else { return }
        lines.append("Memory")
        var table = TextTable(["device", "resident", "active", "free list", "peak", "GPU", "CPU"])
        for index in memory {
            let device = input.fold.memory.devices[index]
            table.add([
                Human.safe(input.device(index)), Human.bytes(device.rss.last), Human.bytes(device.active.last),
                Human.bytes(device.allocatorCache.last), Human.bytes(device.peak.last), Human.bytes(device.gpu),
                Human.percent(device.cpuPPM.map { Double($0) / 1e6 }),
            ])
        }
        lines += table.lines
        lines.append("")
    }

    private static let shownRequests = 20

    private static func requests(_ input: SnapshotInput, _ lines: inout [String]) {
        let rows = RequestsView(input: input).rows
        guard !rows.isEmpty else { return }
        lines.append("Newest requests")
        var table = TextTable(
            ["trace", "state", "start", "queue", "TTFT", "TPOT", "end to end", "in", "cached", "out"], left: [0, 1])
        for record in rows.prefix(shownRequests) {
            let output = record.outputTokens ?? (record.emittedTokens > 0 ? record.emittedTokens : nil)
            table.add([
                record.trace.description, record.state(at: input.instant.nanos).rawValue,
                Human.duration(input.relative(record.start)), Human.duration(record.queueNanos),
                Human.duration(input.ttft(record)), Human.duration(record.tpot),
                Human.duration(record.e2e), record.inputTokens.map(Human.count) ?? "-",
                record.cachedTokens.map(Human.count) ?? "-", output.map(Human.count) ?? "-",
            ])
        }
        lines += table.lines
        if rows.count > shownRequests { lines.append("  and \(rows.count - shownRequests) more") }
        lines.append("")
    }

    private static func processes(_ engine: SessionEngine, _ input: SnapshotInput, _ lines: inout [String]) {
        lines.append("Streams")
        var table = TextTable(
            ["device", "host", "state", "events", "dropped", "record cost", "size"], left: [0, 1, 2])
        for (index, stream) in engine.reader.streams.enumerated().sorted(by: {
            ($0.element.device, $0.offset) < ($1.element.device, $1.offset)
        }) {
            let events = index < input.fold.processes.streams.count ? input.fold.processes.streams[index].events : 0
            let dropped = stream.dropped.values.reduce(0, &+)
            table.add([
                Human.safe(stream.device), Human.safe(stream.host), stream.state.rawValue, Human.count(Int64(events)),
                Human.count(Int64(clamping: dropped)),
                stream.recordCostNanos.map { "\(Decimals.significant($0)) ns" } ?? "-",
                Human.bytes(Int64(stream.sizeBytes)),
            ])
        }
        lines += table.lines
        let open = input.fold.openSpans()
        if !open.isEmpty {
            lines.append("  \(Human.count(Int64(open.count))) spans begun and not ended:")
            for span in open.prefix(10) {
                let name = input.directory.symbols.role(RoleID(span.role)).name
                let device = input.device(Int(input.directory.stream(span.stream).device))
                lines.append(
                    "    \(Human.safe(name)) on \(Human.safe(device)) since \(Human.duration(input.relative(span.start)))"
                )
            }
        }
        lines.append("")
    }

    private static func words(_ input: SnapshotInput, _ lines: inout [String]) {
        let findings = Bottleneck(input: input).findings
        lines.append("Bottleneck")
        if findings.isEmpty { lines.append("  Nothing stands out.") }
        for finding in findings { lines.append("  \(Human.safe(finding.text))") }
        lines.append("")
    }
}
