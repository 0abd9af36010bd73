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
