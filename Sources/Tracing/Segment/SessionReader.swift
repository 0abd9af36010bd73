/// Reads a session: a packed file, or a directory that may still grow.
///
/// `poll` delivers every event once, sealed or still in a lane; `scan` looks at a time range whenever asked. Never
/// writes, never locks. One consumer: not thread-safe.
public final class SessionReader {
    /// The names that events refer to.
    public let symbols: Symbols
    /// Who the session is.
    public private(set) var session: SessionInfo
    /// The streams, by ``Event/stream``. Refreshed by `poll`.
    public private(set) var streams: [StreamInfo] = []
    /// What reading does about damage.
    public let mode: RecoveryMode
    /// Leave stamps in the ticks of their clocks, and say so in each batch: for whoever writes them down again.
    var keepsTicks = false
    /// Inside a body of `poll` or `scan`: no event still to come in this call is earlier. Nil when that is not known.
    public private(set) var pendingFloor: Timestamp?

    private var streamIndex: [String: UInt32] = [:]
    private(set) var files: [SourceFile] = []
    private(set) var live: [UInt32: LiveStream] = [:]
    private(set) var known: [BlockPlace] = []
    /// Blocks whose sequences `known` has already.
    private var copies: [BlockPlace] = []
    private var undelivered: [BlockPlace] = []
    // Sequences delivered by poll, and sequences that known blocks hold, by incarnation.
    private(set) var delivered: LiveStream.Cursors = [:]
    private(set) var sealed: LiveStream.Cursors = [:]
    /// What was left out on purpose, what is lost, and what must add up at the end.
    private(set) var ledger = LossLedger()
    /// Events that `poll` took from lanes.
    private(set) var eventsFromLanes = 0
    private let sources: [String]
    private let memory = PayloadMemory()

    struct SourceFile {
        var reader: BlockFileReader
        var stream: UInt32?
        var reportedDamages = 0
    }

    /// A block and where it lies.
    struct BlockPlace {
        var file: Int
        var stream: UInt32
        var block: BlockReference
        /// The same sequences lie in an earlier block too: a sync failed, and the block was written again.
        var isCopy = false
    }

    /// Opens a session. Reads headers only.
    ///
    /// - Parameter mode: what to do about damage; see ``RecoveryMode``.
    /// - Throws: ``TraceError`` `unreadable`, `not-a-session`, `unsupported-version` or `corrupt`.
    public convenience init(path: String, mode: RecoveryMode = .salvage) throws(TraceError) {
        try self.init(paths: [path], symbols: Symbols(), mode: mode)
    }

    /// Opens one session that lies in several places, which `SessionMerger` makes sure of. The first says who it is.
    init(paths: [String], symbols: Symbols, mode: RecoveryMode = .salvage) throws(TraceError) {
        self.symbols = symbols
        self.mode = mode
        sources = paths.map(Path.strip)
        guard let path = sources.first else { throw TraceError(.invalid, "expected a session, found no path") }
        session = SessionInfo(
            id: .none, name: SessionPlace.name(ofPath: path), path: path, isPacked: true,
            createdUnixNanos: 0)
        for (index, path) in sources.enumerated() {
            let info = try open(path)
            if index == 0 { session = info }
        }
        try discover()
        // A rebuilt file header knows only the blocks; a description may have named the session since.
        if session.id == .none, let id = ledger.sessionID { session.id = id }
    }

    private func open(_ path: String) throws(TraceError) -> SessionInfo {
        guard POSIX.exists(path) else {
            throw TraceError(.unreadable, "expected a session, found nothing at this path", path: path)
        }
        if POSIX.isDirectory(path) {
            let (identity, damages) = try SessionDirectory(path).salvagedIdentity()
            ledger.add(damages)
            try enforce()
            return identity.info
        }
        let reader = try BlockFileReader(path: path)
        guard reader.header.kind == .packed else {
            throw TraceError(
                .notASession,
                "expected a packed session, found a \(reader.header.kind) file; open the .reel directory above it",
                path: path)
        }
        files.append(SourceFile(reader: reader, stream: nil))
        return SessionInfo(
            id: reader.header.session, name: SessionPlace.name(ofPath: path), path: path, isPacked: true,
            createdUnixNanos: reader.header.createdUnixNanos)
    }

    /// Whether the directory was replaced by a packed file since: open the path again.
    public var isSuperseded: Bool { !session.isPacked && !POSIX.isDirectory(session.path) }

    // MARK: Finding blocks

    func discover() throws(TraceError) {
        for path in sources where POSIX.isDirectory(path) { try discoverStreams(path) }
        var found: [BlockPlace] = []
        for index in files.indices {
            for block in try files[index].reader.newBlocks() {
                if block.header.type == .description {
                    try describe(block, index)
                } else if block.header.type == .events {
                    let stream = stream(block.header.stream, block.header.epoch)
                    found.append(place(block, index, stream))
                    streams[Int(stream)].sizeBytes += BlockHeader.sizeBytes + block.header.storedLength
                }
            }
            let fresh = files[index].reader.damages.dropFirst(files[index].reportedDamages)
            ledger.add(Array(fresh))
            files[index].reportedDamages += fresh.count
        }
        known.append(contentsOf: found.filter { !$0.isCopy })
        copies.append(contentsOf: found.filter(\.isCopy))
        undelivered.append(contentsOf: found)
        for (index, stream) in live { refresh(index, stream) }
        try enforce()
    }

    private func place(_ block: BlockReference, _ file: Int, _ stream: UInt32) -> BlockPlace {
        let header = block.header
        var place = BlockPlace(file: file, stream: stream, block: block)
        let last = sealed[header.incarnation]
        if let last, header.lastSequence <= last.sequence {
            place.isCopy = true
        } else {
            sealed[header.incarnation] = LaneDecoder.Position(slot: header.endSlot, sequence: header.lastSequence)
        }
        return place
    }

    private func discoverStreams(_ directory: String) throws(TraceError) {
        for found in SessionDirectory(directory).streams {
            let index = stream(found.id, found.epoch)
            if live[index] == nil, let stream = try? LiveStream(path: found.path) { live[index] = stream }
            for file in SessionDirectory.segmentPaths(found.path) {
                if files.contains(where: { $0.reader.path == file }) { continue }
                do throws(TraceError) {
                    files.append(SourceFile(reader: try BlockFileReader(path: file), stream: index))
                } catch {
                    // A segment is created and headed by two calls: a reader in between comes again.
                    let size = POSIX.fileSizeBytes(file) ?? 0
                    if size < FileHeader.sizeBytes { continue }
                    if error.code == .unsupportedVersion { throw error }
                    // One damaged segment does not make the others unreadable.
                    ledger.add([
                        Damage(
                            kind: .fileHeader, path: file, offsetBytes: 0, lengthBytes: size,
                            message: "\(error.message); nothing in the file is left to go by")
                    ])
                }
            }
        }
    }

    private func stream(_ id: StreamID, _ epoch: UInt32) -> UInt32 {
        let key = "\(id)-\(epoch)"
        if let index = streamIndex[key] { return index }
        let index = UInt32(streams.count)
        streamIndex[key] = index
        var info = StreamInfo(id: id, device: "")
        info.epoch = Int(epoch)
        streams.append(info)
        return index
    }

    private func describe(_ block: BlockReference, _ file: Int) throws(TraceError) {
        let reader = files[file].reader
        guard let payload = try reader.payload(block), let description = Description.parse(payload) else {
            ledger.add([reader.damage(block)])
            return
        }
        if block.header.stream == .none {
            if let name = description.values["name"] { session.name = name }
            ledger.take(description, ofFile: reader.path)
            return
        }
        let index = stream(block.header.stream, block.header.epoch)
        streams[Int(index)].apply(description)
        ledger.take(description, ofStream: index)
    }

    private func refresh(_ index: UInt32, _ stream: LiveStream) {
        let state = stream.state
        var info = streams[Int(index)]
        // A sealed stream whose process died stays "dead".
        if !(state == .ended && info.state == .dead) { info.state = state }
        info.lastHeartbeat = stream.head.heartbeat
        info.silentNanos = state == .live ? stream.head.silentNanos : nil
        if state != .ended { info.dropped = stream.drops }
        streams[Int(index)] = info
    }

    // MARK: Delivering

    /// Delivers every event not delivered before; the first call delivers the whole past.
    ///
    /// A batch holds consecutive events of one incarnation, and the batches of one incarnation come in order. Blocks
    /// come by least time, so that ``pendingFloor`` lets a merge run with little memory.
    /// - Returns: the number of events delivered; in the mode `report-only` those that could have been.
    /// - Throws: ``TraceError`` when the system fails, and `corrupt` for damage that ``mode`` does not tolerate; what was
    ///   tolerated is in ``damages``.
    @discardableResult
    public func poll(_ body: (borrowing EventBatch) -> Void) throws(TraceError) -> Int {
        var total = 0
        // Blocks may be sealed while lanes are read; a few rounds settle it, the rest comes with the next poll.
        for _ in 0..<4 {
            // A block is written before its slots are given back: what is sealed by now, the blocks found next hold.
            let sealedBefore = live.values.flatMap { $0.sealedPositions }
            try discover()
            total += try deliverBlocks(body)
            for entry in sealedBefore { noteLostBlocks(entry) }
            var isBehind = false
            for (index, stream) in live.sorted(by: { $0.key < $1.key }) {
                for lane in stream.refreshLanes() {
                    switch stream.read(lane, stream: index, symbols: symbols, raw: keepsTicks, cursors: &delivered) {
                    case .read(let batch):
                        total += batch.events.count
                        ledger.count(batch.events)
                        eventsFromLanes += batch.events.count
                        if mode != .reportOnly { body(batch) }
                    case .behind: isBehind = true
                    case .idle: break
                    }
                }
            }
            if !isBehind { break }
        }
        ledger.hasRead = true
        try enforce()
        return total
    }

    /// What a lane says is sealed, and no block holds.
    private func noteLostBlocks(_ entry: LiveStream.SealedPosition) {
        let before = delivered[entry.incarnation]?.sequence ?? 0
        guard entry.position.sequence > before else { return }
        ledger.noteGap(
            entry.incarnation, (before + 1)...entry.position.sequence, path: entry.path, offset: 0, level: .sealed)
        delivered[entry.incarnation] = entry.position
    }

    private func deliverBlocks(_ body: (borrowing EventBatch) -> Void) throws(TraceError) -> Int {
        let order = Self.inTimeOrder(undelivered)
        undelivered = []
        var total = 0
        for (position, entry) in order.enumerated() {
            let header = entry.place.block.header
            let before = delivered[header.incarnation]?.sequence ?? 0
            let reader = files[entry.place.file].reader
            let isTakenTwice =
                PlantedBug.isOn(.duplicateDelivered) || PlantedBug.isOn(.mergeKeepsDuplicates) && sources.count > 1
            if header.lastSequence <= before && !isTakenTwice {
                ledger.count(header.eventCount, ofFile: reader.path)
                // From the lane already, or a second copy; a copy is proved all the same when proof is the purpose.
                if mode == .reportOnly { _ = try decode(entry.place) }
                continue
            }
            guard var batch = try decode(entry.place), !batch.events.isEmpty else {
                // Perhaps a copy follows; what is lost is known when the next block of the incarnation comes, or none.
                if PlantedBug.isOn(.copyIgnored) {
                    delivered[header.incarnation] = LaneDecoder.Position(
                        slot: header.endSlot, sequence: header.lastSequence)
                }
                continue
            }
            ledger.count(header.eventCount, ofFile: reader.path)
            if header.firstSequence > before + 1 {
                settle(header.incarnation, before + 1, header.firstSequence - 1, entry.place)
            }
            delivered[header.incarnation] = LaneDecoder.Position(slot: header.endSlot, sequence: header.lastSequence)
            if before > 0, header.firstSequence <= before, !isTakenTwice {
                // Never more than there are, whatever a header claims.
                let known = before - header.firstSequence
                batch.events.removeFirst(Int(min(known, UInt64(batch.events.count - 1)) + 1))
            }
            total += batch.events.count
            ledger.count(batch.events)
            let isLast = position + 1 == order.count
            pendingFloor = isLast || !live.isEmpty ? nil : Timestamp(nanos: order[position + 1].floor)
            if mode != .reportOnly { body(batch) }
        }
        pendingFloor = nil
        // Damaged blocks that no intact one follows: their events are lost, and reading goes on behind them.
        for entry in order {
            let header = entry.place.block.header
            let before = delivered[header.incarnation]?.sequence ?? 0
            guard header.lastSequence > before else { continue }
            settle(header.incarnation, max(before + 1, header.firstSequence), header.lastSequence, entry.place)
            delivered[header.incarnation] = LaneDecoder.Position(slot: header.endSlot, sequence: header.lastSequence)
        }
        try enforce()
        return total
    }

    /// Reports sequences that are in no intact block.
    private func settle(_ incarnation: UInt64, _ first: UInt64, _ last: UInt64, _ place: BlockPlace) {
        let reader = files[place.file].reader
        ledger.noteGap(
            incarnation, first...last, path: reader.path, offset: Int(clamping: place.block.header.fileOffset),
            level: session.isPacked ? .durable : .sealed)
    }

    private func decode(_ place: BlockPlace) throws(TraceError) -> EventBatch? {
        let reader = files[place.file].reader
        let number = { (stream: BlockStream) in self.stream(stream.id, stream.epoch) }
        if let payload = try reader.payload(place.block, in: memory),
            let batch = BlockDecoder.decode(
                payload, header: place.block.header, symbols: symbols, raw: keepsTicks, number: number)
        {
            ledger.countSoundBlock()
            return batch
        }
        ledger.addPayload(
            reader.damage(place.block), place.block.header.firstSequence...place.block.header.lastSequence)
        return nil
    }

    /// By the least time of a block or of any later block of its incarnation, which keeps each incarnation in order.
    private static func inTimeOrder(_ places: [BlockPlace]) -> [(floor: Int64, place: BlockPlace)] {
        var least: [UInt64: Int64] = [:]
        var entries: [(floor: Int64, place: BlockPlace)] = []
        for place in places.sorted(by: { $0.block.header.firstSequence > $1.block.header.firstSequence }) {
            let header = place.block.header
            let floor = min(header.minTime, least[header.incarnation] ?? .max)
            least[header.incarnation] = floor
            entries.append((floor, place))
        }
        return entries.sorted { a, b in
            let (x, y) = (a.place.block.header, b.place.block.header)
            return (a.floor, x.incarnation, x.firstSequence, a.place.file) < (
                b.floor, y.incarnation, y.firstSequence, b.place.file
            )
        }
    }

    /// Delivers every block, and what lanes hold beyond them, that overlaps `[from, to]`; whole batches, so some events
    /// lie outside. Blocks come by least time, as `poll` gives them; independent of it.
    public func scan(from: Timestamp, to: Timestamp, _ body: (borrowing EventBatch) -> Void) throws(TraceError) {
        let fresh = try settle()
        let wanted = known.filter {
            $0.block.header.minStart <= to.nanos && $0.block.header.maxTime >= from.nanos
        }
        let order = Self.inTimeOrder(wanted)
        defer { pendingFloor = nil }
        for (position, entry) in order.enumerated() {
            let isLast = position + 1 == order.count
            pendingFloor = isLast || !fresh.isEmpty ? nil : Timestamp(nanos: order[position + 1].floor)
            if let batch = try decode(entry.place) {
                body(batch)
            } else if let batch = try decodeCopy(of: entry.place) {
                body(batch)
            }
        }
        for batch in fresh { body(batch) }
    }

    /// Finds all blocks, and returns what lanes hold beyond them. Lanes are read before the blocks are looked for the last
    /// time, and a block is written before its slots are given back: so nothing falls between the two.
    func settle() throws(TraceError) -> [EventBatch] {
        try discover()
        guard !live.isEmpty else { return [] }
        var batches: [EventBatch] = []
        for (index, stream) in live.sorted(by: { $0.key < $1.key }) {
            lanes: for lane in stream.refreshLanes() {
                for _ in 0..<8 {
                    var cursors = sealed
                    switch stream.read(lane, stream: index, symbols: symbols, raw: keepsTicks, cursors: &cursors) {
                    case .read(let batch): batches.append(batch)
                    case .idle: break
                    case .behind:
                        try discover()
                        continue
                    }
                    continue lanes
                }
            }
        }
        try discover()
        return batches.compactMap { batch in
            guard let first = batch.events.first, let last = batch.events.last else { return nil }
            let end = sealed[first.incarnation]?.sequence ?? 0
            if end < first.sequence { return batch }
            guard end < last.sequence else { return nil }
            var rest = batch
            rest.events.removeAll { $0.sequence <= end }
            return rest
        }
    }

    private func decodeCopy(of place: BlockPlace) throws(TraceError) -> EventBatch? {
        for copy in copies(of: place) {
            if let batch = try decode(copy) { return batch }
        }
        return nil
    }

    /// The other blocks that hold the same sequences: a sync failed, and the block was written again.
    func copies(of place: BlockPlace) -> [BlockPlace] {
        let header = place.block.header
        return copies.filter { copy in
            let other = copy.block.header
            return other.incarnation == header.incarnation && other.firstSequence == header.firstSequence
                && other.lastSequence == header.lastSequence
        }
    }

    /// Events in sealed blocks, by their headers.
    public var sealedEventCount: Int { known.reduce(0) { $0 + $1.block.header.eventCount } }
    /// Sealed blocks of events.
    public var blockCount: Int { known.count + copies.count }
    /// Bytes of all files of the session.
    public var sizeBytes: Int { files.reduce(0) { $0 + $1.reader.sizeBytes } }

    /// The incarnations met so far with their last sequences, by ascending base.
    var incarnations: [BlockEncoder.Incarnation] {
        var last = sealed.mapValues(\.sequence)
        for stream in live.values {
            for lane in stream.refreshLanes() {
                let base = lane.publishedIncarnation
                last[base] = max(last[base] ?? 0, lane.publishedSequence)
            }
        }
        return last.map { BlockEncoder.Incarnation(base: $0.key, last: $0.value) }.sorted { $0.base < $1.base }
    }
}
