import SpanreelTracing

extension SessionEngine {
    /// The views in their envelope: one under `data`, several under `views`, as canonical JSON.
    public func views(_ names: [ViewName], _ query: ViewQuery = ViewQuery()) throws(ReplayError) -> [UInt8] {
        guard !names.isEmpty else { throw ReplayError(.invalid, "Name at least one view.") }
        let input = try input(query)
        let parts = try parts(query)
        var json = JSONWriter()
        json.object { json in
            if names.count == 1 { json.field("view", names[0].rawValue) }
            writeHead(at: input.relative(input.instant.nanos), &json)
            json.field("windowNanos", input.windowNanos)
            json.field("window", input.window.label)
            json.field("clock", query.clock.rawValue)
            writeFilter(query, &json)
            writeStand(cut(of: input), isFinal: !(names.contains(.processes) && state == .live), &json)
            json.object("quality") { Quality(input: input).write(&$0) }
            if names.count == 1 {
                json.object("data") { write(names[0], input, parts, &$0) }
            } else {
                json.object("views") { json in
                    for name in names { json.object(name.rawValue) { write(name, input, parts, &$0) } }
                }
            }
        }
        return json.bytes
    }

    private func cut(of input: SnapshotInput) -> Cut {
        var cut = input.fold.cut
        cut.dropped = input.dropped
        cut.silent = input.silent
        return cut
    }

    private func write(_ name: ViewName, _ input: SnapshotInput, _ parts: SplitParts?, _ json: inout JSONWriter) {
        guard let parts else { return write(name, input, &json) }
        parts.write(&json) { write(name, $0, &$1) }
    }

    func write(_ name: ViewName, _ input: SnapshotInput, _ json: inout JSONWriter) {
        switch name {
        case .overview: OverviewView(input: input).write(&json)
        case .throughput: ThroughputView(input: input).write(&json)
        case .latency: LatencyView(input: input).write(&json)
        case .layers: LayersView(input: input).write(&json)
        case .links: LinksView(input: input).write(&json)
        case .cache: CacheView(input: input).write(&json)
        case .memory: MemoryView(input: input).write(&json)
        case .devices: DevicesView(input: input).write(&json)
        case .requests: RequestsView(input: input).write(&json)
        case .processes: writeProcesses(input, &json)
        case .density: DensityView(input: input).write(&json)
        }
    }

    /// The newest requests: the rows of the view `requests`.
    public func traces(limit: Int = 500, _ query: ViewQuery = ViewQuery()) throws(ReplayError) -> [UInt8] {
        let input = try input(query)
        var json = JSONWriter()
        json.object { RequestsView(input: input, limit: min(max(0, limit), RequestFold.limit)).write(&$0) }
        return json.bytes
    }

    private func writeProcesses(_ input: SnapshotInput, _ json: inout JSONWriter) {
        let processes = input.fold.processes.streams
        let clocks = ClockRow.rows(input)
        let order = reader.streams.indices.sorted { a, b in
            let (x, y) = (reader.streams[a], reader.streams[b])
            return (x.device, "\(x.id)", x.epoch) < (y.device, "\(y.id)", y.epoch)
        }
        json.array("processes") { json in
            for index in order {
                let seen = index < processes.count ? processes[index] : ProcessFold.Stream()
                json.object { writeProcess(index, seen, clocks, input, &$0) }
            }
        }
        json.array("clocks") { json in for clock in clocks { json.object { clock.write(&$0) } } }
        json.array("open") { json in
            for span in input.fold.openSpans().prefix(200) {
                json.object { json in
                    json.field("span", SpanID(span.span).description)
                    json.field("name", input.directory.symbols.role(RoleID(span.role)).name)
                    json.field("device", input.device(Int(input.directory.stream(span.stream).device)))
                    json.field("startNanos", input.relative(span.start))
                }
            }
        }
    }

    private func writeProcess(
        _ index: Int, _ seen: ProcessFold.Stream, _ clocks: [ClockRow], _ input: SnapshotInput,
        _ json: inout JSONWriter
    ) {
        let stream = reader.streams[index]
        let age: Int64? =
            stream.state == .live
            ? stream.silentNanos ?? stream.lastHeartbeat.map { max(0, input.instant.nanos &- $0.nanos) }
            : seen.events > 0 ? max(0, input.instant.nanos &- seen.lastTime) : nil
        let isSilent =
            stream.state == .live
            ? (age ?? 0) > Watermark.silenceNanos : input.silent.contains { $0.device == stream.device }
        json.field("stream", "\(stream.id)-\(stream.epoch)")
        json.field("device", stream.device)
        json.field("host", stream.host)
        json.field("pid", stream.pid)
        json.field("state", isSilent && stream.state != .dead ? "silent" : stream.state.rawValue)
        json.field("silentNanos", age)
        json.field("lastEventNanos", seen.events > 0 ? input.relative(seen.lastTime) : nil)
        json.field("events", seen.events)
        json.object("dropped") { json in
            for (reason, count) in stream.dropped.sorted(by: { $0.key.label < $1.key.label }) {
                json.field(reason.label, Int64(clamping: count))
            }
        }
        json.field("lost", lostEvents(of: index))
        json.field("clockDomain", stream.clockDomain)
        let domain = index < input.directory.streams.count ? input.directory.streams[index].clockDomain : ""
        json.field("clockErrorNanos", clocks.first { $0.domain == domain }.flatMap(\.error))
        json.rate("recordCostNanos", stream.recordCostNanos)
        json.field("sizeBytes", stream.sizeBytes)
    }

    /// Events that damage took from a stream, as far as the ranges are known. Damage that names no stream counts for
    /// the stream in whose directory its file lies.
    private func lostEvents(of index: Int) -> Int {
        let stream = reader.streams[index]
        let folder = "\(stream.id)-\(stream.epoch)"
        return reader.damages.filter { reader.streams.count == 1 || $0.path.contains(folder) }.lostEvents
    }
}
