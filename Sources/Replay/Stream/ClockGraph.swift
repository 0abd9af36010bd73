/// Solves the offsets of all clocks at one instant from the upper bounds between them.
///
/// `bounds[a * count + b]` says how far b's clock can be ahead of a's at most. The tightest bound that follows from all
/// of them is the shortest way from a to b (Floyd and Warshall; systems of difference constraints: Cormen et al.,
/// chapter on shortest paths), so a ring of hops in one direction bounds every clock from both sides. The middle of an
/// interval is taken: these middles keep every bound too, so nothing is received before it was sent.
///
/// Bounds that contradict each other show as a ring whose sum is negative. Then the bounds of that ring give way, by
/// equal parts, and no others; the clocks that lie behind them have their bands widened by the whole contradiction.
/// O(clocks^3).
struct ClockGraph {
    static let unbounded = Int64.max / 4
    /// Rings that give way one after the other; then all bounds do.
    private static let ringLimit = 32
    private let count: Int
    private let root: Int
    private var reach: ContiguousArray<Int64>
    /// The same without the bounds that gave way; nil when none did.
    private var reachOfSound: ContiguousArray<Int64>?
    /// By how much the bounds contradict each other, all rings together; 0 when they agree.
    private(set) var conflict: Int64 = 0

    init(bounds: ContiguousArray<Int64>, count: Int, root: Int) {
        self.count = count
        self.root = root
        var bounds = bounds
        var sound = bounds
        for _ in 0..<Self.ringLimit {
            guard let ring = Self.contradiction(bounds, count) else { break }
            let share = ring.deficit / Int64(ring.edges.count) + 1
            for edge in ring.edges {
                bounds[edge] = bounds[edge] &+ share
                sound[edge] = Self.unbounded
            }
            conflict = Self.sum(conflict, ring.deficit)
        }
        while let ring = Self.contradiction(bounds, count), conflict < Self.unbounded {
            for edge in bounds.indices where bounds[edge] < Self.unbounded {
                bounds[edge] = bounds[edge] &+ ring.deficit
                sound[edge] = Self.unbounded
            }
            conflict = Self.sum(Self.sum(conflict, ring.deficit), conflict)
        }
        reach = Self.closed(bounds, count)
        if conflict > 0 { reachOfSound = Self.closed(sound, count) }
    }

    private static func sum(_ a: Int64, _ b: Int64) -> Int64 { min(unbounded, a &+ b) }

    /// A ring of bounds whose sum is negative, and how far it is below 0; nil when the bounds agree.
    ///
    /// Bellman and Ford from everywhere at once (Cormen et al., section 24.1); the ring is found by going back from a
    /// bound that still helps after as many rounds as there are clocks.
    static func contradiction(
        _ bounds: ContiguousArray<Int64>, _ count: Int
    ) -> (edges: ContiguousArray<Int>, deficit: Int64)? {
        var distance = ContiguousArray<Int64>(repeating: 0, count: count)
        var edgeInto = ContiguousArray<Int>(repeating: -1, count: count)
        var changed = -1
        for _ in 0...count {
            changed = -1
            for a in 0..<count {
                for b in 0..<count where a != b && bounds[a * count + b] < unbounded {
                    let sum = distance[a] &+ bounds[a * count + b]
                    guard sum < distance[b] else { continue }
                    distance[b] = sum
                    edgeInto[b] = a * count + b
                    changed = b
                }
            }
            if changed < 0 { return nil }
        }
        var clock = changed
        for _ in 0..<count where edgeInto[clock] >= 0 { clock = edgeInto[clock] / count }
        let start = clock
        var edges: ContiguousArray<Int> = []
        var deficit: Int64 = 0
        repeat {
            let edge = edgeInto[clock]
            guard edge >= 0, edges.count < count else { return nil }
            edges.append(edge)
            deficit = deficit &- bounds[edge]
            clock = edge / count
        } while clock != start
        return deficit > 0 ? (edges, deficit) : nil
    }

    private static func closed(_ bounds: ContiguousArray<Int64>, _ count: Int) -> ContiguousArray<Int64> {
        var reach = bounds
        for clock in 0..<count { reach[clock * count + clock] = 0 }
        for middle in 0..<count {
            for a in 0..<count where reach[a * count + middle] < unbounded {
                let first = reach[a * count + middle]
                for b in 0..<count where reach[middle * count + b] < unbounded {
                    let sum = first &+ reach[middle * count + b]
                    if sum < reach[a * count + b] { reach[a * count + b] = sum }
                }
            }
        }
        return reach
    }

    private func reach(_ a: Int, _ b: Int) -> Int64 { reach[a * count + b] }

    /// What a clock's band is wider by: everything that gave way, if the ways between it and the root lead over it.
    private func concession(_ clock: Int) -> Int64 {
        guard let sound = reachOfSound, clock != root else { return 0 }
        let isUntouched =
            sound[root * count + clock] == reach(root, clock) && sound[clock * count + root] == reach(clock, root)
        return isUntouched ? 0 : conflict
    }

    /// Each clock's offset to the root's and half the width of its interval; nil error where one side is open, nil
    /// altogether where nothing links the two.
    func solved() -> ContiguousArray<(offset: Int64, error: Int64?)?> {
        var result = ContiguousArray<(offset: Int64, error: Int64?)?>(repeating: nil, count: count)
        var fixed: [(domain: Int, offset: Int64)] = []
        for domain in 0..<count {
            let (up, down) = (reach(root, domain), reach(domain, root))
            guard up < Self.unbounded, down < Self.unbounded else { continue }
            let offset = domain == root ? 0 : (up &- down) / 2
            result[domain] = (offset, domain == root ? 0 : max(0, up &+ down) / 2 &+ concession(domain))
            fixed.append((domain, offset))
        }
        // Bounded on one side only: as close to it as causality lets it.
        for domain in 0..<count where result[domain] == nil {
            let bounds = fixed.filter { reach($0.domain, domain) < Self.unbounded }
            guard let offset = bounds.map({ $0.offset &+ reach($0.domain, domain) }).min() else { continue }
            result[domain] = (offset, nil)
        }
        for domain in 0..<count where result[domain] != nil && result[domain]?.error == nil {
            if let offset = result[domain]?.offset { fixed.append((domain, offset)) }
        }
        for domain in 0..<count where result[domain] == nil {
            let bounds = fixed.filter { reach(domain, $0.domain) < Self.unbounded }
            guard let offset = bounds.map({ $0.offset &- reach(domain, $0.domain) }).max() else { continue }
            result[domain] = (offset, nil)
        }
        return result
    }
}
