/// Proves that every byte of a session is what was written.
public enum SessionVerifier {
    /// What verification found.
    public struct Report: Sendable {
        /// Bytes looked at.
        public var sizeBytes = 0
        /// Files looked at.
        public var files = 0
        /// Blocks whose header, hash and contents hold.
        public var blocks = 0
        /// Events decoded from those blocks.
        public var events = 0
        /// Events that lie in lanes and in no block yet.
        public var unsealed = 0
        /// Streams.
        public var streams = 0
        /// What emitters dropped, by reason.
        public var dropped: [DropReason: UInt64] = [:]
        /// What is damaged, with file and offset.
        public var damages: [Damage] = []
        /// Unfinished blocks at the ends of growing files: normal after a crash.
        public var tornTails: [Damage] = []

        /// Whether nothing is damaged.
        public var isSound: Bool { damages.isEmpty }
    }

    /// Reads every block, checks header, hash and zstd's checksum, and decodes every event.
    ///
    /// - Throws: ``TraceError`` when the path is missing or no session at all. A damaged session is a report, not an error.
    public static func verify(path: String) throws(TraceError) -> Report {
        let path = Path.strip(path)
        guard POSIX.exists(path) else {
            throw TraceError(.unreadable, "expected a session, found nothing at this path", path: path)
        }
        var report = Report()
        if POSIX.isDirectory(path) {
            try verifyDirectory(path, &report)
        } else {
            try verifyPacked(path, &report)
        }
        return report
    }

    private static func verifyDirectory(_ path: String, _ report: inout Report) throws(TraceError) {
        let directory = SessionDirectory(path)
        _ = try directory.identity()
        _ = try check(directory.sessionFile, &report)
        for stream in directory.streamPaths {
            for name in (POSIX.list(stream) ?? []) where name.hasSuffix(".seg") {
                if let torn = try check(Path.join(stream, name), &report).torn { report.tornTails.append(torn) }
            }
        }
        let reader = try SessionReader(path: path)
        var sequences = 0
        try reader.poll { sequences += $0.events.count }
        report.unsealed = max(0, sequences - report.events)
        addStreams(reader, &report)
    }

    private static func verifyPacked(_ path: String, _ report: inout Report) throws(TraceError) {
        let found = try check(path, &report)
        // Nothing grows here: an unfinished end is damage, and so is a missing one.
        if let torn = found.torn {
            report.damages.append(torn)
        } else if report.damages.isEmpty, found.totals != (report.blocks, report.events) {
            report.damages.append(
                Damage(
                    kind: .gap, path: path, offsetBytes: report.sizeBytes, lengthBytes: 0,
                    message: "expected the closing totals of \(report.blocks) blocks and \(report.events) events, "
                        + "found \(found.totals.map { "\($0.blocks) and \($0.events)" } ?? "none")"))
        }
        guard report.isSound else { return }
        addStreams(try SessionReader(path: path), &report)
    }

    private static func addStreams(_ reader: SessionReader, _ report: inout Report) {
        report.streams = reader.streams.count
        for stream in reader.streams { report.dropped.merge(stream.dropped) { $0 + $1 } }
        for damage in reader.damages where !report.damages.contains(damage) { report.damages.append(damage) }
    }

    private struct Found {
        var torn: Damage?
        var totals: (blocks: Int, events: Int)?
    }

    private static func check(_ path: String, _ report: inout Report) throws(TraceError) -> Found {
        let reader: BlockFileReader
        report.files += 1
        let size = POSIX.fileSizeBytes(path) ?? 0
        report.sizeBytes += size
        do throws(TraceError) {
            reader = try BlockFileReader(path: path)
        } catch {
            // A header that was one is damage; a file that never was a session is the caller's mistake.
            guard size >= FileHeader.sizeBytes, try FileHeader.resembles(path), error.code != .unsupportedVersion else {
                throw error
            }
            report.damages.append(
                Damage(
                    kind: .header, path: path, offsetBytes: error.offsetBytes ?? 0, lengthBytes: FileHeader.sizeBytes,
                    message: error.message))
            return Found()
        }
        var found = Found()
        let symbols = Symbols()
        for block in try reader.newBlocks() {
            guard let payload = try reader.payload(block) else {
                report.damages.append(reader.damage(block))
                continue
            }
            switch block.header.type {
            case .events:
                guard let batch = BlockDecoder.decode(payload, header: block.header, stream: 0, symbols: symbols) else {
                    report.damages.append(reader.damage(block))
                    continue
                }
                report.events += batch.events.count
                report.blocks += 1
            case .description:
                guard let description = Description.parse(payload) else {
                    report.damages.append(reader.damage(block))
                    continue
                }
                if let blocks = description.int("blocks"), let events = description.int("events") {
                    found.totals = (blocks, events)
                }
            }
        }
        report.damages.append(contentsOf: reader.damages)
        found.torn = reader.tornTail
        return found
    }
}

/// Compares optional totals with what was counted.
private func != (a: (blocks: Int, events: Int)?, b: (Int, Int)) -> Bool {
    guard let a else { return true }
    return a.blocks != b.0 || a.events != b.1
}
