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
        /// What the part takes, and what its like take: medians.
        var figures: (own: Int64, others: Int64)?

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
                if let figures {
                    json.field("medianNanos", figures.own)
                    json.field("othersNanos", figures.others)
                }
            }
        }
    }

    /// Fewer observations than this say nothing.
    private static let leastCount = 8

    /// The findings, the worst first.
    var findings: [Finding] {
        let slowDevices = slowDevices
        var all =
            silent + slowLayers(besides: slowDevices.compactMap(\.device)) + slowLinks + slowDevices + waiting + cache
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

    private func milliseconds(_ nanos: Int64) -> String { "\(Decimals.significant(Double(nanos) / 1e6)) ms" }

    // MARK: Layers

    private func slowLayers(besides slowDevices: [String]) -> [Finding] {
        let rows = LayersView(input: input).rows
        let phase = rows.contains { $0.decode.count >= Self.leastCount } ? "decode" : "prefill"
        let measured = rows.compactMap { row -> (row: LayersView.Row, median: Int64, low: Int64)? in
            let statistics = phase == "decode" ? row.decode : row.prefill
            guard let median = statistics.p50Nanos, let low = statistics.medianLowNanos else { return nil }
            return (row, median, low)
        }
        let whole = measured.reduce(0.0) { $0 + Double($1.median) }
        var findings: [Finding] = []
        for (place, entry) in measured.enumerated() {
            // Like with like: the layers of the same device; of a device with few layers all others.
            var others = measured.enumerated().filter {
                $0.offset != place && $0.element.row.device == entry.row.device
            }
            .map(\.element.median)
            if others.count < 3 {
                // All layers of a slow device are slow: that is said once.
                guard !slowDevices.contains(entry.row.device) else { continue }
                others = measured.enumerated().filter { $0.offset != place }.map(\.element.median)
            }
            guard let peers = Self.peers(others), peers.median > 0 else { continue }
            // The least that the layer takes by what was observed, not the median itself, has to stand out.
            let excess = Double(entry.low) - peers.median
            // Under a fiftieth of a token's time it is no bottleneck, however odd.
            guard Double(entry.low) > 1.3 * peers.median, excess > 5 * peers.spread, excess > 20_000,
                excess * 50 > whole
            else { continue }
            let ratio = Double(entry.median) / peers.median
            findings.append(
                Finding(
                    text: "Layer \(entry.row.layer) on \(entry.row.device) takes \(times(ratio)) its neighbours "
                        + "in \(phase) (\(milliseconds(entry.median))).",
                    isWarning: true, weight: 100 + (Double(entry.median) - peers.median) / 1e6, view: "layers",
                    layer: entry.row.layer, device: entry.row.device,
                    figures: (entry.median, Statistics.rounded(peers.median))))
        }
        return Array(findings.sorted { $0.weight > $1.weight }.prefix(3))
    }

    // MARK: Links

    /// What a byte more may cost a hop: a link slower than gigabit Ethernet is slow.
    private static let nanosPerByte = 8.0

    /// A link's decode transits, and what one of its messages carries.
    private struct Hop {
        var row: LinksView.Row
        var median: Int64
        var low: Int64
        var high: Int64
        var sizeBytes: Double
        /// What its two clocks may be off by.
        var errorNanos: Int64

        init?(_ row: LinksView.Row, errorNanos: Int64) {
            guard let median = row.decode.p50Nanos, let low = row.decode.medianLowNanos,
                let high = row.decode.medianHighNanos
            else { return nil }
            self.row = row
            self.median = median
            self.low = low
            self.high = high
            self.errorNanos = errorNanos
            sizeBytes = max(1, Double(row.sizeBytes) / Double(max(1, row.transfers)))
        }
    }

    /// What the other hops would take for messages of `size` bytes: the middle of medians, and of their upper ends.
    ///
    /// Hops with messages of similar size, else with larger ones, say it themselves; smaller messages say nothing about
    /// the time that the bytes beyond them take, which is granted.
    private static func expected(_ size: Double, of others: [Hop]) -> (median: Double, high: Double)? {
        var chosen = others.filter { $0.sizeBytes <= 4 * size && size <= 4 * $0.sizeBytes }
        if chosen.isEmpty { chosen = others.filter { $0.sizeBytes > size } }
        var granted = 0.0
        if chosen.isEmpty {
            chosen = others
            granted = (size - (others.map(\.sizeBytes).min() ?? size)) * nanosPerByte
        }
        guard let median = Statistics.percentile(50, of: chosen.map(\.median).sorted()),
            let high = Statistics.percentile(50, of: chosen.map(\.high).sorted())
        else { return nil }
        return (max(1, Double(median) + granted), max(1, Double(high) + granted))
    }

    private var slowLinks: [Finding] {
        // Between clocks that nothing ties together a transit says nothing, of this hop or of others.
        let hops = LinksView(input: input).rows.compactMap { row in
            input.clockError(row.state).flatMap { Hop(row, errorNanos: $0) }
        }
        var findings: [Finding] = []
        for (place, hop) in hops.enumerated() {
            let others = hops.enumerated().filter { $0.offset != place }.map(\.element)
            guard let reference = Self.expected(hop.sizeBytes, of: others) else { continue }
            let excess = Double(hop.low) - reference.high
            guard Double(hop.low) > 1.5 * reference.high, excess > 200_000, excess > 2 * Double(hop.errorNanos)
            else { continue }
            let row = hop.row
            let ratio = Double(hop.median) / reference.median
            findings.append(
                Finding(
                    text: "The hop \(row.from) to \(row.to) takes \(times(ratio)) the others in decode "
                        + "(\(milliseconds(hop.median))).",
                    isWarning: true, weight: 90 + (Double(hop.median) - reference.median) / 1e6, view: "links",
                    link: (row.from, row.to), figures: (hop.median, Statistics.rounded(reference.median))))
        }
        return Array(findings.sorted { $0.weight > $1.weight }.prefix(2))
    }

    // MARK: Devices

    private var slowDevices: [Finding] {
        let layers = LayersView(input: input).rows.filter { $0.decode.medianLowNanos != nil }
        /// The middle over a device's layers; of two the lesser, so that one slow layer does not make a slow device.
        func middle(_ rows: [LayersView.Row], _ value: (Statistics) -> Int64?) -> Int64 {
            let sorted = rows.compactMap { value($0.decode) }.sorted()
            return sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2]
        }
        let devices = Dictionary(grouping: layers, by: \.device).filter { $0.value.count > 1 }.mapValues { rows in
            (
                median: middle(rows, \.p50Nanos), low: middle(rows, \.medianLowNanos),
                high: middle(rows, \.medianHighNanos), count: rows.count
            )
        }
        var findings: [Finding] = []
        for (device, own) in devices.sorted(by: { $0.key < $1.key }) {
            let others = devices.filter { $0.key != device }.map(\.value)
            guard let reference = Statistics.percentile(50, of: others.map(\.median).sorted()), reference > 0,
                let high = Statistics.percentile(50, of: others.map(\.high).sorted())
            else { continue }
            guard Double(own.low) > 1.3 * Double(high), (Double(own.low) - Double(high)) * Double(own.count) > 50_000
            else { continue }
            let ratio = Double(own.median) / Double(reference)
            let excess = (Double(own.median) - Double(reference)) * Double(own.count)
            findings.append(
                Finding(
                    text: "A layer on \(device) takes \(times(ratio)) one on the other devices in decode "
                        + "(\(milliseconds(own.median))).",
                    isWarning: true, weight: 110 + excess / 1e6, view: "devices", device: device,
                    figures: (own.median, reference)))
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
