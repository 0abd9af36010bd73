import SpanreelTracing

/// Tokens and requests over time.
struct ThroughputView {
    let input: SnapshotInput

    /// Tokens of decode steps per second of decode steps: a request's first emission is prefill's and left out.
    var whileDecoding: Double? {
        let nanos = input.sum(Tick.decoding)
        guard nanos > 0 else { return nil }
        return Double(max(0, input.sum(Tick.generated) &- input.sum(Tick.firstTokens))) * 1e9 / Double(nanos)
    }

    /// 1 / mean TPOT: what one request sees.
    var perRequest: Double? {
        input.fold.requests.tpot.statistics(in: input.window).meanNanos.flatMap { $0 > 0 ? 1e9 / Double($0) : nil }
    }

    /// The best complete tick of the session so far, per second.
    func peak(_ channel: Int) -> Double {
        let range = input.ticks.fineRange
        var best: Int64 = 0
        for bucket in range where bucket < input.lastBucket {
            best = max(best, input.ticks.value(channel, bucket: bucket))
        }
        return Double(best) * 1e9 / Double(input.tickClock.tickNanos)
    }

    /// The share of the window without any request in flight.
    var idleRatio: Double? {
        let wall = input.wallNanos
        return wall > 0 ? min(1, max(0, 1 - Double(input.sum(Tick.working)) / Double(wall))) : nil
    }

    func write(_ json: inout JSONWriter) {
        json.rate("systemTokensPerSecond", input.rate(input.sum(Tick.generated)))
        json.rate("whileDecodingTokensPerSecond", whileDecoding)
        json.rate("perRequestTokensPerSecond", perRequest)
        json.rate("promptTokensPerSecond", input.rate(input.sum(Tick.prompt)))
        json.rate("cachedPromptTokensPerSecond", input.rate(input.sum(Tick.cached)))
        json.rate("requestsPerSecond", input.rate(input.sum(Tick.finished)))
        json.ratio("idleRatio", idleRatio)
        json.field("generatedTokens", input.sum(Tick.generated))
        json.field("promptTokens", input.sum(Tick.prompt))
        json.field("cachedTokens", input.sum(Tick.cached))
        json.object("totals") { json in
            json.field("generatedTokens", input.total(Tick.generated))
            json.field("promptTokens", input.total(Tick.prompt))
            json.field("cachedTokens", input.total(Tick.cached))
            json.field("requests", input.fold.requests.total)
        }
        json.object("peaks") { json in
            json.rate("tokensPerSecond", peak(Tick.generated))
            json.rate("promptTokensPerSecond", peak(Tick.prompt))
        }
        json.field("samples", max(0, input.lastBucket - input.firstBucket + 1))
        let columns = input.ticks.columns(from: input.firstBucket, to: input.lastBucket, limit: 300)
        let width = Double(input.tickClock.tickNanos) * Double(columns.width)
        json.array("ticks") { json in
            for column in 0..<columns.count {
                json.object { json in
                    json.field("atNanos", input.tickClock.start(columns.firstBucket + column * columns.width))
                    json.field("generated", columns.value(Tick.generated, column))
                    json.field("prompt", columns.value(Tick.prompt, column))
                    json.field("cached", columns.value(Tick.cached, column))
                    json.rate("inFlight", Double(columns.value(Tick.inFlight, column)) / width)
                    json.rate("queued", Double(columns.value(Tick.queued, column)) / width)
                }
            }
        }
    }
}
