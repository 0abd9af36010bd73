public import SpanreelTracing

/// Where the time of requests went: their critical paths, summed by role and device. The nanoseconds of all rows add up
/// to the requests' durations.
public struct PathReport: Sendable {
    /// One role on one device.
    public struct Row: Sendable {
        /// What was done.
        public var role: Role
        /// The label of the device that did it; of a hop the one that its time belongs to.
        public var device: String
        /// Time on the paths.
        public var nanos: Int64
        /// Stretches of paths.
        public var pieces: Int
    }

    /// A kind of time; of compute by device.
    public struct Part: Sendable {
        /// What it was spent on.
        public var kind: PathKind
        /// Of compute: where; else empty.
        public var device: String
        /// Time on the paths.
        public var nanos: Int64
    }

    /// The requests that ended in the window.
    public var requests: Int
    /// Their durations.
    public var totalNanos: Int64
    /// The same time by kind, in the order of ``PathKind``, then of device labels.
    public var parts: [Part]
    /// The longest first.
    public var rows: [Row]
    /// Requests that have not ended, and are not in the sums.
    public var openRequests: Int
    /// Traces that were too large to hold.
    public var notHeld: Int

    init(_ fold: PathFold, _ directory: Directory) {
        requests = fold.requests
        totalNanos = fold.totalNanos
        openRequests = fold.openRequests
        notHeld = fold.notHeld
        // Several streams may belong to one device.
        var places: [UInt64: Int] = [:]
        rows = []
        for sum in fold.sums where sum.pieces > 0 {
            let key = UInt64(sum.role) << 32 | UInt64(UInt32(bitPattern: sum.device))
            if let place = places[key] {
                rows[place].nanos &+= sum.nanos
                rows[place].pieces += sum.pieces
            } else {
                places[key] = rows.count
                rows.append(
                    Row(
                        role: directory.symbols.role(RoleID(sum.role)),
                        device: directory.name(ofDevice: Int(sum.device)), nanos: sum.nanos, pieces: sum.pieces))
            }
        }
        var byKind: [String: Part] = [:]
        for row in rows {
            let kind = PathKind(row.role.operation)
            let device = kind == .compute ? row.device : ""
            byKind["\(kind) \(device)", default: Part(kind: kind, device: device, nanos: 0)].nanos &+= row.nanos
        }
        let order = PathKind.allCases
        parts = byKind.values.sorted { a, b in
            (order.firstIndex(of: a.kind) ?? 0, a.device) < (order.firstIndex(of: b.kind) ?? 0, b.device)
        }
        rows.sort { a, b in
            if a.nanos != b.nanos { return a.nanos > b.nanos }
            return (a.label, a.device) < (b.label, b.device)
        }
    }

    /// Writes the report's members.
    func write(_ json: inout JSONWriter) {
        json.field("requests", requests)
        json.field("totalNanos", totalNanos)
        json.field("openRequests", openRequests)
        json.field("notHeld", notHeld)
        json.array("parts") { json in
            for part in parts {
                json.object { json in
                    json.field("kind", part.kind.rawValue)
                    json.field("device", part.kind == .compute ? part.device : nil)
                    json.field("nanos", part.nanos)
                    json.ratio("share", totalNanos > 0 ? Double(part.nanos) / Double(totalNanos) : nil)
                }
            }
        }
        json.array("rows") { json in
            for row in rows {
                json.object { json in
                    json.field("name", row.role.name)
                    json.field("operation", "\(row.role.operation)")
                    json.field("phase", row.role.phase.label)
                    json.field("layer", row.role.layer)
                    json.field("stage", row.role.stage)
                    json.field("from", row.role.link?.from)
                    json.field("to", row.role.link?.to)
                    json.field("device", row.device)
                    json.field("nanos", row.nanos)
                    json.field("pieces", row.pieces)
                    json.ratio("share", totalNanos > 0 ? Double(row.nanos) / Double(totalNanos) : nil)
                }
            }
        }
    }

    /// The report as lines of aligned columns; at most `limit` rows, the rest in one.
    public func text(title: String, limit: Int = 24) -> [String] {
        let each = requests > 0 ? totalNanos / Int64(requests) : nil
        var lines = [title, "  \(Human.count(Int64(requests))) requests, on average \(Human.duration(each))"]
        if openRequests > 0 { lines.append("  \(openRequests) more are open and not counted") }
        if notHeld > 0 { lines.append("  \(notHeld) traces were too large to hold and are left out") }
        guard requests > 0 else { return lines }
        lines.append("")
        func cells(_ what: String, _ device: String, _ nanos: Int64) -> [String] {
            [
                Human.safe(what), Human.safe(device), Human.duration(nanos / Int64(requests)),
                Human.percent(totalNanos > 0 ? Double(nanos) / Double(totalNanos) : nil),
            ]
        }
        var kinds = TextTable(["kind", "device", "of a request", "share"], left: [0, 1])
        for part in parts { kinds.add(cells(part.kind.rawValue, part.device, part.nanos)) }
        lines += kinds.lines + [""]
        var table = TextTable(["what", "device", "of a request", "share"], left: [0, 1])
        for entry in rows.prefix(limit) { table.add(cells(entry.label, entry.device, entry.nanos)) }
        let rest = rows.dropFirst(limit)
        if !rest.isEmpty { table.add(cells("\(rest.count) more", "", rest.reduce(0) { $0 &+ $1.nanos })) }
        return lines + table.lines
    }
}

extension PathReport.Row {
    /// The role in words: `layer 11, decode`. O(1).
    public var label: String {
        var words = role.name
        if let layer = role.layer { words += " \(layer)" }
        if let link = role.link { words += " \(link.from) > \(link.to)" }
        return role.phase == .none ? words : "\(words), \(role.phase.label)"
    }
}
