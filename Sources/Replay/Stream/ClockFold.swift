/// What the log says about the offsets between clock domains, per direction and epoch of ten seconds.
///
/// All evidence is of one kind: nothing is received before it was sent, so a matched hop bounds the receiver's clock
/// from above, and a clock probe is two such messages, there and back. ``ClockBounds`` keeps the tightest of each
/// direction, ``ClockGraph`` solves all clocks together.
struct ClockFold: Sendable {
    private static let edgeLimit = 4096
    /// Instants solved at most; between them offsets follow straight lines.
    private static let knotLimit = 4096

    private struct Edge: Sendable {
        var from: Int
        var to: Int
        var bounds = ClockBounds()
    }

    private var edges: ContiguousArray<Edge> = []
    private var requestsOfDomain: ContiguousArray<Int> = []
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
        guard isStale || !edges.isEmpty else { return }
        let epoch = time / ClockBounds.epochNanos
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
        guard from >= 0, to >= 0, bound.magnitude < UInt64(ClockGraph.unbounded) / 4096 else { return }
        var index = 0
        while index < edges.count, edges[index].from != from || edges[index].to != to { index += 1 }
        if index == edges.count {
            guard edges.count < Self.edgeLimit else { return }
            edges.append(Edge(from: from, to: to))
            isStale = true
        }
        edges[index].bounds.add(bound, at: time)
    }

    /// Solves the offsets of all domains from the evidence so far. O(knots x domains^3).
    func solve(domains: [String]) -> ClockAlignment {
        let count = domains.count
        let used = ContiguousArray(edges.filter { $0.from < count && $0.to < count })
        // Only domains that events told of: a stream that a live reader does not know yet must not change the past.
        let members = Set(used.flatMap { [$0.from, $0.to] } + (0..<count).filter { requests(of: $0) > 0 })
        guard !used.isEmpty,
            let root = members.min(by: { a, b in
                let (left, right) = (requests(of: a), requests(of: b))
                return left != right ? left > right : domains[a] < domains[b]
            })
        else { return .identity }
        // Rough offsets first: what the clocks show at one instant may lie far apart, and bounds are compared by time.
        var rough = [[Int64]](repeating: [Int64](repeating: ClockGraph.unbounded, count: count), count: count)
        for edge in used { rough[edge.from][edge.to] = min(rough[edge.from][edge.to], edge.bounds.least ?? .max) }
        let first = ClockGraph(bounds: rough, root: root).solved()
        var paths = ContiguousArray<ContiguousArray<ClockAlignment.Edge>?>(
            first.map { solution in
                solution.map { [.init(points: [.init(time: 0, offset: $0.offset, error: 0)], sign: 1)] }
            })
        // Twice: the second time with the offsets of the first.
        for _ in 0..<2 {
            let clocks = ClockAlignment(root: root, paths: paths)
            paths = Self.paths(used, count, root, margin: ClockBounds.marginNanos &* Int64(members.count)) {
                clocks.aligned($0, domain: $1)
            }
        }
        paths[root] = []
        return ClockAlignment(root: root, paths: paths)
    }

    private func requests(of domain: Int) -> Int { domain < requestsOfDomain.count ? requestsOfDomain[domain] : 0 }

    private static func paths(
        _ edges: ContiguousArray<Edge>, _ count: Int, _ root: Int, margin: Int64, _ align: (Int64, Int) -> Int64
    ) -> ContiguousArray<ContiguousArray<ClockAlignment.Edge>?> {
        let vertices = edges.map { edge in edge.bounds.vertices { align($0, edge.to) } }
        var knots = Array(Set(vertices.flatMap { $0.map(\.time) })).sorted()
        if knots.count > knotLimit {
            let stride = knots.count / knotLimit + 1
            knots = knots.indices.filter { $0 % stride == 0 || $0 == knots.count - 1 }.map { knots[$0] }
        }
        var points = [ContiguousArray<ClockAlignment.Point>](repeating: [], count: count)
        for knot in knots {
            var bounds = [[Int64]](repeating: [Int64](repeating: ClockGraph.unbounded, count: count), count: count)
            for (edge, vertices) in zip(edges, vertices) {
                bounds[edge.from][edge.to] = ClockBounds.value(vertices, at: knot) ?? ClockGraph.unbounded
            }
            for (domain, solution) in ClockGraph(bounds: bounds, root: root).solved().enumerated() {
                guard let solution else { continue }
                // Knots stand where the clocks are taken to be: off by the band at most, so by 500 ppm of it in offset.
                // And every step of the way had its margin taken off.
                points[domain].append(
                    .init(
                        time: knot &+ solution.offset, offset: solution.offset,
                        error: solution.error.map { $0 &+ $0 / 1000 &+ margin } ?? .max))
            }
        }
        return ContiguousArray(
            points.map { points in points.isEmpty ? nil : [ClockAlignment.Edge(points: points, sign: 1)] })
    }
}
