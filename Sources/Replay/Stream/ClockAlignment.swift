/// The offsets between clock domains, ready to use: a fold's knowledge of the clocks at one cut.
///
/// `aligned = stamp - offset(domain, stamp)`, on the root domain's clock: the one of the stream with the request spans.
/// With a single domain it is the identity with error 0.
public struct ClockAlignment: Sendable {
    /// One estimate of an offset.
    struct Point: Sendable {
        /// When, on the clock of the pair's first domain.
        var time: Int64
        /// Second domain's clock less the first's, in nanoseconds.
        var offset: Int64
        /// Half the width of the interval that holds the true offset.
        var error: Int64
    }

    /// One step of the way from the root to a domain.
    struct Edge: Sendable {
        var points: ContiguousArray<Point>
        /// 1 when the step goes from the pair's first domain to its second, else -1.
        var sign: Int64
    }

    private var paths: ContiguousArray<ContiguousArray<Edge>?> = []
    /// Whether every stamp already stands on one clock.
    public private(set) var isIdentity = true
    /// The number of the root domain.
    private(set) var root = -1

    /// The alignment of a session with one clock.
    public static let identity = ClockAlignment()

    private init() {}

    init(root: Int, paths: ContiguousArray<ContiguousArray<Edge>?>) {
        self.root = root
        self.paths = paths
        isIdentity = !paths.contains { $0.map { !$0.isEmpty } ?? false }
    }

    /// The domain's clock less the root's at `time`, and half the width of the interval that holds it.
    ///
    /// Nil error: nothing links the domain to the root, so the offset is not known at all.
    func offset(domain: Int, at time: Int64) -> (offset: Int64, error: Int64?) {
        guard domain >= 0, domain < paths.count, let path = paths[domain] else {
            return (0, root < 0 || domain == root ? 0 : nil)
        }
        var offset: Int64 = 0
        var error: Int64 = 0
        for edge in path {
            let (step, band) = Self.interpolate(edge.points, at: time)
            // Bounded on one side only.
            guard band != .max else { return (offset &+ edge.sign &* step, nil) }
            offset = offset &+ edge.sign &* step
            error = error &+ band
        }
        return (offset, error)
    }

    /// The stamp on the root's clock.
    @inline(__always) func aligned(_ time: Int64, domain: Int) -> Int64 {
        isIdentity ? time : time &- offset(domain: domain, at: time).offset
    }

    /// Between two estimates along the straight line; beyond them along the drift of the whole.
    static func interpolate(_ points: ContiguousArray<Point>, at time: Int64) -> (Int64, Int64) {
        guard let first = points.first, let last = points.last else { return (0, 0) }
        guard points.count > 1 else { return (first.offset, first.error) }
        if time <= first.time || time >= last.time {
            let end = time <= first.time ? first : last
            let span = last.time &- first.time
            guard span > 0 else { return (end.offset, end.error) }
            let drift = Double(last.offset &- first.offset) / Double(span)
            let bounded = min(0.001, max(-0.001, drift))
            guard end.error != .max else {
                return (end.offset &+ Statistics.rounded(bounded * Double(time &- end.time)), .max)
            }
            let away = Double(time &- end.time)
            // Half of the two bands over the span bounds the drift's error.
            let uncertainty = Double(first.error &+ last.error) / Double(span) * abs(away)
            return (
                end.offset &+ Statistics.rounded(bounded * away),
                end.error &+ min(Statistics.rounded(uncertainty), end.error &* 4 &+ 1)
            )
        }
        var low = 0
        var high = points.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if points[middle].time <= time { low = middle } else { high = middle }
        }
        let a = points[low]
        let b = points[high]
        let span = Double(b.time &- a.time)
        let fraction = span > 0 ? Double(time &- a.time) / span : 0
        return (a.offset &+ Statistics.rounded(Double(b.offset &- a.offset) * fraction), max(a.error, b.error))
    }
}
