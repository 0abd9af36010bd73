import SpanreelTracing

/// What is known of one clock domain at the instant of a snapshot, whatever clock it was asked for.
struct ClockRow {
    var domain: String
    var isRoot: Bool
    /// The domain's clock less the root's; nil when nothing links the two.
    var offset: Int64?
    /// What the domain's clock gains on the root's, in parts per million.
    var driftPPM: Double?
    /// Half the width of the interval that holds the offset; nil when it is open.
    var error: Int64?

    /// The domains of streams that said something so far, by name. O(streams).
    static func rows(_ input: SnapshotInput) -> [ClockRow] {
        let streams = input.fold.processes.streams
        let spoken = Set(
            input.directory.streamPlans.enumerated().compactMap { index, plan in
                index < streams.count && streams[index].events > 0 ? Int(plan.domain) : nil
            })
        return spoken.map { row($0, input, isAlone: spoken.count == 1) }.sorted { $0.domain < $1.domain }
    }

    private static func row(_ domain: Int, _ input: SnapshotInput, isAlone: Bool) -> ClockRow {
        let clocks = input.solution.alignment
        let isRoot = isAlone || domain == clocks.root
        let (offset, error) = clocks.offset(domain: domain, at: input.instant.nanos)
        let isKnown = isRoot || clocks.knows(domain)
        return ClockRow(
            domain: input.directory.domains[domain], isRoot: isRoot, offset: isKnown ? offset : nil,
            driftPPM: isRoot ? 0 : clocks.drift(domain: domain, at: input.instant.nanos).map { $0 * 1e6 },
            error: isKnown ? error : nil)
    }

    func write(_ json: inout JSONWriter) {
        json.field("domain", domain)
        json.field("root", isRoot)
        json.field("offsetNanos", offset)
        json.rate("driftPPM", driftPPM)
        json.field("errorNanos", error)
    }
}
