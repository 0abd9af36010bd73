internal import SpanreelTracing

/// The offsets between the clocks of a session's streams, from its clock probes and hops.
struct DiffClocks {
    private var domains: [Int] = []
    private var alignment = ClockAlignment.identity
    /// Whether the streams stand on more than one clock.
    private(set) var hasSeveral = false

    init(_ times: RoleTimes, _ streams: [StreamInfo]) {
        let names = Set(streams.map(\.clockDomain)).sorted()
        hasSeveral = names.count > 1
        domains = streams.map { stream in names.firstIndex(of: stream.clockDomain) ?? 0 }
        guard hasSeveral else { return }
        var fold = ClockFold()
        for request in times.requests.requests.values {
            if let domain = domain(request.stream) { fold.noteRequest(domain: domain) }
        }
        for probe in times.probes.sorted(by: { ($0.t0, $0.t3, $0.stream) < ($1.t0, $1.t3, $1.stream) }) {
            guard let asker = domain(probe.stream),
                let answerer = streams.firstIndex(where: { $0.device == probe.peer }).map({ domains[$0] })
            else { continue }
            fold.probe(asker: asker, answerer: answerer, t0: probe.t0, t1: probe.t1, t2: probe.t2, t3: probe.t3)
        }
        let hops = times.hops.sorted { a, b in
            (a.key.second, a.key.from, a.key.to, a.value.least) < (b.key.second, b.key.from, b.key.to, b.value.least)
        }
        for (key, cell) in hops {
            guard let from = domain(key.from), let to = domain(key.to) else { continue }
            fold.hop(from: from, to: to, transit: cell.least, at: key.second &* 1_000_000_000)
        }
        alignment = fold.refit(domains: names).alignment
    }

    /// What to take off a transit between two streams in that second, and half the width of its band; nil when
    /// nothing ties the clocks.
    func offset(from: UInt32, to: UInt32, second: Int64) -> (offset: Int64, error: Int64?) {
        guard let a = domain(from), let b = domain(to), a != b else { return (0, 0) }
        // The middle of the second: within one, no clock drifts by a microsecond per ten parts per million.
        let time = second &* 1_000_000_000 &+ 500_000_000
        let start = alignment.offset(domain: a, at: time)
        let end = alignment.offset(domain: b, at: time)
        guard let startError = start.error, let endError = end.error else { return (0, nil) }
        return (end.offset &- start.offset, startError &+ endError)
    }

    private func domain(_ stream: UInt32) -> Int? { stream < UInt32(domains.count) ? domains[Int(stream)] : nil }
}

/// Which device holds which stage, to name roles by stages where that is possible.
struct StagePlaces {
    private var labels: [String] = []
    private(set) var stageOfDevice: [String: Int] = [:]
    /// Labels of the devices with a stage or layers, in the order of stages.
    private(set) var devices: [String] = []
    /// Whether each stage is held by one device and each of these devices by one stage.
    private(set) var isKnown = false

    init(_ streams: [StreamInfo]) {
        labels = streams.map(\.device)
        var pairs: Set<String> = []
        for stream in streams {
            guard let stage = stream.stage else { continue }
            stageOfDevice[stream.device] = stage
            pairs.insert("\(stage) \(stream.device)")
        }
        isKnown = !pairs.isEmpty && pairs.count == stageOfDevice.count && Set(stageOfDevice.values).count == pairs.count
        devices = stageOfDevice.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }

    /// The label of a stream.
    func device(_ stream: UInt32) -> String? { stream < UInt32(labels.count) ? labels[Int(stream)] : nil }

    /// The role with its place filled in, still by device labels: ``SessionDiff`` exchanges them for stages when both
    /// sessions know theirs.
    func canonical(_ role: DiffRole, _ stream: UInt32) -> DiffRole {
        guard role.place != nil else { return role }
        var named = role
        named.place = device(stream) ?? role.place
        return named
    }
}
