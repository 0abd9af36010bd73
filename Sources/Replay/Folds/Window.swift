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
