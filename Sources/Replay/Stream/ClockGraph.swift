/// Solves the offsets of all clocks at one instant from the upper bounds between them.
///
/// `bounds[a][b]` says how far b's clock can be ahead of a's at most. The tightest bound that follows from all of them
/// is the shortest way from a to b (Floyd and Warshall; systems of difference constraints: Cormen et al., chapter on
/// shortest paths), so a ring of hops in one direction bounds every clock from both sides. The middle of an interval is
/// taken: these middles keep every bound too, so nothing is received before it was sent.
struct ClockGraph {
    static let unbounded = Int64.max / 4
    private var reach: [[Int64]]
    private let root: Int
    /// By how much the bounds contradict each other; 0 when they agree.
    private(set) var conflict: Int64 = 0

    init(bounds: [[Int64]], root: Int) {
        self.root = root
        reach = Self.closed(bounds)
        for _ in 0..<8 {
            let deepest = reach.indices.map { reach[$0][$0] }.min() ?? 0
            guard deepest < 0 else { break }
            // The bounds contradict each other (a clock stepped): all give way alike.
            conflict = conflict &- deepest
            let raise = conflict
            reach = Self.closed(bounds.map { $0.map { $0 >= Self.unbounded ? $0 : $0 &+ raise } })
        }
    }

    private static func closed(_ bounds: [[Int64]]) -> [[Int64]] {
        var reach = bounds
        for index in reach.indices { reach[index][index] = min(0, reach[index][index]) }
        for middle in reach.indices {
            for a in reach.indices where reach[a][middle] < unbounded {
                for b in reach.indices where reach[middle][b] < unbounded {
                    let sum = reach[a][middle] &+ reach[middle][b]
                    if sum < reach[a][b] { reach[a][b] = sum }
                }
            }
        }
        return reach
    }

    /// Each clock's offset to the root's and half the width of its interval; nil error where one side is open, nil
    /// altogether where nothing links the two.
    func solved() -> [(offset: Int64, error: Int64?)?] {
        var result = [(offset: Int64, error: Int64?)?](repeating: nil, count: reach.count)
        var fixed: [(domain: Int, offset: Int64)] = []
        for domain in reach.indices {
            let (up, down) = (reach[root][domain], reach[domain][root])
            guard up < Self.unbounded, down < Self.unbounded else { continue }
            let offset = domain == root ? 0 : (up &- down) / 2
            result[domain] = (offset, domain == root ? 0 : max(0, up &+ down) / 2 &+ conflict)
            fixed.append((domain, offset))
        }
        // Bounded on one side only: as close to it as causality lets it.
        for domain in reach.indices where result[domain] == nil {
            let bounds = fixed.filter { reach[$0.domain][domain] < Self.unbounded }
            guard let offset = bounds.map({ $0.offset &+ reach[$0.domain][domain] }).min() else { continue }
            result[domain] = (offset, nil)
        }
        for domain in reach.indices where result[domain] != nil && result[domain]?.error == nil {
            if let offset = result[domain]?.offset { fixed.append((domain, offset)) }
        }
        for domain in reach.indices where result[domain] == nil {
            let bounds = fixed.filter { reach[domain][$0.domain] < Self.unbounded }
            guard let offset = bounds.map({ $0.offset &- reach[domain][$0.domain] }).max() else { continue }
            result[domain] = (offset, nil)
        }
        return result
    }
}
