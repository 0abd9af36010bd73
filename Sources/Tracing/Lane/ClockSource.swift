internal import CSpanreel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The clock that this process stamps with, and how its ticks were tied to the system's clocks.
struct ClockSource: Sendable, Equatable {
    /// `tsc`, `mach` or `monotonic`.
    var name: String
    /// Ticks as Unix nanoseconds.
    var calibration: Calibration
    /// The clock advances in multiples of so many ticks: stored stamps are divided by it.
    var step: UInt64

    /// As facts of a session, and back; nil when one is missing or malformed.
    var facts: [String: String] {
        [
            "clock.name": name, "clock.anchor.ticks": String(calibration.ticksAnchor),
            "clock.anchor.unix": String(calibration.unixAnchor), "clock.rate": String(calibration.rate),
            "clock.step": String(step),
        ]
    }

    init(name: String, calibration: Calibration, step: UInt64) {
        self.name = name
        self.calibration = calibration
        self.step = step
    }

    init?(facts: [String: String]) {
        guard let name = facts["clock.name"], let ticks = facts["clock.anchor.ticks"].flatMap({ UInt64($0) }),
            let unix = facts["clock.anchor.unix"].flatMap({ Int64($0) }),
            // A tick of more than a second is no clock's, and a multiple of its rate would overflow.
            let rate = facts["clock.rate"].flatMap({ UInt64($0) }), rate < 1_000_000_000 << 32,
            let step = facts["clock.step"].flatMap({ UInt64($0) }), step > 0
        else { return nil }
        self.init(
            name: name, calibration: Calibration(ticksAnchor: ticks, unixAnchor: unix, rate: rate), step: step)
    }

    /// How long the rate is measured where the system does not state it. Both ends are known to about 10 ns, so the
    /// rate to about 1 part in a million.
    static let measureMicros: UInt32 = 20_000

    /// The name of this process's clock.
    static var currentName: String {
        switch sp_clock() {
        case sp_clock_tsc: "tsc"
        case sp_clock_mach: "mach"
        default: "monotonic"
        }
    }

    /// Ties this process's clock to the wall clock now. Takes 20 ms where the rate must be measured.
    static func measure() -> ClockSource {
        var rate = sp_clock_stated_rate()
        if rate == 0 {
            let first = pair(wall: false)
            usleep(measureMicros)
            let second = pair(wall: false)
            let nanos = UInt64(max(1, second.reference - first.reference))
            let ticks = max(1, second.ticks &- first.ticks)
            rate = ticks.dividingFullWidth(nanos.multipliedFullWidth(by: Calibration.unitRate)).quotient
        }
        let now = pair(wall: true)
        return ClockSource(
            name: currentName,
            calibration: Calibration(ticksAnchor: now.ticks, unixAnchor: now.reference, rate: rate),
            step: sp_clock_step())
    }

    private static func pair(wall: Bool) -> (ticks: UInt64, reference: Int64) {
        var ticks: UInt64 = 0
        var reference: Int64 = 0
        sp_clock_pair(wall ? 1 : 0, &ticks, &reference)
        return (ticks, reference)
    }

    /// Ticks, monotonic and wall clock read together: the fact that later readers judge the clock by.
    static func comparison() -> ClockComparison {
        let monotonic = pair(wall: false)
        let wall = pair(wall: true)
        return ClockComparison(
            ticks: wall.ticks, unixNanos: wall.reference,
            monotonicNanos: monotonic.reference, monotonicTicks: monotonic.ticks)
    }
}

/// One look at all clocks together, kept in the log: `clock.compared.<ticks>` = `unix monotonic monotonic-ticks`.
public struct ClockComparison: Sendable, Equatable {
    /// The stamp at which the wall clock stood at `unixNanos`.
    public var ticks: UInt64
    /// The wall clock, nanoseconds since the Unix epoch.
    public var unixNanos: Int64
    /// The monotonic clock in nanoseconds, at the stamp `monotonicTicks`.
    public var monotonicNanos: Int64
    /// The stamp at which the monotonic clock was read.
    public var monotonicTicks: UInt64

    static let keyPrefix = "clock.compared."

    var fact: (key: String, value: String) {
        ("\(Self.keyPrefix)\(ticks)", "\(unixNanos) \(monotonicNanos) \(monotonicTicks)")
    }

    init(ticks: UInt64, unixNanos: Int64, monotonicNanos: Int64, monotonicTicks: UInt64) {
        self.ticks = ticks
        self.unixNanos = unixNanos
        self.monotonicNanos = monotonicNanos
        self.monotonicTicks = monotonicTicks
    }

    /// Reads a fact back; nil for anything else.
    init?(key: String, value: String) {
        let parts = value.split(separator: " ")
        guard key.hasPrefix(Self.keyPrefix), let ticks = UInt64(key.dropFirst(Self.keyPrefix.count)), parts.count == 3,
            let unix = Int64(parts[0]), let monotonic = Int64(parts[1]), let monotonicTicks = UInt64(parts[2])
        else { return nil }
        self.init(ticks: ticks, unixNanos: unix, monotonicNanos: monotonic, monotonicTicks: monotonicTicks)
    }
}
