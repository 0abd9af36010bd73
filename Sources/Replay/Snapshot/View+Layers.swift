import SpanreelTracing

/// Time per layer and phase, and the heat map.
struct LayersView {
    let input: SnapshotInput

    /// One layer on one device.
    struct Row {
        var layer: Int
        var device: String
        var decode: Statistics
        var prefill: Statistics
        var decodeGroup: LayerFold.Group?
        var prefillGroup: LayerFold.Group?
    }

    /// The layers by number, then device. A layer without a phase counts as decode.
    var rows: [Row] {
        var rows: [Row] = []
        let groups = input.fold.layers.groups.sorted { a, b in
            (a.layer, input.device(a.device), a.phase.rawValue) < (b.layer, input.device(b.device), b.phase.rawValue)
        }
        for group in groups {
            let statistics = group.durations.statistics(in: input.window)
            let device = input.device(group.device)
            if rows.last?.layer != group.layer || rows.last?.device != device {
                rows.append(
                    Row(layer: group.layer, device: device, decode: .none, prefill: .none))
            }
            let last = rows.count - 1
            switch group.phase {
            case .prefill:
                rows[last].prefill = statistics
                rows[last].prefillGroup = group
            case .decode:
                rows[last].decode = statistics
                rows[last].decodeGroup = group
            case .none:
                if rows[last].decodeGroup == nil {
                    rows[last].decode = statistics
                    rows[last].decodeGroup = group
                }
            }
        }
        return rows
    }

    func write(_ json: inout JSONWriter) {
        let rows = rows
        let hasDecode = rows.contains { $0.decode.count > 0 }
        let totals = rows.map { row in
            let statistics = hasDecode ? row.decode : row.prefill
            return Double(statistics.meanNanos ?? 0) * Double(statistics.count)
        }
        let whole = totals.reduce(0, +)
        json.field("phase", hasDecode || rows.isEmpty ? "decode" : "prefill")
        json.array("layers") { json in
            for (row, total) in zip(rows, totals) {
                json.object { json in
                    json.field("layer", row.layer)
                    json.field("device", row.device)
                    json.statistics("decode", row.decode)
                    json.statistics("prefill", row.prefill)
                    for (name, group) in [("decodeCPU", row.decodeGroup), ("prefillCPU", row.prefillGroup)] {
                        json.statistics(name, group?.cpu.statistics(in: input.window) ?? .none)
                    }
                    json.ratio("share", whole > 0 ? total / whole : nil)
                }
            }
        }
        json.object("heatmap") { writeHeatmap(rows, hasDecode || rows.isEmpty, &$0) }
    }

    private func writeHeatmap(_ rows: [Row], _ isDecode: Bool, _ json: inout JSONWriter) {
        let columns = rows.map { row in
            (isDecode ? row.decodeGroup : row.prefillGroup)?.series
                .columns(from: input.firstBucket, to: input.lastBucket, limit: 120)
        }
        // Series that trimmed at different times may disagree in width: the coarsest rules.
        var width = columns.compactMap { $0?.width }.max() ?? 1
        while input.lastBucket / width - input.firstBucket / width >= 240 { width *= 2 }
        let first = input.firstBucket / width
        let count = rows.isEmpty ? 0 : input.lastBucket / width - first + 1
        json.field("phase", isDecode ? "decode" : "prefill")
        json.field("fromNanos", input.tickClock.start(first * width))
        json.field("bucketNanos", input.tickClock.start(width))
        json.field("buckets", count)
        json.array("rows") { json in
            for (row, column) in zip(rows, columns) {
                var sums = [Int64](repeating: 0, count: count)
                var counts = [Int64](repeating: 0, count: count)
                if let column {
                    for index in 0..<column.count {
                        let place = (column.firstBucket + index * column.width) / width - first
                        guard place >= 0, place < count else { continue }
                        sums[place] = sums[place] &+ column.value(0, index)
                        counts[place] = counts[place] &+ column.value(1, index)
                    }
                }
                json.object { json in
                    json.field("layer", row.layer)
                    json.array("meanNanos") { json in
                        for (sum, count) in zip(sums, counts) {
                            if count > 0 { json.int(sum / count) } else { json.null() }
                        }
                    }
                }
            }
        }
    }
}
