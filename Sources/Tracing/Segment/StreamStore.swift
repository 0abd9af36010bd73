internal import CSpanreel

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
///
/// What fails leaves everything as it was: lanes give slots back only when their block is in a file, and a block stays in
/// memory until a sync has covered it. So a full disk costs nothing until the lanes are full, and a failed sync nothing.
// @unchecked: `state` is only touched inside `lock`.
final class StreamStore: @unchecked Sendable {
    static let maxBlockEvents = 16 << 10
    /// Blocks that no sync covers are kept in memory. Beyond this, while syncs fail, lanes are not drained.
    static let maxUnsyncedBytes = 16 << 20

    private(set) var path: String
    let session: SessionID
    let stream: StreamID
    let epoch: UInt32
    let head: StreamHead
    private let lockFile: Int32
    private let lock = SystemLock()
    private let symbols = Symbols()
    private var rows: LaneRows
    private let clock: BlockClock
    private let encoder: BlockEncoder
    private var segments: SegmentChain
    private(set) var isDiskLow = false
    private let minFreeBytes: Int64
    private let durability: Durability
    private var retryAt: UInt64 = 0
    private var retryDelay: UInt64 = 0
    private var lastFailure: TraceError?
    // Sequences that were dropped for want of disk and that no block says so of yet.
    private var unsaidSkips = Description()

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
        minFreeBytes = Retention.minFreeBytes
        rows = LaneRows(names: names, contexts: contexts)
        clock = BlockClock(calibration: head.calibration, step: head.step)
        encoder = try BlockEncoder()
        lockFile = try OwnerLock.take(Path.join(path, "lock"))
        do throws(TraceError) {
            segments = try SegmentChain(
                directory: path, session: session, stream: stream, epoch: epoch, retention: retention,
                isSynced: durability != .none)
        } catch {
            POSIX.closeFile(lockFile)
            throw error
        }
    }

    deinit { POSIX.closeFile(lockFile) }

    /// Gives the stream's directory its name, and so shows it to readers.
    func move(to path: String) throws(TraceError) {
        try locked { () throws(TraceError) in
            guard POSIX.rename(self.path, path) else { throw .system("cannot create the stream", path) }
            self.path = path
            segments.moved(to: path)
        }
    }

    /// Appends facts about the stream.
    func describe(_ part: Description) throws(TraceError) {
        try locked { () throws(TraceError) in try segments.describe(part) }
    }

    /// The facts of a stream's end: those given, and the totals that let a reader see what is missing.
    func describeEnd(_ ending: Description) throws(TraceError) {
        try locked { () throws(TraceError) in
            var ending = ending
            ending.merge(unsaidSkips)
            ending.values[SequenceFact.sealedEvents] = String(segments.eventCount)
            try segments.describe(ending)
        }
    }

    /// Takes over what an earlier owner wrote, for the closing totals.
    func countEarlier(events: Int) { lock.withLock { segments.eventCount += events } }

    /// Drains committed records of `lane` into blocks; gives their slots back. Returns how many events were sealed.
    ///
    /// - Parameter isPatient: after a failure, wait for the back-off (10 ms, doubling to 1 s) before the disk is tried
    ///   again, and fail at once until then.
    /// - Throws: `system` when the disk is full or fails. The lane keeps what was not sealed; the next call tries again.
    func drain(_ lane: Lane, isPatient: Bool = false) throws(TraceError) -> Int {
        try locked { () throws(TraceError) in
            if isPatient, let lastFailure, sp_monotonic_nanos() < retryAt { throw lastFailure }
            do throws(TraceError) {
                // What was committed before the call: a lane that is filled as fast as it is drained has no end.
                let goal = lane.publishedHead
                var total = 0
                while lane.publishedTail < goal {
                    let count = try drainOneBlock(lane)
                    if count == 0 { break }
                    total += count
                }
                lastFailure = nil
                retryDelay = 0
                return total
            } catch {
                retryDelay = min(max(retryDelay * 2, 10_000_000), 1_000_000_000)
                retryAt = sp_monotonic_nanos() &+ retryDelay
                lastFailure = error
                throw error
            }
        }
    }

    private func drainOneBlock(_ lane: Lane) throws(TraceError) -> Int {
        let incarnation = lane.publishedIncarnation
        let start = LaneDecoder.Position(slot: lane.publishedTail, sequence: lane.sealedSequence)
        // May wrap: whoever adopts a dead process's lane takes what lies there.
        let first = start.sequence &+ 1
        guard lane.publishedHead > start.slot else { return 0 }
        // While syncs fail, memory holds what they did not cover; it is bounded, and the lanes hold the rest.
        if segments.isSuspect, segments.unsyncedBytes > Self.maxUnsyncedBytes { try segments.sync() }
        encoder.begin(incarnation: incarnation, firstSequence: first, clock: clock, effort: .fast)
        let filled = rows.fill(
            encoder, lane, from: start, incarnation: incarnation, limit: Self.maxBlockEvents,
            symbols: symbols)
        let (end, count) = (filled.end, filled.count)
        guard count > 0 else { return 0 }
        if PlantedBug.isOn(.tailBeforeWrite) { lane.advanceTail(to: end.slot, sealed: end.sequence) }
        if isDiskLow {
            dropForLowDisk(incarnation, first, end.sequence)
        } else {
            if !unsaidSkips.values.isEmpty { try saySkips() }
            let payload = encoder.finish(symbols: symbols)
            var header = BlockHeader(type: .events, stream: stream, epoch: epoch)
            (header.incarnation, header.eventCount) = (incarnation, count)
            (header.firstSequence, header.lastSequence) = (first, end.sequence)
            header.minStart = clock.calibration.unixNanos(filled.leastStart)
            header.minTime = clock.calibration.unixNanos(filled.leastTime)
            header.maxTime = clock.calibration.unixNanos(filled.greatestTime)
            header.endSlot = end.slot
            header.dropped = DropReason.allCases.reduce(0) { $0 &+ lane.dropped($1) }
            try segments.append(payload, header)
        }
        lane.advanceTail(to: end.slot, sealed: end.sequence)
        // After the slots are given back: the block is in a file (A1), and in memory until a sync has covered it.
        if durability == .always { try segments.sync() }
        return count
    }

    /// These events had their numbers already: besides the count, the log has to say which, or a reader would take the
    /// hole for damage.
    private func dropForLowDisk(_ incarnation: UInt64, _ first: UInt64, _ last: UInt64) {
        if !PlantedBug.isOn(.lowDiskUncounted) { head.countDrop(.diskLow, last &- first &+ 1) }
        unsaidSkips.values[SequenceFact.skipped(incarnation, from: first)] = String(last)
        // A few bytes mostly fit still. If not, they are written before the next block or at the end.
        try? saySkips()
    }

    private func saySkips() throws(TraceError) {
        try segments.describe(unsaidSkips)
        unsaidSkips = Description()
    }

    /// Makes blocks survive power loss (A2). Returns at once when nothing is pending.
    ///
    /// - Throws: `system` when that is not certain. A failed sync is never repeated and trusted: the blocks it should
    ///   have covered are written again, from memory, into a new segment.
    func sync() throws(TraceError) {
        guard durability != .none else { return }
        try locked { () throws(TraceError) in try segments.sync() }
    }

    var unsyncedBytes: Int { lock.withLock { segments.unsyncedBytes } }

    /// Looks at the disk. Under 1 GiB free (`SPANREEL_MIN_FREE`), blocks are no longer written and their events counted as
    /// dropped. Returns true when that has just begun.
    func checkDisk() -> Bool {
        lock.withLock {
            let free = sp_free_bytes(path)
            let isLow = free >= 0 && free < minFreeBytes
            defer { isDiskLow = isLow }
            return isLow && !isDiskLow
        }
    }

    /// Removes the oldest segments beyond the retention. What they held is named first, so that a reader takes the
    /// missing sequences for forgotten, not for damage.
    func forget() throws(TraceError) {
        try locked { () throws(TraceError) in try segments.forget(now: head.heartbeat.nanos) }
    }

    private func locked<R>(_ body: () throws(TraceError) -> R) throws(TraceError) -> R {
        let result: Result<R, TraceError> = lock.withLock {
            do throws(TraceError) { return .success(try body()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
