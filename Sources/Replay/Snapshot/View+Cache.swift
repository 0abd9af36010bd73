import SpanreelTracing

/// The prefix cache: what it saved, once per request at the scheduler.
struct CacheView {
    let input: SnapshotInput

    var lookups: Int64 { input.sum(Tick.lookups) }
    var hits: Int64 { input.sum(Tick.hits) }
    var hitTokens: Int64 { input.sum(Tick.hitTokens) }
    var promptTokens: Int64 { input.sum(Tick.lookupTokens) }
    /// Hit tokens / prompt tokens.
    var tokenHitRatio: Double? { input.ratio(hitTokens, promptTokens) }
    /// Hits / lookups.
    var accessHitRatio: Double? { input.ratio(hits, lookups) }

    /// What the scheduler's device said last.
    private var scheduler: CacheFold.Device? {
        let index = input.fold.cache.scheduler
        return index >= 0 && index < input.fold.cache.devices.count ? input.fold.cache.devices[index] : nil
    }

    func write(_ json: inout JSONWriter) {
        let cache = input.fold.cache
        let entries = scheduler?.entries
        json.field("enabled", cache.lookups > 0 || cache.devices.contains { $0.lookups > 0 })
        json.field("hitTokens", hitTokens)
        json.field("promptTokens", promptTokens)
        json.ratio("tokenHitRatio", tokenHitRatio)
        json.field("hits", hits)
        json.field("lookups", lookups)
        json.ratio("accessHitRatio", accessHitRatio)
        json.field("entries", entries)
        json.field("sizeBytes", scheduler?.sizeBytes.last)
        json.field("inserted", input.sum(Tick.inserted))
        json.field("evicted", input.sum(Tick.evicted))
        json.rate("efficiency", entries.flatMap { $0 > 0 ? Double(input.total(Tick.generated)) / Double($0) : nil })
        let named = cache.devices.indices.filter {
            let device = cache.devices[$0]
            return device.lookups > 0 || device.entries != nil || device.kvSizeBytes != nil
        }
        .sorted { input.device($0) < input.device($1) }
        json.array("perDevice") { json in
            for index in named {
                let device = cache.devices[index]
                json.object { json in
                    json.field("device", input.device(index))
                    json.field("hits", device.hits)
                    json.field("lookups", device.lookups)
                    json.field("entries", device.entries)
                    json.field("sizeBytes", device.sizeBytes.last)
                    json.field("maxSizeBytes", device.sizeBytes.greatest)
                    json.field("kvSizeBytes", device.kvSizeBytes)
                    json.field("kvSequences", device.kvSequences)
                }
            }
        }
        let columns = input.ticks.columns(from: input.firstBucket, to: input.lastBucket, limit: 240)
        json.object("ticks") { json in
            json.field("fromNanos", input.tickClock.start(columns.firstBucket))
            json.field("bucketNanos", input.tickClock.start(columns.width))
            json.array("hitTokens") { json in
                for column in 0..<columns.count { json.int(columns.value(Tick.hitTokens, column)) }
            }
            json.array("promptTokens") { json in
                for column in 0..<columns.count { json.int(columns.value(Tick.lookupTokens, column)) }
            }
        }
    }
}
