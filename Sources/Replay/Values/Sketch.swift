/// A log-linear histogram of non-negative 64-bit numbers with a relative error of at most 0.8 %.
///
/// Every power of two is divided into 64 equal buckets (numbers below 64 have one each), as in HdrHistogram; a
/// percentile is answered with the middle of its bucket, so it is off by at most 1/128 of the value. Only the octaves
/// between the least and the greatest number are held: a layer's durations span three or four of them. Counts add, so
/// sketches merge exactly.
public struct Sketch: Sendable {
    private static let bitsPerOctave = 6
    /// The bucket of `counts[0]`, a multiple of 64.
    private var first = 0
    private var counts: ContiguousArray<UInt64> = []
    /// Numbers added.
    public private(set) var count: UInt64 = 0

    /// An empty sketch.
    public init() {}

    /// Adds one number; negative ones count as 0. O(1).
    public mutating func add(_ value: Int64) {
        let bucket = Self.bucket(value)
        hold(bucket, bucket)
        counts[bucket - first] &+= 1
        count &+= 1
    }

    /// Adds many numbers, each at least `least` and at most `greatest`. O(n), and quicker than one by one.
    mutating func add(_ values: UnsafeBufferPointer<Int64>, least: Int64, greatest: Int64) {
        guard !values.isEmpty else { return }
        hold(Self.bucket(least), Self.bucket(greatest))
        let first = first
        counts.withUnsafeMutableBufferPointer { counts in
            for value in values {
                let place = Self.bucket(value) &- first
                if place >= 0, place < counts.count { counts[place] &+= 1 }
            }
        }
        count &+= UInt64(values.count)
    }

    /// Adds the numbers of another sketch.
    mutating func merge(_ other: Sketch) {
        guard !other.counts.isEmpty else { return }
        hold(other.first, other.first + other.counts.count - 1)
        for (index, bucketCount) in other.counts.enumerated() { counts[other.first - first + index] &+= bucketCount }
        count &+= other.count
    }

    /// The number at `rank` (from 0, ascending), as the middle of its bucket. 0 when empty.
    public func value(atRank rank: UInt64) -> Int64 {
        var seen: UInt64 = 0
        for (index, bucketCount) in counts.enumerated() where bucketCount > 0 {
            seen &+= bucketCount
            if seen > rank { return Self.middle(first + index) }
        }
        return 0
    }

    /// Makes room for the octaves of two buckets and all between.
    @inline(__always) private mutating func hold(_ low: Int, _ high: Int) {
        if low >= first, high < first + counts.count { return }
        widen(low, high)
    }

    private mutating func widen(_ low: Int, _ high: Int) {
        let from = low & ~63
        let to = (high | 63) + 1
        if counts.isEmpty {
            first = from
            counts = ContiguousArray(repeating: 0, count: to - from)
            return
        }
        if from < first {
            counts.insert(contentsOf: repeatElement(0, count: first - from), at: 0)
            first = from
        }
        if to > first + counts.count {
            counts.append(contentsOf: repeatElement(0, count: to - first - counts.count))
        }
    }

    /// Octave times 64 plus slot: below 64 the number itself.
    @inline(__always) private static func bucket(_ value: Int64) -> Int {
        let value = UInt64(bitPattern: max(0, value))
        guard value >= 64 else { return Int(truncatingIfNeeded: value) }
        let shift = 63 - value.leadingZeroBitCount - bitsPerOctave
        return shift << bitsPerOctave + Int(truncatingIfNeeded: value >> UInt64(truncatingIfNeeded: shift))
    }

    private static func middle(_ bucket: Int) -> Int64 {
        let octave = bucket >> bitsPerOctave
        let slot = bucket & 63
        guard octave > 0 else { return Int64(slot) }
        let shift = UInt64(octave - 1)
        let low = (UInt64(64) + UInt64(slot)) << shift
        return Int64(clamping: low &+ ((UInt64(1) << shift) >> 1))
    }
}
