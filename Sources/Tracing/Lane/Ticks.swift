public import CSpanreel

/// A stamp of the emitting clock in its own steps: see ``Recorder/nanos(from:to:)`` for nanoseconds.
public struct Ticks: Hashable, Sendable, Comparable {
    /// The clock's reading.
    public var rawValue: UInt64
    /// Wraps a reading.
    @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    /// Earlier on the same clock.
    @inlinable public static func < (a: Ticks, b: Ticks) -> Bool { a.rawValue < b.rawValue }
}

/// A deliberate clock error for demonstrations and tests: the stream then declares a clock domain of its own.
public struct ClockSkew: Sendable, Hashable {
    /// How far ahead the clock stands at the start.
    public var offsetNanos: Int64
    /// How much faster it runs, in parts per million.
    public var driftPPM: Double
    /// A skew from its parts.
    public init(offsetNanos: Int64, driftPPM: Double = 0) {
        self.offsetNanos = offsetNanos
        self.driftPPM = driftPPM
    }
}

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
