import SpanreelTracing

/// Where the mean time between two tokens of one request goes.
///
/// A decode step passes every stage and link once, so the means of the parts add up to the step; what they leave is
/// "other" (scheduling, serialisation, clock error). The gap between two tokens of a request beyond one step is the
/// time in which other requests had their turn: "queue".
struct TokenTime {
    let input: SnapshotInput

    /// One part of a token's time.
    struct Part {
        var what: String
        var device: String?
        var nanos: Int64
    }

    /// The parts, compute by stage first. Empty without decode steps.
    var parts: [Part] {
        guard let step = input.fold.decodeSteps.statistics(in: input.window).meanNanos else { return [] }
        var parts: [Part] = []
        var sampling: Int64 = 0
        for row in DevicesView(input: input).rows {
            let state = input.fold.devices.devices[row.index]
            func mean(_ observations: Observations) -> Int64 {
                observations.statistics(in: input.window).meanNanos ?? 0
            }
            let compute = mean(state.decodeStage) &+ mean(state.decodeHead) &+ mean(state.decodeEmbed)
            sampling = sampling &+ mean(state.decodeSampling)
            if compute > 0 { parts.append(Part(what: "compute", device: row.device, nanos: compute)) }
        }
        let hops = LinksView(input: input).rows.compactMap { $0.decode.meanNanos }.reduce(0, &+)
        if hops > 0 { parts.append(Part(what: "hop", device: nil, nanos: hops)) }
        if sampling > 0 { parts.append(Part(what: "sampling", device: nil, nanos: sampling)) }
        let known = parts.reduce(0) { $0 &+ $1.nanos }
        if step > known { parts.append(Part(what: "other", device: nil, nanos: step &- known)) }
        if let gap = input.fold.requests.itl.statistics(in: input.window).meanNanos, gap > step {
            parts.append(Part(what: "queue", device: nil, nanos: gap &- step))
        }
        return parts
    }
}
