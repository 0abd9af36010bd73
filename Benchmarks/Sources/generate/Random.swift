/// xorshift64*: the same numbers for the same seed on every machine.
struct Random {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// From 0 on, below `count`.
    mutating func next(below count: Int) -> Int { Int(next() % UInt64(count)) }

    /// Between half and one and a half of `mean`, with a long tail once in a hundred.
    mutating func around(_ mean: UInt64) -> UInt64 {
        let value = mean / 2 + next() % max(mean, 1)
        return next() % 100 == 0 ? value * 4 : value
    }
}
