import SpanreelTracing

/// What one thread found in its blocks. Parts merge in any order to the same result.
struct ScanPart: Sendable {
    /// A layer on a device in a phase.
    struct LayerKey: Hashable, Sendable {
        var device: String
        var layer: Int
        var phase: Phase
    }

    /// What went over a link. The size of a message stands on its begin, or only on its end.
    struct Sends: Sendable {
        var atBegin: ScanSeries
        var atEnd: ScanSeries

        var sizes: ScanSeries { atBegin.count > 0 ? atBegin : atEnd }
    }

    /// Lookups of a device's prefix cache.
    struct Lookups: Sendable {
        var all: ScanSeries
        var hits: ScanSeries
    }

    /// One fact of the trace that was asked for.
    struct TraceFact: Sendable {
        var event: Event
        var role: Role
        var device: String
    }

    var layers: [LayerKey: ScanDurations] = [:]
    var generated: ScanSeries
    var prompt: ScanSeries
    /// Times of the emissions of tokens, in the order of blocks.
    var emissions: ContiguousArray<Int64> = []
    var links: [Link: Sends] = [:]
    var lookups: [String: Lookups] = [:]
    var trace: [TraceFact] = []
    var quality = ScanReport.Quality()

    init(origin: Int64) {
        generated = ScanSeries(origin: origin, widthNanos: ScanReport.secondNanos)
        prompt = generated
    }

    /// Settles what is under way; before merging and reading.
    mutating func finish() {
        generated.flush()
        prompt.flush()
        for link in Array(links.keys) {
            links[link]?.atBegin.flush()
            links[link]?.atEnd.flush()
        }
        for device in Array(lookups.keys) {
            lookups[device]?.all.flush()
            lookups[device]?.hits.flush()
        }
    }

    /// Adds what another thread found; both are finished.
    mutating func merge(_ other: ScanPart) {
        for (key, durations) in other.layers { layers[key, default: ScanDurations()].merge(durations) }
        generated.merge(other.generated)
        prompt.merge(other.prompt)
        emissions.append(contentsOf: other.emissions)
        links.merge(other.links) { mine, theirs in
            var both = mine
            both.atBegin.merge(theirs.atBegin)
            both.atEnd.merge(theirs.atEnd)
            return both
        }
        lookups.merge(other.lookups) { mine, theirs in
            var both = mine
            both.all.merge(theirs.all)
            both.hits.merge(theirs.hits)
            return both
        }
        trace += other.trace
        quality.merge(other.quality)
    }
}
