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
