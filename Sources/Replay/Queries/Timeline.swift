import SpanreelTracing

/// Spans of all devices over a stretch of time, as many as so many pixels can show.
struct Timeline {
    private struct Bar {
        var device: Int32
        var domain: Int32
        var start: Int64
        var end: Int64
        var role: UInt32
        var span: UInt64
        var parent: UInt64
        var trace: TraceID
        var isOpen: Bool
        var row = 0
    }

    private static let rowLimit = 64
    private var bars: [Bar] = []
    private var begun: [UInt64: Int] = [:]
    private let directory: Directory
    private let from: Int64
    private let to: Int64
    private let clocks: ClockAlignment

    init(directory: Directory, from: Timestamp, to: Timestamp, clocks: ClockAlignment) {
        self.directory = directory
        self.from = from.nanos
        self.to = to.nanos
        self.clocks = clocks
    }

    /// Takes a span that was open at `from`.
    mutating func add(_ open: OpenSpan) {
        begun[open.span] = bars.count
        let stream = directory.stream(open.stream)
        bars.append(
            Bar(
                device: stream.device, domain: stream.domain, start: open.start, end: .max, role: open.role,
                span: open.span, parent: open.parent, trace: open.trace, isOpen: true))
    }

    /// Takes an event that may touch the stretch, in canonical order.
    mutating func add(_ event: Event) {
        switch event.kind {
        case .begin:
            guard event.time.nanos < to, begun[event.span.rawValue] == nil else { return }
            begun[event.span.rawValue] = bars.count
            append(event, end: .max, isOpen: true)
        case .end:
            guard let index = begun.removeValue(forKey: event.span.rawValue) else { return }
            bars[index].end = event.time.nanos
            bars[index].isOpen = false
        case .span:
            guard event.start.nanos < to, event.time.nanos > from else { return }
            append(event, end: event.time.nanos, isOpen: false)
        case .mark, .tokens, .sample: break
        }
    }

    private mutating func append(_ event: Event, end: Int64, isOpen: Bool) {
        let stream = directory.stream(event.stream)
        bars.append(
            Bar(
                device: stream.device, domain: stream.domain, start: event.start.nanos, end: end,
                role: event.role.index, span: event.span.rawValue, parent: event.parent.rawValue, trace: event.trace,
                isOpen: isOpen))
    }

    /// Gives each span the row below its parent's, or the first that is free.
    private mutating func assignRows() {
        bars.sort { a, b in
            if a.start != b.start { return a.start < b.start }
            if a.end != b.end { return a.end > b.end }
            return a.span < b.span
        }
        var rowOfSpan: [UInt64: (device: Int32, row: Int)] = [:]
        var ends: [Int32: [Int64]] = [:]
        for index in bars.indices {
            let bar = bars[index]
            var row = 0
            if let parent = rowOfSpan[bar.parent], bar.parent != 0, parent.device == bar.device { row = parent.row + 1 }
            var rows = ends[bar.device] ?? []
            while row < rows.count, rows[row] > bar.start, row < Self.rowLimit - 1 { row += 1 }
            row = min(row, Self.rowLimit - 1)
            while rows.count <= row { rows.append(.min) }
            rows[row] = max(rows[row], bar.end)
            ends[bar.device] = rows
            bars[index].row = row
            rowOfSpan[bar.span] = (bar.device, row)
        }
    }

    /// Writes the stretch for `pixels` columns. A span narrower than a column shares it: the longest one's name wins.
    mutating func write(pixels: Int, origin: Int64, _ json: inout JSONWriter) {
        for index in bars.indices where !clocks.isIdentity {
            let shift = clocks.offset(domain: Int(bars[index].domain), at: bars[index].start).offset
            bars[index].start = bars[index].start &- shift
            if bars[index].end != .max { bars[index].end = bars[index].end &- shift }
        }
        assignRows()
        let pixel = max(1, (to &- from) / Int64(max(1, min(pixels, 16_384))))
        struct Track: Hashable {
            var device: String
            var row: Int
        }
        var tracks: [Track: [Bar]] = [:]
        var lastColumn: [Track: Int64] = [:]
        for bar in bars {
            let end = min(bar.end, to)
            let start = max(bar.start, from)
            guard start < end || (bar.start == bar.end && bar.start >= from && bar.start <= to) else { continue }
            let track = Track(device: directory.devices[Int(bar.device)], row: bar.row)
            var shown = bar
            shown.start = bar.start
            shown.end = end
            let column = (start &- from) / pixel
            let isNarrow = end &- start < pixel
            if isNarrow, lastColumn[track] == column, let last = tracks[track]?.indices.last,
                var merged = tracks[track]?[last]
            {
                let isLonger = shown.end &- shown.start > merged.end &- merged.start
                let name = isLonger ? shown.role : merged.role
                merged.end = max(merged.end, shown.end)
                merged.role = name
                merged.span = 0
                tracks[track]?[last] = merged
            } else {
                tracks[track, default: []].append(shown)
                lastColumn[track] = isNarrow ? column : nil
            }
        }
        write(
            tracks.map { ($0.key.device, $0.key.row, $0.value) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }, origin, &json)
    }

    private func write(_ tracks: [(String, Int, [Bar])], _ origin: Int64, _ json: inout JSONWriter) {
        var names: [String] = []
        var operations: [String] = []
        var numberOfRole: [String: Int] = [:]
        var traces: [TraceID] = []
        var numberOfTrace: [TraceID: Int] = [:]
        func name(_ role: UInt32) -> Int {
            let role = directory.symbols.role(RoleID(role))
            let key = "\(role.operation)/\(role.name)"
            if let number = numberOfRole[key] { return number }
            numberOfRole[key] = names.count
            names.append(role.name)
            operations.append("\(role.operation)")
            return names.count - 1
        }
        func number(_ trace: TraceID) -> Int {
            if trace.isNone { return -1 }
            if let number = numberOfTrace[trace] { return number }
            numberOfTrace[trace] = traces.count
            traces.append(trace)
            return traces.count - 1
        }
        let columns = tracks.map { track in
            (track.0, track.1, track.2.map { (name($0.role), number($0.trace), $0) })
        }
        json.field("fromNanos", from &- origin)
        json.field("toNanos", to &- origin)
        json.array("names") { json in for name in names { json.string(name) } }
        json.array("operations") { json in for operation in operations { json.string(operation) } }
        json.array("tracks") { json in
            for (device, row, bars) in columns {
                json.object { json in
                    json.field("device", device)
                    json.field("depth", row)
                    json.array("name") { json in for bar in bars { json.int(Int64(bar.0)) } }
                    json.array("startNanos") { json in for bar in bars { json.int(bar.2.start &- origin) } }
                    json.array("durationNanos") { json in for bar in bars { json.int(bar.2.end &- bar.2.start) } }
                    json.array("id") { json in
                        for bar in bars { json.string(bar.2.span == 0 ? "" : SpanID(bar.2.span).description) }
                    }
                    json.array("trace") { json in for bar in bars { json.int(Int64(bar.1)) } }
                    json.array("open") { json in
                        for (index, bar) in bars.enumerated() where bar.2.isOpen { json.int(Int64(index)) }
                    }
                }
            }
        }
        json.array("traces") { json in for trace in traces { json.string(trace.description) } }
    }
}
