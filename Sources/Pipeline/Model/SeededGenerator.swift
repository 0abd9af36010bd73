import Foundation

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, and the same numbers on every platform.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// A stream of its own for each list of parts: a seed, then what the numbers are for.
    init(_ parts: UInt64...) {
        state = 0x9E37_79B9_7F4A_7C15
        for part in parts {
            state ^= part
            _ = next()
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in 0..<1 with 24 random bits.
    mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// A number in 0..<1 with 53 random bits.
    mutating func unitDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number from `range`, each equally likely up to 2^-50.
    mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(unitDouble() * Double(range.upperBound - range.lowerBound + 1))
    }

    /// An exponentially distributed waiting time with that mean.
    mutating func exponential(mean: Double) -> Double {
        -mean * log(1 - unitDouble())
    }
}
