import SpanreelTracing

/// Durations of one group as sums and a sketch: bounded whatever their number.
struct ScanDurations: Sendable {
    private var sketch = Sketch()
    private(set) var count = 0
    private var sum: Int128 = 0
    private var squares: UInt128 = 0
    private var least = Int64.max
    private var greatest = Int64.min

    /// Adds durations; negative ones count as 0. How many there were of those.
    mutating func add(_ values: UnsafeBufferPointer<Int64>) -> Int {
        var (low, high) = (Int64.max, Int64.min)
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        guard low >= 0 else {
            let negative = values.reduce(0) { $0 + ($1 < 0 ? 1 : 0) }
            let floored = values.map { max(0, $0) }
            _ = floored.withUnsafeBufferPointer { add($0) }
            return negative
        }
        if high < 1 << 31 {
            // The squares of 2^16 of them fit 128 bits with room: two sums of 64 bits a block.
            var (total, low64, carries): (UInt64, UInt64, UInt64) = (0, 0, 0)
            for value in values {
                let magnitude = UInt64(bitPattern: value)
                total &+= magnitude
                let (next, overflow) = low64.addingReportingOverflow(magnitude &* magnitude)
                low64 = next
                carries &+= overflow ? 1 : 0
            }
            sum += Int128(total)
            squares &+= UInt128(carries) << 64 | UInt128(low64)
        } else {
            for value in values {
                sum &+= Int128(value)
                let square = UInt128(value.magnitude).multipliedReportingOverflow(by: UInt128(value.magnitude))
                squares &+= square.partialValue
            }
        }
        sketch.add(values, least: low, greatest: high)
        count += values.count
        least = min(least, low)
        greatest = max(greatest, high)
        return 0
    }

    mutating func merge(_ other: ScanDurations) {
        sketch.merge(other.sketch)
        count += other.count
        sum &+= other.sum
        squares &+= other.squares
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
    }

    var statistics: Statistics {
        Statistics(sketch: sketch, count: count, sum: sum, squares: squares, least: least, greatest: greatest)
    }
}
