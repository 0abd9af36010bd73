public import SpanreelTracing

/// Up to which instant all live writers are known to be complete.
///
/// The watermark is the least heartbeat of the live streams, less a margin for records that are written but not yet
/// published: 20 ms when all streams are of one host, 500 ms when clocks of several hosts stand beside each other. A
/// stream that was silent for two seconds no longer holds it: a stalled device must not freeze the page.
public struct Watermark: Sendable, Equatable {
    /// What the watermark needs to know of one stream.
    public struct Writer: Sendable {
        /// The device label, for naming the silent.
        public var device: String
        /// The host, for choosing the margin.
        public var host: String
        /// Whether its process still writes.
        public var isLive: Bool
        /// Its last sign of life.
        public var lastHeartbeat: Timestamp?

        /// How long ago that was by a monotonic clock; nil when only the difference of wall clocks can tell.
        public var silentNanos: Int64?

        /// A writer from its parts.
        public init(
            device: String, host: String, isLive: Bool, lastHeartbeat: Timestamp?, silentNanos: Int64? = nil
        ) {
            self.device = device
            self.host = host
            self.isLive = isLive
            self.lastHeartbeat = lastHeartbeat
            self.silentNanos = silentNanos
        }
    }

    /// A stream without a heartbeat for longer than this leaves the watermark.
    public static let silenceNanos: Int64 = 2_000_000_000
    /// The margin when all streams share one host.
    public static let oneHostMarginNanos: Int64 = 20_000_000
    /// The margin when streams come from several hosts.
    public static let severalHostsMarginNanos: Int64 = 500_000_000

    /// Complete up to here.
    public var time: Timestamp
    /// The live streams without a heartbeat for two seconds, and for how long; by device.
    public var silent: [Silence]

    /// A live stream that gives no sign of life.
    public struct Silence: Sendable, Hashable {
        /// The device label.
        public var device: String
        /// Since when, in nanoseconds before now.
        public var silentNanos: Int64
    }

    /// The watermark at the wall-clock time `now`. Nil when no stream is live: a saved session is complete for ever.
    public init?(_ writers: [Writer], now: Timestamp) {
        let live = writers.filter(\.isLive)
        guard !live.isEmpty else { return nil }
        let severalHosts = Set(live.map(\.host)).count > 1
        let margin = severalHosts ? Self.severalHostsMarginNanos : Self.oneHostMarginNanos
        var least = now.nanos
        var silent: [Silence] = []
        for writer in live {
            guard let heartbeat = writer.lastHeartbeat else { continue }
            let age = writer.silentNanos ?? now.nanos.subtractingReportingOverflow(heartbeat.nanos).partialValue
            if age > Self.silenceNanos {
                silent.append(Silence(device: writer.device, silentNanos: age))
            } else {
                least = min(least, heartbeat.nanos)
            }
        }
        time = Timestamp(nanos: least &- margin)
        self.silent = silent.sorted { ($0.device, $0.silentNanos) < ($1.device, $1.silentNanos) }
    }
}
