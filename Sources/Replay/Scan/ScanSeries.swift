/// Sums over equal stretches of event time, by the number of the stretch.
struct ScanSeries: Sendable {
    /// Stretches held; what falls beyond is counted in one sum.
    static let limit = 1 << 20

    let origin: Int64
    let widthNanos: Int64
    /// By ascending stretch: what writers say comes nearly always in the order of time.
    private var sums: ContiguousArray<(bucket: Int, sum: Int64)> = []
    /// Of stretches that came after later ones.
    private var late: [Int: Int64] = [:]
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
        settle(current, pending)
        pending = 0
    }

    private mutating func settle(_ bucket: Int, _ sum: Int64) {
        let last = sums.last?.bucket ?? .min
        let isHeld = bucket == last || late[bucket] != nil
        guard isHeld || sums.count + late.count < Self.limit else {
            beyond &+= sum
            return
        }
        if bucket == last {
            sums[sums.count - 1].sum &+= sum
        } else if bucket > last {
            sums.append((bucket, sum))
        } else {
            late[bucket, default: 0] &+= sum
        }
    }

    mutating func merge(_ other: ScanSeries) {
        flush()
        total &+= other.total
        count += other.count
        beyond &+= other.beyond
        for (bucket, sum) in other.sums { late[bucket, default: 0] &+= sum }
        late.merge(other.late) { $0 &+ $1 }
    }

    /// The stretches in order.
    var entries: [(bucket: Int, sum: Int64)] {
        var all = Array(sums)
        guard !late.isEmpty else { return all }
        all += late.map { ($0.key, $0.value) }
        all.sort { $0.bucket < $1.bucket }
        var joined: [(bucket: Int, sum: Int64)] = []
        joined.reserveCapacity(all.count)
        for entry in all {
            if joined.last?.bucket == entry.bucket {
                joined[joined.count - 1].sum &+= entry.sum
            } else {
                joined.append(entry)
            }
        }
        return joined
    }
}
