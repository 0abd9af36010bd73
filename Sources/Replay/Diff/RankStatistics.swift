#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Statistics of two independent samples that assume nothing of their distribution but its order.
public enum RankStatistics {
    /// Up to this many values a side, ties absent, probabilities are exact.
    static let exactMax = 20

    /// The median: linear between the two middle values; nil for none. `sorted` must ascend.
    public static func median(_ sorted: [Double]) -> Double? { quantile(sorted, 0.5) }

    /// The quantile `p` by linear interpolation (Hyndman and Fan's type 7, numpy's default). `sorted` must ascend.
    public static func quantile(_ sorted: [Double], _ p: Double) -> Double? {
        guard let last = sorted.last else { return nil }
        let place = min(max(p, 0), 1) * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
    }

    /// How far `after` lies from `before`.
    public struct Shift: Sendable, Equatable {
        /// Hodges and Lehmann's estimate: the median of all differences `after - before`.
        public var estimate: Double
        /// The confidence interval's lower end.
        public var low: Double
        /// The confidence interval's upper end.
        public var high: Double
    }

    /// The shift from `before` to `after` with the confidence interval that inverts the Mann-Whitney test.
    ///
    /// The interval's ends are order statistics of all pairwise differences (Hollander, Wolfe and Chicken,
    /// *Nonparametric Statistical Methods*, 4.3), their ranks exact for small samples, else by the normal
    /// approximation. Both inputs must ascend and not be empty. O((n + m) log range), nothing is stored per pair.
    public static func shift(from before: [Double], to after: [Double], alpha: Double = 0.05) -> Shift {
        let n = before.count
        let m = after.count
        guard n > 0, m > 0 else { return Shift(estimate: 0, low: 0, high: 0) }
        let pairs = n * m
        let rank = confidenceRank(n, m, alpha: alpha)
        let upper = difference(before, after, rank: pairs / 2 + 1)
        let estimate = pairs % 2 == 1 ? upper : (difference(before, after, rank: pairs / 2) + upper) / 2
        return Shift(
            estimate: estimate, low: difference(before, after, rank: rank),
            high: difference(before, after, rank: pairs + 1 - rank))
    }

    /// The rank, from 1, of the interval's lower end among the ascending differences.
    static func confidenceRank(_ n: Int, _ m: Int, alpha: Double) -> Int {
        if max(n, m) <= exactMax {
            var cumulative = 0.0
            for (u, probability) in distribution(n, m).enumerated() {
                cumulative += probability
                if cumulative >= alpha / 2 { return max(1, u) }
            }
        }
        let mean = Double(n) * Double(m) / 2
        let sigma = (Double(n) * Double(m) * Double(n + m + 1) / 12).squareRoot()
        return max(1, Int((mean - normalQuantile(1 - alpha / 2) * sigma).rounded(.down)))
    }

    /// The two-sided p of the Mann-Whitney U test that both samples come from one distribution.
    ///
    /// Exact for at most ``exactMax`` values a side without ties; else normal with tie and continuity correction,
    /// as `scipy.stats.mannwhitneyu`. 1 when either is empty or all values are equal. Both inputs must ascend.
    public static func mannWhitney(_ a: [Double], _ b: [Double]) -> Double {
        let n = a.count
        let m = b.count
        guard n > 0, m > 0 else { return 1 }
        let (rankSum, tieTerm) = ranks(a, b)
        let u = rankSum - Double(n) * Double(n + 1) / 2
        let greater = max(u, Double(n) * Double(m) - u)
        if max(n, m) <= exactMax, tieTerm == 0 {
            let tail = Int(Double(n * m) - greater)
            return min(1, 2 * distribution(n, m).prefix(tail + 1).reduce(0, +))
        }
        let total = Double(n + m)
        let variance = Double(n) * Double(m) / 12 * (total + 1 - tieTerm / (total * (total - 1)))
        guard variance > 0 else { return 1 }
        let z = (greater - Double(n) * Double(m) / 2 - 0.5) / variance.squareRoot()
        // Twice the upper tail of the normal distribution.
        return min(1, erfc(z / 2.0.squareRoot()))
    }

    /// Benjamini and Hochberg's adjusted values, in the order of `p`: the least false discovery rate at which each
    /// would be called a discovery.
    public static func benjaminiHochberg(_ p: [Double]) -> [Double] {
        var adjusted = p
        var least = 1.0
        let order = p.indices.sorted { p[$0] != p[$1] ? p[$0] > p[$1] : $0 > $1 }
        for (place, index) in order.enumerated() {
            least = min(least, p[index] * Double(p.count) / Double(p.count - place))
            adjusted[index] = least
        }
        return adjusted
    }

    // MARK: Parts

    /// The sum of the ranks of `a` in both samples together, equal values sharing their mean rank, and the sum of
    /// t^3 - t over groups of t equal values.
    private static func ranks(_ a: [Double], _ b: [Double]) -> (sum: Double, tieTerm: Double) {
        var (i, j, below) = (0, 0, 0)
        var sum = 0.0
        var tieTerm = 0.0
        while i < a.count || j < b.count {
            let value = i < a.count && (j >= b.count || a[i] <= b[j]) ? a[i] : b[j]
            let (startA, startB) = (i, j)
            while i < a.count, a[i] == value { i += 1 }
            while j < b.count, b[j] == value { j += 1 }
            let count = i - startA + j - startB
            // A NaN equals nothing, itself included; callers filter them, this only keeps the loop total.
            if count == 0 { return (0, 0) }
            sum += Double(i - startA) * (Double(below) + Double(count + 1) / 2)
            tieTerm += Double(count) * Double(count) * Double(count) - Double(count)
            below += count
        }
        return (sum, tieTerm)
    }

    /// P(U = u) for u in 0...nm, by the recurrence f(n, m, u) = f(n-1, m, u-m) + f(n, m-1, u) of Mann and Whitney.
    static func distribution(_ n: Int, _ m: Int) -> [Double] {
        let size = n * m + 1
        var row = [[Double]](repeating: [1] + [Double](repeating: 0, count: size - 1), count: m + 1)
        for _ in 0..<n {
            var next = row
            for j in 1...m {
                for u in 0..<size { next[j][u] = next[j - 1][u] + (u >= j ? row[j][u - j] : 0) }
            }
            row = next
        }
        let total = row[m].reduce(0, +)
        return row[m].map { $0 / total }
    }

    /// The difference `after - before` of that rank, from 1, among all pairs in ascending order.
    static func difference(_ before: [Double], _ after: [Double], rank: Int) -> Double {
        guard var low = after.first.map({ $0 - (before.last ?? 0) }),
            var high = after.last.map({ $0 - (before.first ?? 0) })
        else { return 0 }
        if count(before, after, notAbove: low).pairs >= rank { return low }
        // Halve until no double lies between; then the greatest difference not above `high` is the one.
        while true {
            let middle = low + (high - low) / 2
            if middle <= low || middle >= high { break }
            if count(before, after, notAbove: middle).pairs >= rank { high = middle } else { low = middle }
        }
        return count(before, after, notAbove: high).greatest
    }

    /// How many differences are at most `limit`, and the greatest of them. O(n + m).
    private static func count(
        _ before: [Double], _ after: [Double], notAbove limit: Double
    ) -> (pairs: Int, greatest: Double) {
        var first = 0
        var pairs = 0
        var greatest = -Double.infinity
        for value in after {
            while first < before.count, value - before[first] > limit { first += 1 }
            guard first < before.count else { break }
            pairs += before.count - first
            greatest = max(greatest, value - before[first])
        }
        return (pairs, greatest)
    }

    /// The standard normal quantile, by bisection: called a few times per comparison, exact to the last digits.
    static func normalQuantile(_ p: Double) -> Double {
        var low = -40.0
        var high = 40.0
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if 0.5 * erfc(-middle / 2.0.squareRoot()) < p { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
