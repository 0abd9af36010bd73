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
    /// What could not be read so far.
    public private(set) var damages: [Damage] = []
    /// Inside a `poll` body: no event still to come in this poll is earlier. Nil when that is not known.
    public private(set) var pendingFloor: Timestamp?

    private var streamIndex: [String: UInt32] = [:]
    private var files: [SourceFile] = []
    private var live: [UInt32: LiveStream] = [:]
    private var known: [BlockPlace] = []
    private var undelivered: [BlockPlace] = []
    // Sequences delivered by poll, and sequences that known blocks hold, by incarnation.
    private var delivered: LiveStream.Cursors = [:]
    private var sealed: LiveStream.Cursors = [:]
    // Up to which sequence an incarnation's oldest segments were removed on purpose.
    private var forgotten: [UInt64: UInt64] = [:]

    private struct SourceFile {
        var reader: BlockFileReader
        var reportedDamages = 0
    }

    /// A block and where it lies.
    private struct BlockPlace {
        var file: Int
        var stream: UInt32
        var block: BlockReference
    }

    /// Opens a session. Reads headers only.
    ///
    /// - Throws: ``TraceError`` `unreadable`, `not-a-session`, `unsupported-version` or `corrupt`.
    public convenience init(path: String) throws(TraceError) { try self.init(path: path, symbols: Symbols()) }

    init(path: String, symbols: Symbols) throws(TraceError) {
        self.symbols = symbols
        let path = Path.strip(path)
        guard POSIX.exists(path) else {
            throw TraceError(.unreadable, "expected a session, found nothing at this path", path: path)
        }
        if POSIX.isDirectory(path) {
            session = try SessionDirectory(path).identity().info
        } else {
            let reader = try BlockFileReader(path: path)
            guard reader.header.kind == .packed else {
                throw TraceError(
                    .notASession,
                    "expected a packed session, found a \(reader.header.kind) file; open the .reel directory above it",
                    path: path)
            }
            session = SessionInfo(
                id: reader.header.session, name: SessionPlace.name(ofPath: path), path: path, isPacked: true,
                createdUnixNanos: reader.header.createdUnixNanos)
            files = [SourceFile(reader: reader)]
        }
        try discover()
    }

    /// Whether the directory was replaced by a packed file since: open the path again.
    public var isSuperseded: Bool { !session.isPacked && !POSIX.isDirectory(session.path) }

    /// Whether the file or directory holds an unfinished block at its end.
    public var hasTornTail: Bool { files.contains { $0.reader.tornTail != nil } }

    var tornTails: [Damage] { files.compactMap(\.reader.tornTail) }

    // MARK: Finding blocks

    private func discover() throws(TraceError) {
        if !session.isPacked { try discoverStreams() }
        var found: [BlockPlace] = []
        for index in files.indices {
            for block in try files[index].reader.newBlocks() {
                if block.header.type == .description {
                    try describe(block, files[index].reader)
                } else if block.header.type == .events {
                    let stream = stream(block.header.stream, Int(block.header.epoch))
                    found.append(BlockPlace(file: index, stream: stream, block: block))
                    sealed[block.header.incarnation] = LaneDecoder.Position(
                        slot: block.header.endSlot, sequence: block.header.lastSequence)
                    streams[Int(stream)].sizeBytes += BlockHeader.sizeBytes + block.header.storedLength
                }
            }
            let fresh = files[index].reader.damages.dropFirst(files[index].reportedDamages)
            damages.append(contentsOf: fresh)
            files[index].reportedDamages += fresh.count
        }
        known.append(contentsOf: found)
        undelivered.append(contentsOf: found)
        for (index, stream) in live { refresh(index, stream) }
    }

    private func discoverStreams() throws(TraceError) {
        for path in SessionDirectory(session.path).streamPaths {
            let name = Path.last(path)
            let parts = name.split(separator: "-")
            guard parts.count == 2, let id = StreamID(hex: parts[0]), let epoch = Int(parts[1]) else { continue }
            let index = stream(id, epoch)
            if live[index] == nil, let stream = try? LiveStream(path: path) { live[index] = stream }
            for segment in (POSIX.list(path) ?? []) where segment.hasSuffix(".seg") {
                let file = Path.join(path, segment)
                if files.contains(where: { $0.reader.path == file }) { continue }
                do throws(TraceError) {
                    files.append(SourceFile(reader: try BlockFileReader(path: file)))
                } catch {
                    // A segment is created and headed by two calls: a reader in between comes again.
                    let size = POSIX.fileSizeBytes(file) ?? 0
                    if size < FileHeader.sizeBytes { continue }
                    if error.code == .unsupportedVersion { throw error }
                    noteUnreadable(file, size, error)
                }
            }
        }
    }

    /// One damaged segment does not make the others unreadable.
    private func noteUnreadable(_ file: String, _ size: Int, _ error: TraceError) {
        guard !damages.contains(where: { $0.path == file && $0.offsetBytes == 0 }) else { return }
        damages.append(Damage(kind: .header, path: file, offsetBytes: 0, lengthBytes: size, message: error.message))
    }

    private func stream(_ id: StreamID, _ epoch: Int) -> UInt32 {
        let key = "\(id)-\(epoch)"
        if let index = streamIndex[key] { return index }
        let index = UInt32(streams.count)
        streamIndex[key] = index
        var info = StreamInfo(id: id, device: "")
        info.epoch = epoch
        streams.append(info)
        return index
    }

    private func describe(_ block: BlockReference, _ reader: BlockFileReader) throws(TraceError) {
        guard let payload = try reader.payload(block), let description = Description.parse(payload) else {
            damages.append(reader.damage(block))
            return
        }
        if block.header.stream == RandomID(high: 0, low: 0) {
            if let name = description.values["name"] { session.name = name }
            return
        }
        streams[Int(stream(block.header.stream, Int(block.header.epoch)))].apply(description)
        for (key, value) in description.values where key.hasPrefix("forgotten.") {
            guard let incarnation = Hex.parse(key.dropFirst("forgotten.".count)), let last = UInt64(value) else {
                continue
            }
            forgotten[incarnation] = max(forgotten[incarnation] ?? 0, last)
        }
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
    /// - Returns: the number of events delivered.
    /// - Throws: ``TraceError`` when the system fails; damaged blocks are not errors, see ``damages``.
    @discardableResult
    public func poll(_ body: (borrowing EventBatch) -> Void) throws(TraceError) -> Int {
        var total = 0
        // Blocks may be sealed while lanes are read; a few rounds settle it, the rest comes with the next poll.
        for _ in 0..<4 {
            try discover()
            total += try deliverBlocks(body)
            var isBehind = false
            for (index, stream) in live.sorted(by: { $0.key < $1.key }) {
                for lane in stream.refreshLanes() {
                    switch stream.read(lane, stream: index, symbols: symbols, cursors: &delivered) {
                    case .read(let batch):
                        total += batch.events.count
                        body(batch)
                    case .behind: isBehind = true
                    case .idle: break
                    }
                }
            }
            if !isBehind { break }
        }
        return total
    }

    private func deliverBlocks(_ body: (borrowing EventBatch) -> Void) throws(TraceError) -> Int {
        let order = Self.inTimeOrder(undelivered)
        undelivered = []
        var total = 0
        for (position, entry) in order.enumerated() {
            let header = entry.place.block.header
            let before = delivered[header.incarnation]
            // Delivered from the lane already.
            if let before, header.lastSequence <= before.sequence { continue }
            noteGap(header, before, entry.place)
            delivered[header.incarnation] = LaneDecoder.Position(slot: header.endSlot, sequence: header.lastSequence)
            guard var batch = try decode(entry.place), !batch.events.isEmpty else { continue }
            if let before, header.firstSequence <= before.sequence {
                // Never more than there are, whatever a header claims.
                let known = before.sequence - header.firstSequence
                batch.events.removeFirst(Int(min(known, UInt64(batch.events.count - 1)) + 1))
            }
            total += batch.events.count
            let isLast = position + 1 == order.count
            pendingFloor = isLast || !live.isEmpty ? nil : Timestamp(nanos: order[position + 1].floor)
            body(batch)
        }
        pendingFloor = nil
        return total
    }

    private func noteGap(_ header: BlockHeader, _ before: LaneDecoder.Position?, _ place: BlockPlace) {
        let expected = max(before?.sequence ?? 0, forgotten[header.incarnation] ?? 0) &+ 1
        guard header.firstSequence > expected else { return }
        let lost = expected...(header.firstSequence - 1)
        damages.append(
            Damage(
                kind: .gap, path: files[place.file].reader.path, offsetBytes: Int(header.fileOffset), lengthBytes: 0,
                incarnation: header.incarnation, lostSequences: lost,
                message: "\(lost.upperBound - lost.lowerBound + 1) events are missing before this block"))
    }

    private func decode(_ place: BlockPlace) throws(TraceError) -> EventBatch? {
        let reader = files[place.file].reader
        if let payload = try reader.payload(place.block),
            let batch = BlockDecoder.decode(payload, header: place.block.header, stream: place.stream, symbols: symbols)
        {
            return batch
        }
        let damage = reader.damage(place.block)
        if !damages.contains(damage) { damages.append(damage) }
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
            return (a.floor, x.incarnation, x.firstSequence) < (b.floor, y.incarnation, y.firstSequence)
        }
    }

    /// Delivers every block, and what lanes hold beyond them, that overlaps `[from, to]`; whole batches, so some events
    /// lie outside. Independent of `poll`.
    public func scan(from: Timestamp, to: Timestamp, _ body: (borrowing EventBatch) -> Void) throws(TraceError) {
        try discover()
        for place in known where place.block.header.minStart <= to.nanos && place.block.header.maxTime >= from.nanos {
            if let batch = try decode(place) { body(batch) }
        }
        for (index, stream) in live.sorted(by: { $0.key < $1.key }) {
            for lane in stream.refreshLanes() {
                var cursors = sealed
                if case .read(let batch) = stream.read(lane, stream: index, symbols: symbols, cursors: &cursors) {
                    body(batch)
                }
            }
        }
    }

    /// Events in sealed blocks, by their headers.
    public var sealedEventCount: Int { known.reduce(0) { $0 + $1.block.header.eventCount } }
    /// Sealed blocks of events.
    public var blockCount: Int { known.count }
    /// Bytes of all files of the session.
    public var sizeBytes: Int { files.reduce(0) { $0 + $1.reader.sizeBytes } }
}
