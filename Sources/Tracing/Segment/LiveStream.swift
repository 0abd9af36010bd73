internal import CSpanreel

/// A reader's view of one growing stream: its mapped head, names and lanes. Never writes.
final class LiveStream {
    let path: String
    let head: StreamHead
    private let names: ArenaReader
    private let contexts: ContextReader
    private var decoder: LaneDecoder
    private var lanes: [LaneBox] = []
    private let lockFile: Int32

    /// How far each incarnation was read.
    typealias Cursors = [UInt64: LaneDecoder.Position]

    init(path: String) throws(TraceError) {
        self.path = path
        head = try StreamHead.open(path: Path.join(path, "head"))
        names = ArenaReader(
            file: try MappedFile.openForReading(Path.join(path, "names"), minimumBytes: Arena.headerBytes))
        contexts = ContextReader(
            file: try MappedFile.openForReading(Path.join(path, "contexts"), minimumBytes: ContextLayout.sizeBytes))
        decoder = LaneDecoder(
            names: names, contexts: contexts, clock: BlockClock(calibration: head.calibration, step: head.step))
        lockFile = POSIX.open(Path.join(path, "lock"), 0)
    }

    deinit {
        if lockFile >= 0 { POSIX.closeFile(lockFile) }
        for file in [head.file, names.file, contexts.file] { file.unmap() }
    }

    var state: StreamState {
        if head.isEnded { return .ended }
        return lockFile >= 0 && sp_lock_is_held(lockFile) == 1 ? .live : .dead
    }

    /// Maps lanes that are new. A lane that cannot be opened was removed by its owner's clean end.
    func refreshLanes() -> [Lane] {
        while lanes.count < head.laneCount, let directory = head.laneDirectory {
            let path = Path.join(directory, LanePool.fileName(lanes.count))
            guard let file = try? MappedFile.openForReading(path, minimumBytes: LaneLayout.headerBytes),
                let lane = Lane.open(file)
            else { break }
            lanes.append(LaneBox(file: file, lane: lane))
        }
        return lanes.map(\.lane)
    }

    var drops: [DropReason: UInt64] { StreamEnding.drops(head: head, lanes: refreshLanes()) }

    /// Up to where a lane's events are in blocks.
    struct SealedPosition {
        var incarnation: UInt64
        var position: LaneDecoder.Position
        var path: String
    }

    /// What lanes say of their blocks. An incarnation that changes meanwhile is left out.
    var sealedPositions: [SealedPosition] {
        refreshLanes().compactMap { lane in
            let incarnation = lane.publishedIncarnation
            let tail = lane.publishedTail
            let sealed = lane.sealedSequence
            // The tail is stored after the sealed sequence: when it has not moved, the two belong together.
            guard sealed > 0, lane.publishedIncarnation == incarnation, lane.sealedSequence == sealed,
                lane.publishedTail == tail
            else { return nil }
            return SealedPosition(
                incarnation: incarnation, position: LaneDecoder.Position(slot: tail, sequence: sealed), path: path)
        }
    }

    /// Lanes that a dead process had and that are not there any more.
    var missingLanes: Int { state == .dead ? max(0, head.laneCount - refreshLanes().count) : 0 }

    /// Why a lane gave nothing.
    enum Outcome {
        case read(EventBatch)
        /// Nothing new.
        case idle
        /// Blocks were written meanwhile: read those first.
        case behind
    }

    /// Reads what a lane holds beyond `cursors`, which it advances.
    func read(
        _ lane: Lane, stream: UInt32, symbols: Symbols, raw: Bool = false, cursors: inout Cursors
    ) -> Outcome {
        let incarnation = lane.publishedIncarnation
        // The tail first: while the sealed sequence is still 0 after that, this tail is the incarnation's first slot.
        let tail = lane.publishedTail
        let sealed = lane.sealedSequence
        var start: LaneDecoder.Position
        if let known = cursors[incarnation] {
            start = known
        } else {
            start = LaneDecoder.Position(slot: tail, sequence: 0)
        }
        guard sealed <= start.sequence else { return .behind }
        // A block's end slot and a fresh tail agree; the later one is right when the ring gave slots back meanwhile.
        start.slot = max(start.slot, tail)
        let head = lane.publishedHead
        guard head > start.slot else { return .idle }
        var batch = EventBatch()
        let end = decoder.read(
            lane, from: start, to: head, incarnation: incarnation, limit: .max, stream: stream, symbols: symbols,
            raw: raw, into: &batch)
        // If slots were given back while we copied, they may have been overwritten: the blocks have the truth.
        guard lane.publishedIncarnation == incarnation, lane.sealedSequence <= start.sequence else { return .behind }
        guard !batch.events.isEmpty else { return .idle }
        cursors[incarnation] = end
        return .read(batch)
    }
}
