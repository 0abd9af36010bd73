/// What the log says about the offsets between clock domains, and the offsets solved from it.
///
/// All evidence is of one kind: nothing is received before it was sent, so a matched hop bounds the receiver's clock
/// from above, and a clock probe is two such messages, there and back. ``ClockBounds`` keeps the tightest of each
/// direction; ``ClockEpoch`` solves all clocks together over ten seconds of the root's clock.
///
/// ```
/// evidence -> stretches per direction -> epoch over -> solved once, frozen     (aligned: frozen + the open epochs)
///                        '-------------------------------------------------> (refit: all epochs anew)
/// ```
/// An epoch freezes when event time is ten seconds past its end and the clock that is furthest ahead is so too: in
/// canonical order nothing of it comes any more. So the state is a function of the events applied alone, and a copy is a
/// checkpoint. Only streams that events told of count: what a reader knows of silent ones depends on when it looked.
struct ClockFold: Sendable {
    private static let edgeLimit = 1024
    /// Stretches of evidence held over all directions, 640 bytes each at most; then the oldest go.
    private static let stretchLimit = 16_384
    /// Estimates held of each domain.
    private static let pointLimit = 16_384
    /// An epoch waits no longer than so many others for clocks that are ahead, nor for a first request.
    static let openLimit: Int64 = 64
    private static let domainLimit = 4096

    struct Edge: Sendable {
        var from: Int
        var to: Int
        var bounds = ClockBounds()
        /// How far the one of its clocks that is ahead is ahead of the root's, as last solved: what is complete at a
        /// time in canonical order was so much earlier on the root's clock.
        var lag: Int64 = 0
        /// Whether both clocks were linked to the root's by then.
        var isPlaced = false

        func epoch(of point: ClockBounds.Point) -> Int64 { ClockBounds.number(point.arrival &- lag) }
    }

    private(set) var edges: ContiguousArray<Edge> = []
    private var stretchCount = 0
    private var requestsOfDomain: ContiguousArray<Int> = []
    private var currentEpoch = Int64.min
    private var isStale = false
    private var frozen = ClockSolution()
    /// Epochs up to this one are frozen.
    private(set) var frozenThrough = Int64.min
    /// Evidence of epochs that were frozen before it came; evidence beyond the bounds on what is held.
    private(set) var lateCount = 0
    /// The alignment from the evidence up to the current epoch, for what the fold must decide as it goes.
    private(set) var running = ClockAlignment.identity
    /// How often all clocks were solved as the fold went on.
    private(set) var work = 0

    /// Notes a request of a domain: the root is the domain with most of them when the first epoch freezes.
    mutating func noteRequest(domain: Int) {
        guard domain >= 0, domain < Self.domainLimit else { return }
        while requestsOfDomain.count <= domain { requestsOfDomain.append(0) }
        requestsOfDomain[domain] += 1
    }

    /// Moves on to the epoch of `time`: what is complete freezes, the rest is solved once. O(1) within an epoch.
    @inline(__always) mutating func advance(to time: Int64, domains: [String]) {
        guard isStale || !edges.isEmpty else { return }
        let epoch = ClockBounds.number(time)
        if epoch != currentEpoch || isStale { move(to: time, epoch, domains) }
    }

    private mutating func move(to time: Int64, _ epoch: Int64, _ domains: [String]) {
        currentEpoch = epoch
        isStale = false
        place(domains)
        guard var solver = ClockSolver(self, domains) else { return }
        if let last = solver.lastComplete(at: time), last > frozenThrough {
            solver.solve(after: frozenThrough, through: last)
            frozen = solver.solution
            frozen.trim(to: Self.pointLimit)
            frozenThrough = last
        }
        solver.solve(after: frozenThrough, through: .max)
        running = solver.solution.alignment
        work &+= solver.work
        for index in edges.indices where solver.knows(edges[index]) {
            edges[index].lag = solver.lag(edges[index])
            edges[index].isPlaced = true
        }
    }

    /// Sorts the evidence between clocks that were not linked to the root so far into the epochs that it belongs to.
    private mutating func place(_ domains: [String]) {
        guard edges.contains(where: { !$0.isPlaced }), let solver = ClockSolver(self, domains) else { return }
        for index in edges.indices where !edges[index].isPlaced {
            let lag = solver.lag(edges[index])
            guard lag != edges[index].lag else { continue }
            edges[index].lag = lag
            let edge = edges[index]
            stretchCount -= edge.bounds.stretches.count
            edges[index].bounds.renumber { edge.epoch(of: $0) }
            stretchCount += edges[index].bounds.stretches.count
        }
    }

    // MARK: Evidence

    /// Adds a clock probe between `asker` and `answerer`.
    mutating func probe(asker: Int, answerer: Int, t0: Int64, t1: Int64, t2: Int64, t3: Int64) {
        guard asker != answerer else { return }
        let there = Int128(t1) - Int128(t0)
        let back = Int128(t2) - Int128(t3)
        // The round trip is (t3 - t0) - (t2 - t1); a negative one says that a clock stepped on the way.
        guard let there64 = Int64(exactly: there), let back64 = Int64(exactly: 0 - back), there >= back else { return }
        update(asker, answerer, there64, at: t1)
        update(answerer, asker, back64, at: t3)
    }

    /// Adds a matched hop between domains: its transit on the clocks as they are, and when it was received.
    mutating func hop(from: Int, to: Int, transit: Int64, at time: Int64) {
        guard from != to else { return }
        update(from, to, transit, at: time)
    }

    private mutating func update(_ from: Int, _ to: Int, _ bound: Int64, at time: Int64) {
        // Stamps near the ends of their range leave no room to reckon with.
        let limit = UInt64(ClockGraph.unbounded) / 4096
        guard from >= 0, to >= 0, from < Self.domainLimit, to < Self.domainLimit, bound.magnitude < limit,
            time.magnitude < UInt64(Int64.max) / 2
        else { return }
        var index = 0
        while index < edges.count, edges[index].from != from || edges[index].to != to { index += 1 }
        if index == edges.count {
            guard edges.count < Self.edgeLimit else {
                lateCount &+= 1
                return
            }
            edges.append(Edge(from: from, to: to))
            isStale = true
        }
        let point = ClockBounds.Point(time: time, bound: bound)
        let epoch = edges[index].epoch(of: point)
        if edges[index].isPlaced, epoch <= frozenThrough { lateCount &+= 1 }
        guard edges[index].bounds.add(point, to: epoch) else { return }
        stretchCount += 1
        if stretchCount > Self.stretchLimit { forgetOldest() }
    }

    private mutating func forgetOldest() {
        let oldest = edges.indices.min { a, b in
            (edges[a].bounds.stretches.first?.number ?? .max) < (edges[b].bounds.stretches.first?.number ?? .max)
        }
        guard let oldest else { return }
        edges[oldest].bounds.removeOldest()
        stretchCount -= 1
    }

    // MARK: Answers

    /// `clock=aligned`: the frozen epochs as they are, and those after them. O(knots of the open epochs x domains^3).
    func solve(domains: [String]) -> ClockSolution {
        guard var solver = ClockSolver(self, domains) else { return .init() }
        solver.solve(after: frozenThrough, through: .max)
        return solver.solution
    }

    /// `clock=refit`: every epoch anew, from all the evidence that is held. O(knots x domains^3).
    func refit(domains: [String]) -> ClockSolution {
        var fold = self
        fold.frozen = ClockSolution()
        fold.frozenThrough = .min
        return fold.solve(domains: domains)
    }

    /// What the solver goes on from.
    var solutionSoFar: ClockSolution { frozen }

    /// The clock that all others are held against: chosen when the first epoch freezes, and kept.
    func root(of members: [Int], _ domains: [String]) -> Int? {
        if frozen.root >= 0 { return frozen.root }
        return members.min { a, b in
            let (left, right) = (requests(of: a), requests(of: b))
            return left != right ? left > right : domains[a] < domains[b]
        }
    }

    /// Requests that began on a domain's clock.
    func requests(of domain: Int) -> Int { domain < requestsOfDomain.count ? requestsOfDomain[domain] : 0 }

    /// Whether any request began so far.
    var hasRequests: Bool { requestsOfDomain.contains { $0 > 0 } }
}
