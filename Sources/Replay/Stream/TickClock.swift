/// Divides event time into ticks that begin at the session's start.
struct TickClock: Sendable, Equatable {
    /// The session's start, Unix nanoseconds.
    var origin: Int64
    /// A tick's length: `MONITOR_UPDATE_INTERVAL`, one second unless set.
    var tickNanos: Int64

    init(origin: Int64, tickNanos: Int64 = 1_000_000_000) {
        self.origin = origin
        self.tickNanos = max(1_000_000, tickNanos)
    }

    /// The tick that holds `time`: floor((time - origin) / tick).
    @inline(__always) func bucket(_ time: Int64) -> Int {
        let offset = time &- origin
        let quotient = offset / tickNanos
        return Int(offset % tickNanos < 0 ? quotient - 1 : quotient)
    }

    /// When a tick begins, in nanoseconds since the session's start.
    func start(_ bucket: Int) -> Int64 {
        Int64(clamping: bucket).multipliedReportingOverflow(by: tickNanos).partialValue
    }

    /// Calls `body` with every tick that `[start, end)` touches and how many nanoseconds of it; the last 4,096 at most.
    func forEachTick(_ start: Int64, _ end: Int64, _ body: (Int, Int64) -> Void) {
        guard start < end else { return }
        let last = bucket(end - 1)
        var tick = Swift.max(bucket(start), last - 4095)
        while tick <= last {
            let tickStart = origin &+ Int64(tick) &* tickNanos
            let low = Swift.max(start, tickStart)
            let high = Swift.min(end, tickStart &+ tickNanos)
            if low < high { body(tick, high &- low) }
            tick += 1
        }
    }
}
