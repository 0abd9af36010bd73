public import SpanreelTracing

/// The views of a session, by the name that URLs and JSON use.
public enum ViewName: String, Sendable, CaseIterable {
    case overview, throughput, latency, layers, links, cache, memory, devices, requests, processes, density

    /// Parses a comma list such as `throughput,latency`; duplicates are kept once.
    public static func parse(_ text: String) throws(ReplayError) -> [ViewName] {
        var names: [ViewName] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: true) {
            guard let name = ViewName(rawValue: String(part)) else {
                throw ReplayError(
                    .notFound,
                    "There is no view called \"\(part.prefix(40))\"; there are \(allCases.map(\.rawValue).joined(separator: ", "))."
                )
            }
            if !names.contains(name) { names.append(name) }
        }
        guard !names.isEmpty else { throw ReplayError(.invalid, "Name at least one view.") }
        return names
    }
}

/// Which clock durations between devices are measured on.
public enum ClockMode: String, Sendable, CaseIterable {
    /// Stamps as they are.
    case raw
    /// One clock for all: each epoch of ten seconds solved once, when it was over.
    case aligned
    /// One clock for all: every epoch solved anew, from all the evidence inside the cut.
    case refit

    /// Parses `raw`, `aligned` or `refit`; empty means aligned.
    public init(parsing text: String) throws(ReplayError) {
        if text.isEmpty {
            self = .aligned
            return
        }
        guard let mode = ClockMode(rawValue: text) else {
            throw ReplayError(.invalid, "The clock is raw, aligned or refit, not \"\(text.prefix(40))\".")
        }
        self = mode
    }
}

/// What a snapshot is asked for.
public struct ViewQuery: Sendable {
    /// The instant asked for.
    public enum Instant: Sendable, Equatable {
        /// The watermark of a live session, the end of a saved one.
        case live
        /// Events stamped up to here.
        case instant(Timestamp)
    }

    /// The window asked for.
    public enum WindowChoice: Sendable, Equatable {
        /// The last 100 samples (`MONITOR_WINDOW_SIZE`).
        case samples100
        /// The last nanoseconds.
        case nanos(Int64)
        /// The whole session.
        case all

        /// Parses `100`, `1m`, `5m`, `90s`, `500ms`, `2h` or `all`; empty means 100 samples.
        public init(parsing text: String) throws(ReplayError) {
            switch text {
            case "", "100", "samples": self = .samples100
            case "all": self = .all
            default:
                guard let nanos = TimeText.duration(text), nanos > 0 else {
                    throw ReplayError(
                        .invalid, "The window is 100, 1m, 5m, a time such as 90s, or all, not \"\(text.prefix(40))\".")
                }
                self = .nanos(nanos)
            }
        }
    }

    /// The instant.
    public var at: Instant
    /// The window.
    public var window: WindowChoice
    /// The events that count; nil for all.
    public var cut: Cut?
    /// The clock.
    public var clock: ClockMode
    /// How the requests ended whose latencies the view `latency` covers.
    public var states: Set<RequestState>
    /// The requests that count.
    public var filter: RequestFilter
    /// Whether views are given once per model or variant; only views can be.
    public var split: RequestFilter.Dimension?

    /// A query; left out: the live end, 100 samples, aligned clocks, all requests.
    public init(
        at: Instant = .live, window: WindowChoice = .samples100, cut: Cut? = nil, clock: ClockMode = .aligned,
        states: Set<RequestState> = [.finished], filter: RequestFilter = RequestFilter(),
        split: RequestFilter.Dimension? = nil
    ) {
        self.filter = filter
        self.split = split
        self.at = at
        self.window = window
        self.cut = cut
        self.clock = clock
        self.states = states
    }
}

extension TimeText {
    /// An instant of a session: `live`, `12.5s` or `123ns` after its start, `-5s` before its end, or RFC 3339.
    public static func instant(_ text: String, start: Timestamp, end: Timestamp) throws(ReplayError)
        -> ViewQuery.Instant
    {
        if text.isEmpty || text == "live" { return .live }
        if let instant = rfc3339(text) { return .instant(instant) }
        guard let nanos = duration(text) else {
            throw ReplayError(
                .invalid, "A time is live, 12.5s, -5s or an RFC 3339 instant, not \"\(text.prefix(40))\".")
        }
        let base = text.hasPrefix("-") ? end : start
        let (sum, overflow) = base.nanos.addingReportingOverflow(nanos)
        return .instant(Timestamp(nanos: overflow ? (nanos < 0 ? .min : .max) : sum))
    }
}
