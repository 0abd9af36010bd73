/// One measured duration and when it became visible.
struct Observation: Sendable {
    var time: Int64
    var value: Int64
}

/// The durations of one group (a layer, a link, TTFT ...): the last 8,192 exactly, everything as sums and a sketch.
///
/// Held in chunks of 512, so that a checkpoint of the fold shares all but the last chunk with its successor. While
/// nothing has been evicted, percentiles over the whole session are exact; afterwards they come from the sketch.
public struct Observations: Sendable {
    static let chunkSize = 512
    /// Observations kept exactly, at least all but one chunk of it.
    public static let capacity = 8192

    private var chunks: ContiguousArray<ContiguousArray<Observation>> = []
    private var evicted: Sketch?
    private var moments = Moments()
    /// Observations so far.
    public var count: Int { moments.count }

    /// An empty group.
    public init() {}

    /// Adds one observation. O(1) amortised, no allocation but one per 512.
    mutating func add(_ value: Int64, at time: Int64, evictedAs correct: (Observation) -> Int64 = { $0.value }) {
        moments.add(value)
        if let last = chunks.indices.last, chunks[last].count < Self.chunkSize {
            chunks[last].append(Observation(time: time, value: value))
            return
        }
        if chunks.count * Self.chunkSize >= Self.capacity {
            var sketch = evicted ?? Sketch()
            for old in chunks.removeFirst() { sketch.add(correct(old)) }
            evicted = sketch
        }
        chunks.append([Observation(time: time, value: value)])
    }

    /// The last observation.
    var last: Observation? { chunks.last?.last }

    /// The observations that `window` selects, oldest first; of the whole session those that are still held.
    func values(in window: Window) -> [Int64] {
        var result: [Int64] = []
        forEach(in: window) { result.append($0.value) }
        return result
    }

    /// Calls `body` with the observations that `window` selects and that are held, oldest first.
    func forEach(in window: Window, _ body: (Observation) -> Void) {
        switch window.selection {
        case .all:
            for chunk in chunks { for observation in chunk { body(observation) } }
        case .nanos:
            // Observations come in canonical order, so their times ascend.
            for chunk in chunks {
                guard let last = chunk.last, last.time > window.from else { continue }
                for observation in chunk where observation.time > window.from { body(observation) }
            }
        case .samples(let samples):
            let held = chunks.reduce(0) { $0 + $1.count }
            var skip = max(0, held - samples)
            for chunk in chunks {
                if skip >= chunk.count {
                    skip -= chunk.count
                    continue
                }
                for observation in chunk[skip...] { body(observation) }
                skip = 0
            }
        }
    }

    /// Count, extremes, mean, deviation and percentiles of what `window` selects.
    func statistics(in window: Window) -> Statistics {
        guard case .all = window.selection, let evicted else { return Statistics(exact: values(in: window)) }
        var sketch = evicted
        for chunk in chunks { for observation in chunk { sketch.add(observation.value) } }
        return Statistics(sketch: sketch, moments: moments)
    }

    /// Whether anything left the exact part.
    var hasEvicted: Bool { evicted != nil }

    /// What left the exact part.
    var evictedSketch: Sketch? { evicted }
}
