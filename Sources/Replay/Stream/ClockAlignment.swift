/// The offsets between clock domains, ready to use: a fold's knowledge of the clocks at one cut.
///
/// `aligned = stamp - offset(domain, stamp)`, on the root domain's clock: the one of the stream with the request spans.
/// With a single domain it is the identity with error 0.
public struct ClockAlignment: Sendable {
    /// One estimate of an offset.
    struct Point: Sendable {
        /// When, on the domain's own clock.
        var time: Int64
        /// The domain's clock less the root's, in nanoseconds.
        var offset: Int64
        /// Half the width of the interval that holds the true offset; `.max` where one side is open.
        var error: Int64
    }

    /// The stretch whose drift carries an offset beyond the last estimate.
    private static let driftNanos: Int64 = 60_000_000_000
    private var points: ContiguousArray<ContiguousArray<Point>> = []
    /// Whether every stamp already stands on one clock.
    public private(set) var isIdentity = true
    /// The number of the root domain; -1 when nothing links any clocks.
    private(set) var root = -1

    /// The alignment of a session with one clock.
    public static let identity = ClockAlignment()

    private init() {}

    /// From each domain's estimates by ascending time; a domain without any is not linked to the root.
    init(root: Int, points: ContiguousArray<ContiguousArray<Point>>) {
        self.root = root
        self.points = points
        if root >= 0, root < points.count { self.points[root] = [] }
        isIdentity = !self.points.contains { !$0.isEmpty }
    }

    /// Whether the domain is the root or linked to it.
    func knows(_ domain: Int) -> Bool {
        domain == root || (domain >= 0 && domain < points.count && !points[domain].isEmpty)
    }

    /// The domain's clock less the root's at `time`, and half the width of the interval that holds it.
    ///
    /// Nil error: nothing links the domain to the root, so the offset is not known at all, or from one side only.
    func offset(domain: Int, at time: Int64) -> (offset: Int64, error: Int64?) {
        guard domain >= 0, domain < points.count, !points[domain].isEmpty else {
            return (0, root < 0 || domain == root ? 0 : nil)
        }
        let (offset, error) = Self.interpolate(points[domain], at: time)
        return (offset, error == .max ? nil : error)
    }

    /// The stamp on the root's clock.
    @inline(__always) func aligned(_ time: Int64, domain: Int) -> Int64 {
        isIdentity ? time : time &- offset(domain: domain, at: time).offset
    }

    /// By how much the domain's clock gains on the root's around `time`: 0.00004 is 40 ppm. Nil when not linked.
    func drift(domain: Int, at time: Int64) -> Double? {
        guard domain != root, domain >= 0, domain < points.count else { return domain == root ? 0 : nil }
        let known = points[domain]
        guard let last = known.lastIndex(where: { $0.time <= time }) ?? known.indices.first else { return nil }
        return Self.drift(known, from: last, by: -1) ?? Self.drift(known, from: last, by: 1)
    }

    /// Between two estimates along the straight line; beyond them along the drift of the last minute.
    private static func interpolate(_ points: ContiguousArray<Point>, at time: Int64) -> (Int64, Int64) {
        guard let first = points.first, let last = points.last else { return (0, 0) }
        if time <= first.time { return extrapolate(points, from: 0, by: 1, to: time) }
        if time >= last.time { return extrapolate(points, from: points.count - 1, by: -1, to: time) }
        var low = 0
        var high = points.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if points[middle].time <= time { low = middle } else { high = middle }
        }
        let a = points[low]
        let b = points[high]
        let span = Double(b.time) - Double(a.time)
        let fraction = span > 0 ? (Double(time) - Double(a.time)) / span : 0
        let offset = a.offset &+ Statistics.rounded(Double(b.offset &- a.offset) * fraction)
        let error = max(a.error, b.error)
        // No honest clock runs so far off: it stepped somewhere in between, and both readings lie in the band.
        guard isStep(a, b), error != .max else { return (offset, error) }
        return (offset, error &+ Int64(clamping: (b.offset &- a.offset).magnitude))
    }

    private static func isStep(_ a: Point, _ b: Point) -> Bool {
        (Double(b.offset) - Double(a.offset)).magnitude > (Double(b.time) - Double(a.time)).magnitude / 1000 + 1000
    }

    /// The drift over the minute that ends (or, by +1, begins) at the estimate; not over a step. Nil of one estimate.
    private static func drift(_ points: ContiguousArray<Point>, from end: Int, by step: Int) -> Double? {
        var other = end
        while points.indices.contains(other + step), !isStep(points[other], points[other + step]),
            (Double(points[other].time) - Double(points[end].time)).magnitude < Double(driftNanos)
        { other += step }
        let span = Double(points[other].time) - Double(points[end].time)
        guard span != 0 else { return nil }
        return min(0.001, max(-0.001, (Double(points[other].offset) - Double(points[end].offset)) / span))
    }

    private static func extrapolate(
        _ points: ContiguousArray<Point>, from end: Int, by step: Int, to time: Int64
    ) -> (Int64, Int64) {
        let point = points[end]
        let away = Double(time) - Double(point.time)
        guard away != 0 else { return (point.offset, point.error) }
        let drift = drift(points, from: end, by: step)
        let offset = point.offset &+ Statistics.rounded((drift ?? 0) * away)
        guard point.error != .max else { return (offset, .max) }
        // Half a minute's band at either end turns the line by so much at most; nothing turns it by more than 500 ppm.
        let slope = drift == nil ? 0.0005 : min(0.0005, 2 * Double(point.error) / Double(driftNanos))
        let wider = Statistics.rounded(slope * away.magnitude)
        return (offset, point.error.addingReportingOverflow(wider).overflow ? .max : point.error &+ wider)
    }
}
