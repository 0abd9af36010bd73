/// What a reader does about damage. The four modes of RocksDB's log, by what they promise here.
public enum RecoveryMode: String, Sendable, CaseIterable {
    /// Any damage, and an unfinished block too, is an error.
    case strict
    /// An unfinished block at the end of a file that was not closed is tolerated and reported: what a crash leaves.
    /// Anything else is an error.
    case tail
    /// Damaged blocks are left out, reading goes on at the next intact one, and every loss is reported. The default.
    case salvage
    /// Reads and checks everything, delivers nothing but the report.
    case reportOnly = "report-only"

    /// Whether reading goes on after damage.
    var toleratesDamage: Bool { self == .salvage || self == .reportOnly }
}
