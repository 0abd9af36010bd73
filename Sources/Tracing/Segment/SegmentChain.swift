internal import CSpanreel

/// A segment that is no longer written, and what would be lost with it.
struct ClosedSegment {
    var path: String
    var sizeBytes: Int
    var maxTime: Int64
    var lastSequences: [UInt64: UInt64]
    var eventCount: Int
}

/// The segments of one stream, of which the last one grows. Belongs to the stream's owner.
///
/// A segment that fails a sync, or that cannot be put in order after a failed write, is left as it is. The next one begins
/// with every block that no sync had covered, from memory: readers take each sequence once, wherever it lies.
struct SegmentChain {
    /// Of zstd: the fastest, for a thread that keeps up with emitters. Packing compresses again.
    static let level = 1

    private(set) var directory: String
    let session: SessionID
    let stream: StreamID
    let epoch: UInt32
    private let retention: Retention
    private let isSynced: Bool
    private let compressor: ZstdCompressor
    private var segment: BlockFileWriter?
    private var nextIndex: Int
    private var description: Description
    private var closed: [ClosedSegment] = []
    private var current = ClosedSegment(path: "", sizeBytes: 0, maxTime: .min, lastSequences: [:], eventCount: 0)
    // Blocks that a failed segment could not make durable, to be written again before anything else.
    private var rescue: [BlockFileWriter.Unsynced] = []
    private var failedSyncs = 0
    private var nextTry: UInt64 = 0
    /// Events in all segments that are kept.
    var eventCount = 0

    /// Whether the last sync failed and its blocks are not durable yet.
    var isSuspect: Bool { failedSyncs > 0 }

    var unsyncedBytes: Int {
        (segment?.unsyncedBytes ?? 0) + rescue.reduce(0) { $0 + BlockHeader.sizeBytes + $1.stored.count }
    }

    init(
        directory: String, session: SessionID, stream: StreamID, epoch: UInt32, retention: Retention, isSynced: Bool
    ) throws(TraceError) {
        self.directory = directory
        self.session = session
        self.stream = stream
        self.epoch = epoch
        self.retention = retention
        self.isSynced = isSynced
        compressor = try ZstdCompressor(level: Self.level)
        // Behind the greatest number, not the count: the oldest may have been forgotten.
        nextIndex = SessionDirectory.segmentPaths(directory).reduce(0) { next, path in
            max(next, (Int(Path.last(path).dropLast(4)) ?? -1) + 1)
        }
        // Lets a reader know whose a file is whose own header is damaged.
        description = Description(values: ["session": session.description])
    }

    /// The stream's directory was renamed.
    mutating func moved(to directory: String) {
        self.directory = directory
        if let segment { segment.path = Path.join(directory, Path.last(segment.path)) }
        // The stream's own directory entry has to survive as well.
        if isSynced { POSIX.syncDirectory(Path.parent(directory)) }
    }

    /// Appends facts about the stream; every later segment begins with them.
    mutating func describe(_ part: Description) throws(TraceError) {
        try writer().append(part.payload, BlockHeader(type: .description, stream: stream, epoch: epoch))
        description.merge(part)
    }

    /// Appends a block of events: A1 when it returns.
    mutating func append(_ payload: BlockPayload, _ header: BlockHeader) throws(TraceError) {
        try writer().append(payload, header)
        current.maxTime = max(current.maxTime, header.maxTime)
        current.lastSequences[header.incarnation] = header.lastSequence
        current.eventCount += header.eventCount
        eventCount += header.eventCount
    }

    /// Makes everything appended durable (A2), in this segment or, when its sync fails, in the next one.
    mutating func sync() throws(TraceError) {
        if failedSyncs > 1, sp_monotonic_nanos() < nextTry {
            throw TraceError(.system, "syncs keep failing: waiting before the next try", path: directory)
        }
        if let segment, segment.isUsable, rescue.isEmpty {
            do throws(TraceError) {
                try segment.sync()
                failedSyncs = 0
                return
            } catch {
                if PlantedBug.isOn(.syncTrustedAfterFailure) { throw error }
                retire(segment)
            }
        }
        guard !rescue.isEmpty else { return }
        // A second chance in a new file, whose pages are all dirty. A2 is granted only when this sync succeeds.
        let next = try writer()
        do throws(TraceError) {
            try next.sync()
            failedSyncs = 0
        } catch {
            retire(next)
            throw error
        }
    }

    /// Takes a failed segment out of use and keeps what it has not made durable.
    private mutating func retire(_ failed: BlockFileWriter) {
        let name = Path.last(failed.path)
        rescue = PlantedBug.isOn(.unsyncedNotRewritten) ? [] : failed.unsynced
        failedSyncs += 1
        // Each try writes the blocks once more: from the second failure on it waits 1 s, then twice as long, up to 64 s.
        nextTry = sp_monotonic_nanos() &+ (1_000_000_000 << UInt64(min(failedSyncs, 7) - 1))
        description.values["sync.failed"] = String((description.int("sync.failed") ?? 0) + 1)
        description.values["suspect.\(name)"] = "sync"
        close(failed)
    }

    private mutating func close(_ segment: BlockFileWriter) {
        current.path = segment.path
        current.sizeBytes = segment.sizeBytes
        closed.append(current)
        current = ClosedSegment(path: "", sizeBytes: 0, maxTime: .min, lastSequences: [:], eventCount: 0)
        self.segment = nil
    }

    /// The segment to append to. A new one begins with the stream's description and with what has to be rescued.
    private mutating func writer() throws(TraceError) -> BlockFileWriter {
        if let segment {
            if !segment.isUsable {
                // A write could not be undone, or met the file's greatest size: its blocks so far are as good as ever, but
                // not durable.
                rescue = segment.unsynced
                close(segment)
            } else if segment.sizeBytes >= retention.segmentBytes {
                try sync()
                if let full = self.segment, full === segment { close(full) }
            }
        }
        if let segment { return segment }
        let next = try open()
        do throws(TraceError) {
            try next.append(description.payload, BlockHeader(type: .description, stream: stream, epoch: epoch))
            for block in rescue { try next.append(stored: block.stored, block.header) }
        } catch {
            // Nothing half made stays: neither the blocks' room nor the number are used up.
            POSIX.remove(next.path)
            throw error
        }
        rescue = []
        segment = next
        return next
    }

    private mutating func open() throws(TraceError) -> BlockFileWriter {
        let header = FileHeader(
            kind: .segment, epoch: epoch, session: session, stream: stream, syncMarker: .random(),
            createdUnixNanos: sp_wall_nanos())
        let path = Path.join(directory, SessionDirectory.segmentName(nextIndex))
        // The number is spent in any case: one that cannot be used now cannot stand in the way for ever.
        nextIndex += 1
        let next = try BlockFileWriter(creating: path, header: header, compressor: compressor, keepsUnsynced: isSynced)
        // Without its name a file's synced blocks are lost to a power loss all the same.
        if isSynced, !PlantedBug.isOn(.directoryNotSynced) { POSIX.syncDirectory(directory) }
        return next
    }

    // MARK: Retention

    /// Removes the oldest whole segments beyond the retention, after naming what they held.
    mutating func forget(now: Int64) throws(TraceError) {
        while let oldest = closed.first, isBeyondRetention(oldest, now) {
            var fact = Description()
            for (incarnation, sequence) in oldest.lastSequences {
                fact.values[SequenceFact.forgotten(incarnation)] = String(sequence)
            }
            try describe(fact)
            POSIX.remove(oldest.path)
            eventCount -= oldest.eventCount
            closed.removeFirst()
        }
    }

    private func isBeyondRetention(_ oldest: ClosedSegment, _ now: Int64) -> Bool {
        if let most = retention.sizeBytes {
            let total = closed.reduce(segment?.sizeBytes ?? 0) { $0 + $1.sizeBytes }
            if total > most { return true }
        }
        if let age = retention.ageNanos { return oldest.maxTime < now &- age }
        return false
    }
}
