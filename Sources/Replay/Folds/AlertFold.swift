import SpanreelTracing

/// The alerts of a session as part of its fold: rules are looked at once per tick of event time, at the tick's end.
///
/// ```
/// events ≤ T0 | look at T0 | events ≤ T1 | look at T1 | …          Tk = origin + (k + 1) x tick
/// ```
/// A tick is looked at before the first event behind its end is applied, so the fold then holds exactly the events up to
/// that end: how the events came in cannot matter, and live, replay and a refold after late events give the same
/// instants. No clock is read. State is bounded: per rule its subjects and 8,192 observations for each, and
/// ``historyLimit`` alerts that are over.
struct AlertFold: Sendable {
    /// One rule's condition on one subject, from the tick at which it began to hold.
    struct Instance: Sendable, Equatable {
        var rule: Int
        /// The number of the device, host or link; 0 for the session.
        var subject: Int
        var since: Int64
        var firedAt: Int64?
        var resolvedAt: Int64?
        var value: Double
        var worst: Double
    }

    /// Alerts that are over and still listed.
    static let historyLimit = 1024

    let rules: AlertRules
    /// Per rule the subjects on which it holds.
    private var holding: [[Int: Instance]]
    /// Fired and resolved, in the order of resolution.
    private(set) var history: [Instance] = []
    /// Per rule, how many fired and were resolved and are no longer listed.
    private(set) var forgotten: [Int]
    /// What rules over spans and ended requests remember: per rule and device.
    private(set) var windows: [[Int: Observations]]
    /// The rules that are looked at here: each is, at least, about the requests that the fold holds.
    private let active: [Int]
    private let spanRules: [Int]
    private let requestRules: [Int]
    /// When a device last finished a piece of computing.
    private(set) var lastCompute = Int64.min

    /// The end of the next tick to be looked at; the fold compares it with every event's time.
    private(set) var due: Int64
    private var bucket = -1
    /// The newest end of a stream that ticks were skipped to.
    private var lastEnding = Int64.min

    /// Alerts of these rules in a fold of the requests that `filter` selects. A rule of other requests only, or of fewer, is
    /// looked at in a fold of its own. Without rules nothing is ever due.
    init(rules: AlertRules = AlertRules(), filter: RequestFilter = RequestFilter()) {
        self.rules = rules
        let active = rules.rules.indices.filter { filter.narrowed(by: rules.rules[$0].filter.requests) == filter }
        self.active = active
        forgotten = Array(repeating: 0, count: rules.rules.count)
        holding = Array(repeating: [:], count: rules.rules.count)
        windows = Array(repeating: [:], count: rules.rules.count)
        spanRules = active.filter { rules.rules[$0].metric.isOfSpans }
        requestRules = active.filter {
            rules.rules[$0].metric == .sloBurn || rules.rules[$0].metric == .failureRatio
        }
        due = active.isEmpty ? .max : .min
    }

    /// Whether there is any rule.
    var isOn: Bool { !active.isEmpty }

    /// The alerts that hold, pending or firing, in no order.
    var held: [Instance] { holding.flatMap(\.values) }

    // MARK: Time

    /// Looks at every tick that ends before `time`. `fold` holds the events up to there, without these alerts.
    mutating func advance(beyond time: Int64, _ fold: SessionFold) {
        let ticks = fold.directory.ticks
        if bucket < 0 {
            bucket = 0
            due = Self.end(of: bucket, ticks)
        }
        while due < time {
            if isQuiet(fold) {
                skip(to: time, fold)
            } else {
                look(at: due, bucket, fold)
                bucket += 1
            }
            due = Self.end(of: bucket, ticks)
        }
    }

    /// Whether the last event is so long ago that nothing can change until another comes or a stream ends.
    private func isQuiet(_ fold: SessionFold) -> Bool {
        let last = max(fold.eventCount > 0 ? fold.lastTime.nanos : fold.directory.ticks.origin, lastEnding)
        let (age, overflow) = due.subtractingReportingOverflow(last)
        return overflow || age > rules.quietNanos &+ 2 &* fold.directory.ticks.tickNanos
    }

    /// Goes to where something may happen at once, so that a stamp a century ahead costs no more than the ticks around it.
    private mutating func skip(to time: Int64, _ fold: SessionFold) {
        let ticks = fold.directory.ticks
        let seen = due &- ticks.tickNanos
        if let ending = fold.directory.endings.filter({ $0 > seen && $0 < time }).min(), ending > lastEnding {
            lastEnding = ending
            bucket = max(bucket, ticks.bucket(ending &- 1))
        } else {
            bucket = max(bucket + 1, ticks.bucket(time &- 1))
        }
    }

    /// When a tick ends, in Unix nanoseconds; beyond the end of time for ticks that end there.
    private static func end(of bucket: Int, _ ticks: TickClock) -> Int64 {
        let (offset, overflow) = Int64(clamping: bucket + 1).multipliedReportingOverflow(by: ticks.tickNanos)
        let (end, beyond) = ticks.origin.addingReportingOverflow(offset)
        return overflow || beyond ? .max : end
    }

    // MARK: Looking

    private mutating func look(at time: Int64, _ bucket: Int, _ fold: SessionFold) {
        let readings = AlertReadings(
            fold: fold, windows: windows, lastCompute: lastCompute, time: time, bucket: bucket)
        for index in active {
            let rule = rules.rules[index]
            let values = readings.values(of: rule, index: index).filter { rule.holds($0.value) }
            if values.isEmpty, holding[index].isEmpty { continue }
            var next: [Int: Instance] = [:]
            for (subject, value) in values {
                var instance =
                    holding[index][subject]
                    ?? Instance(rule: index, subject: subject, since: time, value: value, worst: value)
                instance.value = value
                if rule.isWorse(value, than: instance.worst) { instance.worst = value }
                if instance.firedAt == nil, time &- instance.since >= rule.forNanos { instance.firedAt = time }
                next[subject] = instance
            }
            let over = holding[index].values.filter { next[$0.subject] == nil && $0.firedAt != nil }
            let names = fold.directory.names(rule.metric.subject)
            for instance in over.sorted(by: { names($0.subject) < names($1.subject) }) {
                var instance = instance
                instance.resolvedAt = time
                history.append(instance)
            }
            holding[index] = next
        }
        if history.count > Self.historyLimit {
            let over = history.count - Self.historyLimit
            for instance in history.prefix(over) { forgotten[instance.rule] += 1 }
            history.removeFirst(over)
        }
    }

    // MARK: What rules remember

    /// A span ended.
    mutating func finished(_ span: FinishedSpan, _ directory: Directory) {
        switch span.plan.operation {
        case .step, .stage, .layer, .embed, .head, .sampling: lastCompute = max(lastCompute, span.end)
        default: break
        }
        for index in spanRules where rules.rules[index].filter.selects(span, directory) {
            let isError = rules.rules[index].metric == .spanErrorRatio
            let value = isError ? (span.status == .error ? 1 : 0) : span.nanos
            windows[index][Int(span.stream.device), default: Observations()].add(value, at: span.end)
        }
    }

    /// A request ended. Those that their client ended count nowhere.
    mutating func ended(_ record: RequestRecord) {
        guard !requestRules.isEmpty, record.state != .cancelled, let end = record.end else { return }
        for index in requestRules {
            var isBad = record.state != .finished
            if rules.rules[index].metric == .sloBurn {
                let goals = rules.rules[index].goals
                // As goodput: without a first token no goal is met.
                isBad =
                    isBad || (record.ttft(raw: false) ?? .max) > goals.ttftNanos || (record.tpot ?? 0) > goals.tpotNanos
            }
            windows[index][0, default: Observations()].add(isBad ? 1 : 0, at: end)
        }
    }
}

extension AlertRule.Filter {
    /// Whether a span is of this role and device. The operation decides nearly always.
    func selects(_ span: FinishedSpan, _ directory: Directory) -> Bool {
        guard operation == span.plan.operation else { return false }
        if let phase, phase != span.plan.phase { return false }
        if let layer, layer != Int(span.plan.layer) { return false }
        if let stage, stage != Int(span.plan.stage) { return false }
        if from != nil || to != nil {
            guard let link = directory.link(Int(span.plan.link)) else { return false }
            if let from, from != link.from { return false }
            if let to, to != link.to { return false }
        }
        return device.map { $0 == directory.name(ofDevice: Int(span.stream.device)) } ?? true
    }
}

extension AlertRules {
    /// After so long without an event no value of these rules changes any more, except for ages that stay beyond every
    /// threshold: windows are empty, requests are given up (30 s), every `for` has run out. Nanoseconds.
    var quietNanos: Int64 {
        var window: Int64 = 0
        var hold: Int64 = 0
        var age: Int64 = 0
        for rule in rules {
            window = max(window, rule.windowNanos)
            hold = max(hold, rule.forNanos)
            if rule.metric.unit == .nanos { age = max(age, Int64(exactly: rule.threshold.rounded(.up)) ?? .max) }
        }
        // Each is an hour at most by the parser; rules made by hand may hold anything.
        let hour: Int64 = 3_600_000_000_000
        return min(window, hour) + min(hold, hour) + min(age, hour) + RequestRecord.openNanos
    }
}
