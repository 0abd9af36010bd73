/// The instants of one repetition: every edge of the original once more, in the same order, at redrawn distances.
///
/// The order of edges is what makes a trace: that a child lies inside its parent, that a message is sent before it is
/// received, that layers follow each other. It is kept as it is. The distance between two neighbouring edges is drawn
/// from all distances between two such edges (same streams, roles and sides) in the original. Where nothing else happens
/// during a layer, which is nearly always, that is its duration, drawn from all durations of that layer in that phase.
/// Neighbours that are rare, such as a memory sample inside a layer, keep their own distance: drawn one by one, the parts
/// of such a layer would no longer add up to a duration that it has.
///
/// Every distance is moved by up to a 64th of it: 2,000 recorded durations drawn a hundred thousand times would else be
/// values that come again and again, which nanoseconds that were measured do not.
struct Warp {
    /// The original's instants.
    private let before: [Int64]
    private let poolOfEdge: [Int]
    private let pools: [[Int64]]
    /// The instants of this repetition, by the place of the edge.
    private(set) var after: [Int64]
    /// Silence between two repetitions.
    private static let pauseNanos: Int64 = 500_000_000
    /// Fewer recorded distances are no distribution to draw from. A layer has 75 in the prefill, 2,229 in the decode.
    private static let fewest = 200

    init(_ original: Original) {
        let kinds = original.edges.map { edge in
            let event = original.items[edge.item].event
            return UInt64(event.stream) << 34 | UInt64(event.role.index) << 2 | edge.side.rawValue
        }
        struct Pair: Hashable {
            let first, second: UInt64
        }
        var places: [Pair: Int] = [:]
        var pools: [[Int64]] = []
        var poolOfEdge: [Int] = []
        for index in original.edges.indices.dropFirst() {
            let pair = Pair(first: kinds[index - 1], second: kinds[index])
            let place = places[pair] ?? pools.count
            if place == pools.count {
                places[pair] = place
                pools.append([])
            }
            pools[place].append(original.edges[index].time - original.edges[index - 1].time)
            poolOfEdge.append(place)
        }
        before = original.edges.map(\.time)
        after = before
        self.poolOfEdge = poolOfEdge
        self.pools = pools
    }

    /// Draws the instants of the next repetition, from `start` on; returns where the one after it begins.
    mutating func draw(from start: Int64, _ random: inout Random) -> Int64 {
        var now = start
        after[0] = now
        for (index, place) in poolOfEdge.enumerated() {
            let pool = pools[place]
            let own = before[index + 1] - before[index]
            let drawn = pool.count < Self.fewest ? own : pool[random.next(below: pool.count)]
            let reach = drawn >> 6
            now += drawn - reach + Int64(random.next(below: Int(2 * reach + 1)))
            after[index + 1] = now
        }
        return now + Self.pauseNanos
    }

    /// Where an instant of the original lies in this repetition: in proportion between its neighbouring edges.
    func map(_ time: Int64) -> Int64 {
        var low = 0
        var high = before.count
        while low < high {
            let middle = (low + high) / 2
            if before[middle] <= time { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return after[0] - (before[0] - time) }
        guard low < before.count else { return after[low - 1] + time - before[low - 1] }
        let share = Double(time - before[low - 1]) / Double(before[low] - before[low - 1])
        return after[low - 1] + Int64(share * Double(after[low] - after[low - 1]))
    }
}
