/// Bugs that the torture kit must find: the kit's own test.
///
/// In every ordinary build `isOn` is the constant `false`, so that the branches vanish. Built with
/// `-D SPANREEL_PLANTED_BUGS`, the environment variable `SPANREEL_PLANTED_BUG` switches one on. `Tests/Torture/planted.py`
/// builds that way once and shows for each name that the kit fails.
enum PlantedBug: String, CaseIterable {
    /// A payload is not compared with its hash, and zstd writes no checksum of its own.
    case payloadUnchecked
    /// A block header is believed without its checksum.
    case headerUnchecked
    /// A block counts wherever in the file it lies.
    case offsetUnchecked
    /// A block with another file's sync marker counts.
    case foreignAccepted
    /// A reader stops at the first bad block, as if nothing came after it.
    case stopsAtBadBlock
    /// A damaged file header makes the whole file unreadable.
    case fileHeaderNotRecovered
    /// Missing sequences are not reported.
    case gapUnreported
    /// An unfinished end is not reported.
    case tornTailSilent
    /// A sequence range that lies in two blocks is delivered twice.
    case duplicateDelivered
    /// When a block is damaged, its intact copy is not looked for.
    case copyIgnored
    /// The strict mode tolerates damage.
    case strictIsLenient
    /// The closing totals are not compared.
    case totalsIgnored
    /// A write that took fewer bytes counts as whole.
    case shortWriteIgnored
    /// What a failed write left is not cut off.
    case tornWriteLeft
    /// `fdatasync` is not called.
    case syncSkipped
    /// After a failed `fdatasync` the next one is trusted.
    case syncTrustedAfterFailure
    /// After a failed `fdatasync` the blocks are not written again.
    case unsyncedNotRewritten
    /// A new segment's directory entry is not synced.
    case directoryNotSynced
    /// Slots are given back before their block is written.
    case tailBeforeWrite
    /// A new owner seals again what the dead one had sealed.
    case sealedTwice
    /// A second owner is let in.
    case lockIgnored
    /// Events that low disk drops are not counted.
    case lowDiskUncounted
    /// A lane file is sparse, so that a store into it on a full disk is SIGBUS.
    case laneSparse
    /// The sum of drops is one short.
    case dropsOffByOne
    /// A packed file is moved into place before it is synced.
    case renameBeforeSync
    /// Repair leaves out the last block.
    case repairDropsLast
    /// Repair writes random ids, so that a second run gives other bytes.
    case repairNotStable
    /// Merge takes the events of a stream that lies in both sessions twice.
    case mergeKeepsDuplicates
    /// A payload's claimed length is not bounded.
    case lengthUnbounded

    #if SPANREEL_PLANTED_BUGS
        private static let chosen = POSIX.environment("SPANREEL_PLANTED_BUG").flatMap { PlantedBug(rawValue: $0) }
        static func isOn(_ bug: PlantedBug) -> Bool { chosen == bug }
    #else
        @inline(__always) static func isOn(_ bug: PlantedBug) -> Bool { false }
    #endif
}
