public import SpanreelTracing

/// Alerts and rules in words.
extension Alert {
    /// A sentence with figures. Names in it come from the log: make them visible before a terminal reads them.
    public var text: String {
        guard !rule.filter.requests.isAll else { return sentence }
        return "\(sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence) (\(rule.filter.requests.words))."
    }

    private var sentence: String {
        // While it holds the value of now; afterwards the worst there was.
        let value = state == .resolved ? worst : value
        let shown = rule.metric.unit.text(value)
        switch (rule.metric, subject) {
        case (.queuedNoneRunning, _): return "\(Self.requests(value)) in the queue and none running."
        case (.sloBurn, _):
            let share = value * (1 - rule.goals.objective)
            return "\(Human.percent(share)) of requests missed TTFT \(Human.duration(rule.goals.ttftNanos)) or TPOT "
                + "\(Human.duration(rule.goals.tpotNanos)): \(shown) times what \(Human.percent(rule.goals.objective)) allow."
        case (.silence, .device(let name)): return "\(name) is silent: its next sample is overdue by \(shown)."
        case (.droppedEvents, .device(let name)): return "\(name) dropped \(shown) events: numbers are lower bounds."
        case (.memoryPressure, .host(let name)):
            return "Memory pressure on \(name) is \(Human.percent(value))."
        case (.memoryRatio, .device(let name)):
            return "\(name) holds \(Human.percent(value)) of its memory limit."
        case (.wrongLink, .link(let from, let to)):
            return "The hop \(from) to \(to) runs over Wi-Fi or a tunnel."
        case (.linkRatio, .link(let from, let to)):
            return "The hop \(from) to \(to) takes \(shown) times the others."
        default:
            let of = subject.label.isEmpty ? "" : " of \(subject.label)"
            return "\(rule.selection)\(rule.metric.rawValue)\(of) is \(shown), \(rule.condition)."
        }
    }

    private static func requests(_ value: Double) -> String {
        value == 1 ? "1 request is" : "\(Decimals.text(value, 0) ?? "?") requests are"
    }
}

extension AlertMetric.Unit {
    /// A value as people read it.
    func text(_ value: Double) -> String {
        switch self {
        case .nanos: return Human.duration(Statistics.rounded(value))
        case .bytes: return Human.bytes(Statistics.rounded(value))
        case .number:
            return value == value.rounded() ? Decimals.text(value, 0) ?? "-" : Decimals.significant(value)
        }
    }
}

extension AlertRule {
    /// `above 5.00 s for 10.0 s`.
    public var condition: String {
        let word = ["above": "above", "below": "below", "atLeast": "at least", "atMost": "at most"]
        let hold = forNanos > 0 ? " for \(Human.duration(forNanos))" : ""
        return "\(word[comparison.rawValue] ?? comparison.rawValue) \(metric.unit.text(threshold))\(hold)"
    }

    /// The role of the spans, with a blank behind it: `decode layer 11 `.
    var selection: String {
        var words: [String] = []
        if let phase = filter.phase { words.append(phase.label) }
        if let operation = filter.operation { words.append("\(operation)") }
        if let layer = filter.layer { words.append(metric.isOfSpans ? "\(layer)" : "layer \(layer)") }
        if let stage = filter.stage { words.append("stage \(stage)") }
        return words.isEmpty ? "" : words.joined(separator: " ") + " "
    }

    /// Writes the members of the rule's JSON object; thresholds in the metric's unit.
    func write(_ json: inout JSONWriter) {
        json.field("name", name)
        json.field("metric", metric.rawValue)
        json.object("where") { json in
            if let operation = filter.operation { json.field("operation", "\(operation)") }
            if let phase = filter.phase { json.field("phase", phase.label) }
            if let layer = filter.layer { json.field("layer", layer) }
            if let stage = filter.stage { json.field("stage", stage) }
            if let device = filter.device { json.field("device", device) }
            if let host = filter.host { json.field("host", host) }
            if let from = filter.from { json.field("from", from) }
            if let to = filter.to { json.field("to", to) }
            if let model = filter.requests.model { json.field("model", model) }
            if let variant = filter.requests.variant { json.field("variant", variant) }
        }
        json.field("comparison", comparison.rawValue)
        json.rate("threshold", threshold)
        json.field("forNanos", forNanos)
        json.field("windowNanos", metric.hasWindow ? windowNanos : nil)
        json.field("severity", severity.rawValue)
    }
}

extension AlertReport {
    /// The report for a terminal, names made visible, without control codes. `title` says whose alerts they are.
    public func text(title: String, rules: AlertRules) -> [String] {
        var lines = [
            "\(Human.safe(title)), up to \(Alert.instant(atNanos)): \(fired) fired, \(count(.firing)) firing, "
                + "\(count(.pending)) pending; \(rules.rules.count) rules"
        ]
        if forgotten > 0 { lines.append("  \(forgotten) older alerts are no longer listed") }
        guard !alerts.isEmpty else { return lines }
        var table = TextTable(
            ["severity", "rule", "subject", "state", "since", "fired", "resolved", ""], left: [0, 1, 2, 3, 7])
        for alert in alerts {
            let subject = alert.subject.label.isEmpty ? "session" : alert.subject.label
            table.add([
                alert.rule.severity.rawValue, alert.rule.name, Human.safe(subject), alert.state.rawValue,
                Alert.instant(alert.sinceNanos), alert.firedAtNanos.map(Alert.instant) ?? "-",
                alert.resolvedAtNanos.map(Alert.instant) ?? "-", Human.safe(alert.text),
            ])
        }
        return lines + table.lines
    }
}

extension Alert {
    /// An instant as `--at` takes it: exact where ticks are.
    static func instant(_ nanos: Int64) -> String {
        let decimals = nanos % 100_000_000 == 0 ? 1 : 3
        return "\(Decimals.text(Double(nanos) / 1e9, decimals) ?? "?")s"
    }

    /// One line for a change of this alert, names made visible.
    public func line(_ change: AlertWatch.Change) -> String {
        let at = change == .resolved ? resolvedAtNanos : firedAtNanos
        let subject = subject.label.isEmpty ? "" : " (\(Human.safe(subject.label)))"
        return "\(Self.instant(at ?? sinceNanos)) \(change.rawValue) \(rule.severity.rawValue) \(rule.name)\(subject): "
            + Human.safe(text)
    }

    /// What a webhook receives and `--follow --json` prints: one JSON object on one line.
    ///
    /// `text` stands at the top too, where chat services look for it.
    public func json(_ change: AlertWatch.Change, session: SessionInfo, start: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("change", change.rawValue)
            json.object("session") { json in
                json.field("id", "\(session.id)")
                json.field("name", session.name)
            }
            json.field("startUnixNanos", String(start.nanos))
            json.field("text", line(change))
            json.object("alert") { write(&$0) }
        }
        return json.bytes
    }
}
