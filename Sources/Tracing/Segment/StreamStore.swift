internal import CSpanreel
internal import Synchronization

/// How far a block is pushed before the sealer calls it done.
public enum Durability: String, Sendable, CaseIterable {
    /// `fdatasync` after every block.
    case always
    /// `fdatasync` every second or 4 MiB.
    case interval
    /// Left to the system: survives the process, not the power.
    case none
}

/// A stream's directory with its owner's lock: what drains lanes into blocks.
///
/// The owner is the emitting process, or whoever adopts a dead one's stream. Under its own lock; never on an emit path.
// @unchecked: `state` is only touched inside `lock`.
final class StreamStore: @unchecked Sendable {
    static let maxBlockEvents = 64 << 10
    static let segmentBytes = 64 << 20
    static let minFreeBytes: Int64 = 1 << 30
    static let level = 1

    let path: String
    let session: SessionID
    let stream: StreamID
    let epoch: UInt32
    let head: StreamHead
    private let lockFile: Int32
    private let lock = Mutex<Void>(())
    private let symbols = Symbols()
    private var decoder: LaneDecoder
    private let compressor: ZstdCompressor
    private var segment: BlockFileWriter?
    private var segmentIndex: Int
    private var description = Description()
    private(set) var isDiskLow = false
    private let durability: Durability
    private let retention: Retention
    private var closed: [ClosedSegment] = []
    private var current = ClosedSegment(path: "", sizeBytes: 0, maxTime: .min, lastSequences: [:])

    init(
        path: String, session: SessionID, stream: StreamID, epoch: UInt32, head: StreamHead, names: ArenaReader,
        contexts: ContextReader, durability: Durability, retention: Retention = .unbounded
    ) throws(TraceError) {
        self.path = path
        self.session = session
        self.stream = stream
        self.epoch = epoch
        self.head = head
        self.durability = durability
        self.retention = retention
        decoder = LaneDecoder(names: names, contexts: contexts, calibration: head.calibration)
        compressor = try ZstdCompressor(level: Self.level)
        segmentIndex = (POSIX.list(path) ?? []).filter { $0.hasSuffix(".seg") }.count
        let fd = POSIX.open(Path.join(path, "lock"), 0o102 | Self.closeOnExec)  // O_RDWR | O_CREAT
        guard fd >= 0 else { throw .system("cannot open the stream's lock", path) }
        let failure = sp_lock_exclusive(fd)
        guard failure == 0 else {
            POSIX.closeFile(fd)
            throw TraceError(.busy, "expected a stream without an owner, found one that is being written", path: path)
        }
        lockFile = fd
    }

    #if canImport(Darwin)
        private static let closeOnExec: Int32 = 0x0100_0000
    #else
        private static let closeOnExec: Int32 = 0o2000000
    #endif

    deinit { POSIX.closeFile(lockFile) }

    /// Appends facts about the stream.
    func describe(_ part: Description) throws(TraceError) {
        try locked { () throws(TraceError) in
            description.merge(part)
            let header = BlockHeader(type: .description, stream: stream, epoch: epoch)
            try writer().append(part.payload, header)
        }
    }

    /// Drains committed records of `lane` into blocks; gives their slots back. Returns how many events were sealed.
    func drain(_ lane: Lane) throws(TraceError) -> Int {
        try locked { () throws(TraceError) in
            var total = 0
            while true {
                let count = try drainOneBlock(lane)
                if count == 0 { return total }
                total += count
            }
        }
    }

    private func drainOneBlock(_ lane: Lane) throws(TraceError) -> Int {
        let incarnation = lane.publishedIncarnation
        let start = LaneDecoder.Position(slot: lane.publishedTail, sequence: lane.sealedSequence)
        var batch = EventBatch()
        let end = decoder.read(
            lane, from: start, to: lane.publishedHead, incarnation: incarnation, limit: Self.maxBlockEvents, stream: 0,
            symbols: symbols, into: &batch)
        let count = batch.events.count
        guard count > 0 else { return 0 }
        if isDiskLow {
            head.countDrop(.diskLow, UInt64(count))
        } else {
            let payload = BlockEncoder.encode(batch, 0..<count, symbols: symbols)
            var header = BlockHeader(events: batch.events, stream: stream, epoch: epoch)
            header.endSlot = end.slot
            header.dropped = DropReason.allCases.reduce(0) { $0 + lane.dropped($1) }
            try writer().append(payload, header)
            current.maxTime = max(current.maxTime, header.maxTime)
            current.lastSequences[header.incarnation] = header.lastSequence
            if durability == .always { try segment?.sync() }
        }
        lane.advanceTail(to: end.slot, sealed: end.sequence)
        return count
    }

    /// Makes blocks survive power loss. Returns at once when nothing is pending.
    func sync() throws(TraceError) {
        guard durability != .none else { return }
        try locked { () throws(TraceError) in try segment?.sync() }
    }

    var unsyncedBytes: Int { lock.withLock { _ in segment?.unsyncedBytes ?? 0 } }

    /// Looks at the disk. Under 1 GiB free, blocks are no longer written and their events counted as dropped.
    /// Returns true when that has just begun.
    func checkDisk() -> Bool {
        lock.withLock { _ in
            let free = sp_free_bytes(path)
            let isLow = free >= 0 && free < Self.minFreeBytes
            defer { isDiskLow = isLow }
            return isLow && !isDiskLow
        }
    }

    /// Removes the oldest segments beyond the retention. What they held is named first, so that a reader takes the
    /// missing sequences for forgotten, not for damage.
    func forget() throws(TraceError) {
        try locked { () throws(TraceError) in
            while let oldest = closed.first, isBeyondRetention(oldest) {
                var fact = Description()
                for (incarnation, sequence) in oldest.lastSequences {
                    fact.values["forgotten.\(Hex.string(incarnation))"] = String(sequence)
                }
                description.merge(fact)
                try writer().append(fact.payload, BlockHeader(type: .description, stream: stream, epoch: epoch))
                POSIX.remove(oldest.path)
                closed.removeFirst()
            }
        }
    }

    private func isBeyondRetention(_ oldest: ClosedSegment) -> Bool {
        if let most = retention.sizeBytes {
            let total = closed.reduce(segment?.sizeBytes ?? 0) { $0 + $1.sizeBytes }
            if total > most { return true }
        }
        if let age = retention.ageNanos { return oldest.maxTime < head.heartbeat.nanos &- age }
        return false
    }

    private func writer() throws(TraceError) -> BlockFileWriter {
        if let segment, segment.sizeBytes < retention.segmentBytes { return segment }
        try segment?.sync()
        if let segment {
            current.path = segment.path
            current.sizeBytes = segment.sizeBytes
            closed.append(current)
        }
        current = ClosedSegment(path: "", sizeBytes: 0, maxTime: .min, lastSequences: [:])
        let header = FileHeader(
            kind: .segment, epoch: epoch, session: session, stream: stream, syncMarker: .random(),
            createdUnixNanos: sp_wall_nanos())
        let next = try BlockFileWriter(
            creating: Path.join(path, SessionDirectory.segmentName(segmentIndex)), header: header,
            compressor: compressor)
        segmentIndex += 1
        segment = next
        // Every segment says who it is: one can be lost without the others' names.
        if !description.values.isEmpty {
            try next.append(description.payload, BlockHeader(type: .description, stream: stream, epoch: epoch))
        }
        return next
    }

    private func locked<R>(_ body: () throws(TraceError) -> R) throws(TraceError) -> R {
        let result: Result<R, TraceError> = lock.withLock { _ in
            do throws(TraceError) { return .success(try body()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
