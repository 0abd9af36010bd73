import SpanreelTracing

extension SessionEngine {
    /// The rules that are looked at.
    public var rules: AlertRules { directory.rules }

    /// Up to where ticks are looked at now.
    ///
    /// Of a live session the watermark: every live process has reported up to there. A recording that was closed ends with
    /// its last sign of life. One in which a process died goes on until nothing can change any more, since the silence is
    /// what there is to report; never beyond the present.
    var alertHorizon: Timestamp { horizon.time }

    /// Whether the session is over and every tick of it was looked at: no alert of it changes any more, unless another
    /// process joins.
    public var hasFinalAlerts: Bool { horizon.isFinal }

    private var horizon: (time: Timestamp, isFinal: Bool) {
        if let watermark { return (watermark.time, false) }
        var end = head.eventCount > 0 ? head.lastTime.nanos : directory.ticks.origin
        for ending in directory.endings { end = max(end, ending) }
        guard directory.streams.contains(where: { $0.ending?.isDeath ?? false }) else {
            return (Timestamp(nanos: end), true)
        }
        let (sum, overflow) = end.addingReportingOverflow(rules.quietNanos)
        let last = overflow ? Int64.max : sum
        let present = now().nanos &- Watermark.oneHostMarginNanos
        return (Timestamp(nanos: max(end, min(last, present))), last <= present)
    }

    /// The alerts as they stood at an instant: of a query its instant, cut and filter count. A pure function of these and
    /// the rules. A rule of a model or variant is looked at in a fold of those requests.
    ///
    /// Of the instant `live` those up to the watermark, or to the end of a saved session. O(1) when that is what was asked
    /// last, else as any instant.
    /// - Throws: ``ReplayError`` `unreadable`; `not-found` when no request is of the model or variant.
    public func alerts(_ query: ViewQuery = ViewQuery()) throws(ReplayError) -> AlertReport {
        try alertFold(query).report
    }

    /// The alerts in the envelope of views, as canonical JSON.
    ///
    /// - Throws: ``ReplayError`` `unreadable`; `not-found` when no request is of the model or variant.
    public func alertsJSON(_ query: ViewQuery = ViewQuery()) throws(ReplayError) -> [UInt8] {
        let (report, cut) = try alertFold(query)
        var json = JSONWriter()
        json.object { json in
            writeHead(at: report.atNanos, &json)
            writeFilter(query, &json)
            writeStand(cut, isFinal: true, &json)
            // Known from the writers' memory, not from the log: beside the data, not in it.
            json.field("dropped", Int64(clamping: droppedTotal))
            json.object("data") { report.write(rules, &$0) }
        }
        return json.bytes
    }

    private func alertFold(_ query: ViewQuery) throws(ReplayError) -> (report: AlertReport, cut: Cut) {
        let horizon = alertHorizon
        var instant = horizon
        if case .instant(let asked) = query.at { instant = query.cut == nil ? min(asked, horizon) : asked }
        try check(query.filter)
        var folds: [(fold: SessionFold, rules: [Int])] = []
        for (filter, chosen) in rulesByFilter(query.filter) {
            var fold: SessionFold
            do throws(TraceError) {
                fold = try self.fold(at: instant, cut: query.cut, filter: filter)
            } catch {
                throw ReplayError(.unreadable, error.description)
            }
            // Ticks that end at the instant itself count: the fold holds what is stamped at or before it.
            fold.advanceAlerts(beyond: instant.nanos == .max ? .max : instant.nanos + 1)
            folds.append((fold, chosen))
        }
        return (AlertReport(folds, of: directory, at: instant.nanos), folds.first?.fold.cut ?? Cut())
    }

    /// The rules by the requests that they are about, those of all requests of the query first; a rule that is about none of
    /// them is left out.
    private func rulesByFilter(_ filter: RequestFilter) -> [(filter: RequestFilter, rules: [Int])] {
        var groups: [(filter: RequestFilter, rules: [Int])] = [(filter, [])]
        for (index, rule) in rules.rules.enumerated() {
            guard let narrow = filter.narrowed(by: rule.filter.requests) else { continue }
            if let place = groups.firstIndex(where: { $0.filter == narrow }) {
                groups[place].rules.append(index)
            } else {
                groups.append((narrow, [index]))
            }
        }
        return groups
    }
}
