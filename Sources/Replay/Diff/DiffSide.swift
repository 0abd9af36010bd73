public import SpanreelTracing

/// One session's measurements, ready to be compared: per request, per role.
public struct DiffSide: Sendable {
    /// The samples of one role: one value per request that has the role.
    struct Samples: Sendable {
        /// Mean time of one occurrence, per request, ascending; nanoseconds.
        var values: [Double] = []
        /// Occurrences in all these requests.
        var occurrences: Int64 = 0
        /// Half the width of the band in which the clocks' offset lies; 0 within one clock domain, nil when unknown.
        var clockErrorNanos: Int64? = 0
        /// The device it ran on.
        var device: String?
    }

    /// The session's name.
    public var name: String
    /// The models that its streams or requests name.
    public var models: [String] = []
    /// Device labels of the streams that hold layers, by stage and label.
    public var devices: [String] = []
    /// Layers met.
    public var layerCount = 0
    /// Finished requests: the number of independent observations.
    public var requests = 0
    /// Requests left out: cancelled, rejected, failed or without a known end.
    public var requestsLeftOut = 0
    /// Events dropped by the recorder.
    public var dropped: UInt64 = 0
    /// Events that could not be read.
    public var lost = 0
    /// Tokens of the finished requests.
    public var outputTokens: Int64 = 0
    /// Their prompt tokens, cached ones included.
    public var inputTokens: Int64 = 0
    /// From the first start to the last end of them.
    public var wallNanos: Int64 = 0
    /// Links between clocks that nothing ties together.
    public var untiedLinks: [String] = []
    /// Whether any hop crosses clock domains.
    public var crossesClocks = false

    /// The stage of each device, where each stage is one device's; else empty.
    var stageOfDevice: [String: Int] = [:]
    var roles: [DiffRole: Samples] = [:]
    var headline: [DiffMetric: [Double]] = [:]

    /// Measures a session from its events.
    ///
    /// - Parameters:
    ///   - name: for the report.
    ///   - symbols: the names the batches refer to.
    ///   - skipFirst: requests to leave out, by time of arrival: warm-up.
    ///   - read: calls its argument with each batch, in any order, and returns the session's streams, by
    ///     `Event.stream`.
    public init(
        name: String, symbols: Symbols, skipFirst: Int = 0,
        read: ((borrowing EventBatch) -> Void) throws(TraceError) -> [StreamInfo]
    ) throws(TraceError) {
        self.name = name
        var times = RoleTimes()
        let streams = try read { batch in times.add(batch, symbols: symbols) }
        times.finish()
        fill(times, streams, symbols, skipFirst)
    }

    /// Measures the session at `path`, packed or not.
    public init(path: String, skipFirst: Int = 0) throws(TraceError) {
        let reader = try SessionReader(path: path)
        try self.init(name: reader.session.name, symbols: reader.symbols, skipFirst: skipFirst) {
            (take) throws(TraceError) in
            _ = try reader.poll(take)
            return reader.streams
        }
        lost = reader.damages.lostEvents
    }

    // MARK: From sums to samples

    private mutating func fill(_ times: RoleTimes, _ streams: [StreamInfo], _ symbols: Symbols, _ skipFirst: Int) {
        let all = times.requests.requests.values.filter { $0.start != nil }
        let usable = all.filter(\.isUsable).sorted { ($0.start ?? 0, $0.trace) < ($1.start ?? 0, $1.trace) }
        let chosen = usable.dropFirst(max(0, skipFirst))
        requests = chosen.count
        requestsLeftOut = all.count - chosen.count
        dropped = streams.reduce(0) { $0 + $1.dropped.values.reduce(0, +) }
        let named = chosen.compactMap { $0.model.map { symbols.string($0) } } + streams.compactMap(\.model)
        models = Set(named).sorted()
        let places = StagePlaces(streams)
        devices = places.devices
        if places.isKnown { stageOfDevice = places.stageOfDevice }
        fillHeadline(Array(chosen))

        let traces = Set(chosen.compactMap { times.traces[$0.trace] })
        for (key, cell) in times.cells where cell.count > 0 && traces.contains(UInt32(key >> 32)) {
            let index = Int(key & 0xFFFF_FFFF)
            add(
                places.canonical(times.roles[index], times.streamOfRole[index]), cell.sum, cell.count, 0,
                places.device(times.streamOfRole[index]))
        }
        fillHops(times, streams, traces, places)
        layerCount = Set(roles.keys.filter { $0.operation == .layer }.map(\.layer)).count
        for role in roles.keys { roles[role]?.values.sort() }
    }

    private mutating func fillHeadline(_ chosen: [RequestTimes.Request]) {
        for request in chosen {
            guard let start = request.start, let end = request.end else { continue }
            headline[.ttft, default: []].append(Double(request.first - start))
            headline[.e2e, default: []].append(Double(end - start))
            if request.outputTokens > 1 {
                let decode = Double(request.last - request.first)
                headline[.tpot, default: []].append(decode / Double(request.outputTokens - 1))
                if decode > 0 {
                    headline[.tokensPerSecond, default: []].append(Double(request.outputTokens - 1) * 1e9 / decode)
                }
            }
            let stamps = request.emissions.sorted()
            let gaps = zip(stamps.dropFirst(), stamps).map { Double($0 - $1) }.sorted()
            if let median = RankStatistics.median(gaps), let high = RankStatistics.quantile(gaps, 0.95) {
                headline[.itlMedian, default: []].append(median)
                headline[.itlP95, default: []].append(high)
            }
            if let input = request.inputTokens, input > 0 {
                headline[.cacheHit, default: []].append(Double(request.cachedTokens ?? 0) / Double(input))
                inputTokens += input
            }
            outputTokens += request.outputTokens
        }
        for metric in headline.keys { headline[metric]?.sort() }
        if let first = chosen.compactMap(\.start).min(), let last = chosen.compactMap(\.end).max() {
            wallNanos = last - first
        }
    }

    private mutating func add(_ role: DiffRole, _ sum: Int64, _ count: Int64, _ error: Int64?, _ device: String?) {
        var samples = roles[role] ?? Samples(device: device)
        samples.values.append(Double(sum) / Double(count))
        samples.occurrences += count
        samples.clockErrorNanos = samples.clockErrorNanos.flatMap { old in error.map { max(old, $0) } }
        roles[role] = samples
    }

    /// Hops between clock domains are put on one clock: sums are kept per second, in which no offset moves.
    private mutating func fillHops(
        _ times: RoleTimes, _ streams: [StreamInfo], _ traces: Set<UInt32>, _ places: StagePlaces
    ) {
        let clocks = DiffClocks(times, streams)
        crossesClocks = clocks.hasSeveral
        var sums: [UInt64: (sum: Int64, count: Int64, error: Int64?)] = [:]
        var untied: Set<String> = []
        for (key, cell) in times.hops where traces.contains(key.trace) {
            let (offset, error) = clocks.offset(from: key.from, to: key.to, second: key.second)
            if error == nil { untied.insert(times.roles[Int(key.role)].entity.label) }
            let place = UInt64(key.trace) << 32 | UInt64(key.role)
            let old = sums[place] ?? (0, 0, 0)
            sums[place] = (
                old.sum &+ cell.sum &- cell.count &* offset, old.count + cell.count,
                old.error.flatMap { old in error.map { max(old, $0) } }
            )
        }
        for (key, value) in sums {
            let index = Int(key & 0xFFFF_FFFF)
            add(
                places.canonical(times.roles[index], times.streamOfRole[index]), value.sum, value.count, value.error,
                places.device(times.streamOfRole[index]))
        }
        untiedLinks = untied.sorted()
    }
}
