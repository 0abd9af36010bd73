/// The clock of a block: how its stamps become Unix nanoseconds, and in which steps they advance.
///
/// The time-stamp counter of a machine may advance in steps of more than one tick; dividing by the step costs nothing
/// and saves its bits in every stamp.
package struct BlockClock: Sendable, Equatable {
    /// Ticks to Unix nanoseconds.
    var calibration: Calibration
    /// Every stamp of a block is its first one plus a multiple of this many ticks; at least 1.
    var step: UInt64

    /// Stamps that are Unix nanoseconds already: imports, and whatever comes without ticks.
    static let unixNanos = BlockClock(
        calibration: Calibration(ticksAnchor: 0, unixAnchor: 0, rate: Calibration.unitRate), step: 1)

    /// Whether stamps are Unix nanoseconds.
    var isUnix: Bool { calibration == Self.unixNanos.calibration }

    /// Unix nanoseconds of a stamp's bit pattern.
    @inline(__always) func unixNanos(_ stamp: Int64) -> Int64 {
        isUnix ? stamp : calibration.unixNanos(UInt64(bitPattern: stamp))
    }
}
