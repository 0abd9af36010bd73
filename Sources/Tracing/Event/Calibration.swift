/// How ticks become Unix nanoseconds: `unixAnchor + (ticks - ticksAnchor) * rate / 2^32`.
///
/// Integers only, so that every reader computes the same nanosecond from the same stamp.
struct Calibration: Sendable, Equatable {
    /// The stamp at which `unixAnchor` holds.
    var ticksAnchor: UInt64
    /// Unix nanoseconds at `ticksAnchor`.
    var unixAnchor: Int64
    /// Nanoseconds a tick, times 2^32.
    var rate: UInt64

    static let unitRate: UInt64 = 1 << 32

    /// Nanoseconds between two stamps, signed.
    func nanos(from a: UInt64, to b: UInt64) -> Int64 {
        b >= a ? Int64(clamping: scale(b - a)) : -Int64(clamping: scale(a - b))
    }

    /// Unix nanoseconds of a stamp.
    func unixNanos(_ ticks: UInt64) -> Int64 { unixAnchor &+ nanos(from: ticksAnchor, to: ticks) }

    /// Unix nanoseconds of many stamps, each as `unixNanos` gives it.
    func unixNanos(_ stamps: UnsafePointer<Int64>, _ count: Int, into target: UnsafeMutablePointer<Int64>) {
        // Nearly always all lie behind the anchor, and near enough that nothing is clamped: then no stamp is asked alone.
        var far = Far()
        for index in 0..<count {
            let stamp = UInt64(bitPattern: stamps[index])
            far.note(stamp, ticksAnchor)
            target[index] = unixAnchor &+ shortNanos(stamp &- ticksAnchor)
        }
        guard !far.isShort(rate) else { return }
        for index in 0..<count { target[index] = unixNanos(UInt64(bitPattern: stamps[index])) }
    }

    /// The nanoseconds from the beginning to the end of many spans, each rounded to Unix nanoseconds first.
    ///
    /// - Parameter extents: their lengths in `step` ticks.
    func durations(
        endingAt ends: UnsafePointer<Int64>, _ extents: UnsafePointer<Int64>, step: Int64, _ count: Int,
        into target: UnsafeMutablePointer<Int64>
    ) {
        var far = Far()
        var lengths: UInt64 = 0
        for index in 0..<count {
            let length = UInt64(bitPattern: extents[index] &* step)
            let end = UInt64(bitPattern: ends[index])
            far.note(end, ticksAnchor)
            far.note(end &- length, ticksAnchor)
            lengths |= length
            // With the end at A + f / 2^32 nanoseconds behind the anchor, the start is rounded down to A plus the floor
            // of (f - length * rate) / 2^32: 64 bits suffice where those of `lengths` do.
            let fraction = (end &- ticksAnchor) &* rate & 0xFFFF_FFFF
            target[index] = Int64(bitPattern: length &* rate &+ 0xFFFF_FFFF &- fraction) &>> 32
        }
        let longest = lengths.multipliedFullWidth(by: rate)
        if longest.high == 0, longest.low < 1 << 62, far.isShort(rate) { return }
        for index in 0..<count {
            let end = UInt64(bitPattern: ends[index])
            target[index] = unixNanos(end) &- unixNanos(end &- UInt64(bitPattern: extents[index] &* step))
        }
    }

    /// How far from the anchor many stamps are, at most.
    private struct Far {
        /// All bits that a distance has: at least as much as the greatest.
        private var bits: UInt64 = 0
        private var isBefore = false

        @inline(__always) mutating func note(_ stamp: UInt64, _ anchor: UInt64) {
            bits |= stamp &- anchor
            isBefore = isBefore || stamp < anchor
        }

        /// Whether all lie behind the anchor, by less than 2^63 nanoseconds.
        func isShort(_ rate: UInt64) -> Bool {
            !isBefore && bits.multipliedFullWidth(by: rate).high < 1 << 31
        }
    }

    /// The nanoseconds of a number of ticks that is short.
    @inline(__always) private func shortNanos(_ ticks: UInt64) -> Int64 {
        let product = ticks.multipliedFullWidth(by: rate)
        return Int64(bitPattern: product.high &<< 32 | product.low &>> 32)
    }

    /// The stamp nearest to that instant: the inverse, exact for the unit rate.
    func ticks(unixNanos: Int64) -> UInt64 {
        let delta = unixNanos &- unixAnchor
        let steps = delta.magnitude.multipliedFullWidth(by: Self.unitRate)
        guard rate > 0, steps.high < rate else { return ticksAnchor }
        let quotient = rate.dividingFullWidth(steps).quotient
        return delta >= 0 ? ticksAnchor &+ quotient : ticksAnchor &- quotient
    }

    private func scale(_ steps: UInt64) -> UInt64 {
        let product = steps.multipliedFullWidth(by: rate)
        guard product.high < Self.unitRate else { return .max }
        return product.high << 32 | product.low >> 32
    }
}
