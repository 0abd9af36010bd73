import SpanreelTracing

/// Bytes and transit times per link.
struct LinksView {
    let input: SnapshotInput

    /// One link in the window.
    struct Row {
        var from: String
        var to: String
        var transfers: Int64
        var sizeBytes: Int64
        var decode: Statistics
        var prefill: Statistics
        var wait: Statistics
        var state: LinkFold.State

        /// Whether the mean transit is smaller than what the two clocks may be off by, so that it says nothing.
        func isBelow(_ error: Int64?) -> Bool {
            guard let mean = decode.meanNanos ?? prefill.meanNanos else { return false }
            return error.map { mean < $0 } ?? true
        }

        /// Bytes per second of transit: mean size over mean transit.
        var bytesPerSecond: Double? {
            let count = decode.count + prefill.count
            guard count > 0, transfers > 0 else { return nil }
            let nanos =
                (Double(decode.meanNanos ?? 0) * Double(decode.count)
                    + Double(prefill.meanNanos ?? 0) * Double(prefill.count)) / Double(count)
            return nanos > 0 ? Double(sizeBytes) / Double(transfers) * 1e9 / nanos : nil
        }
    }

    /// The links that carried anything, by name.
    var rows: [Row] {
        var rows: [Row] = []
        for state in input.fold.links.links where state.transfers + state.receives > 0 {
            let link = input.directory.links[state.link]
            let isWhole = input.window.selection == .all
            // A log with only the receiving side still knows what came over.
            let bytes = state.transfers > 0 ? state.sizeBytes : state.receivedBytes
            let transfers = state.transfers > 0 ? state.transfers : state.receives
            rows.append(
                Row(
                    from: link.from, to: link.to,
                    transfers: isWhole
                        ? Int64(transfers)
                        : state.series.total(1, from: input.firstBucket, to: input.lastBucket),
                    sizeBytes: isWhole
                        ? bytes : state.series.total(0, from: input.firstBucket, to: input.lastBucket),
                    decode: input.transit(state, slot: 0), prefill: input.transit(state, slot: 1),
                    wait: state.wait.statistics(in: input.window), state: state))
        }
        return rows.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    }

    func write(_ json: inout JSONWriter) {
        let step = input.fold.decodeSteps.statistics(in: input.window).meanNanos
        json.array("links") { json in
            for row in rows {
                json.object { json in
                    json.field("from", row.from)
                    json.field("to", row.to)
                    json.field("transfers", row.transfers)
                    json.field("sizeBytes", row.sizeBytes)
                    json.rate("gigabytesPerSecond", row.bytesPerSecond.map { $0 / 1e9 })
                    json.statistics("transit", row.decode)
                    json.statistics("prefillTransit", row.prefill)
                    json.statistics("wait", row.wait)
                    json.statistics("send", row.state.sends[0].statistics(in: input.window))
                    json.statistics("prefillSend", row.state.sends[1].statistics(in: input.window))
                    json.statistics("receive", row.state.takes[0].statistics(in: input.window))
                    json.statistics("prefillReceive", row.state.takes[1].statistics(in: input.window))
                    let error = input.clockError(row.state)
                    json.field("errorNanos", error)
                    json.field("belowError", row.isBelow(error))
                    json.field("interface", input.string(row.state.interface))
                    let share = row.decode.meanNanos.flatMap { mean in
                        step.flatMap { $0 > 0 ? min(1, Double(mean) / Double($0)) : nil }
                    }
                    json.ratio("tokenShare", share)
                    let columns = row.state.series.columns(
                        from: input.firstBucket, to: input.lastBucket, limit: 120)
                    json.object("ticks") { json in
                        json.field("fromNanos", input.tickClock.start(columns.firstBucket))
                        json.field("bucketNanos", input.tickClock.start(columns.width))
                        json.array("bytes") { json in
                            for column in 0..<columns.count { json.int(columns.value(0, column)) }
                        }
                    }
                }
            }
        }
    }
}
