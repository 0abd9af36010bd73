/// A log-linear histogram of non-negative 64-bit numbers with a relative error of at most 0.8 %.
///
/// Every power of two is divided into 64 equal buckets (numbers below 64 have one each), as in HdrHistogram; a
/// percentile is answered with the middle of its bucket, so it is off by at most 1/128 of the value. Octaves are
/// allocated when first used: a layer's durations span three or four of them. Counts add, so sketches merge exactly.
public struct Sketch: Sendable {
    private static let bitsPerOctave = 6
    private var octaves: [ContiguousArray<UInt64>?] = []
    /// Numbers added.
    public private(set) var count: UInt64 = 0

    /// An empty sketch.
    public init() {}

    /// Adds one number; negative ones count as 0. O(1).
    public mutating func add(_ value: Int64) {
        let (octave, slot) = Self.place(UInt64(max(0, value)))
        while octaves.count <= octave { octaves.append(nil) }
        if octaves[octave] == nil { octaves[octave] = ContiguousArray(repeating: 0, count: 1 << Self.bitsPerOctave) }
        octaves[octave]?[slot] &+= 1
        count &+= 1
    }

    /// The number at `rank` (from 0, ascending), as the middle of its bucket. 0 when empty.
    public func value(atRank rank: UInt64) -> Int64 {
        var seen: UInt64 = 0
        for (octave, buckets) in octaves.enumerated() {
            guard let buckets else { continue }
            for (slot, bucketCount) in buckets.enumerated() where bucketCount > 0 {
                seen &+= bucketCount
                if seen > rank { return Self.middle(octave, slot) }
            }
        }
        return 0
    }

    private static func place(_ value: UInt64) -> (octave: Int, slot: Int) {
        guard value >= 64 else { return (0, Int(value)) }
        let exponent = 63 - value.leadingZeroBitCount
        let shift = exponent - bitsPerOctave
        return (shift + 1, Int((value >> UInt64(shift)) & 63))
    }

    private static func middle(_ octave: Int, _ slot: Int) -> Int64 {
        guard octave > 0 else { return Int64(slot) }
        let shift = UInt64(octave - 1)
        let low = (UInt64(64) + UInt64(slot)) << shift
        return Int64(clamping: low &+ ((UInt64(1) << shift) >> 1))
    }
}
