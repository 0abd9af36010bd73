/// Durations of one group as sums and a sketch: bounded whatever their number.
struct ScanDurations: Sendable {
    private var sketch = Sketch()
    private var moments = Moments()

    /// Adds durations; negative ones count as 0. How many there were of those.
    mutating func add(_ values: UnsafeBufferPointer<Int64>) -> Int {
        var (low, high) = (Int64.max, Int64.min)
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        guard low >= 0 else {
            _ = values.map { max(0, $0) }.withUnsafeBufferPointer { add($0) }
            return values.count { $0 < 0 }
        }
        moments.add(values, least: low, greatest: high)
        sketch.add(values, least: low, greatest: high)
        return 0
    }

    mutating func merge(_ other: ScanDurations) {
        sketch.merge(other.sketch)
        moments.merge(other.moments)
    }

    var statistics: Statistics { Statistics(sketch: sketch, moments: moments) }
}
