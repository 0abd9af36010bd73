/// What the log says about the offsets between clock domains, per pair of domains and epoch of ten seconds.
///
/// Evidence is of two kinds. A clock probe bounds the offset from both sides: `((t1 - t0) + (t2 - t3)) / 2`, half the
/// round trip as error; per epoch the fastest probe is kept (the minimum-delay filter of NTP, RFC 5905 section 10). A
/// matched hop bounds it from one side, since nothing is received before it was sent: per epoch the least transit of
/// each direction is kept. Offsets of the whole follow breadth-first from the root domain over the most exact edges.
struct ClockFold: Sendable {
    static let epochNanos: Int64 = 10_000_000_000
    private static let epochLimit = 16_384

    /// One epoch's evidence for a pair (a, b); offsets are b's clock less a's.
    private struct Epoch: Sendable {
        var number: Int64
        var probeOffset: Int64 = 0
        var roundTrip: Int64 = .max
        var probeTime: Int64 = 0
        /// Least `receive - send` from a to b: the offset is at most this.
        var forward: Int64 = .max
        var forwardTime: Int64 = 0
        /// Least `receive - send` from b to a: the offset is at least minus this.
        var backward: Int64 = .max
        var backwardTime: Int64 = 0
    }

    private struct Pair: Sendable {
        var a: Int
        var b: Int
        var epochs: ContiguousArray<Epoch> = []
    }

    private var pairs: ContiguousArray<Pair> = []
    private var requestsOfDomain: ContiguousArray<Int> = []
    private var domainsSeen = 0
    private var currentEpoch = Int64.min
    private var isStale = false
    /// The alignment from the evidence of all complete epochs, for what the fold must decide as it goes.
    private(set) var running = ClockAlignment.identity

    /// Notes a request of a domain: the root is the domain with most of them.
    mutating func noteRequest(domain: Int) {
        guard domain >= 0, domain < 4096 else { return }
        while requestsOfDomain.count <= domain { requestsOfDomain.append(0) }
        requestsOfDomain[domain] += 1
    }

    /// Moves on to the epoch of `time`; the alignment of the past is then solved once.
    @inline(__always) mutating func advance(to time: Int64, domains: [String]) {
        guard isStale || !pairs.isEmpty else { return }
        let epoch = time / Self.epochNanos
        if epoch != currentEpoch || isStale {
            currentEpoch = epoch
            isStale = false
            running = solve(domains: domains)
        }
    }

    /// Adds a clock probe between `asker` and `answerer`.
    mutating func probe(asker: Int, answerer: Int, t0: Int64, t1: Int64, t2: Int64, t3: Int64) {
        guard asker != answerer else { return }
        let there = Int128(t1) - Int128(t0)
        let back = Int128(t2) - Int128(t3)
        let offset = (there + back) / 2
        // The round trip is (t3 - t0) - (t2 - t1).
        guard let trip = Int64(exactly: there - back), let offset64 = Int64(exactly: offset), trip >= 0 else { return }
        let isForward = asker < answerer
        update(min(asker, answerer), max(asker, answerer), at: t0) { epoch in
            if trip < epoch.roundTrip {
                epoch.roundTrip = trip
                epoch.probeOffset = isForward ? offset64 : 0 &- offset64
                epoch.probeTime = t0 &+ trip / 2
            }
        }
    }

    /// Adds a matched hop between domains: its transit on the clocks as they are.
    mutating func hop(from: Int, to: Int, transit: Int64, at time: Int64) {
        guard from != to else { return }
        let isForward = from < to
        update(min(from, to), max(from, to), at: time) { epoch in
            if isForward {
                if transit < epoch.forward {
                    epoch.forward = transit
                    epoch.forwardTime = time
                }
            } else if transit < epoch.backward {
                epoch.backward = transit
                epoch.backwardTime = time
            }
        }
    }

    private mutating func update(_ a: Int, _ b: Int, at time: Int64, _ body: (inout Epoch) -> Void) {
        guard a >= 0 else { return }
        var index = 0
        while index < pairs.count, pairs[index].a != a || pairs[index].b != b { index += 1 }
        if index == pairs.count {
            pairs.append(Pair(a: a, b: b))
            isStale = true
        }
        let number = time / Self.epochNanos
        if let last = pairs[index].epochs.indices.last, pairs[index].epochs[last].number == number {
            body(&pairs[index].epochs[last])
            return
        }
        if let found = pairs[index].epochs.lastIndex(where: { $0.number == number }) {
            body(&pairs[index].epochs[found])
            return
        }
        let place = pairs[index].epochs.firstIndex { $0.number > number } ?? pairs[index].epochs.count
        var epoch = Epoch(number: number)
        body(&epoch)
        pairs[index].epochs.insert(epoch, at: place)
        if pairs[index].epochs.count > Self.epochLimit { pairs[index].epochs.removeFirst() }
    }

    /// Solves the offsets of all domains from the evidence so far. O(pairs x epochs).
    func solve(domains: [String]) -> ClockAlignment {
        guard !pairs.isEmpty else { return .identity }
        let count = domains.count
        func name(_ domain: Int) -> String { domain < count ? domains[domain] : "" }
        let root =
            (0..<count).min { a, b in
                let left = a < requestsOfDomain.count ? requestsOfDomain[a] : 0
                let right = b < requestsOfDomain.count ? requestsOfDomain[b] : 0
                return left != right ? left > right : name(a) < name(b)
            } ?? 0
        var estimates: [(pair: Pair, points: ContiguousArray<ClockAlignment.Point>, error: Int64)] = []
        for pair in pairs {
            let points = Self.points(of: pair)
            guard let error = points.map(\.error).min() else { continue }
            estimates.append((pair, points, error))
        }
        var paths = ContiguousArray<ContiguousArray<ClockAlignment.Edge>?>(repeating: nil, count: count)
        guard root < count else { return .identity }
        paths[root] = []
        var frontier = [root]
        while !frontier.isEmpty {
            var next: [Int] = []
            // Breadth first; of several edges to one domain the most exact, then the one from the least name.
            var offers: [(to: Int, from: Int, edge: ClockAlignment.Edge, error: Int64)] = []
            for (pair, points, error) in estimates {
                for (from, to, sign) in [(pair.a, pair.b, Int64(1)), (pair.b, pair.a, Int64(-1))]
                where frontier.contains(from) && to < count && paths[to] == nil {
                    offers.append((to, from, ClockAlignment.Edge(points: points, sign: sign), error))
                }
            }
            offers.sort { a, b in
                a.error != b.error
                    ? a.error < b.error : (name(a.to), name(a.from)) < (name(b.to), name(b.from))
            }
            for offer in offers where paths[offer.to] == nil {
                guard let base = paths[offer.from] else { continue }
                paths[offer.to] = base + [offer.edge]
                next.append(offer.to)
            }
            frontier = next
        }
        return ClockAlignment(root: root, paths: paths)
    }

    private static func points(of pair: Pair) -> ContiguousArray<ClockAlignment.Point> {
        var points: ContiguousArray<ClockAlignment.Point> = []
        for epoch in pair.epochs {
            if epoch.roundTrip != .max {
                points.append(.init(time: epoch.probeTime, offset: epoch.probeOffset, error: (epoch.roundTrip + 1) / 2))
            } else if epoch.forward != .max, epoch.backward != .max {
                let upper = Int128(epoch.forward)
                let lower = -Int128(epoch.backward)
                let time = epoch.forwardTime / 2 &+ epoch.backwardTime / 2
                points.append(
                    .init(
                        time: time, offset: Int64(clamping: (upper + lower) / 2),
                        error: Int64(clamping: (upper > lower ? upper - lower : lower - upper) / 2 + 1)))
            }
        }
        if points.isEmpty {
            // One direction only: the offset is bounded, not measured. Shift no more than causality asks for.
            for epoch in pair.epochs {
                if epoch.forward != .max {
                    let offset = min(0, epoch.forward)
                    points.append(
                        .init(
                            time: epoch.forwardTime, offset: offset,
                            error: Int64(clamping: Int128(epoch.forward) - Int128(offset))))
                } else if epoch.backward != .max {
                    let offset = max(0, 0 &- epoch.backward)
                    points.append(
                        .init(
                            time: epoch.backwardTime, offset: offset,
                            error: Int64(clamping: Int128(epoch.backward) + Int128(offset))))
                }
            }
        }
        // Causality: no hop is received before it was sent. An estimate that says so gives way and widens its band.
        for epoch in pair.epochs {
            for (bound, time, isUpper) in [
                (epoch.forward, epoch.forwardTime, true), (epoch.backward, epoch.backwardTime, false),
            ] where bound != .max {
                let (offset, _) = ClockAlignment.interpolate(points, at: time)
                let violation = isUpper ? Int128(offset) - Int128(bound) : -Int128(bound) - Int128(offset)
                guard violation > 0, let shift = Int64(exactly: violation), !points.isEmpty else { continue }
                let nearest =
                    points.indices.min { (points[$0].time &- time).magnitude < (points[$1].time &- time).magnitude }
                    ?? 0
                points[nearest].offset = points[nearest].offset &- (isUpper ? shift : 0 &- shift)
                points[nearest].error = points[nearest].error &+ shift
            }
        }
        return points
    }
}
