import SpanreelTracing

/// One request, emission by emission: where the time since the one before went, along the critical path. The parts of a
/// cell add up to its gap; the first gap is the time to the first token.
struct TokenStrip {
    /// A stretch of a cell's time.
    struct Part: Equatable {
        var kind: PathKind
        /// Of compute: where.
        var device: Int32
        var nanos: Int64
    }

    /// One emission.
    struct Cell {
        var tokens: Int64
        /// When, on the aligned clock.
        var time: Int64
        /// Since the emission before, or the request's start.
        var gapNanos: Int64
        /// In the order in which they first came.
        var parts: [Part]
    }

    private(set) var cells: [Cell] = []

    /// - Parameters:
    ///   - pieces: the request's critical path.
    ///   - emissions: time on the same clock and number of tokens, in any order.
    ///   - part: what a span's own time is, and where.
    init(
        _ pieces: ContiguousArray<CriticalPath.Piece>, start: Int64, emissions: [(time: Int64, tokens: Int64)],
        part: (Int32) -> (kind: PathKind, device: Int32)
    ) {
        var from = start
        var next = 0
        for emission in emissions.sorted(by: { $0.time < $1.time }) {
            let time = max(from, emission.time)
            var cell = Cell(tokens: emission.tokens, time: time, gapNanos: time &- from, parts: [])
            while next < pieces.count, pieces[next].start < time {
                let low = max(from, pieces[next].start)
                let high = min(time, pieces[next].end)
                if low < high { cell.add(part(pieces[next].span), high &- low) }
                guard pieces[next].end <= time else { break }
                next += 1
            }
            // Beyond the request's end, which on another clock may be a little early.
            let rest = cell.gapNanos &- cell.parts.reduce(0) { $0 &+ $1.nanos }
            if rest > 0 { cell.add((.other, -1), rest) }
            cells.append(cell)
            from = time
        }
    }

    /// Writes the cells' members; `device` names a device.
    func write(origin: Int64, device: (Int) -> String, _ json: inout JSONWriter) {
        json.array("cells") { json in
            for (index, cell) in cells.enumerated() {
                json.object { json in
                    json.field("index", index)
                    json.field("tokens", cell.tokens)
                    json.field("atNanos", cell.time &- origin)
                    json.field("gapNanos", cell.gapNanos)
                    json.array("parts") { json in
                        for part in cell.parts {
                            json.object { json in
                                json.field("kind", part.kind.rawValue)
                                json.field("device", part.device >= 0 ? device(Int(part.device)) : nil)
                                json.field("nanos", part.nanos)
                            }
                        }
                    }
                }
            }
        }
    }
}

extension TokenStrip.Cell {
    fileprivate mutating func add(_ what: (kind: PathKind, device: Int32), _ nanos: Int64) {
        let device = what.kind == .compute ? what.device : -1
        if let place = parts.firstIndex(where: { $0.kind == what.kind && $0.device == device }) {
            parts[place].nanos &+= nanos
        } else {
            parts.append(TokenStrip.Part(kind: what.kind, device: device, nanos: nanos))
        }
    }
}
