import SpanreelTracing

/// What a view covers: `[T - w, T]`.
public struct Window: Sendable, Equatable {
    /// How the window was chosen.
    public enum Selection: Sendable, Equatable {
        /// The last samples: ticks for rates, observations for layers, gaps between tokens and requests.
        case samples(Int)
        /// The last nanoseconds.
        case nanos(Int64)
        /// The whole session.
        case all
    }

    /// How it was chosen.
    public var selection: Selection
    /// Observations after this instant are inside (Unix nanoseconds).
    public var from: Int64
    /// The instant of the snapshot (Unix nanoseconds).
    public var to: Int64

    /// The window of a selection that ends at `instant`.
    init(_ selection: Selection, endingAt instant: Timestamp, ticks: TickClock) {
        self.selection = selection
        to = instant.nanos
        switch selection {
        case .samples(let samples):
            let length = Int64(clamping: samples).multipliedReportingOverflow(by: ticks.tickNanos)
            from = length.overflow ? .min : to.subtractingReportingOverflow(length.partialValue).partialValue
        case .nanos(let nanos):
            let (start, overflow) = to.subtractingReportingOverflow(max(0, nanos))
            from = overflow ? .min : start
        case .all: from = .min
        }
    }

    /// The label that URLs and cards print: `100`, `1m`, `5m`, `90s` or `all`.
    public var label: String { Self.label(selection) }

    static func label(_ selection: Selection) -> String {
        switch selection {
        case .samples(let samples): return "\(samples)"
        case .all: return "all"
        case .nanos(let nanos):
            if nanos > 0, nanos % 60_000_000_000 == 0 { return "\(nanos / 60_000_000_000)m" }
            if nanos % 1_000_000_000 == 0 { return "\(nanos / 1_000_000_000)s" }
            return "\(nanos)ns"
        }
    }
}

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
