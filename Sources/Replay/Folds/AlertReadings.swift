import SpanreelTracing

/// The values of metrics at the end of a tick: pure functions of the fold over the events up to there.
///
/// Everything is of the instant or of a bounded past, so that a day of ticks is looked at in seconds: O(requests in
/// flight + devices + links + observations in the window) each.
struct AlertReadings {
    let fold: SessionFold
    /// What rules remember, per rule and device.
    let windows: [[Int: Observations]]
    let lastCompute: Int64
    /// The tick's end, Unix nanoseconds.
    let time: Int64
    /// The tick.
    let bucket: Int

    typealias Reading = (subject: Int, value: Double)

    private var directory: Directory { fold.directory }

    /// Fewer observations than this say nothing of a percentile.
    static let leastCount = 8

    /// The values of a rule, one for each subject of which one is known.
    func values(of rule: AlertRule, index: Int) -> [Reading] {
        switch rule.metric.subject {
        case .session: return session(rule, index).map { [(0, $0)] } ?? []
        case .device: return rule.metric.isOfSpans ? spans(rule, index) : devices(rule)
        case .host: return hosts(rule)
        case .link: return links(rule)
        }
    }

    func window(_ rule: AlertRule) -> Window {
        Window(.nanos(rule.windowNanos), endingAt: Timestamp(nanos: time), ticks: directory.ticks)
    }

    // MARK: Session

    private func session(_ rule: AlertRule, _ index: Int) -> Double? {
        let requests = fold.requests
        switch rule.metric {
        case .queuedNoneRunning, .queued, .running, .inFlight, .oldestQueued: return flight(rule.metric)
        case .tokensPerSecond: return pace(rule, Tick.generated)
        case .promptTokensPerSecond: return pace(rule, Tick.prompt)
        case .requestsPerSecond: return pace(rule, Tick.finished)
        case .cacheHitRatio: return ratio(ticks(rule, Tick.hitTokens), ticks(rule, Tick.lookupTokens))
        case .ttftP50: return percentile(requests.ttft, 50, rule)
        case .ttftP95: return percentile(requests.ttft, 95, rule)
        case .tpotP50: return percentile(requests.tpot, 50, rule)
        case .tpotP95: return percentile(requests.tpot, 95, rule)
        case .itlP50: return percentile(requests.itl, 50, rule)
        case .itlP95: return percentile(requests.itl, 95, rule)
        case .e2eP50: return percentile(requests.e2e, 50, rule)
        case .e2eP95: return percentile(requests.e2e, 95, rule)
        case .queueP50: return percentile(requests.queue, 50, rule)
        case .queueP95: return percentile(requests.queue, 95, rule)
        case .sloBurn: return burn(rule, index)
        case .failureRatio: return share(windows[index][0], in: window(rule))
        default: return nil
        }
    }

    private func flight(_ metric: AlertMetric) -> Double? {
        var queued = 0
        var running = 0
        var oldest = time
        // A long prompt may be computed for minutes without a word of its request.
        let isComputing = time &- lastCompute <= RequestRecord.openNanos && lastCompute != .min
        fold.requests.forEachUnended { record in
            let isFresh = time &- record.lastActivity <= RequestRecord.openNanos
            if record.state == .queued {
                guard isFresh || isHeard(device: Int(record.device), since: record.start) else { return }
                queued += 1
                oldest = min(oldest, record.queueStart ?? record.start)
            } else if isFresh || isComputing {
                running += 1
            }
        }
        switch metric {
        case .queued: return Double(queued)
        case .running: return Double(running)
        case .inFlight: return Double(queued + running)
        case .oldestQueued: return Double(time &- oldest)
        default: return running == 0 ? Double(queued) : 0
        }
    }

    /// Whether a process that may have taken a request in still speaks: then the request waits, however long it was silent
    /// itself. What a dead process left waiting is given up.
    private func isHeard(device: Int, since start: Int64) -> Bool {
        for (index, plan) in directory.streamPlans.enumerated() where Int(plan.device) == device {
            guard index < fold.processes.streams.count else { continue }
            let stream = fold.processes.streams[index]
            if stream.events > 0, stream.firstTime <= start, time &- stream.lastTime <= RequestRecord.openNanos {
                return true
            }
        }
        return false
    }

    /// A channel over the window's ticks: at most as many as there were.
    private func ticks(_ rule: AlertRule, _ channel: Int) -> Int64 {
        fold.ticks.total(channel, from: bucket - tickCount(rule) + 1, to: bucket)
    }

    private func tickCount(_ rule: AlertRule) -> Int {
        max(1, min(bucket + 1, Int(clamping: rule.windowNanos / directory.ticks.tickNanos)))
    }

    /// Per second; unknown while nothing was asked for: an idle engine is not slow.
    private func pace(_ rule: AlertRule, _ channel: Int) -> Double? {
        let count = ticks(rule, channel)
        guard count > 0 || (flight(.inFlight) ?? 0) > 0 else { return nil }
        return Double(count) * 1e9 / (Double(tickCount(rule)) * Double(directory.ticks.tickNanos))
    }

    private func ratio(_ part: Int64, _ whole: Int64) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }

    private func percentile(_ observations: Observations, _ percent: Int, _ rule: AlertRule) -> Double? {
        let values = observations.values(in: window(rule)).sorted()
        guard values.count >= Self.leastCount else { return nil }
        return Statistics.percentile(percent, of: values).map(Double.init)
    }

    /// The share of observations of 1 among those of 0 and 1.
    private func share(_ observations: Observations?, in window: Window) -> Double? {
        let values = observations?.values(in: window) ?? []
        guard values.count >= Self.leastCount else { return nil }
        return Double(values.reduce(0, &+)) / Double(values.count)
    }

    /// How many times faster than allowed the budget of bad requests is used up: the lesser of the window's burn rate and
    /// that of its last twelfth, so that an alert ends soon after its cause (Google SRE workbook, chapter 5).
    private func burn(_ rule: AlertRule, _ index: Int) -> Double? {
        let observations = windows[index][0]
        guard let long = share(observations, in: window(rule)) else { return nil }
        let short = Window(
            .nanos(max(1, rule.windowNanos / 12)), endingAt: Timestamp(nanos: time), ticks: directory.ticks)
        let recent = observations?.values(in: short) ?? []
        let budget = max(1e-5, 1 - rule.goals.objective)
        guard !recent.isEmpty else { return 0 }
        return min(long, Double(recent.reduce(0, &+)) / Double(recent.count)) / budget
    }

    // MARK: Spans

    private func spans(_ rule: AlertRule, _ index: Int) -> [Reading] {
        let window = window(rule)
        return windows[index].compactMap { device, observations in
            let value: Double?
            switch rule.metric {
            case .spanErrorRatio: value = share(observations, in: window)
            case .spanP50: value = percentile(observations, 50, rule)
            case .spanP95: value = percentile(observations, 95, rule)
            default:
                let statistics = observations.statistics(in: window)
                value = statistics.count >= Self.leastCount ? statistics.meanNanos.map(Double.init) : nil
            }
            return value.map { (device, $0) }
        }
    }
}
