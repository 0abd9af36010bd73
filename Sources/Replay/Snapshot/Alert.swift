import SpanreelTracing

/// A rule's condition on one subject, from the tick at which it began to hold.
public struct Alert: Sendable, Equatable {
    /// How far it has come.
    public enum State: String, Sendable {
        /// It holds, but not for as long as the rule asks.
        case pending
        /// It held for that long, and holds.
        case firing
        /// It fired and holds no more.
        case resolved
    }

    /// What it is about.
    public enum Subject: Sendable, Hashable {
        /// All of the session.
        case session
        /// A device, by its label.
        case device(String)
        /// A machine, by its name.
        case host(String)
        /// A link between two devices.
        case link(from: String, to: String)

        /// `mini1`, `mini1 > mini2`; empty for the session.
        public var label: String {
            switch self {
            case .session: ""
            case .device(let name), .host(let name): name
            case .link(let from, let to): "\(from) > \(to)"
            }
        }
    }

    /// What makes two reports' alerts the same one.
    public struct Identity: Sendable, Hashable {
        /// The rule's name.
        public var rule: String
        /// The subject.
        public var subject: Subject
        /// When it fired, nanoseconds since the session's start; nil while pending.
        public var firedAtNanos: Int64?
    }

    /// The rule.
    public var rule: AlertRule
    /// The subject.
    public var subject: Subject
    /// How far it has come.
    public var state: State
    /// The end of the first tick at which the comparison held. Nanoseconds since the session's start, as all instants here.
    public var sinceNanos: Int64
    /// The end of the tick at which it fired; nil while pending.
    public var firedAtNanos: Int64?
    /// The end of the first tick at which it held no more; nil until then.
    public var resolvedAtNanos: Int64?
    /// The last value for which it held, in the metric's unit.
    public var value: Double
    /// The value furthest beyond the threshold so far.
    public var worst: Double

    /// Which alert it is.
    public var identity: Identity { Identity(rule: rule.name, subject: subject, firedAtNanos: firedAtNanos) }

    /// Writes the members of the alert's JSON object.
    public func write(_ json: inout JSONWriter) {
        json.field("rule", rule.name)
        json.field("severity", rule.severity.rawValue)
        json.field("metric", rule.metric.rawValue)
        json.object("subject") { json in
            json.field("kind", rule.metric.subject.rawValue)
            switch subject {
            case .session: break
            case .device(let name): json.field("device", name)
            case .host(let name): json.field("host", name)
            case .link(let from, let to):
                json.field("from", from)
                json.field("to", to)
            }
        }
        json.field("state", state.rawValue)
        json.field("sinceNanos", sinceNanos)
        json.field("firedAtNanos", firedAtNanos)
        json.field("resolvedAtNanos", resolvedAtNanos)
        json.rate("value", value)
        json.rate("worst", worst)
        json.field("text", text)
    }
}

/// The alerts of a session as they stood at an instant.
public struct AlertReport: Sendable, Equatable {
    /// Up to where ticks were looked at, nanoseconds since the session's start.
    public var atNanos: Int64
    /// Those that fired, in the order of firing; then the pending ones. At equal instants by rule and subject.
    public var alerts: [Alert]
    /// Alerts that fired and are no longer listed.
    public var forgotten: Int

    /// How many are in a state.
    public func count(_ state: Alert.State) -> Int { alerts.count { $0.state == state } }

    /// How many ever fired.
    public var fired: Int { alerts.count { $0.firedAtNanos != nil } + forgotten }

    /// The report of folds whose alerts were advanced to `instant`, of each the rules named beside it.
    init(_ folds: [(fold: SessionFold, rules: [Int])], of directory: Directory, at instant: Int64) {
        let origin = directory.ticks.origin
        let rules = directory.rules.rules
        func alert(_ instance: AlertFold.Instance) -> Alert? {
            guard rules.indices.contains(instance.rule) else { return nil }
            let rule = rules[instance.rule]
            let subject: Alert.Subject
            switch rule.metric.subject {
            case .session: subject = .session
            case .device: subject = .device(directory.names(.device)(instance.subject))
            case .host: subject = .host(directory.names(.host)(instance.subject))
            case .link:
                let link = directory.link(instance.subject) ?? Link(from: "", to: "")
                subject = .link(from: link.from, to: link.to)
            }
            return Alert(
                rule: rule, subject: subject,
                state: instance.resolvedAt != nil ? .resolved : instance.firedAt != nil ? .firing : .pending,
                sinceNanos: instance.since &- origin, firedAtNanos: instance.firedAt.map { $0 &- origin },
                resolvedAtNanos: instance.resolvedAt.map { $0 &- origin }, value: instance.value, worst: instance.worst)
        }
        var instances: [(rule: Int, alert: Alert)] = []
        forgotten = 0
        for (fold, chosen) in folds {
            for instance in fold.alerts.history + fold.alerts.held where chosen.contains(instance.rule) {
                if let alert = alert(instance) { instances.append((instance.rule, alert)) }
            }
            for index in chosen { forgotten += fold.alerts.forgotten[index] }
        }
        alerts = instances.sorted { Self.order($0) < Self.order($1) }.map(\.alert)
        atNanos = instant &- origin
    }

    /// What alerts are sorted by.
    private static func order(_ entry: (rule: Int, alert: Alert)) -> (Int64, Int64, Int, String) {
        (entry.alert.firedAtNanos ?? .max, entry.alert.sinceNanos, entry.rule, entry.alert.subject.label)
    }

    /// Writes the members of the report's JSON object.
    public func write(_ rules: AlertRules, _ json: inout JSONWriter) {
        json.field("firing", count(.firing))
        json.field("pending", count(.pending))
        json.field("fired", fired)
        json.field("forgotten", forgotten)
        json.array("rules") { json in for rule in rules.rules { json.object { rule.write(&$0) } } }
        json.array("alerts") { json in for alert in alerts { json.object { alert.write(&$0) } } }
    }
}
