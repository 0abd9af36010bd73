extension SessionDiff {
    /// The report for a terminal: what differs, what a user feels, where the time went, and the verdict in words.
    ///
    /// - Parameter all: list every role, not only what changed.
    public func text(all: Bool = false) -> String {
        var lines = ["\(before.name) → \(after.name)", "", side("before", before), side("after", after)]
        lines += warnings.map { "warning: \($0)" } + obstacles.map { "not comparable: \($0)" }
        lines += [""] + table("per request", headline)
        let changed = roles.filter { $0.verdict == .worse || $0.verdict == .better }
        let shown = all ? roles : Array(changed.prefix(20))
        if !shown.isEmpty { lines += [""] + table("where the time goes", shown) }
        let rest = DiffRow.Verdict.allNames.compactMap { verdict, name -> String? in
            let count = roles.filter { $0.verdict == verdict }.count - shown.filter { $0.verdict == verdict }.count
            return count > 0 ? "\(count) \(name)" : nil
        }
        if !rest.isEmpty {
            lines += ["", "\(shown.isEmpty ? "" : "and ")\(rest.joined(separator: ", ")) of \(roles.count) roles"]
        }
        if !onlyBefore.isEmpty { lines.append("only before: \(onlyBefore.map(\.label).joined(separator: ", "))") }
        if !onlyAfter.isEmpty { lines.append("only after: \(onlyAfter.map(\.label).joined(separator: ", "))") }
        return (lines + [""] + summary).joined(separator: "\n") + "\n"
    }

    /// The verdict in sentences, the most important first.
    public var summary: [String] {
        if let obstacle = obstacles.first { return ["No verdict: \(obstacle)."] }
        if isIdentical { return ["No change: both sessions hold the same measurements."] }
        let worse = roles.filter { $0.verdict == .worse }
        let felt = headline.filter { $0.verdict == .worse }
        guard !worse.isEmpty || !felt.isEmpty else {
            let better = (headline + roles).filter { $0.verdict == .better }.count
            return [
                "No regression" + (better > 0 ? "; \(better) of \(headline.count + roles.count) rows are better." : ".")
            ]
        }
        var entities: [DiffRole] = []
        for entity in worse.compactMap({ $0.role?.entity }) where !entities.contains(entity) { entities.append(entity) }
        var sentences = ["Regression."]
        for entity in entities.prefix(5) { sentences.append(sentence(worse.filter { $0.role?.entity == entity })) }
        if entities.count > 5 { sentences.append("\(entities.count - 5) more are slower.") }
        if !felt.isEmpty {
            sentences.append(
                "A request feels it: "
                    + felt.map {
                        "\($0.name) \($0.relative.map(DiffFormat.percent) ?? DiffFormat.value($0.shift, $0.unit))"
                    }
                    .joined(separator: ", ") + ".")
        }
        return sentences
    }

    /// What one layer, link or stage adds, over its phases.
    private func sentence(_ rows: [DiffRow]) -> String {
        guard let first = rows.first, let entity = first.role?.entity else { return "" }
        let place = entity.operation == .layer ? first.device.map { " on \($0)" } ?? "" : ""
        let parts = rows.map { row in
            let phase = row.role.map { $0.phase == .none ? "" : " in \($0.phase.label)" } ?? ""
            return "\(DiffFormat.duration(row.shift)) longer\(phase)"
                + (row.relative.map { " (\(DiffFormat.percent($0)))" } ?? "")
        }
        let total = rows.reduce(0) { $0 + $1.contributionNanos }
        return
            "\(entity.label)\(place) takes \(parts.joined(separator: " and ")): \(DiffFormat.duration(total)) per request."
    }

    private func side(_ word: String, _ side: DiffSide) -> String {
        let rate = side.wallNanos > 0 ? Double(side.outputTokens) * 1e9 / Double(side.wallNanos) : 0
        var parts = [
            "\(side.requests) requests", "\(side.outputTokens) tokens",
            "\(DiffFormat.number(rate)) tokens/s over the wall",
        ]
        if side.requestsLeftOut > 0 { parts.insert("\(side.requestsLeftOut) left out", at: 1) }
        if !side.models.isEmpty { parts.append(side.models.joined(separator: ", ")) }
        if side.layerCount > 0 { parts.append("\(side.layerCount) layers") }
        if !side.devices.isEmpty { parts.append("on \(side.devices.joined(separator: ", "))") }
        return DiffFormat.pad(word, 8) + parts.joined(separator: ", ")
    }

    private func table(_ title: String, _ rows: [DiffRow]) -> [String] {
        let isRoles = rows.contains { $0.role != nil }
        var cells = [
            [title, "before", "after", "change", "95 % interval", "q", "n", isRoles ? "adds/request" : "", ""]
        ]
        for row in rows {
            let isTested = row.p != nil
            cells.append([
                row.name + (row.role?.operation == .layer ? row.device.map { " (\($0))" } ?? "" : ""),
                row.samplesBefore > 0 ? DiffFormat.value(row.before, row.unit) : "–",
                row.samplesAfter > 0 ? DiffFormat.value(row.after, row.unit) : "–",
                isTested
                    ? (row.unit == .ratio
                        ? DiffFormat.signed(row.shift, row.unit)
                        : row.relative.map(DiffFormat.percent) ?? DiffFormat.signed(row.shift, row.unit)) : "–",
                isTested ? "\(DiffFormat.signed(row.low, row.unit)) … \(DiffFormat.signed(row.high, row.unit))" : "–",
                row.q.map(DiffFormat.probability) ?? "–", "\(row.samplesBefore)+\(row.samplesAfter)",
                isRoles && isTested ? DiffFormat.signed(row.contributionNanos, .nanos) : "", row.verdict.word,
            ])
        }
        let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { line in
            let padded = line.enumerated().map { column, cell in
                column == 0 || column == line.count - 1
                    ? DiffFormat.pad(cell, widths[column]) : DiffFormat.pad(cell, -widths[column])
            }
            var text = padded.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text
        }
    }
}

extension DiffRow.Verdict {
    /// As a table prints it; benchstat's tilde for what cannot be told.
    var word: String {
        switch self {
        case .worse: "worse"
        case .better: "better"
        case .same: "same"
        case .inconclusive: "~"
        case .tooFew: "too few"
        }
    }

    static let allNames: [(DiffRow.Verdict, String)] = [
        (.worse, "worse"), (.better, "better"), (.same, "the same"), (.inconclusive, "inconclusive"),
        (.tooFew, "with too few requests"),
    ]
}

/// Numbers as a comparison prints them: three significant digits.
enum DiffFormat {
    static func duration(_ nanos: Double) -> String {
        let size = abs(nanos)
        if size >= 999_500_000 { return "\(number(nanos / 1e9)) s" }
        if size >= 999_500 { return "\(number(nanos / 1e6)) ms" }
        if size >= 999.5 { return "\(number(nanos / 1e3)) µs" }
        return "\(number(nanos)) ns"
    }

    static func value(_ value: Double, _ unit: DiffRow.Unit) -> String {
        switch unit {
        case .nanos: duration(value)
        case .perSecond: "\(number(value))/s"
        case .ratio: "\(Decimals.text(value * 100, 1) ?? "–") %"
        }
    }

    static func signed(_ value: Double, _ unit: DiffRow.Unit) -> String {
        value > 0 ? "+\(self.value(value, unit))" : self.value(value, unit)
    }

    static func percent(_ ratio: Double) -> String {
        let text = "\(Decimals.text(ratio * 100, 1) ?? "–") %"
        return ratio > 0 ? "+\(text)" : text
    }

    static func probability(_ q: Double) -> String {
        q < 0.000_05 ? "<0.0001" : Decimals.text(q, 4) ?? "–"
    }

    static func number(_ value: Double) -> String { value == 0 ? "0" : Decimals.significant(value) }

    /// Blanks to `width` characters: after the text, or before it when `width` is negative.
    static func pad(_ text: String, _ width: Int) -> String {
        let blanks = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? blanks + text : text + blanks
    }
}
