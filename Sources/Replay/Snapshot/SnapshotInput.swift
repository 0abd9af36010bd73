import SpanreelTracing

/// Everything a view is computed from: a fold at an instant, and the parameters. Views are pure functions of it.
struct SnapshotInput {
    var fold: SessionFold
    var instant: Timestamp
    var window: Window
    var clock: ClockMode
    var dropped: UInt64
    var silent: [Watermark.Silence]
    /// The fold's ticks with the requests in flight counted in.
    var ticks: Series
    var clocks: ClockAlignment
    /// What the clocks were solved from and what was odd about it, whatever the clock asked for.
    var solution: ClockSolution
    /// How the requests ended whose latencies count.
    var states: Set<RequestState>

    init(
        fold: SessionFold, instant: Timestamp, window: ViewQuery.WindowChoice, clock: ClockMode, dropped: UInt64 = 0,
        silent: [Watermark.Silence] = [], states: Set<RequestState> = [.finished]
    ) {
        self.states = states
        self.fold = fold
        self.instant = instant
        self.clock = clock
        self.dropped = dropped
        self.silent = silent
        let selection: Window.Selection =
            switch window {
            case .samples100: .samples(fold.directory.windowSamples)
            case .nanos(let nanos): .nanos(nanos)
            case .all: .all
            }
        self.window = Window(selection, endingAt: instant, ticks: fold.directory.ticks)
        ticks = fold.ticks(at: instant.nanos)
        let domains = fold.directory.domains
        solution = clock == .refit ? fold.clocks.refit(domains: domains) : fold.clocks.solve(domains: domains)
        clocks = clock == .raw ? .identity : solution.alignment
    }

    var directory: Directory { fold.directory }
    var tickClock: TickClock { fold.directory.ticks }

    /// Nanoseconds since the session's start.
    func relative(_ time: Int64) -> Int64 { time &- tickClock.origin }

    /// The tick of the instant.
    var lastBucket: Int { max(0, tickClock.bucket(instant.nanos)) }

    /// The first tick of the window: ticks are whole, so a window in time begins with the tick after `T - w`.
    var firstBucket: Int {
        let first = min(lastBucket, max(0, tickClock.bucket(min(fold.firstTime.nanos, instant.nanos))))
        switch window.selection {
        case .all: return first
        case .samples(let samples): return max(first, lastBucket - samples + 1)
        case .nanos(let nanos):
            // Rounded up without adding to a number that may be Int64.max.
            let whole = nanos / tickClock.tickNanos + (nanos % tickClock.tickNanos > 0 ? 1 : 0)
            return max(first, lastBucket - Int(clamping: whole) + 1)
        }
    }

    /// The time that rates divide by, from the window's first tick to T.
    ///
    /// Of the whole session it is the span of the engine's work: a recording that idles before its first request and
    /// after its last one was not slow.
    var wallNanos: Int64 {
        if case .all = window.selection {
            guard fold.firstWork <= fold.lastWork else { return 0 }
            let isWorking = fold.requests.records.contains { !$0.hasEnded && $0.state(at: instant.nanos) != .open }
            return max(0, (isWorking ? max(instant.nanos, fold.lastWork) : fold.lastWork) &- fold.firstWork)
        }
        let start = tickClock.origin &+ tickClock.start(firstBucket)
        return max(0, instant.nanos &- max(start, min(fold.firstTime.nanos, instant.nanos)))
    }

    /// The window's length as printed.
    var windowNanos: Int64 {
        if case .all = window.selection { return max(0, instant.nanos &- min(fold.firstTime.nanos, instant.nanos)) }
        return max(0, relative(instant.nanos) &- tickClock.start(firstBucket))
    }

    /// A tick channel's sum over the window.
    func sum(_ channel: Int) -> Int64 { ticks.total(channel, from: firstBucket, to: lastBucket) }

    /// A tick channel's sum over the session so far.
    func total(_ channel: Int) -> Int64 { ticks.total(channel, from: 0, to: lastBucket) }

    /// `count` per second of the window's wall time.
    func rate(_ count: Int64) -> Double? {
        let wall = wallNanos
        return wall > 0 ? Double(count) * 1e9 / Double(wall) : nil
    }

    func ratio(_ part: Int64, _ whole: Int64) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }

    func string(_ id: UInt32) -> String? { id == 0 ? nil : directory.symbols.string(StringID(id)) }

    func device(_ index: Int) -> String {
        index >= 0 && index < directory.devices.count ? directory.devices[index] : ""
    }

    /// A request's TTFT on the clock asked for: `aligned` as it was decided when the request was folded.
    func ttft(_ record: RequestRecord) -> Int64? {
        guard clock == .refit, !clocks.isIdentity else { return record.ttft(raw: clock == .raw) }
        guard let first = record.firstToken, record.hasStart else { return nil }
        return max(
            0,
            clocks.aligned(first, domain: Int(record.firstTokenDomain))
                &- clocks.aligned(record.start, domain: Int(record.domain)))
    }

    /// A link's transits on the clock asked for: statistics, and the clock error of its two ends.
    func transit(_ link: LinkFold.State, slot: Int) -> Statistics {
        let observations = link.transits[slot]
        if case .all = window.selection, observations.hasEvicted, clock == .raw || clocks.isIdentity {
            return observations.statistics(in: window)
        }
        var values: [Int64] = []
        var corrected = observations.evictedSketch ?? Sketch()
        var sum: Int128 = 0
        observations.forEach(in: window) { observation in
            let value =
                clock == .raw
                ? observation.value
                : LinkFold.aligned(observation, from: link.fromDomain, to: link.toDomain, clocks: clocks).transit
            values.append(value)
        }
        guard case .all = window.selection, observations.hasEvicted else { return Statistics(exact: values) }
        // More than is held: the old part was aligned when it left, the held part is aligned now.
        var least = Int64.max
        var greatest = Int64.min
        for value in values { corrected.add(value) }
        let count = Int(clamping: corrected.count)
        let middle = Statistics(exact: values)
        for value in values {
            sum += Int128(value)
            least = min(least, value)
            greatest = max(greatest, value)
        }
        var result = Statistics(
            sketch: corrected, count: count, sum: sum * Int128(count) / Int128(max(1, values.count)), squares: 0,
            least: min(least, corrected.value(atRank: 0)),
            greatest: max(greatest, corrected.value(atRank: corrected.count - 1)))
        result.sigmaNanos = middle.sigmaNanos
        return result
    }

    /// The clock error of a link between two domains; 0 on one clock, nil when nothing is known.
    func clockError(_ link: LinkFold.State) -> Int64? {
        guard link.fromDomain != link.toDomain else { return 0 }
        guard clock != .raw else { return nil }
        let last = max(link.transits[0].last?.time ?? .min, link.transits[1].last?.time ?? .min)
        guard last != .min,
            let a = clocks.offset(domain: link.fromDomain, at: last).error,
            let b = clocks.offset(domain: link.toDomain, at: last).error
        else { return nil }
        return a &+ b
    }
}
