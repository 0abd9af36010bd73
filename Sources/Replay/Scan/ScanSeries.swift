/// Sums over equal stretches of event time, by the number of the stretch.
struct ScanSeries: Sendable {
    /// Stretches held; what falls beyond is counted in one sum.
    static let limit = 1 << 20

    let origin: Int64
    let widthNanos: Int64
    private(set) var sums: [Int: Int64] = [:]
    private(set) var beyond: Int64 = 0
    private(set) var total: Int64 = 0
    /// Numbers added.
    private(set) var count = 0
    // The stretch that the last number fell in: the next one mostly falls in it too.
    private var from = Int64.max
    private var to = Int64.min
    private var current = 0
    private var pending: Int64 = 0

    init(origin: Int64, widthNanos: Int64) {
        self.origin = origin
        self.widthNanos = widthNanos
    }

    /// A series of the same stretches without sums.
    var empty: ScanSeries { ScanSeries(origin: origin, widthNanos: widthNanos) }

    @inline(__always) mutating func add(_ value: Int64, at time: Int64) {
        if time < from || time >= to { move(to: time) }
        pending &+= value
        count &+= 1
    }

    private mutating func move(to time: Int64) {
        flush()
        let clock = TickClock(origin: origin, tickNanos: widthNanos)
        current = clock.bucket(time)
        from = origin &+ clock.start(current)
        to = from.addingReportingOverflow(widthNanos).overflow ? .max : from &+ widthNanos
    }

    /// Settles what is still under way; before reading.
    mutating func flush() {
        guard pending != 0 else { return }
        total &+= pending
        if sums[current] != nil || sums.count < Self.limit {
            sums[current, default: 0] &+= pending
        } else {
            beyond &+= pending
        }
        pending = 0
    }

    mutating func merge(_ other: ScanSeries) {
        flush()
        total &+= other.total
        count += other.count
        beyond &+= other.beyond
        for (bucket, value) in other.sums { sums[bucket, default: 0] &+= value }
    }

    /// The stretches in order.
    var entries: [(bucket: Int, sum: Int64)] { sums.map { ($0.key, $0.value) }.sorted { $0.bucket < $1.bucket } }
}
