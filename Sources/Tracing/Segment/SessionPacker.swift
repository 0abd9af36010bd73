/// Turns a grown session directory into one file.
public enum SessionPacker {
    /// What packing did.
    public struct Report: Sendable {
        /// Events in the packed file.
        public var events: Int
        /// Bytes of the session before.
        public var sizeBytesBefore: Int
        /// Bytes of the packed file.
        public var sizeBytes: Int
        /// What could not be read and is therefore missing.
        public var damages: [Damage]
    }

    /// Packs the session at `path` into `target`, or in place when that is nil: the directory is replaced atomically.
    ///
    /// Incarnations and sequences are kept. Events of dead processes that still lie in their lanes are taken over.
    /// - Throws: `busy` when a live process still writes, `exists` when the target does.
    @discardableResult
    public static func pack(path: String, to target: String? = nil, level: Int = 19) throws(TraceError) -> Report {
        let path = Path.strip(path)
        let reader = try SessionReader(path: path)
        try reader.refuseLive()
        if reader.session.isPacked && target == nil {
            throw TraceError(
                .invalid, "expected a session directory, found a packed file; give -o to pack it anew", path: path)
        }
        let before = reader.sizeBytes
        let lanes = reader.session.isPacked ? [] : laneDirectories(path)
        let writer = try SessionWriter(
            path: target ?? path, name: reader.session.name, sessionID: reader.session.id,
            createdUnixNanos: reader.session.createdUnixNanos, level: level, symbols: reader.symbols,
            replacing: target == nil)
        let events = try SessionCopy.run(reader, writer)
        if target == nil {
            try writer.finish(replacing: path)
            for directory in lanes { POSIX.removeTree(directory) }
        } else {
            try writer.finish()
        }
        return Report(
            events: events, sizeBytesBefore: before, sizeBytes: POSIX.fileSizeBytes(target ?? path) ?? 0,
            damages: reader.damages)
    }

    private static func laneDirectories(_ path: String) -> [String] {
        SessionDirectory(path).streams.compactMap { stream in
            guard let head = try? StreamHead.open(path: Path.join(stream.path, "head")) else { return nil }
            defer { head.file.unmap() }
            return head.sharedLaneDirectory
        }
    }
}

/// Reads one session into a writer that shares its symbols.
enum SessionCopy {
    /// Copies all events; `describe` may change what is said of a stream, `change` a batch. Returns the number of events.
    static func run(
        _ reader: SessionReader, _ writer: SessionWriter, describe: (StreamInfo) -> StreamInfo = { $0 },
        change: (borrowing EventBatch) -> EventBatch? = { _ in nil }
    ) throws(TraceError) -> Int {
        var failure: TraceError?
        var added = 0
        // In the reader's order, so that events keep their numbers.
        func addStreams() throws(TraceError) {
            while added < reader.streams.count {
                _ = try writer.addStream(describe(reader.streams[added]))
                added += 1
            }
        }
        reader.keepsTicks = true
        writer.incarnations = reader.incarnations
        let count = try reader.poll { batch in
            guard failure == nil else { return }
            do throws(TraceError) {
                try addStreams()
                if let changed = change(batch) {
                    try writer.append(changed)
                } else {
                    try writer.append(batch)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        // Streams without an event are part of the session too.
        try addStreams()
        return count
    }
}
