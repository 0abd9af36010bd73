/// Offsets solved so far, and what was odd about the evidence.
struct ClockSolution: Sendable {
    /// -1 before anything was solved.
    private(set) var root = -1
    /// Each domain's estimates by ascending time on its own clock.
    private(set) var points: ContiguousArray<ContiguousArray<ClockAlignment.Point>> = []
    /// Bounds that contradicted the rest and were taken out.
    private(set) var outliers = 0
    /// Epochs in which, or before which, a clock stepped.
    private(set) var steps = 0
    private var wasTorn = false

    /// The offsets, ready to use.
    var alignment: ClockAlignment { root < 0 ? .identity : ClockAlignment(root: root, points: points) }

    /// Whether the domain is the root or was linked to it.
    func knows(_ domain: Int) -> Bool { domain == root || (domain < points.count && !points[domain].isEmpty) }

    /// A domain's last offset; 0 of the root and of a clock that is not known.
    func lastOffset(_ domain: Int) -> Int64 { domain < points.count ? points[domain].last?.offset ?? 0 : 0 }

    /// Takes over an epoch; `members` are its clocks' domains.
    mutating func append(_ epoch: ClockEpoch.Result, root: Int, members: [Int]) {
        self.root = root
        outliers &+= epoch.outliers
        // A step inside an epoch also cuts off the next one; that is the same step.
        if epoch.isTorn || (epoch.isCut && !wasTorn) { steps &+= 1 }
        wasTorn = epoch.isTorn
        for (number, domain) in members.enumerated() {
            while points.count <= domain { points.append([]) }
            guard let first = epoch.points[number].first else { continue }
            let isGoingOn = !epoch.isCut && !epoch.isTorn
            // A clock that was set back shows the same times twice; then the later showing counts.
            while !isGoingOn, let last = points[domain].last, last.time >= first.time { points[domain].removeLast() }
            for point in epoch.points[number] where points[domain].last.map({ $0.time < point.time }) ?? true {
                points[domain].append(point)
            }
        }
    }

    /// Forgets the oldest estimates of each domain, a quarter at a time.
    mutating func trim(to limit: Int) {
        for domain in points.indices where points[domain].count > limit {
            points[domain].removeFirst(points[domain].count - limit + limit / 4)
        }
    }
}

/// Solves a fold's epochs one after the other.
struct ClockSolver {
    private let fold: ClockFold
    private let edges: ContiguousArray<ClockFold.Edge>
    /// The domains that the evidence tells of, by name: numbers of domains depend on who was met first.
    private let members: [Int]
    private let numbers: [Int: Int]
    private let root: Int
    private let seeds: ContiguousArray<Int64>
    private(set) var solution: ClockSolution
    /// How often all clocks were solved.
    private(set) var work = 0

    /// Nil when there is no evidence.
    init?(_ fold: ClockFold, _ domains: [String]) {
        let count = domains.count
        let used = fold.edges.filter { $0.from < count && $0.to < count }
        let told = Set(used.flatMap { [$0.from, $0.to] } + (0..<count).filter { fold.requests(of: $0) > 0 })
        let members = told.sorted { domains[$0] < domains[$1] }
        guard !used.isEmpty, let root = fold.root(of: members, domains) else { return nil }
        self.fold = fold
        edges = ContiguousArray(used)
        self.members = told.contains(root) ? members : (members + [root]).sorted { domains[$0] < domains[$1] }
        self.root = root
        numbers = Dictionary(uniqueKeysWithValues: self.members.enumerated().map { ($1, $0) })
        solution = fold.solutionSoFar
        // Where a clock stands that was not solved so far: from what its first stretches say on the whole.
        let size = self.members.count
        var bounds = ContiguousArray(repeating: ClockGraph.unbounded, count: size * size)
        for edge in used {
            guard let from = numbers[edge.from], let to = numbers[edge.to], let first = edge.bounds.stretches.first,
                let typical = ClockStrand(from: from, to: to, items: Self.items(of: first, .inside)).typical
            else { continue }
            bounds[from * size + to] = min(bounds[from * size + to], typical)
        }
        let solved = ClockGraph(bounds: bounds, count: size, root: numbers[root] ?? 0).solved()
        seeds = ContiguousArray(solved.map { $0?.offset ?? 0 })
    }

    private func offset(_ domain: Int) -> Int64 {
        solution.knows(domain) ? solution.lastOffset(domain) : numbers[domain].map { seeds[$0] } ?? 0
    }

    /// How far the one of a direction's clocks that is ahead is ahead of the root's: its messages are complete, in
    /// canonical order, by so much later than on the root's clock.
    func lag(_ edge: ClockFold.Edge) -> Int64 { max(offset(edge.from), offset(edge.to)) }

    /// Whether both of its clocks are linked to the root's.
    func knows(_ edge: ClockFold.Edge) -> Bool { solution.knows(edge.from) && solution.knows(edge.to) }

    /// The last epoch of which nothing comes any more once event time is `time`; nil while there is none.
    ///
    /// Before the first request nothing says whose clock is to be the root, so that is waited for, as it is for clocks
    /// that are ahead, but not for ever.
    func lastComplete(at time: Int64) -> Int64? {
        let ahead = members.map { offset($0) }.max() ?? 0
        let longest = ClockFold.openLimit * ClockBounds.epochNanos
        let isRootKnown = solution.root >= 0 || fold.hasRequests
        let waits = isRootKnown ? min(longest, max(0, ahead)) : longest
        let (complete, overflow) = time.subtractingReportingOverflow(waits &+ ClockBounds.epochNanos)
        return overflow ? nil : ClockBounds.number(complete) - 1
    }

    /// Solves the epochs with evidence after one and up to another.
    mutating func solve(after first: Int64, through last: Int64) {
        var epochs: Set<Int64> = []
        for edge in edges {
            let from = first == .min ? 0 : edge.bounds.firstIndex(from: first)
            for stretch in edge.bounds.stretches[from...] where stretch.number > first && stretch.number <= last {
                epochs.insert(stretch.number)
            }
        }
        for epoch in epochs.sorted() { solve(epoch) }
    }

    private mutating func solve(_ number: Int64) {
        var strands: [ClockStrand] = []
        for edge in edges {
            guard let from = numbers[edge.from], let to = numbers[edge.to] else { continue }
            var items: [ClockStrand.Item] = []
            var index = edge.bounds.firstIndex(from: number - 1)
            while index < edge.bounds.stretches.count, edge.bounds.stretches[index].number <= number + 1 {
                let stretch = edge.bounds.stretches[index]
                items += Self.items(
                    of: stretch, stretch.number < number ? .before : stretch.number == number ? .inside : .after)
                index += 1
            }
            if !items.isEmpty { strands.append(.init(from: from, to: to, items: items)) }
        }
        var epoch = ClockEpoch(
            start: number &* ClockBounds.epochNanos, count: members.count, root: numbers[root] ?? 0)
        let result = epoch.solve(strands)
        work += result.work
        solution.append(result, root: root, members: members)
    }

    private static func items(of stretch: ClockBounds.Stretch, _ place: ClockStrand.Place) -> [ClockStrand.Item] {
        stretch.hull.map { .init(point: $0, place: place, isLow: false) }
            + stretch.lowest.map { .init(point: $0, place: place, isLow: true) }
    }
}
