import SpanreelTracing

extension AlertRules {
    /// Rules a file may have.
    static let countLimit = 64
    /// Different filters of model and variant in a file: the events are folded once for each.
    static let filterLimit = 8
    /// The longest `for`, `window` and age: folds hold a bounded past.
    static let longestNanos: Int64 = 3_600_000_000_000

    /// Reads a rules file: `{"rules":[{"name":…,"metric":…,"where":{…},"above":…,"for":…,"window":…,"severity":…}]}`.
    ///
    /// Total, O(bytes). - Throws: ``ReplayError`` `invalid-argument` with one sentence: file, line, rule and member, what
    /// was expected, what was found, what to do.
    public static func parse(_ bytes: [UInt8], file: String = "rules") throws(ReplayError) -> AlertRules {
        guard bytes.count <= 1 << 20 else {
            throw ReplayError(
                .invalid,
                "\(Human.safe(file)): expected at most 1 MiB, found \(bytes.count) bytes; give a file of rules.")
        }
        let root: JSONNode
        do throws(JSONTextError) {
            root = try JSONText.parse(bytes)
        } catch {
            throw ReplayError(
                .invalid, "\(Human.safe(file)), line \(error.line): \(error.message); mend the JSON there.")
        }
        let members = try RuleMembers(root, place: Human.safe(file), keys: ["rules"])
        let nodes = try members.array("rules")
        guard nodes.count <= countLimit else {
            throw members.wrong("rules", "at most \(countLimit) rules", "\(nodes.count)", "leave some out")
        }
        var rules: [AlertRule] = []
        for (number, node) in nodes.enumerated() {
            let rule = try AlertRule(node, place: "\(Human.safe(file)), line \(node.line), rule \(number + 1)")
            guard !rules.contains(where: { $0.name == rule.name }) else {
                throw ReplayError(
                    .invalid,
                    "\(Human.safe(file)), line \(node.line), rule \(number + 1): expected a name of its own, "
                        + "found \"\(SafeWords.short(rule.name))\" again; rename one of the two.")
            }
            rules.append(rule)
        }
        let filters = Set(rules.map(\.filter.requests)).subtracting([RequestFilter()])
        guard filters.count <= filterLimit else {
            throw members.wrong(
                "rules", "at most \(filterLimit) different models and variants", "\(filters.count)",
                "each costs a fold of its own; leave some out")
        }
        return AlertRules(rules)
    }
}

extension AlertRule {
    fileprivate init(_ node: JSONNode, place: String) throws(ReplayError) {
        let comparisons = Comparison.allCases.map(\.rawValue)
        var members = try RuleMembers(
            node, place: place,
            keys: ["name", "metric", "where", "for", "window", "severity", "ttft", "tpot", "objective"] + comparisons)
        let name = try members.text("name")
        guard !name.isEmpty, name.utf8.count <= 64, name == Human.safe(name) else {
            throw members.wrong(
                "name", "1 to 64 bytes of printable text", "\"\(SafeWords.short(name))\"", "rename the rule")
        }
        members.place = "\(place) \"\(name)\""
        let metric = try members.choice("metric", AlertMetric.allCases)
        self.init(name, metric, above: 0)

        let given = Comparison.allCases.filter { members.has($0.rawValue) }
        guard let comparison = given.first, given.count == 1 else {
            throw members.wrong(
                nil, "exactly one of \(comparisons.joined(separator: ", "))",
                given.isEmpty ? "none" : given.map(\.rawValue).joined(separator: " and "),
                "say what the value is compared with")
        }
        self.comparison = comparison
        threshold = try members.threshold(comparison.rawValue, metric.unit)
        if members.has("severity") { severity = try members.choice("severity", Severity.allCases) }
        if members.has("for") { forNanos = try members.duration("for", from: 0) }
        if members.has("window") {
            guard metric.hasWindow else {
                throw members.wrong(
                    "window", "no window, since \(metric.rawValue) is a value of the instant", "one", "leave it out")
            }
            windowNanos = try members.duration("window", from: 1_000_000_000)
        }
        try readGoals(&members)
        if members.has("where") { filter = try Filter(members.node("where"), metric, place: members.place) }
    }

    private mutating func readGoals(_ members: inout RuleMembers) throws(ReplayError) {
        for key in ["ttft", "tpot", "objective"] where members.has(key) && metric != .sloBurn {
            throw members.wrong(key, "it with the metric sloBurn only", "it with \(metric.rawValue)", "leave it out")
        }
        if members.has("ttft") { goals.ttftNanos = try members.duration("ttft", from: 1) }
        if members.has("tpot") { goals.tpotNanos = try members.duration("tpot", from: 1) }
        guard members.has("objective") else { return }
        let objective = try members.number("objective")
        guard objective > 0, objective <= 0.99999 else {
            throw members.wrong(
                "objective", "a share of good requests above 0 and at most 0.99999",
                Decimals.text(objective, 5) ?? "another number", "for 99 % write 0.99")
        }
        goals.objective = objective
    }
}

extension AlertRule.Filter {
    fileprivate init(_ node: JSONNode, _ metric: AlertMetric, place: String) throws(ReplayError) {
        self.init()
        let members = try RuleMembers(
            node, place: "\(place), where", keys: metric.filterKeys,
            reason: " of \(metric.rawValue)\(metric.isOfRequests ? "" : ", which is of no request")")
        if members.has("operation") {
            operation = try members.choice("operation", Operation.allCases) { "\($0)" }
        }
        if members.has("phase") { phase = try members.choice("phase", [Phase.prefill, .decode]) { $0.label } }
        if members.has("layer") { layer = try members.index("layer") }
        if members.has("stage") { stage = try members.index("stage") }
        if members.has("device") { device = try members.text("device") }
        if members.has("host") { host = try members.text("host") }
        if members.has("from") { from = try members.text("from") }
        if members.has("to") { to = try members.text("to") }
        for dimension in RequestFilter.Dimension.allCases where members.has(dimension.rawValue) {
            requests[dimension] = try members.text(dimension.rawValue)
        }
        if metric.isOfSpans, operation == nil {
            throw members.wrong(
                "operation", "the operation of the spans", "none",
                "name one of \(Operation.allCases.map { "\($0)" }.joined(separator: ", "))")
        }
    }
}
