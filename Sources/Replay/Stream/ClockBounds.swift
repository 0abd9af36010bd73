/// What one direction of hops says of two clocks: the greatest the receiver's clock can be ahead of the sender's.
///
/// Nothing is received before it was sent, so `receive - send` is an upper bound at the instant of each receive. While
/// the offset moves along a straight line, the lower convex hull of these points is the tightest bound that follows
/// (Moon, Skelly, Towsley: "Estimation and Removal of Clock Skew from Network Delay Measurements", INFOCOM 1999). A
/// hull is kept per epoch of ten seconds, so that only over such a stretch is a clock taken to run evenly.
struct ClockBounds: Sendable {
    struct Point: Sendable {
        /// On the receiver's clock.
        var time: Int64
        var bound: Int64
    }

    static let epochNanos: Int64 = 10_000_000_000
    /// More vertices than this a hull of ten seconds does not have; then the slackest gives way.
    private static let hullLimit = 32
    private static let epochLimit = 4096
    /// Taken off each bound: a message's two stamps are aligned at two instants, between which a clock drifts a little.
    static let marginNanos: Int64 = 1000
    private(set) var hulls: ContiguousArray<(number: Int64, points: ContiguousArray<Point>)> = []

    mutating func add(_ bound: Int64, at time: Int64) {
        let number = time / Self.epochNanos
        let place: Int
        if let last = hulls.last, last.number == number {
            place = hulls.count - 1
        } else if let found = hulls.lastIndex(where: { $0.number <= number }), hulls[found].number == number {
            place = found
        } else {
            place = hulls.firstIndex { $0.number > number } ?? hulls.count
            hulls.insert((number, []), at: place)
            if hulls.count > Self.epochLimit {
                hulls.removeFirst()
                if place == 0 { return }
                insert(Point(time: time, bound: bound), into: &hulls[place - 1].points)
                return
            }
        }
        insert(Point(time: time, bound: bound), into: &hulls[place].points)
    }

    private func insert(_ point: Point, into hull: inout ContiguousArray<Point>) {
        var index = hull.count
        while index > 0, hull[index - 1].time > point.time { index -= 1 }
        if index > 0, hull[index - 1].time == point.time {
            guard point.bound < hull[index - 1].bound else { return }
            hull[index - 1] = point
            index -= 1
        } else {
            if index > 0, index < hull.count, !Self.isBelow(hull[index - 1], point, hull[index]) { return }
            hull.insert(point, at: index)
        }
        while index >= 2, !Self.isBelow(hull[index - 2], hull[index - 1], hull[index]) {
            hull.remove(at: index - 1)
            index -= 1
        }
        while index + 2 < hull.count, !Self.isBelow(hull[index], hull[index + 1], hull[index + 2]) {
            hull.remove(at: index + 1)
        }
        if hull.count > Self.hullLimit { hull.remove(at: 1) }
    }

    /// Whether `b` lies below the line from `a` to `c`.
    private static func isBelow(_ a: Point, _ b: Point, _ c: Point) -> Bool {
        let left = Int128(b.bound &- a.bound) * Int128(c.time &- a.time)
        return left < Int128(c.bound &- a.bound) * Int128(b.time &- a.time)
    }

    /// The least bound of all.
    var least: Int64? { hulls.lazy.compactMap { $0.points.map(\.bound).min() }.min() }

    /// All vertices, their times taken to a common clock by `shift`, each lowered to what its neighbours allow when no
    /// two clocks drift apart by more than 500 ppm.
    func vertices(_ shift: (Int64) -> Int64) -> ContiguousArray<Point> {
        var all: ContiguousArray<Point> = []
        for hull in hulls {
            for point in hull.points {
                all.append(Point(time: shift(point.time), bound: point.bound &- Self.marginNanos))
            }
        }
        all.sort { $0.time < $1.time }
        guard all.count > 1 else { return all }
        for index in 1..<all.count { Self.lower(&all[index], by: all[index - 1]) }
        for index in (0..<all.count - 1).reversed() { Self.lower(&all[index], by: all[index + 1]) }
        return all
    }

    private static func lower(_ point: inout Point, by other: Point) {
        let reach = Int64(clamping: (point.time &- other.time).magnitude / 2000)
        let (sum, overflow) = other.bound.addingReportingOverflow(reach)
        if !overflow, sum < point.bound { point.bound = sum }
    }

    /// The bound at `time`: along the straight line between two vertices, beyond them 500 ppm wider.
    static func value(_ vertices: ContiguousArray<Point>, at time: Int64) -> Int64? {
        guard let first = vertices.first, let last = vertices.last else { return nil }
        if time <= first.time { return first.bound &+ Int64(clamping: (first.time &- time).magnitude / 2000) }
        if time >= last.time { return last.bound &+ Int64(clamping: (time &- last.time).magnitude / 2000) }
        var low = 0
        var high = vertices.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if vertices[middle].time <= time { low = middle } else { high = middle }
        }
        let (a, b) = (vertices[low], vertices[high])
        let span = Double(b.time &- a.time)
        let fraction = span > 0 ? Double(time &- a.time) / span : 0
        return a.bound &+ Statistics.rounded(Double(b.bound &- a.bound) * fraction)
    }
}
