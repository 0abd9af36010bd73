/// Bits, least significant first, each column from a byte of its own.
struct BitWriter {
    private var pending: UInt64 = 0
    private var filled = 0

    /// Appends the low `count` bits of `value`, whose other bits are 0; at most 63.
    mutating func append(_ value: UInt64, _ count: Int, _ target: inout RawBytes) {
        pending |= value << UInt64(filled)
        if filled + count >= 64 {
            target.append(pending)
            pending = filled == 0 ? 0 : value >> UInt64(64 - filled)
            filled = filled + count - 64
        } else {
            filled += count
        }
    }

    mutating func finish(_ target: inout RawBytes) {
        let target = target.extend((filled + 7) / 8)
        for index in 0..<(filled + 7) / 8 { target[index] = UInt8(truncatingIfNeeded: pending >> UInt64(index * 8)) }
        (pending, filled) = (0, 0)
    }
}
