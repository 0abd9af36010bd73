public import SpanreelTracing

/// One tick in the words of the dashboard API.
private struct DashboardSample {
    var timestamp = 0.0
    var tokens = 0.0
    var prompt = 0.0
    var latency = 0.0
    var memory = 0.0
    var gpu = 0.0
    var cpu = 0.0
    var bandwidth = 0.0
    var hitRate = 0.0
    var active = 0.0
    var total: Int64 = 0

    func write(_ json: inout JSONWriter, isCurrent: Bool) {
        json.rate("timestamp", timestamp)
        json.rate("tokens_per_second", tokens)
        json.rate("prompt_eval_tokens_per_second", prompt)
        json.rate("eval_tokens_per_second", tokens)
        json.rate("latency_ms", latency)
        json.rate("memory_usage_mb", memory)
        json.rate("gpu_memory_mb", gpu)
        json.rate("cpu_percent", cpu)
        json.rate("network_bandwidth_mbps", bandwidth)
        json.ratio("cache_hit_rate", hitRate)
        if isCurrent { json.field("active_sessions", Int64(active)) } else { json.rate("active_sessions", active) }
        json.field("total_tokens_processed", total)
    }
}

/// The samples of a session in order, each with what carries over from the one before.
private struct DashboardHistory {
    let input: SnapshotInput
    private var latency = 0.0
    private var total: Int64 = 0
    private var hits: Int64 = 0
    private var lookups: Int64 = 0
    private var gauges: [(rss: Int64, gpu: Int64, cpu: Int64)]

    init(_ input: SnapshotInput) {
        self.input = input
        gauges = Array(repeating: (0, 0, 0), count: input.fold.memory.devices.count)
    }

    mutating func sample(_ bucket: Int) -> DashboardSample {
        let ticks = input.ticks
        let seconds = Double(input.tickClock.tickNanos) / 1e9
        let finished = ticks.value(Tick.finished, bucket: bucket)
        if finished > 0 { latency = Double(ticks.value(Tick.endToEnd, bucket: bucket)) / Double(finished) / 1e6 }
        let generated = ticks.value(Tick.generated, bucket: bucket)
        let prompt = ticks.value(Tick.prompt, bucket: bucket)
        total = total &+ generated &+ prompt
        hits = hits &+ ticks.value(Tick.hits, bucket: bucket)
        lookups = lookups &+ ticks.value(Tick.lookups, bucket: bucket)
        var rss: Int64 = 0
        var gpu: Int64 = 0
        var cpu: Int64 = 0
        for (index, device) in input.fold.memory.devices.enumerated() {
            let active = device.series.value(1, bucket: bucket)
            let reported = device.series.value(2, bucket: bucket)
            let resident = device.series.value(0, bucket: bucket)
            if resident > 0 { gauges[index].rss = resident }
            if reported > 0 || active > 0 { gauges[index].gpu = reported > 0 ? reported : active }
            let load = device.series.value(3, bucket: bucket)
            if load > 0 { gauges[index].cpu = load }
            rss = rss &+ gauges[index].rss
            gpu = gpu &+ gauges[index].gpu
            cpu = max(cpu, gauges[index].cpu)
        }
        let origin = Double(input.tickClock.origin &+ input.tickClock.start(bucket + 1))
        return DashboardSample(
            timestamp: origin / 1e9, tokens: Double(generated) / seconds, prompt: Double(prompt) / seconds,
            latency: latency, memory: Double(rss) / 1_048_576, gpu: Double(gpu) / 1_048_576,
            cpu: min(100, Double(cpu) / 1e4),
            bandwidth: Double(ticks.value(Tick.hopBytes, bucket: bucket)) * 8 / 1e6 / seconds,
            hitRate: lookups > 0 ? Double(hits) / Double(lookups) : 0,
            active: Double(ticks.value(Tick.inFlight, bucket: bucket)) / Double(input.tickClock.tickNanos), total: total
        )
    }
}

extension SessionEngine {
    /// The complete ticks of the session, oldest first, and the input that they came from.
    private func dashboardSamples(_ filter: RequestFilter) throws(ReplayError) -> (SnapshotInput, [DashboardSample]) {
        let input = try input(ViewQuery(filter: filter))
        var history = DashboardHistory(input)
        let held = input.ticks.fineRange
        let last = input.tickEnd(isSaved: state != .live)
        let first = max(held.lowerBound, input.firstBucketOfSession, last - Tick.limit)
        // The tick at hand is not complete; of a session shorter than a tick it is all there is.
        let end = max(first + 1, last)
        return (input, (first..<end).map { history.sample($0) })
    }

    /// `GET /api/metrics`: `{current, averages, peaks, totals}`. No number is ever null.
    public func dashboardMetrics(_ filter: RequestFilter = RequestFilter()) throws(ReplayError) -> [UInt8] {
        let (input, samples) = try dashboardSamples(filter)
        var current = samples.last ?? DashboardSample()
        let counts = LatencyView(input: input).states
        let active = counts[.queued, default: 0] + counts[.prefill, default: 0] + counts[.decode, default: 0]
        current.active = Double(active)
        current.total = input.total(Tick.generated) &+ input.total(Tick.prompt)
        let recent = samples.suffix(20)
        func mean(_ value: (DashboardSample) -> Double) -> Double {
            recent.isEmpty ? 0 : recent.reduce(0) { $0 + value($1) } / Double(recent.count)
        }
        func greatest(_ value: (DashboardSample) -> Double) -> Double { samples.map(value).max() ?? 0 }
        let averages = DashboardSample(
            timestamp: current.timestamp, tokens: mean(\.tokens), prompt: mean(\.prompt), latency: mean(\.latency),
            memory: mean(\.memory), gpu: mean(\.gpu), cpu: mean(\.cpu), bandwidth: mean(\.bandwidth),
            hitRate: mean(\.hitRate), active: mean(\.active), total: current.total)
        var json = JSONWriter()
        json.object { json in
            json.object("current") { current.write(&$0, isCurrent: true) }
            json.object("averages") { averages.write(&$0, isCurrent: false) }
            json.object("peaks") { json in
                json.rate("max_tokens_per_second", greatest(\.tokens))
                json.rate("max_latency_ms", greatest(\.latency))
                json.rate("max_memory_usage_mb", greatest(\.memory))
                json.rate("max_gpu_memory_mb", greatest(\.gpu))
            }
            json.object("totals") { json in
                json.field("total_tokens_processed", current.total)
                json.field("active_sessions", active)
                json.field("cache_hits", input.total(Tick.hits))
                json.field("cache_misses", input.total(Tick.lookups) &- input.total(Tick.hits))
            }
        }
        return json.bytes
    }

    /// `GET /api/layers`: the last 100 observations of each layer. Decode at the top, both phases beside it.
    public func dashboardLayers(_ filter: RequestFilter = RequestFilter()) throws(ReplayError) -> [UInt8] {
        let input = try input(ViewQuery(filter: filter))
        var best: [Int: LayersView.Row] = [:]
        for row in LayersView(input: input).rows {
            // A layer that ran on two devices is shown where it ran more.
            if let other = best[row.layer],
                other.decode.count + other.prefill.count >= row.decode.count + row.prefill.count
            {
                continue
            }
            best[row.layer] = row
        }
        func write(_ statistics: Statistics, _ json: inout JSONWriter) {
            func milliseconds(_ name: String, _ nanos: Int64?) { json.rate(name, Double(nanos ?? 0) / 1e6) }
            milliseconds("avg_time_ms", statistics.meanNanos)
            milliseconds("min_time_ms", statistics.minNanos)
            milliseconds("max_time_ms", statistics.maxNanos)
            milliseconds("std_time_ms", statistics.sigmaNanos)
            milliseconds("p50_time_ms", statistics.p50Nanos)
            milliseconds("p95_time_ms", statistics.p95Nanos)
            milliseconds("p99_time_ms", statistics.p99Nanos)
            json.field("samples", statistics.count)
        }
        var json = JSONWriter()
        json.object { json in
            for (layer, row) in best.sorted(by: { $0.key < $1.key }) {
                json.object(String(layer)) { json in
                    write(row.decode.count > 0 ? row.decode : row.prefill, &json)
                    json.object("phases") { json in
                        json.object("prefill") { write(row.prefill, &$0) }
                        json.object("decode") { write(row.decode, &$0) }
                    }
                }
            }
        }
        return json.bytes
    }

    /// `GET /api/history`: every complete tick between `from` and `to`, the newest `limit` of them.
    public func dashboardHistory(
        from: Timestamp? = nil, to: Timestamp? = nil, limit: Int? = nil, _ filter: RequestFilter = RequestFilter()
    ) throws(ReplayError) -> [UInt8] {
        let (_, samples) = try dashboardSamples(filter)
        let chosen = samples.filter { sample in
            let time = sample.timestamp * 1e9
            return (from.map { time >= Double($0.nanos) } ?? true) && (to.map { time <= Double($0.nanos) } ?? true)
        }
        var json = JSONWriter()
        json.object { json in
            json.array("history") { json in
                for sample in chosen.suffix(max(0, limit ?? chosen.count)) {
                    json.object { sample.write(&$0, isCurrent: false) }
                }
            }
        }
        return json.bytes
    }
}

extension SnapshotInput {
    /// The tick of the session's first event.
    var firstBucketOfSession: Int { max(0, tickClock.bucket(min(fold.firstTime.nanos, instant.nanos))) }

    /// One past the last tick to show: of a saved session the last tick is as complete as it will ever be.
    fileprivate func tickEnd(isSaved: Bool) -> Int { isSaved ? lastBucket + 1 : lastBucket }
}
