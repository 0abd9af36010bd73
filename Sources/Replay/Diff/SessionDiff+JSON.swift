extension SessionDiff {
    /// The comparison as canonical JSON: same sessions and options, same bytes.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("verdict", verdict.rawValue)
            writer.field("exitCode", Int64(exitCode))
            writer.field("identical", isIdentical)
            strings("summary", summary, &writer)
            strings("obstacles", obstacles, &writer)
            strings("warnings", warnings, &writer)
            writer.object("options") { writer in
                writer.ratio("alpha", options.alpha)
                writer.ratio("thresholdRatio", options.thresholdRatio)
                writer.field("thresholdNanos", nanos(options.thresholdNanos))
                writer.field("minRequests", options.minRequests)
                writer.field("skipFirst", options.skipFirst)
            }
            side("before", before, &writer)
            side("after", after, &writer)
            writer.array("headline") { writer in for row in headline { object(row, &writer) } }
            writer.array("roles") { writer in for row in roles { object(row, &writer) } }
            strings("onlyBefore", onlyBefore.map(\.label), &writer)
            strings("onlyAfter", onlyAfter.map(\.label), &writer)
        }
        return writer.bytes
    }

    private func side(_ key: String, _ side: DiffSide, _ writer: inout JSONWriter) {
        writer.object(key) { writer in
            writer.field("name", side.name)
            strings("models", side.models, &writer)
            strings("devices", side.devices, &writer)
            writer.field("layers", side.layerCount)
            writer.field("requests", side.requests)
            writer.field("requestsLeftOut", side.requestsLeftOut)
            writer.field("outputTokens", side.outputTokens)
            writer.field("inputTokens", side.inputTokens)
            writer.field("wallNanos", side.wallNanos)
            writer.rate(
                "tokensPerSecond", side.wallNanos > 0 ? Double(side.outputTokens) * 1e9 / Double(side.wallNanos) : nil)
            writer.field("dropped", Int64(clamping: side.dropped))
            writer.field("lost", side.lost)
            writer.field("clocks", side.crossesClocks ? "aligned" : "one")
        }
    }

    private func object(_ row: DiffRow, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", row.id)
            writer.field("name", row.name)
            writer.field("verdict", row.verdict.rawValue)
            writer.field("unit", row.unit.rawValue)
            number("before", row.samplesBefore > 0 ? row.before : nil, row.unit, &writer)
            number("after", row.samplesAfter > 0 ? row.after : nil, row.unit, &writer)
            let isTested = row.p != nil
            number("shift", isTested ? row.shift : nil, row.unit, &writer)
            number("low", isTested ? row.low : nil, row.unit, &writer)
            number("high", isTested ? row.high : nil, row.unit, &writer)
            number("threshold", row.threshold, row.unit, &writer)
            writer.ratio("relative", isTested ? row.relative : nil)
            small("p", row.p, &writer)
            small("q", row.q, &writer)
            writer.field("samplesBefore", row.samplesBefore)
            writer.field("samplesAfter", row.samplesAfter)
            guard let role = row.role else { return }
            writer.field("operation", role.operation == .hopReceive ? "hop" : role.operation.defaultName)
            writer.field("phase", role.phase == .none ? nil : role.phase.label)
            writer.field("layer", role.layer)
            writer.field("stage", role.stage)
            writer.field("from", role.from)
            writer.field("to", role.to)
            writer.field("device", role.place ?? row.device)
            writer.rate("perRequest", row.perRequest)
            writer.field("contributionNanos", isTested ? nanos(row.contributionNanos) : nil)
            writer.field("clockErrorNanos", row.clockErrorNanos)
        }
    }

    private func strings(_ key: String, _ values: [String], _ writer: inout JSONWriter) {
        writer.array(key) { writer in for value in values { writer.string(value) } }
    }

    private func number(_ key: String, _ value: Double?, _ unit: DiffRow.Unit, _ writer: inout JSONWriter) {
        switch unit {
        case .nanos: writer.field(key, value.flatMap(nanos))
        case .perSecond: writer.rate(key, value)
        case .ratio: writer.ratio(key, value)
        }
    }

    private func small(_ key: String, _ value: Double?, _ writer: inout JSONWriter) {
        writer.key(key)
        if let value { writer.double(value, decimals: 9) } else { writer.null() }
    }

    private func nanos(_ value: Double) -> Int64? { Int64(exactly: value.rounded()) }
}
