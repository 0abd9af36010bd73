/// Joins parts of one session that were recorded, or copied, apart.
public enum SessionMerger {
    /// What merging did.
    public struct Report: Sendable {
        /// Where the joined session lies.
        public var path: String
        /// Events in it, each once.
        public var events: Int
        /// Events that lay in more than one part.
        public var duplicates: Int
        /// Streams in it.
        public var streams: Int
        /// Its size.
        public var sizeBytes: Int
        /// What no part has.
        public var damages: [Damage]

        /// As JSON, with stable keys.
        public var json: String {
            "{\"path\":\(SafeText.json(path)),\"events\":\(events),\"duplicates\":\(duplicates),\"streams\":\(streams),"
                + "\"lost\":\(damages.lostEvents),\"sizeBytes\":\(sizeBytes),"
                + "\"damages\":[\(damages.map(\.json).joined(separator: ","))]}"
        }
    }

    /// Packs the sessions at `paths` into `target`. Where the same stream lies in several, an event is taken once, by
    /// (incarnation, sequence), and from the part in which it is intact. The first part names the result.
    ///
    /// - Parameter force: join sessions of different ids, as one that bears the first one's.
    /// - Throws: ``TraceError`` `invalid` for fewer than two parts or different sessions, `busy` while one is written,
    ///   `exists` when the target does, `system`.
    public static func merge(paths: [String], to target: String, force: Bool = false) throws(TraceError) -> Report {
        guard paths.count > 1 else {
            throw TraceError(.invalid, "expected at least two sessions to join, found \(paths.count)")
        }
        var inputEvents = 0
        var first: SessionInfo?
        for path in paths {
            let part = try SessionReader(path: path)
            try part.refuseLive()
            inputEvents += try part.poll { _ in }
            let session = first ?? part.session
            first = session
            guard part.session.id == session.id || force else {
                throw TraceError(
                    .invalid,
                    "expected parts of session \(session.id), found one of \(part.session.id); --force joins them",
                    path: path)
            }
        }
        let reader = try SessionReader(paths: paths, symbols: Symbols())
        let writer = try SessionWriter(
            path: target, name: reader.session.name, sessionID: reader.session.id,
            createdUnixNanos: reader.session.createdUnixNanos, symbols: reader.symbols)
        let events = try SessionCopy.run(reader, writer)
        try writer.finish()
        return Report(
            path: target, events: events, duplicates: max(0, inputEvents - events), streams: reader.streams.count,
            sizeBytes: POSIX.fileSizeBytes(target) ?? 0, damages: reader.damages)
    }
}
