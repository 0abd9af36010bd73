/// Whether a stream's process still writes.
public enum StreamState: String, Sendable {
    /// The owner holds the stream's lock.
    case live
    /// Closed cleanly, or packed.
    case ended
    /// The owner is gone without closing; `spanreel seal` adopts what it left in its lanes.
    case dead
}

/// What is known of one stream: who wrote it, on which clock, and what it lost.
public struct StreamInfo: Sendable {
    /// The stream's random id.
    public var id: StreamID
    /// Counts restarts of the same stream, from 1.
    public var epoch: Int = 1
    /// The label of what runs this part of the model.
    public var device: String
    /// The machine's name.
    public var host: String = ""
    /// The process id, as a label only: the system uses numbers again.
    public var pid: Int = 0
    /// Streams of one domain share a clock; between domains offsets are estimated.
    public var clockDomain: String = ""
    /// OpenTelemetry resource attributes.
    public var resource: [String: String] = [:]
    /// The pipeline stage, from 0.
    public var stage: Int?
    /// First layer held, counted over the whole model.
    public var firstLayer: Int?
    /// Last layer held.
    public var lastLayer: Int?
    /// The model's name.
    public var model: String?
    /// Live, ended or dead.
    public var state: StreamState = .ended
    /// The last sign of life, on the stream's own clock.
    public var lastHeartbeat: Timestamp?
    /// Nanoseconds since the last sign of life, by this machine's monotonic clock; nil when that cannot be known.
    public var silentNanos: Int64?
    /// Events dropped, by reason; zero counts are left out.
    public var dropped: [DropReason: UInt64] = [:]
    /// What one record cost when the stream was opened.
    public var recordCostNanos: Double?
    /// The clock that stamped: `tsc`, `mach`, `monotonic`; empty for an import.
    public var clockName: String = ""
    /// The clock beside the system's clocks, from time to time, by ascending stamp.
    public var clockComparisons: [ClockComparison] = []
    /// Made by an importer, not by a running process.
    public var isImported = false
    /// Bytes of this stream in the session's files.
    public var sizeBytes = 0

    /// A stream with nothing known but its id and device.
    public init(id: StreamID, device: String) {
        self.id = id
        self.device = device
    }

    /// Takes over what a description says.
    mutating func apply(_ description: Description) {
        for (key, value) in description.values {
            switch key {
            case "device": device = value
            case "host": host = value
            case "pid": pid = Int(value) ?? 0
            case "clock.domain": clockDomain = value
            case "clock.name": clockName = value
            case "stage": stage = Int(value)
            case "layer.first": firstLayer = Int(value)
            case "layer.last": lastLayer = Int(value)
            case "model": model = value
            case "imported": isImported = value == "true"
            case "record.cost.nanos": recordCostNanos = Double(value)
            case "heartbeat.unix.nanos": lastHeartbeat = Int64(value).map { Timestamp(nanos: $0) }
            case "state": state = StreamState(rawValue: value) ?? state
            default: applyPrefixed(key, value)
            }
        }
    }

    private mutating func applyPrefixed(_ key: String, _ value: String) {
        if key.hasPrefix("resource.") {
            resource[String(key.dropFirst("resource.".count))] = value
        } else if key.hasPrefix("dropped."),
            let reason = DropReason.allCases.first(where: { "dropped.\($0.label)" == key }), let count = UInt64(value),
            count > 0
        {
            dropped[reason] = count
        } else if let comparison = ClockComparison(key: key, value: value) {
            let place = clockComparisons.firstIndex { $0.ticks >= comparison.ticks } ?? clockComparisons.count
            if place == clockComparisons.count || clockComparisons[place] != comparison {
                clockComparisons.insert(comparison, at: place)
            }
        }
    }

    /// The description that gives this information back.
    var description: Description {
        var values = [
            "device": device, "host": host, "pid": String(pid), "clock.domain": clockDomain, "state": state.rawValue,
        ]
        values["stage"] = stage.map(String.init)
        values["layer.first"] = firstLayer.map(String.init)
        values["layer.last"] = lastLayer.map(String.init)
        values["model"] = model
        values["imported"] = isImported ? "true" : nil
        values["record.cost.nanos"] = recordCostNanos.map { "\($0)" }
        if !clockName.isEmpty { values["clock.name"] = clockName }
        for comparison in clockComparisons { values[comparison.fact.key] = comparison.fact.value }
        values["heartbeat.unix.nanos"] = lastHeartbeat.map { String($0.nanos) }
        for (key, value) in resource { values["resource.\(key)"] = value }
        for (reason, count) in dropped where count > 0 { values["dropped.\(reason.label)"] = String(count) }
        return Description(values: values)
    }
}

/// What is known of a session as a whole.
public struct SessionInfo: Sendable, Equatable {
    /// The session's random id.
    public var id: SessionID
    /// Its name: the file's name without `.reel` unless given.
    public var name: String
    /// Where it lies.
    public var path: String
    /// One file, or a growing directory.
    public var isPacked: Bool
    /// When it was opened, Unix nanoseconds.
    public var createdUnixNanos: Int64
}
