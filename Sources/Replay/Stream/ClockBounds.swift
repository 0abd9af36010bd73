/// What one direction of hops says of two clocks: the greatest the receiver's clock can be ahead of the sender's.
///
/// Nothing is received before it was sent, so `receive - send` is an upper bound at the instant of each receive. While
/// the offset moves along a straight line, the lower convex hull of these points is the tightest bound that follows
/// (Moon, Skelly, Towsley: "Estimation and Removal of Clock Skew from Network Delay Measurements", INFOCOM 1999). A
/// hull is kept per epoch of ten seconds, so that only over such a stretch is a clock taken to run evenly.
///
/// One wild bound would swallow the hull of all good ones. So the eight lowest bounds of an epoch stand apart from its
/// hull: together they are what the whole says, and any of the eight can still be taken out.
struct ClockBounds: Sendable {
    struct Point: Sendable {
        /// On the receiver's clock.
        var time: Int64
        var bound: Int64

        /// When the message was complete in canonical order: the later of its two stamps.
        var arrival: Int64 { time &+ max(0, 0 &- bound) }
    }

    /// The evidence of one epoch.
    struct Stretch: Sendable {
        /// The epoch on the root's clock, as well as that was known when the evidence came.
        var number: Int64
        var hull: ContiguousArray<Point> = []
        /// The lowest bounds, ascending.
        var lowest: ContiguousArray<Point> = []
    }

    static let epochNanos: Int64 = 10_000_000_000
    /// Wild bounds that a stretch can hold without harm.
    static let lowestLimit = 8
    /// More vertices than this a hull of ten seconds does not have; then the slackest gives way.
    private static let hullLimit = 32
    /// Taken off each bound: a message's two stamps are aligned at two instants, between which a clock drifts a little.
    static let marginNanos: Int64 = 1000
    private(set) var stretches: ContiguousArray<Stretch> = []

    /// The stretch or epoch that holds `time`: rounded down on either side of 0.
    @inline(__always) static func number(_ time: Int64) -> Int64 {
        let quotient = time / epochNanos
        return time % epochNanos < 0 ? quotient - 1 : quotient
    }

    /// Adds a bound to an epoch; true when it is the epoch's first. O(log epochs + vertices).
    @discardableResult
    mutating func add(_ point: Point, to number: Int64) -> Bool {
        let place = firstIndex(from: number)
        let isNew = place == stretches.count || stretches[place].number != number
        if isNew { stretches.insert(Stretch(number: number), at: place) }
        Self.insert(point, into: &stretches[place])
        return isNew
    }

    /// The first stretch with that number or a later one. O(log stretches); the newest is found at once.
    func firstIndex(from number: Int64) -> Int {
        if let last = stretches.last, last.number < number { return stretches.count }
        if let last = stretches.last, last.number == number { return stretches.count - 1 }
        var low = 0
        var high = stretches.count
        while low < high {
            let middle = (low + high) / 2
            if stretches[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Sorts everything into epochs anew.
    mutating func renumber(_ number: (Point) -> Int64) {
        let old = stretches
        stretches = []
        for point in old.lazy.flatMap({ $0.lowest + $0.hull }) { add(point, to: number(point)) }
    }

    /// Gives up the oldest stretch.
    mutating func removeOldest() { if !stretches.isEmpty { stretches.removeFirst() } }

    private static func insert(_ point: Point, into stretch: inout Stretch) {
        var index = stretch.lowest.count
        while index > 0, precedes(point, stretch.lowest[index - 1]) { index -= 1 }
        guard index < lowestLimit else { return insert(point, into: &stretch.hull) }
        stretch.lowest.insert(point, at: index)
        if stretch.lowest.count > lowestLimit { insert(stretch.lowest.removeLast(), into: &stretch.hull) }
    }

    private static func precedes(_ a: Point, _ b: Point) -> Bool { (a.bound, a.time) < (b.bound, b.time) }

    private static func insert(_ point: Point, into hull: inout ContiguousArray<Point>) {
        var index = hull.count
        while index > 0, hull[index - 1].time > point.time { index -= 1 }
        if index > 0, hull[index - 1].time == point.time {
            guard point.bound < hull[index - 1].bound else { return }
            hull[index - 1] = point
            index -= 1
        } else {
            if index > 0, index < hull.count, !isBelow(hull[index - 1], point, hull[index]) { return }
            hull.insert(point, at: index)
        }
        while index >= 2, !isBelow(hull[index - 2], hull[index - 1], hull[index]) {
            hull.remove(at: index - 1)
            index -= 1
        }
        while index + 2 < hull.count, !isBelow(hull[index], hull[index + 1], hull[index + 2]) {
            hull.remove(at: index + 1)
        }
        if hull.count > hullLimit { hull.remove(at: 1) }
    }

    /// Whether `b` lies below the line from `a` to `c`.
    private static func isBelow(_ a: Point, _ b: Point, _ c: Point) -> Bool {
        let left = (Int128(b.bound) - Int128(a.bound)) * (Int128(c.time) - Int128(a.time))
        return left < (Int128(c.bound) - Int128(a.bound)) * (Int128(b.time) - Int128(a.time))
    }

    /// The lower convex hull of points in any order, by ascending time. O(n log n).
    static func hull(_ points: ContiguousArray<Point>) -> ContiguousArray<Point> {
        var hull: ContiguousArray<Point> = []
        for point in points.sorted(by: { ($0.time, $0.bound) < ($1.time, $1.bound) }) {
            if let last = hull.last, last.time == point.time { continue }
            while hull.count >= 2, !isBelow(hull[hull.count - 2], hull[hull.count - 1], point) { hull.removeLast() }
            hull.append(point)
        }
        return hull
    }

    /// Vertices in any order made a bound of every instant: by time, each lowered to what its neighbours allow when no
    /// two clocks drift apart by more than 500 ppm. O(n log n).
    static func lowered(_ vertices: ContiguousArray<Point>) -> ContiguousArray<Point> {
        var all = vertices
        all.sort { ($0.time, $0.bound) < ($1.time, $1.bound) }
        guard all.count > 1 else { return all }
        for index in 1..<all.count { lower(&all[index], by: all[index - 1]) }
        for index in (0..<all.count - 1).reversed() { lower(&all[index], by: all[index + 1]) }
        return all
    }

    private static func lower(_ point: inout Point, by other: Point) {
        let (sum, overflow) = other.bound.addingReportingOverflow(drift(point.time, other.time))
        if !overflow, sum < point.bound { point.bound = sum }
    }

    /// How far two clocks drift apart between two instants at most.
    private static func drift(_ a: Int64, _ b: Int64) -> Int64 {
        let (distance, overflow) = a.subtractingReportingOverflow(b)
        return overflow ? .max / 2000 : Int64(clamping: distance.magnitude / 2000)
    }

    /// The bound at `time`: along the straight line between two vertices, beyond them 500 ppm wider.
    static func value(_ vertices: ContiguousArray<Point>, at time: Int64) -> Int64? {
        guard let first = vertices.first, let last = vertices.last else { return nil }
        if time <= first.time { return first.bound &+ drift(first.time, time) }
        if time >= last.time { return last.bound &+ drift(time, last.time) }
        var low = 0
        var high = vertices.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if vertices[middle].time <= time { low = middle } else { high = middle }
        }
        let (a, b) = (vertices[low], vertices[high])
        let span = Double(b.time) - Double(a.time)
        let fraction = span > 0 ? (Double(time) - Double(a.time)) / span : 0
        return a.bound &+ Statistics.rounded(Double(b.bound &- a.bound) * fraction)
    }
}
