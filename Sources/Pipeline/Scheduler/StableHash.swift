/// FNV-1a: the identity of a prompt or an answer, the same in every session and on every platform.
enum StableHash {
    /// The hash of a list of tokens.
    static func of(_ tokens: [Int]) -> UInt64 {
        tokens.reduce(0xcbf2_9ce4_8422_2325) { hash, token in
            (0..<4).reduce(hash) {
                ($0 ^ UInt64(UInt32(truncatingIfNeeded: token) >> UInt32(8 * $1) & 0xff)) &* 0x100_0000_01b3
            }
        }
    }
}
