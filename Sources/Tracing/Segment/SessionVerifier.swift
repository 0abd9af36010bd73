/// Proves that every byte of a session is what was written.
public enum SessionVerifier {
    /// What verification found.
    public struct Report: Sendable {
        /// Bytes looked at.
        public var sizeBytes = 0
        /// Files looked at.
        public var files = 0
        /// Blocks of events whose header, hash and contents hold.
        public var blocks = 0
        /// Events that can be read from blocks, each counted once.
        public var events = 0
        /// Events that lie in lanes and in no block yet (A0).
        public var unsealed = 0
        /// Streams.
        public var streams = 0
        /// What emitters dropped, by reason.
        public var dropped: [DropReason: UInt64] = [:]
        /// What is damaged, with file and offset, sequences where known, and level.
        public var damages: [Damage] = []
        /// What a crash leaves and is no damage: unfinished blocks at the ends of files that were not closed.
        public var tornTails: [Damage] = []

        /// Whether nothing is damaged.
        public var isSound: Bool { damages.isEmpty }
        /// Events lost for certain.
        public var lost: Int { damages.lostEvents }
    }

    /// Reads every block, checks header, hash and zstd's checksum, and decodes every event: the mode `report-only`.
    ///
    /// - Throws: ``TraceError`` when the path is missing, no session at all, or so damaged that no block is left. Any
    ///   other damage is a report, not an error.
    public static func verify(path: String) throws(TraceError) -> Report {
        let reader = try SessionReader(path: path, mode: .reportOnly)
        let readable = try reader.poll { _ in }
        var report = Report()
        report.files = reader.files.count
        report.sizeBytes = reader.sizeBytes
        if !reader.session.isPacked {
            let file = SessionDirectory(Path.strip(path)).sessionFile
            report.files += 1
            report.sizeBytes += POSIX.fileSizeBytes(file) ?? 0
        }
        report.blocks = reader.ledger.soundBlocks
        report.unsealed = reader.eventsFromLanes
        report.events = readable - report.unsealed
        report.streams = reader.streams.count
        for stream in reader.streams { report.dropped.merge(stream.dropped) { $0 &+ $1 } }
        report.damages = reader.damages
        report.tornTails = reader.tornTails
        return report
    }
}
