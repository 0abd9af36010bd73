import SpanreelTracing

/// The page's first glance: what is going on, in numbers and in words.
struct OverviewView {
    let input: SnapshotInput

    func write(_ json: inout JSONWriter) {
        let latency = LatencyView(input: input)
        let cache = CacheView(input: input)
        let states = latency.states
        json.array("words") { json in
            for finding in Bottleneck(input: input).findings { json.object { finding.write(&$0) } }
        }
        let queued = states[.queued, default: 0]
        json.field("inFlight", queued + states[.prefill, default: 0] + states[.decode, default: 0])
        json.field("queued", queued)
        json.rate("tokensPerSecond", input.rate(input.sum(Tick.generated)))
        json.statistics("ttft", input.ttft)
        json.statistics("tpot", input.fold.requests.tpot.statistics(in: input.window))
        json.ratio("cacheTokenHitRatio", cache.tokenHitRatio)
        json.ratio("cacheAccessHitRatio", cache.accessHitRatio)
        json.field("memoryBytes", MemoryView(input: input).rssBytes)
        let (good, count) = latency.goodput
        json.ratio("goodput", input.ratio(Int64(good), Int64(count)))
        json.field("requestsFinished", states[.finished, default: 0])
        json.array("tokenTime") { json in
            for part in TokenTime(input: input).parts {
                json.object { json in
                    json.field("what", part.what)
                    json.field("device", part.device)
                    json.field("nanos", part.nanos)
                }
            }
        }
        json.array("silent") { json in
            for silence in input.silent {
                json.object { json in
                    json.field("device", silence.device)
                    json.field("silentNanos", silence.silentNanos)
                }
            }
        }
        json.field("dropped", Int64(clamping: input.dropped))
    }
}
