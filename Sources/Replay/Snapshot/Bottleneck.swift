import SpanreelTracing

/// What stands out, in words. Like is compared with like, and what is no problem is not named.
struct Bottleneck {
    let input: SnapshotInput

    /// One sentence and what it rests on.
    struct Finding {
        var text: String
        var isWarning: Bool
        /// How much it matters; larger first.
        var weight: Double
        var view: String
        var layer: Int?
        var device: String?
        var link: (from: String, to: String)?

        func write(_ json: inout JSONWriter) {
            json.field("text", text)
            json.field("severity", isWarning ? "warn" : "info")
            json.object("evidence") { json in
                json.field("view", view)
                if let layer { json.field("layer", layer) }
                if let device { json.field("device", device) }
                if let link {
                    json.field("from", link.from)
                    json.field("to", link.to)
                }
            }
        }
    }

    /// Fewer observations than this say nothing.
    private static let leastCount = 8

    /// The findings, the worst first.
    var findings: [Finding] {
        var all = silent + slowLayers + slowLinks + slowDevices + waiting + cache
        if input.dropped > 0 {
            all.append(
                Finding(
                    text: "\(input.dropped) events were dropped: numbers are lower bounds.", isWarning: true,
                    weight: 50,
                    view: "processes"))
        }
        if !all.contains(where: { $0.isWarning && $0.view != "processes" }) { all += pace }
        return all.sorted { ($0.isWarning ? 1 : 0, $0.weight, $1.text) > ($1.isWarning ? 1 : 0, $1.weight, $0.text) }
    }

    private var silent: [Finding] {
        input.silent.map { silence in
            Finding(
                text:
                    "\(silence.device) is silent for \(Decimals.text(Double(silence.silentNanos) / 1e9, 1) ?? "?") s.",
                isWarning: true, weight: 1000, view: "processes", device: silence.device)
        }
    }

    /// The middle of the others' medians, and how far these lie from it.
    private static func peers(_ values: [Int64]) -> (median: Double, spread: Double)? {
        guard values.count >= 2 else { return nil }
        let sorted = values.sorted()
        guard let median = Statistics.percentile(50, of: sorted) else { return nil }
        let deviations = sorted.map { Int64(clamping: ($0 &- median).magnitude) }.sorted()
        return (Double(median), Double(Statistics.percentile(50, of: deviations) ?? 0))
    }

    private func times(_ ratio: Double) -> String { "\(Decimals.text(ratio, 2) ?? "?")x" }

    // MARK: Layers

    private var slowLayers: [Finding] {
        let rows = LayersView(input: input).rows
        let phase = rows.contains { $0.decode.count >= Self.leastCount } ? "decode" : "prefill"
        let measured = rows.compactMap { row -> (row: LayersView.Row, median: Int64)? in
            let statistics = phase == "decode" ? row.decode : row.prefill
            guard statistics.count >= Self.leastCount, let median = statistics.p50Nanos else { return nil }
            return (row, median)
        }
        let whole = measured.reduce(0.0) { $0 + Double($1.median) }
        var findings: [Finding] = []
        for (place, entry) in measured.enumerated() {
            // Like with like: the layers of the same device; of a device with few layers all others.
            var others = measured.enumerated().filter {
                $0.offset != place && $0.element.row.device == entry.row.device
            }
            .map(\.element.median)
            if others.count < 3 { others = measured.enumerated().filter { $0.offset != place }.map(\.element.median) }
            guard let peers = Self.peers(others), peers.median > 0 else { continue }
            let ratio = Double(entry.median) / peers.median
            let excess = Double(entry.median) - peers.median
            // Under a fiftieth of a token's time it is no bottleneck, however odd.
            guard ratio > 1.3, excess > 5 * peers.spread, excess > 20_000, excess * 50 > whole else { continue }
            findings.append(
                Finding(
                    text:
                        "Layer \(entry.row.layer) on \(entry.row.device) takes \(times(ratio)) its neighbours in \(phase).",
                    isWarning: true, weight: 100 + excess / 1e6, view: "layers", layer: entry.row.layer,
                    device: entry.row.device))
        }
        return Array(findings.sorted { $0.weight > $1.weight }.prefix(3))
    }

    // MARK: Links

    private var slowLinks: [Finding] {
        let rows = LinksView(input: input).rows.filter { $0.decode.count >= Self.leastCount }
        var findings: [Finding] = []
        for (place, row) in rows.enumerated() {
            guard let median = row.decode.p50Nanos else { continue }
            let others = rows.indices.filter { $0 != place }
            func meanSize(_ row: LinksView.Row) -> Double {
                max(1, Double(row.sizeBytes) / Double(max(1, row.transfers)))
            }
            let size = meanSize(row)
            let alike = others.filter { meanSize(rows[$0]) <= 4 * size && size <= 4 * meanSize(rows[$0]) }
            let chosen = (alike.isEmpty ? others : alike).compactMap { rows[$0].decode.p50Nanos }
            guard let reference = Statistics.percentile(50, of: chosen.sorted()), reference >= 0 else { continue }
            let excess = Double(median) - Double(reference)
            let ratio = Double(median) / Double(max(1, reference))
            let error = Double(input.clockError(row.state) ?? 0)
            guard ratio > 1.5, excess > 200_000, excess > 2 * error else { continue }
            findings.append(
                Finding(
                    text: "The hop \(row.from) to \(row.to) takes \(times(ratio)) the others in decode "
                        + "(\(Decimals.significant(Double(median) / 1e6)) ms).",
                    isWarning: true, weight: 90 + excess / 1e6, view: "links", link: (row.from, row.to)))
        }
        return Array(findings.sorted { $0.weight > $1.weight }.prefix(2))
    }

    // MARK: Devices

    private var slowDevices: [Finding] {
        let layers = LayersView(input: input).rows.filter { $0.decode.count >= Self.leastCount }
        let byDevice = Dictionary(grouping: layers, by: \.device)
        let medians = byDevice.mapValues { rows in
            Statistics.percentile(50, of: rows.compactMap(\.decode.p50Nanos).sorted()) ?? 0
        }
        guard medians.count > 1 else { return [] }
        var findings: [Finding] = []
        for (device, median) in medians.sorted(by: { $0.key < $1.key }) {
            let others = medians.filter { $0.key != device }.map(\.value).sorted()
            guard let reference = Statistics.percentile(50, of: others), reference > 0 else { continue }
            let ratio = Double(median) / Double(reference)
            let count = byDevice[device]?.count ?? 1
            let excess = (Double(median) - Double(reference)) * Double(count)
            guard ratio > 1.3, excess > 50_000 else { continue }
            findings.append(
                Finding(
                    text: "A layer on \(device) takes \(times(ratio)) one on the other devices in decode.",
                    isWarning: true, weight: 110 + excess / 1e6, view: "devices", device: device))
        }
        return findings
    }

    // MARK: Waiting, cache, pace

    private var waiting: [Finding] {
        let queue = input.fold.requests.queue.statistics(in: input.window)
        guard queue.count >= Self.leastCount, let wait = queue.p50Nanos,
            let ttft = input.ttft.p50Nanos, ttft > 0
        else { return [] }
        let share = Double(wait) / Double(ttft)
        guard share > 0.5, wait > 50_000_000 else { return [] }
        return [
            Finding(
                text: "Half of the requests wait \(Decimals.significant(Double(wait) / 1e6)) ms or more in the queue, "
                    + "\(Decimals.text(min(1, share) * 100, 0) ?? "?") % of their time to first token.",
                isWarning: true, weight: 60, view: "latency")
        ]
    }

    private var cache: [Finding] {
        let cache = CacheView(input: input)
        guard cache.lookups >= 20, let ratio = cache.tokenHitRatio, ratio < 0.1 else { return [] }
        return [
            Finding(
                text: "The prefix cache serves only \(Decimals.text(ratio * 100, 1) ?? "?") % of prompt tokens.",
                isWarning: false, weight: 10, view: "cache")
        ]
    }

    private var pace: [Finding] {
        let view = DevicesView(input: input)
        let rows = view.rows
        guard rows.contains(where: { $0.stageTime.count >= Self.leastCount }), let bound = view.bound(rows) else {
            return []
        }
        if bound.isLatency { return [Finding(text: bound.words, isWarning: false, weight: 20, view: "devices")] }
        guard let imbalance = view.imbalance(rows), imbalance > 1.2 else { return [] }
        return [
            Finding(
                text: "The slowest stage takes \(times(imbalance)) the mean: \(bound.words)", isWarning: false,
                weight: 30,
                view: "devices")
        ]
    }
}
