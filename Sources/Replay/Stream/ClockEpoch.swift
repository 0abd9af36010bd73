/// Solves the clocks over one epoch of ten seconds of the root's clock, from the evidence in it and beside it.
///
/// The epochs beside it only carry the bounds on smoothly. Evidence that contradicts the rest is taken out, fewest
/// first; where that does not help, a clock stepped: then the epoch stands on its own, and if the step lies inside it,
/// the clocks that contradict each other have a band in this epoch that holds both readings.
struct ClockEpoch {
    struct Result {
        /// Each clock's estimates; empty for a clock without evidence in the epoch.
        var points: ContiguousArray<ContiguousArray<ClockAlignment.Point>>
        /// Evidence of the epoch that was taken out.
        var outliers = 0
        /// The epoch does not go on from the one before it.
        var isCut = false
        /// Bounds of the epoch itself contradict each other.
        var isTorn = false
        /// Instants at which all clocks were solved.
        var work = 0
    }

    /// Contradictions smaller than this are the solver's own: both stamps of a message are aligned at one instant.
    static let toleranceNanos: Int64 = 20_000
    /// Knots of an epoch at most.
    private static let knotLimit = 512
    private static let roughKnots = 16
    /// An epoch's knots reach so far into its neighbours, so that no vertex at the border is missed by both.
    private static let overlapNanos: Int64 = 10_000_000

    let start: Int64
    let count: Int
    let root: Int
    private var work = 0

    /// The epoch that begins at `start` on the root's clock, over `count` clocks.
    init(start: Int64, count: Int, root: Int) {
        self.start = start
        self.count = count
        self.root = root
    }

    /// Offsets and bands over the epoch. O(knots x clocks^3); where evidence contradicts the rest, a small multiple.
    mutating func solve(_ strands: [ClockStrand]) -> Result {
        let choices: [Set<ClockStrand.Place>] = [
            [.before, .inside, .after], [.before, .inside], [.inside, .after], [.inside],
        ]
        var result = Result(points: ContiguousArray(repeating: [], count: count))
        for places in choices {
            let isLast = places.count == 1
            guard let found = solve(Self.only(places, strands), acceptsTorn: isLast) else { continue }
            result = found
            result.isCut = !places.contains(.before)
            break
        }
        result.work = work
        return result
    }

    private static func only(_ places: Set<ClockStrand.Place>, _ strands: [ClockStrand]) -> [ClockStrand] {
        var kept: [ClockStrand] = []
        for strand in strands {
            let items = strand.items.filter { places.contains($0.place) }
            if !items.isEmpty { kept.append(ClockStrand(from: strand.from, to: strand.to, items: items)) }
        }
        return kept
    }

    private mutating func solve(_ strands: [ClockStrand], acceptsTorn: Bool) -> Result? {
        // What the clocks show at one instant may lie far apart, and bounds are compared by time: so offsets roughly
        // first, then at a few instants, then at all of them.
        let constants = rough(strands)
        let linked = strands.filter { constants.knows($0.from) && constants.knows($0.to) }
        var first = ClockReading(linked, constants, count)
        let stretch = first.knots(from: .min, to: .max, limit: Self.roughKnots)
        var outliers = 0
        guard clean(&first, at: stretch, acceptsTorn, &outliers) else { return nil }
        let clocks = alignment(points(first, at: stretch, isRough: true))
        var second = ClockReading(first.strands, clocks, count)
        let (end, overflow) = start.addingReportingOverflow(ClockBounds.epochNanos &+ Self.overlapNanos)
        let knots = second.knots(
            from: start &- Self.overlapNanos, to: overflow ? .max : end, limit: Self.knotLimit)
        guard clean(&second, at: knots, acceptsTorn, &outliers) else { return nil }
        let isTorn = acceptsTorn && conflict(second, at: knots) > 0
        var result = Result(points: points(second, at: knots, isRough: false), outliers: outliers, isTorn: isTorn)
        for domain in 0..<count where domain == root || !second.hasEvidence(domain) { result.points[domain] = [] }
        return result
    }

    private func alignment(_ points: ContiguousArray<ContiguousArray<ClockAlignment.Point>>) -> ClockAlignment {
        ClockAlignment(root: root, points: points)
    }

    /// One offset a clock, from what each direction says on the whole.
    private func rough(_ strands: [ClockStrand]) -> ClockAlignment {
        var bounds = ContiguousArray(repeating: ClockGraph.unbounded, count: count * count)
        for strand in strands {
            let place = strand.from * count + strand.to
            if let typical = strand.typical { bounds[place] = min(bounds[place], typical) }
        }
        let solved = ClockGraph(bounds: bounds, count: count, root: root).solved()
        return alignment(
            ContiguousArray(solved.map { $0.map { [.init(time: 0, offset: $0.offset, error: 0)] } ?? [] }))
    }

    // MARK: Solving

    private mutating func graph(_ reading: ClockReading, at knot: Int64) -> ClockGraph {
        work += 1
        return ClockGraph(bounds: reading.bounds(at: knot), count: count, root: root)
    }

    private mutating func points(
        _ reading: ClockReading, at knots: ContiguousArray<Int64>, isRough: Bool
    ) -> ContiguousArray<ContiguousArray<ClockAlignment.Point>> {
        var points = ContiguousArray<ContiguousArray<ClockAlignment.Point>>(repeating: [], count: count)
        // Every step of the way had its margin taken off.
        let margin = ClockBounds.marginNanos &* Int64(count)
        for knot in knots {
            for (domain, solution) in graph(reading, at: knot).solved().enumerated() {
                guard let solution else { continue }
                // Knots stand where the clocks are taken to be: off by the band at most, so by 500 ppm of it in offset.
                points[domain].append(
                    .init(
                        time: knot &+ solution.offset, offset: solution.offset,
                        error: solution.error.map { $0 &+ $0 / 1000 &+ margin } ?? .max))
            }
        }
        return points
    }

    /// By how much the bounds contradict each other, over all knots; what the solver itself makes is left out.
    private mutating func conflict(_ reading: ClockReading, at knots: ContiguousArray<Int64>) -> Int64 {
        knots.reduce(0) { sum, knot in
            let bounds = reading.bounds(at: knot)
            guard ClockGraph.contradiction(bounds, count) != nil else { return sum }
            let conflict = graph(reading, at: knot).conflict
            return conflict > Self.toleranceNanos ? min(ClockGraph.unbounded, sum &+ conflict) : sum
        }
    }

    // MARK: Taking out what contradicts the rest

    /// Takes out the fewest of the lowest bounds that leave no contradiction. False when there is none such; then
    /// nothing is taken out.
    private mutating func clean(
        _ reading: inout ClockReading, at knots: ContiguousArray<Int64>, _ acceptsTorn: Bool, _ outliers: inout Int
    ) -> Bool {
        var rest = conflict(reading, at: knots)
        guard rest > 0 else { return true }
        var cleaned = reading
        var removed = 0
        // Each round mends one direction; more broken ones than this are no outliers.
        for _ in 0..<8 where rest > 0 {
            guard let cure = cure(cleaned, at: knots, rest) else { break }
            cleaned = cleaned.without(cure.strand, cure.count)
            removed += cure.inside
            rest = cure.rest
        }
        guard rest == 0 else { return acceptsTorn }
        reading = cleaned
        outliers += removed
        return true
    }

    private struct Cure {
        var strand: Int
        var count: Int
        var inside: Int
        var rest: Int64
        var depth: Int64
    }

    /// Which direction to take how many bounds out of. Of those that help alike the fewest, then those that stand
    /// deepest below the rest of their own direction.
    private mutating func cure(_ reading: ClockReading, at knots: ContiguousArray<Int64>, _ before: Int64) -> Cure? {
        var best: Cure?
        for strand in suspects(reading, at: knots) {
            let lowest = reading.lowest(strand)
            // Each bound more has to help on its own: good ones always help a little.
            var least = before
            for count in 1...max(1, lowest.count) where count <= lowest.count {
                let rest = conflict(reading.without(strand, count), at: knots)
                guard rest < least - before / 16 else { continue }
                least = rest
                let cure = Cure(
                    strand: strand, count: count, inside: lowest.prefix(count).count { $0.place == .inside },
                    rest: rest, depth: reading.depth(strand) ?? before)
                let isBetter = best.map { (cure.rest, cure.count, $0.depth) < ($0.rest, $0.count, cure.depth) } ?? true
                if isBetter { best = cure }
                if rest == 0 { break }
            }
        }
        return best
    }

    /// The directions of the first ring that contradicts itself.
    private func suspects(_ reading: ClockReading, at knots: ContiguousArray<Int64>) -> [Int] {
        for knot in knots {
            guard let ring = ClockGraph.contradiction(reading.bounds(at: knot), count),
                ring.deficit > Self.toleranceNanos
            else { continue }
            return reading.strands.indices.filter { index in
                ring.edges.contains(reading.strands[index].from * count + reading.strands[index].to)
            }
        }
        return []
    }
}
