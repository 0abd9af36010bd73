/// Count, sum, sum of squares and extremes of durations: what an exact mean and deviation need. Integers, so that the order
/// in which they come does not matter.
struct Moments: Sendable {
    private(set) var count = 0
    private(set) var sum: Int128 = 0
    private(set) var squares: UInt128 = 0
    private(set) var least = Int64.max
    private(set) var greatest = Int64.min

    /// Adds one duration. O(1).
    @inline(__always) mutating func add(_ value: Int64) {
        count &+= 1
        sum &+= Int128(value)
        let magnitude = value.magnitude
        squares = squares.addingReportingOverflow(UInt128(magnitude) &* UInt128(magnitude)).partialValue
        if value < least { least = value }
        if value > greatest { greatest = value }
    }

    /// Adds many durations between `low` and `high`, neither below 0. O(n), and quicker than one by one.
    mutating func add(_ values: UnsafeBufferPointer<Int64>, least low: Int64, greatest high: Int64) {
        guard high < 1 << 31 else {
            for value in values { add(value) }
            return
        }
        // The squares fit 64 bits each: two words and the carries between them.
        var (total, squared, carries): (UInt64, UInt64, UInt64) = (0, 0, 0)
        for value in values {
            let magnitude = UInt64(bitPattern: value)
            total &+= magnitude
            let (next, overflow) = squared.addingReportingOverflow(magnitude &* magnitude)
            squared = next
            carries &+= overflow ? 1 : 0
        }
        var others = Moments()
        others.count = values.count
        others.sum = Int128(total)
        others.squares = UInt128(carries) << 64 | UInt128(squared)
        (others.least, others.greatest) = (low, high)
        merge(others)
    }

    /// Adds what others hold.
    mutating func merge(_ other: Moments) {
        count &+= other.count
        sum &+= other.sum
        squares = squares.addingReportingOverflow(other.squares).partialValue
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
    }
}
