internal import CSpanreel

/// Writes a packed session: what import, pack, share and tests use. The file appears whole, or not at all.
///
/// Events come as batches of one stream; each incarnation's sequences must ascend by one. Blocks hold up to 64 Ki events.
public final class SessionWriter {
    /// Intern names here before appending events that use them.
    public let symbols: Symbols
    private let path: String
    private let temporary: String
    private let session: SessionID
    private let writer: BlockFileWriter
    private let encoder: BlockEncoder
    /// Incarnations of the session, sorted by base: ids of one in blocks of another then cost a sequence, not 8 bytes.
    var incarnations: [BlockEncoder.Incarnation] = []
    private var streams: [StreamInfo] = []
    private var pending: [UInt64: Pending] = [:]
    private var order: [UInt64] = []
    private var isFinished = false
    private var blockCount = 0
    private var eventCount = 0

    private struct Pending {
        var batch = EventBatch()
        /// An upper bound of the payload that the batch makes.
        var payloadBytes = 0
        /// What the batch may name, and the kinds of its events: bounded by the format.
        var strings: Set<UInt32> = []
        var templates: Set<UInt64> = []

        /// Counts what the event brings: a name and a string for each attribute, three strings for each template's role.
        mutating func note(_ event: Event, _ batch: borrowing EventBatch) {
            var shape = UInt64(Fact.pack(event.kind, event.status, event.spanKind)) << 32 | UInt64(event.role.index)
            shape ^= UInt64(event.stream) << 44
            for attribute in batch.attributes(of: event) {
                let key = attribute.key.rawValue
                shape = (shape ^ UInt64(key) << 8 ^ UInt64(attribute.type.rawValue)) &* 0x9E37_79B9_7F4A_7C15
                if key >= AttributeKey.firstInterned { strings.insert(key - AttributeKey.firstInterned) }
                if attribute.type == .string { strings.insert(UInt32(truncatingIfNeeded: attribute.bits)) }
            }
            templates.insert(shape)
        }
    }

    /// A block is written before its payload can pass half of what the format allows: names and values may be long.
    private static let payloadBytesMax = BlockHeader.maxPayloadBytes / 2

    /// Prepares a file beside `path`.
    ///
    /// - Parameters:
    ///   - path: where the session shall lie; must not exist unless `replacing`.
    ///   - level: zstd's level, 1 to 19.
    /// - Throws: ``TraceError`` `exists` or `system`.
    public init(
        path: String, name: String, sessionID: SessionID? = nil, createdUnixNanos: Int64? = nil, level: Int = 19,
        symbols: Symbols = Symbols(), replacing: Bool = false, syncMarker: RandomID? = nil
    ) throws(TraceError) {
        self.path = Path.strip(path)
        self.symbols = symbols
        guard replacing || !POSIX.exists(self.path) else {
            throw TraceError(
                .exists, "expected a new file, found one that exists; give another name or remove it", path: path)
        }
        guard (1...19).contains(level) else {
            throw TraceError(.invalid, "expected a level from 1 to 19, found \(level)")
        }
        try POSIX.makeDirectories(Path.parent(self.path))
        temporary = Path.join(Path.parent(self.path), ".\(Path.last(self.path)).\(Hex.string(Random.bits()))")
        session = sessionID ?? .random()
        let created = createdUnixNanos ?? sp_wall_nanos()
        let header = FileHeader(
            kind: .packed, epoch: 0, session: session, stream: RandomID(high: 0, low: 0),
            syncMarker: syncMarker ?? Self.marker(session, created), createdUnixNanos: created)
        encoder = try BlockEncoder()
        writer = try BlockFileWriter(creating: temporary, header: header, compressor: ZstdCompressor(level: level))
        // The session's id again, for a file whose header is damaged.
        let identity = ["name": name, "session": session.description, "created": String(created)]
        try append(Description(values: identity), RandomID(high: 0, low: 0), 0)
    }

    deinit { if !isFinished { POSIX.remove(temporary) } }

    /// A sync marker that depends on nothing but the session, and that no other kind of file of it has.
    private static func marker(_ id: SessionID, _ created: Int64) -> RandomID {
        var seed = ByteWriter()
        seed.string("repair")
        seed.u64(id.high)
        seed.u64(id.low)
        seed.i64(created)
        let high = XXHash64.hash(seed.bytes)
        seed.u64(high)
        return RandomID(high: high, low: XXHash64.hash(seed.bytes))
    }

    /// Adds a stream; returns its index for `append`.
    public func addStream(_ info: StreamInfo) throws(TraceError) -> UInt32 {
        var ended = info
        if ended.state == .live { ended.state = .ended }
        streams.append(ended)
        try append(ended.description, info.id, UInt32(clamping: info.epoch))
        return UInt32(streams.count - 1)
    }

    /// Takes over the events of a batch, all of one stream that was added. Amortised O(events); writes a block whenever
    /// 64 Ki of an incarnation are full.
    public func append(_ batch: borrowing EventBatch, stream: UInt32) throws(TraceError) {
        var named = copy batch
        for index in named.events.indices { named.events[index].stream = stream }
        try append(named)
    }

    /// Takes over the events of a batch, each of the stream that its `stream` numbers in the order of `addStream`.
    public func append(_ batch: borrowing EventBatch) throws(TraceError) {
        for event in batch.events {
            guard streams.indices.contains(Int(event.stream)) else {
                throw TraceError(
                    .invalid, "expected the index of a stream that was added, found \(event.stream)", path: path)
            }
            if pending[event.incarnation] == nil {
                pending[event.incarnation] = Pending()
                order.append(event.incarnation)
            }
            let last = pending[event.incarnation]?.batch.events.last?.sequence
            let bytes = payloadBytes(of: event, batch)
            let isFull =
                (pending[event.incarnation]?.batch.events.count ?? 0) >= BlockLimits.maxEvents
                || (pending[event.incarnation]?.batch.attributes.count ?? 0) + Int(event.attributeCount)
                    > BlockLimits.maxAttributes
                || (pending[event.incarnation]?.strings.count ?? 0) + 2 * Int(event.attributeCount)
                    > BlockLimits.maxStrings / 2
                || (pending[event.incarnation]?.templates.count ?? 0) >= BlockLimits.maxTemplates
                || (pending[event.incarnation]?.payloadBytes ?? 0) + bytes > Self.payloadBytesMax
            let isOtherClock = last != nil && pending[event.incarnation]?.batch.clock != batch.clock
            if isFull || isOtherClock || last.map({ $0 &+ 1 != event.sequence }) ?? false {
                try writeBlock(event.incarnation)
            }
            pending[event.incarnation]?.batch.clock = batch.clock
            pending[event.incarnation]?.batch.append(event, from: batch)
            pending[event.incarnation]?.payloadBytes += bytes
            pending[event.incarnation]?.note(event, batch)
        }
    }

    /// At most this many bytes of payload, as if no value were shared with another event.
    private func payloadBytes(of event: Event, _ batch: borrowing EventBatch) -> Int {
        var bytes = 128
        for attribute in batch.attributes(of: event) {
            bytes += 16
            let index = Int(truncatingIfNeeded: attribute.bits)
            switch attribute.type {
            case .string where symbols.strings.indices.contains(index): bytes += symbols.strings[index].utf8.count
            case .blob where symbols.blobs.indices.contains(index): bytes += symbols.blobs[index].count
            default: break
            }
        }
        return bytes
    }

    private func writeBlock(_ incarnation: UInt64) throws(TraceError) {
        guard let full = pending[incarnation], !full.batch.events.isEmpty else { return }
        pending[incarnation] = Pending()
        let names = streams.map { BlockStream(id: $0.id, epoch: UInt32(clamping: $0.epoch)) }
        let payload = encoder.encode(
            full.batch, effort: .strong, others: incarnations, streams: names, symbols: symbols)
        try writer.append(payload, BlockHeader(batch: full.batch, streams: names))
        blockCount += 1
        eventCount += full.batch.events.count
    }

    private func append(_ description: Description, _ stream: StreamID, _ epoch: UInt32) throws(TraceError) {
        try writer.append(description.payload, BlockHeader(type: .description, stream: stream, epoch: epoch))
    }

    /// Writes what is left, syncs, and moves the file into place: durable (A2) when it returns.
    public func finish() throws(TraceError) {
        guard try complete() else { return }
        guard POSIX.rename(temporary, path) else {
            throw .system("cannot move the packed session into place", path)
        }
        POSIX.syncDirectory(Path.parent(path))
        isFinished = true
    }

    /// As `finish`, in the place of a directory of the same name. Where the system can, the two change places at once, so
    /// that a power loss leaves one or the other; then the old one is removed.
    func finish(replacing directory: String) throws(TraceError) {
        if !PlantedBug.isOn(.renameBeforeSync) {
            guard try complete() else { return }
        }
        let parent = Path.parent(path)
        if POSIX.exchange(temporary, directory) {
            POSIX.syncDirectory(parent)
            if PlantedBug.isOn(.renameBeforeSync) { _ = try complete() }
            isFinished = true
            POSIX.removeTree(temporary)
            return
        }
        let aside = Path.join(parent, ".\(Path.last(path)).old.\(Hex.string(Random.bits()))")
        guard POSIX.rename(directory, aside) else { throw .system("cannot move the session aside", directory) }
        guard POSIX.rename(temporary, path) else {
            _ = POSIX.rename(aside, directory)
            throw .system("cannot move the packed session into place", path)
        }
        POSIX.syncDirectory(parent)
        isFinished = true
        POSIX.removeTree(aside)
    }

    /// The planted bug of a repair that loses its last block.
    func dropLastBlock() { if let last = order.last { pending[last]?.batch = EventBatch() } }

    private func complete() throws(TraceError) -> Bool {
        guard !isFinished else { return false }
        for incarnation in order { try writeBlock(incarnation) }
        // Lets `verify` see that a file was cut between two blocks.
        let totals = Description(values: ["blocks": String(blockCount), "events": String(eventCount)])
        try append(totals, RandomID(high: 0, low: 0), 0)
        try writer.sync()
        return true
    }
}
