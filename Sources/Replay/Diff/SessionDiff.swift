public import SpanreelTracing

/// What changed between two sessions, by how much, how sure, and where the time went.
///
/// The independent observation is the request: tokens of one request are not independent, however many there are.
/// Per role each request gives one value, the mean time of an occurrence; the two sides are compared by Hodges and
/// Lehmann's shift and the Mann-Whitney test, adjusted for the number of rows. A row is `worse` only when both hold:
/// it is significant, and its whole confidence interval lies beyond the practical threshold.
public struct SessionDiff: Sendable {
    /// What the comparison says as a whole.
    public enum Verdict: String, Sendable {
        /// Nothing is worse.
        case noRegression = "no-regression"
        /// Something is worse.
        case regression
        /// The sessions cannot be compared, or hold too little.
        case noVerdict = "no-verdict"
    }

    /// The two sides.
    public let before: DiffSide
    /// See ``before``.
    public let after: DiffSide
    /// How it was decided.
    public let options: DiffOptions
    /// What a user of the server feels.
    public private(set) var headline: [DiffRow] = []
    /// Where the time goes: first what is worse, then better, then the rest, each by contribution to a request's
    /// time; the lesser phases of a layer or link come after the greater ones of all.
    public private(set) var roles: [DiffRow] = []
    /// Roles that only one side has.
    public private(set) var onlyBefore: [DiffRole] = []
    /// See ``onlyBefore``.
    public private(set) var onlyAfter: [DiffRole] = []
    /// Why there is no verdict; empty when there is one.
    public private(set) var obstacles: [String] = []
    /// What weakens the comparison.
    public private(set) var warnings: [String] = []
    /// Whether every number of both sides is the same.
    public private(set) var isIdentical = false

    /// The verdict.
    public var verdict: Verdict {
        if !obstacles.isEmpty { return .noVerdict }
        return (headline + roles).contains { $0.verdict == .worse } ? .regression : .noRegression
    }

    /// 0 no regression, 1 regression, 3 no verdict.
    public var exitCode: Int32 {
        switch verdict {
        case .noRegression: 0
        case .regression: 1
        case .noVerdict: 3
        }
    }

    /// Compares the sessions at two paths, packed or not.
    public init(before: String, after: String, options: DiffOptions = DiffOptions()) throws(TraceError) {
        self.init(
            before: try DiffSide(path: before, skipFirst: options.skipFirst),
            after: try DiffSide(path: after, skipFirst: options.skipFirst), options: options)
    }

    /// Compares two measured sides.
    public init(before: DiffSide, after: DiffSide, options: DiffOptions = DiffOptions()) {
        self.before = before
        self.after = after
        self.options = options
        (obstacles, warnings) = Self.judgeComparability(before, after, options)
        compareHeadline()
        compareRoles()
    }

    // MARK: Comparability

    private static func judgeComparability(
        _ before: DiffSide, _ after: DiffSide, _ options: DiffOptions
    ) -> (obstacles: [String], warnings: [String]) {
        var obstacles: [String] = []
        var warnings: [String] = []
        for side in [before, after] where side.requests < options.minRequests {
            obstacles.append(
                "\(side.name) holds \(side.requests) finished requests; at least \(options.minRequests) are needed")
        }
        if !before.models.isEmpty, !after.models.isEmpty, before.models != after.models {
            obstacles.append(
                "the models differ: \(before.models.joined(separator: ", ")) and \(after.models.joined(separator: ", "))"
            )
        }
        if before.layerCount > 0, after.layerCount > 0, before.layerCount != after.layerCount {
            obstacles.append("the numbers of layers differ: \(before.layerCount) and \(after.layerCount)")
        }
        if before.devices != after.devices {
            warnings.append(
                "devices differ: \(before.devices.joined(separator: ", ")) and \(after.devices.joined(separator: ", "))"
            )
        }
        for side in [before, after] {
            if side.dropped > 0 { warnings.append("\(side.name) dropped \(side.dropped) events while recording") }
            if side.lost > 0 { warnings.append("\(side.name) lost \(side.lost) events to damage") }
            for link in side.untiedLinks {
                warnings.append("\(side.name): nothing ties the clocks of \(link); its transit is not known")
            }
        }
        let mix = [before, after].map { $0.requests > 0 ? Double($0.inputTokens) / Double($0.requests) : 0 }
        if let least = mix.min(), let most = mix.max(), least > 0, most > 1.25 * least {
            warnings.append("the prompts differ in length: \(Int(mix[0])) and \(Int(mix[1])) tokens per request")
        }
        return (obstacles, warnings)
    }

    // MARK: Rows

    private mutating func compareHeadline() {
        for metric in DiffMetric.allCases {
            let (a, b) = (before.headline[metric] ?? [], after.headline[metric] ?? [])
            guard !a.isEmpty || !b.isEmpty else { continue }
            headline.append(row(name: metric.label, id: metric.rawValue, unit: metric.unit, a, b, clockError: 0))
        }
        decide(&headline)
    }

    private mutating func compareRoles() {
        let byStage =
            before.stageOfDevice != after.stageOfDevice && !before.stageOfDevice.isEmpty
            && !after.stageOfDevice.isEmpty
        let a = byStage ? Self.byStage(before) : before.roles
        let b = byStage ? Self.byStage(after) : after.roles
        onlyBefore = a.keys.filter { b[$0] == nil }.sorted(by: DiffRole.precedes)
        onlyAfter = b.keys.filter { a[$0] == nil }.sorted(by: DiffRole.precedes)
        for role in a.keys.sorted(by: DiffRole.precedes) {
            guard let x = a[role], let y = b[role] else { continue }
            let error = x.clockErrorNanos.flatMap { first in y.clockErrorNanos.map { first &+ $0 } }
            var row = row(name: role.label, id: Self.id(role), unit: .nanos, x.values, y.values, clockError: error)
            row.role = role
            row.device = y.device ?? x.device
            let per = [x, y].map { $0.values.isEmpty ? 0 : Double($0.occurrences) / Double($0.values.count) }
            row.perRequest = per.reduce(0, +) / 2
            row.contributionNanos = row.shift * row.perRequest
            roles.append(row)
        }
        decide(&roles)
        isIdentical =
            obstacles.isEmpty && before.headline == after.headline && a.count == b.count
            && a.allSatisfy { b[$0.key]?.values == $0.value.values }
        order()
    }

    private func row(
        name: String, id: String, unit: DiffRow.Unit, _ a: [Double], _ b: [Double], clockError: Int64?
    ) -> DiffRow {
        let median = RankStatistics.median(a) ?? 0
        let shift = RankStatistics.shift(from: a, to: b, alpha: options.alpha)
        var threshold = options.thresholdRatio * abs(median)
        switch unit {
        // The clocks may be off by this much on each side: what is smaller cannot be told from nothing.
        case .nanos: threshold = max(threshold, options.thresholdNanos) + Double(clockError ?? 0)
        case .ratio: threshold = options.thresholdRatio
        case .perSecond: break
        }
        var row = DiffRow(
            name: name, id: id, role: nil, device: nil, unit: unit, samplesBefore: a.count, samplesAfter: b.count,
            before: median, after: RankStatistics.median(b) ?? 0, shift: shift.estimate, low: shift.low,
            high: shift.high, threshold: threshold)
        row.clockErrorNanos = clockError
        if min(a.count, b.count) < options.minRequests {
            row.verdict = .tooFew
        } else if a == b {
            // Nothing to estimate: the values are the same ones, however wide an interval they would give.
            (row.p, row.low, row.high) = (1, 0, 0)
        } else if clockError != nil {
            row.p = RankStatistics.mannWhitney(a, b)
        }
        return row
    }

    /// Adjusts the p values of one family and gives each row its verdict.
    private func decide(_ rows: inout [DiffRow]) {
        let tested = rows.indices.filter { rows[$0].p != nil }
        let adjusted = RankStatistics.benjaminiHochberg(tested.map { rows[$0].p ?? 1 })
        for (index, q) in zip(tested, adjusted) {
            rows[index].q = q
            let row = rows[index]
            // Of rates and ratios, more is better.
            let isCost = row.unit == .nanos
            if q < options.alpha, row.low > row.threshold {
                rows[index].verdict = isCost ? .worse : .better
            } else if q < options.alpha, row.high < -row.threshold {
                rows[index].verdict = isCost ? .better : .worse
            } else if row.low >= -row.threshold, row.high <= row.threshold {
                rows[index].verdict = .same
            } else {
                rows[index].verdict = .inconclusive
            }
        }
    }

    /// Worse, better, the rest; causes before the queue, which only follows from them. Within that first the phase of
    /// each layer, link or stage that adds most, by what all its phases add; then the other phases.
    private mutating func order() {
        var weights: [String: Double] = [:]
        var strongest: [String: Double] = [:]
        func group(_ row: DiffRow) -> String { "\(row.verdict.rank) \(row.role?.entity.label ?? "")" }
        for row in roles {
            let size = abs(row.contributionNanos)
            weights[group(row), default: 0] += size
            strongest[group(row)] = max(strongest[group(row)] ?? 0, size)
        }
        func key(_ row: DiffRow) -> (Int, Int, Int, Double, String) {
            let group = group(row)
            let isFirst = abs(row.contributionNanos) == strongest[group]
            return (
                row.verdict.rank, row.role?.operation == .queue ? 1 : 0, isFirst ? 0 : 1, -(weights[group] ?? 0), row.id
            )
        }
        let keyed = roles.map { (key($0), $0) }
        roles = keyed.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// The roles with stages in the place of device labels.
    private static func byStage(_ side: DiffSide) -> [DiffRole: DiffSide.Samples] {
        func name(_ device: String?) -> String? {
            device.map { label in side.stageOfDevice[label].map { "stage \($0)" } ?? label }
        }
        var renamed: [DiffRole: DiffSide.Samples] = [:]
        for (role, samples) in side.roles {
            var role = role
            role.from = name(role.from)
            role.to = name(role.to)
            role.place = name(role.place)
            renamed[role] = samples
        }
        return renamed
    }

    private static func id(_ role: DiffRole) -> String {
        let what: String
        switch role.operation {
        case .layer: what = "layer.\(role.layer.map(String.init) ?? "?")"
        case .stage: what = "stage.\(role.stage.map(String.init) ?? "?")"
        case .hopReceive: what = "hop.\(role.from ?? "?")>\(role.to ?? "?")"
        default: what = role.operation.defaultName + (role.place.map { ".\($0)" } ?? "")
        }
        return role.phase == .none ? what : "\(what).\(role.phase.label)"
    }
}
