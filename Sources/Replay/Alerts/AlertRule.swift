public import SpanreelTracing

/// One condition that is looked at once per tick of event time.
///
/// Pending from the first tick at which the comparison holds, firing once it has held for ``forNanos``, resolved at the
/// first tick at which it does not. A value that is unknown does not hold.
public struct AlertRule: Sendable, Hashable {
    /// How bad it is.
    public enum Severity: String, Sendable, CaseIterable {
        /// Worth knowing.
        case info
        /// Worth a look today.
        case warn
        /// Worth waking somebody.
        case critical
    }

    /// How the value is compared with the threshold.
    public enum Comparison: String, Sendable, CaseIterable {
        /// Value > threshold.
        case above
        /// Value < threshold.
        case below
        /// Value >= threshold.
        case atLeast
        /// Value <= threshold.
        case atMost
    }

    /// Which role, device, host, link or requests; nil means any.
    public struct Filter: Sendable, Hashable {
        /// The spans' operation.
        public var operation: Operation?
        /// The spans' phase.
        public var phase: Phase?
        /// The layer, counted over the whole model.
        public var layer: Int?
        /// The pipeline stage.
        public var stage: Int?
        /// The device's label.
        public var device: String?
        /// The machine's name.
        public var host: String?
        /// The link's sender.
        public var from: String?
        /// The link's receiver.
        public var to: String?
        /// The model and variant of the requests.
        public var requests = RequestFilter()

        /// Everything.
        public init() {}
    }

    /// The goals that ``AlertMetric/sloBurn`` counts against.
    public struct Goals: Sendable, Hashable {
        /// A request whose first token takes longer is bad. Nanoseconds.
        public var ttftNanos = Goodput.ttftGoalNanos
        /// A request whose mean time per output token is longer is bad. Nanoseconds.
        public var tpotNanos = Goodput.tpotGoalNanos
        /// The share of requests that are to be good, 0 to 1.
        public var objective = 0.99

        /// The goals of goodput, kept by 99 % of requests.
        public init() {}
    }

    /// The name, unique among its rules.
    public var name: String
    /// What is looked at.
    public var metric: AlertMetric
    /// Of what.
    public var filter = Filter()
    /// How it is compared.
    public var comparison = Comparison.above
    /// With what, in the metric's unit.
    public var threshold: Double
    /// How long the comparison has to hold before the alert fires.
    public var forNanos: Int64 = 0
    /// How far back the value reaches, where it covers a stretch of time.
    public var windowNanos: Int64 = 60_000_000_000
    /// The goals, of ``AlertMetric/sloBurn`` alone.
    public var goals = Goals()
    /// How bad it is.
    public var severity = Severity.warn

    /// A rule that fires as soon as the value is above the threshold.
    public init(_ name: String, _ metric: AlertMetric, above threshold: Double) {
        self.name = name
        self.metric = metric
        self.threshold = threshold
    }

    /// Whether a value meets the comparison.
    public func holds(_ value: Double) -> Bool {
        switch comparison {
        case .above: value > threshold
        case .below: value < threshold
        case .atLeast: value >= threshold
        case .atMost: value <= threshold
        }
    }

    /// Whether `value` is further beyond the threshold than `other`.
    func isWorse(_ value: Double, than other: Double) -> Bool {
        switch comparison {
        case .above, .atLeast: value > other
        case .below, .atMost: value < other
        }
    }
}

/// Rules in the order of their file.
public struct AlertRules: Sendable, Hashable {
    /// The rules; names are unique.
    public var rules: [AlertRule]

    /// Rules from a list.
    public init(_ rules: [AlertRule] = []) { self.rules = rules }
}
