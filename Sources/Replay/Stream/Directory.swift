public import SpanreelTracing

/// What the folds know of one stream.
public struct StreamFact: Sendable, Hashable {
    /// The stream's id and epoch as printed; identifies it over readers.
    public var id: String
    /// The device label.
    public var device: String
    /// The machine.
    public var host: String
    /// The process.
    public var pid: Int
    /// The clock that stamps its events.
    public var clockDomain: String
    /// The pipeline stage it runs.
    public var stage: Int?
    /// First layer of its stage.
    public var firstLayer: Int?
    /// Last layer of its stage.
    public var lastLayer: Int?
    /// The model it runs.
    public var model: String?
    /// How it ended, by its last words in the log; nil while it is written.
    public var ending: Ending?

    /// The end of a stream.
    public struct Ending: Sendable, Hashable {
        /// Its last sign of life; nil where nobody recorded one.
        public var time: Timestamp?
        /// Whether its process was gone without closing it.
        public var isDeath: Bool
        /// The events that were dropped in all.
        public var dropped: UInt64

        /// An ending from its parts.
        public init(time: Timestamp?, isDeath: Bool, dropped: UInt64) {
            self.time = time
            self.isDeath = isDeath
            self.dropped = dropped
        }
    }

    /// A stream from its parts.
    public init(
        id: String, device: String, host: String, pid: Int = 0, clockDomain: String? = nil, stage: Int? = nil,
        firstLayer: Int? = nil, lastLayer: Int? = nil, model: String? = nil, ending: Ending? = nil
    ) {
        self.id = id
        self.device = device
        self.host = host
        self.pid = pid
        self.clockDomain = clockDomain ?? host
        self.stage = stage
        self.firstLayer = firstLayer
        self.lastLayer = lastLayer
        self.model = model
        self.ending = ending
    }
}

/// Numbers for the names that folds index their arrays by: devices, hosts, clock domains, links and roles.
///
/// Shared by all folds and checkpoints of one reader, and append-only, so a fold of an earlier instant stays valid.
/// The numbers depend on the order in which names came and therefore never reach a snapshot: those sort by name.
/// Not thread-safe: one engine, one consumer.
public final class Directory {
    /// A role with its names resolved to numbers.
    struct Plan {
        var operation: Operation = .other
        var phase: Phase = .none
        var layer: Int32 = -1
        var stage: Int32 = -1
        var link: Int32 = -1
    }

    /// A stream with its names resolved to numbers.
    struct StreamPlan: BitwiseCopyable {
        var device: Int32
        var domain: Int32
        var host: Int32
        /// The model that it declares, as a string of the reader; 0 when it declares none.
        var model: UInt32 = 0
    }

    /// The reader's names.
    public let symbols: Symbols
    // Read for each event by the one owner: nobody writes meanwhile.
    /// Event time in ticks from the session's start.
    @exclusivity(unchecked) private(set) var ticks: TickClock
    /// Samples in the default window: `MONITOR_WINDOW_SIZE`, 100 unless set.
    let windowSamples: Int
    /// The alert rules that folds look at; none unless asked for.
    let rules: AlertRules

    @exclusivity(unchecked) private(set) var plans: ContiguousArray<Plan> = []
    @exclusivity(unchecked) private(set) var streamPlans: ContiguousArray<StreamPlan> = []
    /// The streams, by `Event.stream`.
    public private(set) var streams: [StreamFact] = []
    private(set) var devices: [String] = []
    private(set) var hosts: [String] = []
    @exclusivity(unchecked) private(set) var domains: [String] = []
    private(set) var links: [Link] = []
    /// What requests said of their model and variant. Said by folds of all requests, so in canonical order.
    @exclusivity(unchecked) var labels = RequestLabels()

    private var deviceIndex: [String: Int] = [:]
    private var hostIndex: [String: Int] = [:]
    private var domainIndex: [String: Int] = [:]
    private var linkIndex: [Link: Int] = [:]

    /// An empty directory over `symbols`, whose session begins at `origin` (Unix nanoseconds).
    public init(
        symbols: Symbols, origin: Timestamp, tickNanos: Int64 = 1_000_000_000, windowSamples: Int = 100,
        rules: AlertRules = AlertRules()
    ) {
        self.rules = rules
        self.symbols = symbols
        ticks = TickClock(origin: origin.nanos, tickNanos: tickNanos)
        self.windowSamples = max(1, windowSamples)
    }

    /// Sets the session's start, before anything is folded.
    func begin(at origin: Timestamp) { ticks.origin = origin.nanos }

    /// Adds the streams from `streams.count` on, and refreshes what is known of the earlier ones.
    public func update(streams facts: [StreamFact]) {
        for (index, fact) in facts.enumerated() {
            if index < streams.count {
                streams[index] = fact
            } else {
                let host = Self.number(fact.host, &hosts, &hostIndex)
                let device = device(named: fact.device)
                let domain = Self.number(fact.clockDomain, &domains, &domainIndex)
                streams.append(fact)
                streamPlans.append(
                    StreamPlan(
                        device: Int32(device), domain: Int32(domain), host: Int32(host),
                        model: fact.model.map { symbols.intern($0).index } ?? 0))
            }
        }
    }

    /// The role of an event. O(1) after the role's first use.
    @inline(__always) func plan(_ role: RoleID) -> Plan {
        let index = Int(role.index)
        if index < plans.count { return plans[index] }
        return slowPlan(index)
    }

    /// The stream of an event; events of a stream that nobody announced belong to a nameless one.
    @inline(__always) func stream(_ stream: UInt32) -> StreamPlan {
        let index = Int(stream)
        if index < streamPlans.count { return streamPlans[index] }
        return slowStream(index)
    }

    /// The number of a stream's device label, new or old.
    private func device(named label: String) -> Int {
        if let index = deviceIndex[label] { return index }
        deviceIndex[label] = devices.count
        devices.append(label)
        return devices.count - 1
    }

    /// The label of a device; empty for a number that is none.
    func name(ofDevice index: Int) -> String { devices.indices.contains(index) ? devices[index] : "" }

    /// A link by its number.
    func link(_ index: Int) -> Link? { links.indices.contains(index) ? links[index] : nil }

    /// How a subject of alerts is called, by its number: what it is sorted by.
    func names(_ kind: AlertMetric.SubjectKind) -> (Int) -> String {
        switch kind {
        case .session: { _ in "" }
        case .device: { self.name(ofDevice: $0) }
        case .host: { self.hosts.indices.contains($0) ? self.hosts[$0] : "" }
        case .link: { number in self.link(number).map { "\($0.from) > \($0.to)" } ?? "" }
        }
    }

    /// When streams ended, as far as they did and it is known.
    var endings: [Int64] { streams.compactMap { $0.ending?.time?.nanos } }

    /// The number of a device that has a stream; nil for any other label.
    func device(called label: String) -> Int? { deviceIndex[label] }

    private func slowPlan(_ index: Int) -> Plan {
        while plans.count < symbols.roles.count {
            let role = symbols.roles[plans.count]
            plans.append(
                Plan(
                    operation: role.operation, phase: role.phase,
                    layer: role.layer.flatMap { Int32(exactly: $0) }.map { max($0, -1) } ?? -1,
                    stage: role.stage.flatMap { Int32(exactly: $0) } ?? -1,
                    link: role.link.map { Int32(linkNumber($0)) } ?? -1))
        }
        return index < plans.count ? plans[index] : Plan()
    }

    private func slowStream(_ index: Int) -> StreamPlan {
        // The table is not extended: a later announcement of this stream must find its place free.
        StreamPlan(device: Int32(device(named: "")), domain: Int32(Self.number("", &domains, &domainIndex)), host: -1)
    }

    private func linkNumber(_ link: Link) -> Int {
        if let index = linkIndex[link] { return index }
        linkIndex[link] = links.count
        links.append(link)
        return links.count - 1
    }

    private static func number(_ name: String, _ names: inout [String], _ index: inout [String: Int]) -> Int {
        if let number = index[name] { return number }
        index[name] = names.count
        names.append(name)
        return names.count - 1
    }
}
