/// What a rule looks at. The raw value is the word that a rules file uses; docs/VIEWS.md gives each formula.
public enum AlertMetric: String, Sendable, CaseIterable {
    // Of the session.
    case queuedNoneRunning, queued, running, inFlight, oldestQueued
    case tokensPerSecond, promptTokensPerSecond, requestsPerSecond, cacheHitRatio
    case ttftP50, ttftP95, tpotP50, tpotP95, itlP50, itlP95, e2eP50, e2eP95, queueP50, queueP95
    case sloBurn, failureRatio
    // Of a device.
    case silence, droppedEvents, busyRatio, cpuRatio, memoryRatio, rssBytes, gpuBytes
    // Of a host.
    case memoryPressure, hostMemoryRatio, hostCPU
    // Of a link.
    case wrongLink, linkRatio, linkP50, linkP95, gigabytesPerSecond
    // Of the spans of a role, device by device.
    case spanP50, spanP95, spanMean, spanErrorRatio

    /// How a threshold is written and a value printed.
    public enum Unit: Sendable {
        /// Nanoseconds; in a file text such as `"200ms"`.
        case nanos
        /// Bytes; in a file a number or text such as `"2GiB"`.
        case bytes
        /// A plain number.
        case number
    }

    /// What one value is about.
    public enum SubjectKind: String, Sendable {
        /// All of the session.
        case session
        /// A device.
        case device
        /// A machine.
        case host
        /// A link between two devices.
        case link
    }

    /// The unit of values and thresholds.
    public var unit: Unit {
        switch self {
        case .oldestQueued, .ttftP50, .ttftP95, .tpotP50, .tpotP95, .itlP50, .itlP95, .e2eP50, .e2eP95, .queueP50,
            .queueP95, .silence, .linkP50, .linkP95, .spanP50, .spanP95, .spanMean:
            .nanos
        case .rssBytes, .gpuBytes: .bytes
        default: .number
        }
    }

    /// What each value is about.
    public var subject: SubjectKind {
        switch self {
        case .silence, .droppedEvents, .busyRatio, .cpuRatio, .memoryRatio, .rssBytes, .gpuBytes, .spanP50, .spanP95,
            .spanMean, .spanErrorRatio:
            .device
        case .memoryPressure, .hostMemoryRatio, .hostCPU: .host
        case .wrongLink, .linkRatio, .linkP50, .linkP95, .gigabytesPerSecond: .link
        default: .session
        }
    }

    /// Whether the value covers a stretch of time rather than the instant.
    public var hasWindow: Bool {
        switch self {
        case .queuedNoneRunning, .queued, .running, .inFlight, .oldestQueued, .silence, .droppedEvents, .cpuRatio,
            .memoryRatio, .rssBytes, .gpuBytes, .memoryPressure, .hostMemoryRatio, .hostCPU, .wrongLink:
            false
        default: true
        }
    }

    /// Whether it is computed from the spans that the rule's role selects.
    public var isOfSpans: Bool {
        switch self {
        case .spanP50, .spanP95, .spanMean, .spanErrorRatio: true
        default: false
        }
    }

    /// Whether it is computed from what requests did, so that it can be of those of a model or variant.
    public var isOfRequests: Bool {
        switch self {
        case .silence, .droppedEvents, .cpuRatio, .memoryRatio, .rssBytes, .gpuBytes, .memoryPressure,
            .hostMemoryRatio, .hostCPU, .wrongLink:
            false
        default: true
        }
    }

    /// The members that `where` may have.
    var filterKeys: [String] { roleKeys + (isOfRequests ? RequestFilter.Dimension.allCases.map(\.rawValue) : []) }

    private var roleKeys: [String] {
        if isOfSpans { return ["operation", "phase", "layer", "stage", "from", "to", "device"] }
        switch subject {
        case .session: return []
        case .device: return ["device"]
        case .host: return ["host"]
        case .link:
            return self == .linkP50 || self == .linkP95 || self == .linkRatio
                ? ["from", "to", "phase"] : ["from", "to"]
        }
    }
}
