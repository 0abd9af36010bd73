import SpanreelTracing

/// What each device did with the window's time.
struct DevicesView {
    let input: SnapshotInput

    /// One device that computes.
    struct Row {
        var index: Int
        var device: String
        var stage: Int?
        var firstLayer: Int?
        var lastLayer: Int?
        var wall: Int64 = 0
        var busy: Int64 = 0
        /// Time of stage spans alone; embedding, head and sampling are not in it.
        var inStage: Int64 = 0
        var noRequest: Int64 = 0
        var tooFew: Int64 = 0
        var upstream: Int64 = 0
        var downstream: Int64 = 0
        var stageTime: Statistics

        /// Waiting with work in flight, over the time with work in flight.
        var bubbleRatio: Double? {
            let working = wall - noRequest
            return working > 0 ? Double(upstream + downstream) / Double(working) : nil
        }
    }

    /// The devices that computed anything, by stage, then name.
    var rows: [Row] {
        var rows: [Row] = []
        for (index, state) in input.fold.devices.devices.enumerated() where state.series.fineRange.count > 0 {
            let fact = input.fold.fact(ofDevice: index)
            let row = Row(
                index: index, device: input.device(index),
                stage: fact?.stage ?? (state.stage >= 0 ? Int(state.stage) : nil),
                firstLayer: fact?.firstLayer ?? (state.lastLayer >= 0 ? state.firstLayer : nil),
                lastLayer: fact?.lastLayer ?? (state.lastLayer >= 0 ? state.lastLayer : nil),
                stageTime: state.decodeStage.statistics(in: input.window))
            rows.append(row)
        }
        let stages = max(1, rows.count { $0.firstLayer != nil || $0.stage != nil })
        for place in rows.indices { account(&rows[place], stages: stages) }
        return rows.sorted { ($0.stage ?? .max, $0.device) < ($1.stage ?? .max, $1.device) }
    }

    /// Divides the device's idle time, tick by tick.
    ///
    /// Idle without a request in flight is "no request". The rest is "downstream" while a send holds the device, then
    /// "too few" in ticks that had fewer requests being worked on than stages, else "upstream".
    private func account(_ row: inout Row, stages: Int) {
        let series = input.fold.devices.devices[row.index].series
        let tick = input.tickClock.tickNanos
        let workStart = max(input.fold.firstWork, input.tickClock.origin)
        let end = isWhole ? min(input.instant.nanos, max(input.fold.lastWork, workStart)) : input.instant.nanos
        for bucket in tickRange {
            // Wrapping and clamped to the tick: stamps are outside numbers.
            let tickStart = input.tickClock.origin &+ input.tickClock.start(bucket)
            let low = max(tickStart, min(workStart, tickStart &+ tick))
            let length = min(tick, max(0, min(tickStart &+ tick, end) &- low))
            guard length > 0 else { continue }
            let busy = min(length, max(0, series.value(0, bucket: bucket)))
            let idle = length - busy
            let working = min(length, max(0, input.ticks.value(Tick.working, bucket: bucket)))
            let noRequest = min(idle, length - working)
            var rest = idle - noRequest
            let downstream = min(rest, max(0, series.value(1, bucket: bucket)))
            rest -= downstream
            let active =
                input.ticks.value(Tick.inFlight, bucket: bucket) &- input.ticks.value(Tick.queued, bucket: bucket)
            row.wall += length
            row.busy += busy
            row.inStage = row.inStage &+ max(0, series.value(2, bucket: bucket))
            row.noRequest += noRequest
            row.downstream += downstream
            if working > 0, active / Int64(stages) < working { row.tooFew += rest } else { row.upstream += rest }
        }
    }

    private var isWhole: Bool { input.window.selection == .all }

    /// The window's ticks, a day of them at most.
    private var tickRange: ClosedRange<Int> {
        let last = input.lastBucket
        return min(last, max(input.firstBucket, input.ticks.fineRange.lowerBound, last - Tick.limit))...last
    }

    /// Greatest stage time over the mean of all; 1 is balanced.
    func imbalance(_ rows: [Row]) -> Double? {
        let means = rows.compactMap { $0.stageTime.meanNanos.map(Double.init) }
        guard means.count > 1, let greatest = means.max() else { return nil }
        let mean = means.reduce(0, +) / Double(means.count)
        return mean > 0 ? greatest / mean : nil
    }

    /// How fast the pipeline could be: min(B / slowest stage, K x B / (stages + hops)).
    struct Bound {
        var tokensPerSecond: Double
        var isLatency: Bool
        var words: String
    }

    func bound(_ rows: [Row]) -> Bound? {
        let stages = rows.compactMap { row in row.stageTime.meanNanos.map { (row.device, Double($0)) } }
        guard let slowest = stages.max(by: { $0.1 < $1.1 }), slowest.1 > 0 else { return nil }
        let hops = LinksView(input: input).rows.compactMap { $0.decode.meanNanos }.reduce(0, &+)
        let extra = rows.reduce(0.0) { sum, row in
            let state = input.fold.devices.devices[row.index]
            return sum + Double(state.decodeHead.statistics(in: input.window).meanNanos ?? 0)
                + Double(state.decodeSampling.statistics(in: input.window).meanNanos ?? 0)
                + Double(state.decodeEmbed.statistics(in: input.window).meanNanos ?? 0)
        }
        let through = stages.reduce(0) { $0 + $1.1 } + Double(hops) + extra
        let steps = input.fold.stepsWithSequences
        let batch = steps > 0 ? max(1, Double(input.fold.stepSequences) / Double(steps)) : 1
        let decoding = input.sum(Tick.decoding)
        let inFlight = decoding > 0 ? max(1, Double(input.sum(Tick.decodeSteps)) / Double(decoding)) : 1
        let stageTerm = batch * 1e9 / slowest.1
        let latencyTerm = inFlight * batch * 1e9 / through
        if latencyTerm < stageTerm, stages.count > 1 {
            let steps = inFlight < 1.05 ? "One step" : "\(Decimals.text(inFlight, 1) ?? "?") steps"
            return Bound(
                tokensPerSecond: latencyTerm, isLatency: true,
                words: "\(steps) in flight on \(stages.count) stages: latency-bound; "
                    + "overlapping more steps helps, balancing layers does not.")
        }
        return Bound(
            tokensPerSecond: stageTerm, isLatency: false,
            words: "The stage of \(slowest.0) sets the pace; moving layers off it helps.")
    }

    func write(_ json: inout JSONWriter) {
        let rows = rows
        json.array("devices") { json in for row in rows { json.object { write(row, &$0) } } }
        json.key("imbalance")
        if let imbalance = imbalance(rows) { json.double(imbalance, decimals: 4) } else { json.null() }
        json.key("bound")
        guard let bound = bound(rows) else {
            json.null()
            return
        }
        json.object { json in
            json.rate("tokensPerSecond", bound.tokensPerSecond)
            json.field("term", bound.isLatency ? "latency" : "stage")
            json.field("words", bound.words)
        }
    }

    private func write(_ row: Row, _ json: inout JSONWriter) {
        func share(_ nanos: Int64) -> Double? { input.ratio(nanos, row.wall) }
        json.field("device", row.device)
        json.field("host", input.fold.fact(ofDevice: row.index)?.host ?? "")
        json.field("stage", row.stage)
        json.field("firstLayer", row.firstLayer)
        json.field("lastLayer", row.lastLayer)
        json.ratio("busyRatio", share(row.busy))
        json.ratio("stageRatio", share(row.inStage))
        json.object("states") { json in
            json.ratio("busy", share(row.busy))
            json.ratio("noRequest", share(row.noRequest))
            json.ratio("tooFew", share(row.tooFew))
            json.ratio("waitingUpstream", share(row.upstream))
            json.ratio("waitingDownstream", share(row.downstream))
        }
        json.ratio("bubbleRatio", row.bubbleRatio)
        json.statistics("stageTime", row.stageTime)
        let state = input.fold.devices.devices[row.index]
        json.statistics("headTime", state.head.statistics(in: input.window))
        json.statistics("samplingTime", state.sampling.statistics(in: input.window))
        let columns = input.fold.devices.devices[row.index].series
            .columns(from: input.firstBucket, to: input.lastBucket, limit: 240)
        json.object("strip") { json in
            json.field("fromNanos", input.tickClock.start(columns.firstBucket))
            json.field("bucketNanos", input.tickClock.start(columns.width))
            json.array("busy") { json in
                let width = Double(input.tickClock.tickNanos) * Double(columns.width)
                for column in 0..<columns.count {
                    json.double(min(1, max(0, Double(columns.value(0, column)) / width)), decimals: 4)
                }
            }
        }
    }
}
