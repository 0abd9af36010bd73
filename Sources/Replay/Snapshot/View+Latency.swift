import SpanreelTracing

/// States and latencies of requests.
struct LatencyView {
    let input: SnapshotInput

    /// Requests that ended inside the window, newest last; of a sample window the last of them.
    var ended: [RequestRecord] {
        let records = input.fold.requests.records.filter(\.hasEnded)
        switch input.window.selection {
        case .all: return Array(records)
        case .nanos: return records.filter { ($0.end ?? .min) > input.window.from }
        case .samples(let samples):
            return Array(records.sorted { ($0.end ?? 0, $0.span) < ($1.end ?? 0, $1.span) }.suffix(samples))
        }
    }

    /// Requests by state: those in flight now, those that ended inside the window.
    var states: [RequestState: Int] {
        var counts: [RequestState: Int] = [:]
        for record in input.fold.requests.records where !record.hasEnded {
            counts[record.state(at: input.instant.nanos), default: 0] += 1
        }
        if case .all = input.window.selection {
            counts.merge(input.fold.requests.endedCounts) { $0 + $1 }
        } else {
            for record in ended { counts[record.state, default: 0] += 1 }
        }
        return counts
    }

    /// Requests that met every goal, and those that count: all that ended but the client's own cancellations.
    var goodput: (good: Int, count: Int) {
        var good = 0
        var count = 0
        for record in ended where record.state != .cancelled {
            count += 1
            guard record.state == .finished, let ttft = input.ttft(record) else { continue }
            if ttft <= Goodput.ttftGoalNanos, (record.tpot ?? 0) <= Goodput.tpotGoalNanos { good += 1 }
        }
        return (good, count)
    }

    /// Requests in flight for longer than the 95th percentile of those that finished.
    var olderThanP95: Int {
        guard let p95 = input.fold.requests.e2e.statistics(in: input.window).p95Nanos else { return 0 }
        return input.fold.requests.records.count { !$0.hasEnded && input.instant.nanos &- $0.start > p95 }
    }

    /// A latency of the requests that the state filter selects. Of finished ones alone the fold has it already; another
    /// selection is read from the requests held, the newest 16,384.
    func statistics(_ finished: Observations, _ value: (RequestRecord) -> Int64?) -> Statistics {
        guard input.states != [.finished] else { return finished.statistics(in: input.window) }
        return selected(value)
    }

    private func selected(_ value: (RequestRecord) -> Int64?) -> Statistics {
        Statistics(exact: ended.filter { input.states.contains($0.state) }.compactMap(value))
    }

    func write(_ json: inout JSONWriter) {
        let requests = input.fold.requests
        let counts = states
        json.object("states") { json in
            for state in RequestState.allCases { json.field(state.rawValue, counts[state, default: 0]) }
        }
        json.statistics("ttft", input.states == [.finished] ? input.ttft : selected { input.ttft($0) })
        json.statistics("tpot", statistics(requests.tpot, \.tpot))
        json.statistics("itl", requests.itl.statistics(in: input.window))
        json.statistics("e2e", statistics(requests.e2e, \.e2e))
        json.statistics("queue", statistics(requests.queue, \.queueNanos))
        json.statistics("prefill", statistics(requests.prefill, \.prefillNanos))
        json.statistics("decodeStep", input.fold.decodeSteps.statistics(in: input.window))
        json.statistics("prefillStep", input.fold.prefillSteps.statistics(in: input.window))
        json.statistics("clientTtft", requests.clientTtft.statistics(in: input.window))
        json.statistics("clientE2e", requests.clientE2e.statistics(in: input.window))
        let (good, count) = goodput
        json.object("goodput") { json in
            json.field("ttftMs", Goodput.ttftGoalNanos / 1_000_000)
            json.field("tpotMs", Goodput.tpotGoalNanos / 1_000_000)
            json.field("e2elMs", nil as Int64?)
            json.ratio("ratio", input.ratio(Int64(good), Int64(count)))
            json.field("count", count)
        }
        json.field("olderThanP95", olderThanP95)
    }
}

/// The request list: newest first.
struct RequestsView {
    let input: SnapshotInput
    var limit = 500

    /// The requests, newest first.
    var rows: [RequestRecord] {
        Array(input.fold.requests.records.sorted { ($0.start, $0.span) > ($1.start, $1.span) }.prefix(max(0, limit)))
    }

    func write(_ json: inout JSONWriter) {
        json.field("total", input.fold.requests.total)
        json.array("requests") { json in
            for record in rows { json.object { write(record, &$0) } }
        }
    }

    private func write(_ record: RequestRecord, _ json: inout JSONWriter) {
        json.field("trace", record.trace.isNone ? "" : record.trace.description)
        json.field("requestID", input.string(record.requestID))
        json.field("state", record.state(at: input.instant.nanos).rawValue)
        json.field("startNanos", input.relative(record.start))
        json.field("endNanos", record.end.map { input.relative($0) })
        json.field("queueNanos", record.queueNanos)
        json.field("ttftNanos", input.ttft(record))
        json.field("tpotNanos", record.tpot)
        json.field("e2eNanos", record.e2e)
        json.field("inputTokens", record.inputTokens)
        json.field("cachedTokens", record.cachedTokens)
        json.field("outputTokens", record.outputTokens ?? (record.emittedTokens > 0 ? record.emittedTokens : nil))
        json.field("model", input.string(record.model))
        json.field("status", record.httpStatus)
        json.field("error", input.string(record.errorType))
        json.array("itlNanos") { json in for mean in record.itl.means { json.int(mean) } }
    }
}

extension SnapshotInput {
    /// TTFT of the finished requests in the window on the clock asked for; `refit` covers those that are held.
    var ttft: Statistics {
        guard clock == .refit, !clocks.isIdentity else {
            return (clock == .raw ? fold.requests.ttftRaw : fold.requests.ttft).statistics(in: window)
        }
        return Statistics(
            exact: LatencyView(input: self).ended.filter { $0.state == .finished }.compactMap { ttft($0) })
    }
}
