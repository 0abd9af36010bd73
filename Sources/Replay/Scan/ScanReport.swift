public import SpanreelTracing

/// What a scan found: sums over the whole session, on the streams' own clocks.
public struct ScanReport: Sendable {
    /// A layer on a device in a phase.
    public struct Layer: Sendable {
        /// The label of the device.
        public var device: String
        /// The layer's number in the whole model.
        public var layer: Int
        /// Prefill, decode or neither.
        public var phase: Phase
        /// Its durations; percentiles within 0.8 %.
        public var durations: Statistics
    }

    /// A sum over one stretch of time.
    public struct Stretch: Sendable, Equatable {
        /// Nanoseconds from the session's start to that of the stretch.
        public var startNanos: Int64
        /// The sum.
        public var sum: Int64
    }

    /// What one link carried.
    public struct LinkRow: Sendable {
        /// From where to where.
        public var link: Link
        /// Messages that were sent with a size.
        public var transfers: Int
        /// Bytes by second.
        public var seconds: [Stretch]
        /// All bytes.
        public var sizeBytes: Int64
    }

    /// Lookups in one device's prefix cache.
    public struct CacheRow: Sendable {
        /// The label of the device.
        public var device: String
        /// Lookups by ten seconds.
        public var lookups: [Stretch]
        /// Hits by ten seconds.
        public var hits: [Stretch]
        /// All lookups.
        public var lookupCount: Int64
        /// All hits.
        public var hitCount: Int64
    }

    /// The gaps between emissions of tokens, over the whole system.
    public struct Gaps: Sendable {
        /// The last 100 gaps, exact.
        public var last: Statistics
        /// The greatest mean of 100 successive gaps, nanoseconds; nil with fewer.
        public var greatestMeanNanos: Int64?
        /// When that hundred ended, nanoseconds from the session's start.
        public var greatestAtNanos: Int64?
    }

    /// One fact of the trace asked for.
    public struct TraceRow: Sendable {
        /// Nanoseconds from the session's start.
        public var startNanos: Int64
        /// To its end; nil for a span that none closed.
        public var durationNanos: Int64?
        /// Its id; none for what is no span.
        public var span: SpanID
        /// The enclosing span.
        public var parent: SpanID
        /// The label of the device.
        public var device: String
        /// What it is about.
        public var role: Role
    }

    /// What did not go into the numbers, or only partly.
    public struct Quality: Sendable, Equatable {
        /// Events read.
        public var events = 0
        /// Events in blocks of which no copy is whole.
        public var lost = 0
        /// Layers told by a begin and an end: the views join the two, a scan does not.
        public var layersInTwoFacts = 0
        /// Spans that end before they start; their duration counts as 0.
        public var negativeDurations = 0
        /// Events with an attribute of a type that no number can be read from.
        public var unreadable = 0

        /// Nothing missing of so many events, but what is said.
        public init(
            events: Int = 0, lost: Int = 0, layersInTwoFacts: Int = 0, negativeDurations: Int = 0, unreadable: Int = 0
        ) {
            self.events = events
            self.lost = lost
            self.layersInTwoFacts = layersInTwoFacts
            self.negativeDurations = negativeDurations
            self.unreadable = unreadable
        }

        mutating func merge(_ other: Quality) {
            events += other.events
            lost += other.lost
            layersInTwoFacts += other.layersInTwoFacts
            negativeDurations += other.negativeDurations
            unreadable += other.unreadable
        }
    }

    /// The width of the stretches of tokens and links.
    static let secondNanos: Int64 = 1_000_000_000
    /// The width of the stretches of cache lookups.
    static let cacheNanos: Int64 = 10_000_000_000
    /// Gaps in a window.
    static let gapWindow = 100

    /// The session's start.
    public var start: Timestamp
    /// By device, layer, phase.
    public var layers: [Layer]
    /// Generated tokens by second.
    public var generated: [Stretch]
    /// All generated tokens.
    public var generatedCount: Int64
    /// Computed prompt tokens by second.
    public var prompt: [Stretch]
    /// All computed prompt tokens.
    public var promptCount: Int64
    /// Between emissions.
    public var gaps: Gaps
    /// By name of link.
    public var links: [LinkRow]
    /// By device.
    public var caches: [CacheRow]
    /// The trace asked for, in the order of starts; empty when none was.
    public var trace: [TraceRow]
    /// What is missing.
    public var quality: Quality
}

extension ScanReport {
    init(_ part: ScanPart, start: Timestamp) {
        func stretches(_ series: ScanSeries) -> [Stretch] {
            series.entries.map { entry in
                Stretch(
                    startNanos: Int64(clamping: entry.bucket).multipliedReportingOverflow(by: series.widthNanos)
                        .partialValue, sum: entry.sum)
            }
        }
        self.start = start
        layers = part.layers
            .sorted { a, b in
                (a.key.device, a.key.layer, a.key.phase.rawValue) < (b.key.device, b.key.layer, b.key.phase.rawValue)
            }
            .map { key, durations in
                Layer(device: key.device, layer: key.layer, phase: key.phase, durations: durations.statistics)
            }
        generated = stretches(part.generated)
        generatedCount = part.generated.total
        prompt = stretches(part.prompt)
        promptCount = part.prompt.total
        gaps = Gaps(part.emissions, start: start)
        links = part.links
            .sorted { ($0.key.from, $0.key.to) < ($1.key.from, $1.key.to) }
            .map { link, sends in
                LinkRow(
                    link: link, transfers: sends.sizes.count, seconds: stretches(sends.sizes),
                    sizeBytes: sends.sizes.total)
            }
        caches = part.lookups.sorted { $0.key < $1.key }
            .map { device, lookups in
                CacheRow(
                    device: device, lookups: stretches(lookups.all), hits: stretches(lookups.hits),
                    lookupCount: lookups.all.total, hitCount: lookups.hits.total)
            }
        trace = Self.rows(part.trace, start: start)
        quality = part.quality
    }

    /// Begins and ends joined to spans.
    private static func rows(_ facts: [ScanPart.TraceFact], start: Timestamp) -> [TraceRow] {
        var rows: [TraceRow] = []
        var open: [SpanID: Int] = [:]
        for fact in facts.sorted(by: { Event.precedes($0.event, $1.event) }) {
            let event = fact.event
            if event.kind == .end {
                guard let row = open.removeValue(forKey: event.span) else { continue }
                rows[row].durationNanos = event.time.nanos &- start.nanos &- rows[row].startNanos
                continue
            }
            if event.kind == .begin { open[event.span] = rows.count }
            rows.append(
                TraceRow(
                    startNanos: event.start.nanos &- start.nanos,
                    durationNanos: event.kind == .begin ? nil : event.time.nanos &- event.start.nanos, span: event.span,
                    parent: event.parent, device: fact.device, role: fact.role))
        }
        return rows.enumerated().sorted { ($0.element.startNanos, $0.offset) < ($1.element.startNanos, $1.offset) }
            .map(\.element)
    }
}

extension ScanReport.Gaps {
    /// From the times of all emissions, in any order.
    init(_ emissions: ContiguousArray<Int64>, start: Timestamp) {
        var times = emissions
        // Blocks of one stream come in order: then there is nothing to sort.
        if !zip(times, times.dropFirst()).allSatisfy({ $0 <= $1 }) { times.sort() }
        let width = ScanReport.gapWindow
        last = Statistics(exact: zip(times.suffix(width + 1), times.suffix(width + 1).dropFirst()).map { $1 &- $0 })
        guard times.count > width else { return }
        // The mean of successive gaps is the distance of the outer two emissions.
        var greatest: (span: Int64, at: Int64) = (.min, 0)
        for index in width..<times.count {
            let span = times[index] &- times[index - width]
            if span > greatest.span { greatest = (span, times[index]) }
        }
        greatestMeanNanos = greatest.span / Int64(width)
        greatestAtNanos = greatest.at &- start.nanos
    }
}
