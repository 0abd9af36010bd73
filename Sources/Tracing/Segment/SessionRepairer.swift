/// Mends a damaged session into a new file. The original is only read.
public enum SessionRepairer {
    /// What repair kept and what it had to leave out.
    public struct Report: Sendable {
        /// Where the mended session lies.
        public var path: String
        /// Events in it.
        public var events: Int
        /// Its size.
        public var sizeBytes: Int
        /// What the original lacks: file, place, sequences, level.
        public var damages: [Damage]
        /// Unfinished blocks at the ends of files: what a crash leaves.
        public var tornTails: [Damage]

        /// Events lost for certain.
        public var lost: Int { (damages + tornTails).lostEvents }

        /// As JSON, with stable keys.
        public var json: String {
            "{\"path\":\(SafeText.json(path)),\"events\":\(events),\"lost\":\(lost),\"sizeBytes\":\(sizeBytes),"
                + "\"damages\":[\(damages.map(\.json).joined(separator: ","))],"
                + "\"tornTails\":[\(tornTails.map(\.json).joined(separator: ","))]}"
        }
    }

    /// Reads what can be read of the session at `path`, lanes of dead processes included, and packs it into `target`.
    ///
    /// The file appears whole, synced and moved into place, or not at all; killed at any instant, repair leaves the original
    /// and at most a hidden temporary. A second run gives the same bytes: nothing in it is random.
    /// - Throws: ``TraceError`` `exists` when the target does, `busy` when a live process still writes, `corrupt` or
    ///   `not-a-session` when nothing can be read, `system`.
    public static func repair(path: String, to target: String) throws(TraceError) -> Report {
        let reader = try SessionReader(path: path, mode: .salvage)
        try reader.refuseLive()
        let writer = try SessionWriter(
            path: target, name: reader.session.name, sessionID: reader.session.id,
            createdUnixNanos: reader.session.createdUnixNanos, symbols: reader.symbols,
            syncMarker: PlantedBug.isOn(.repairNotStable) ? .random() : nil)
        let events = try SessionCopy.run(reader, writer)
        if PlantedBug.isOn(.repairDropsLast) { writer.dropLastBlock() }
        try writer.finish()
        return Report(
            path: target, events: events, sizeBytes: POSIX.fileSizeBytes(target) ?? 0, damages: reader.damages,
            tornTails: reader.tornTails)
    }
}

extension SessionReader {
    /// For what needs a session that does not change meanwhile.
    func refuseLive() throws(TraceError) {
        guard let live = streams.first(where: { $0.state == .live }) else { return }
        throw TraceError(
            .busy, "expected a session that has ended, found one that \(live.device) (pid \(live.pid)) still writes",
            path: session.path)
    }
}
