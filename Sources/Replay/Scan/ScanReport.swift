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
