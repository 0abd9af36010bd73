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
    /// The same by first event.
    private var order: [Pending] = []
    private var isFinished = false
    private var blockCount = 0
    private var eventCount = 0

    /// The block to come of one incarnation.
    private final class Pending {
        private(set) var batch = EventBatch()
        /// An upper bound of the payload that the batch makes.
        private var payloadBytes = 0
        /// What the batch may name, and the kinds of its events: bounded by the format.
        private var strings: Set<UInt32> = []
        private var templates: Set<UInt64> = []

        /// Whether an event with so many bytes of payload can follow in the same block.
        func takes(_ event: Event, _ clock: BlockClock?, payloadBytes bytes: Int) -> Bool {
            guard let last = batch.events.last else { return true }
            return last.sequence &+ 1 == event.sequence && batch.clock == clock
                && batch.events.count < BlockLimits.maxEvents
                && batch.attributes.count + Int(event.attributeCount) <= BlockLimits.maxAttributes
                && strings.count + 2 * Int(event.attributeCount) <= BlockLimits.maxStrings / 2
                && templates.count < BlockLimits.maxTemplates
                && payloadBytes + bytes <= SessionWriter.payloadBytesMax
        }

        func add(_ event: Event, from source: borrowing EventBatch, payloadBytes bytes: Int) {
            batch.clock = source.clock
            batch.append(event, from: source)
            payloadBytes += bytes
            note(event, source)
        }

        func removeAll() {
            batch = EventBatch()
            payloadBytes = 0
            strings.removeAll()
            templates.removeAll()
        }

        /// Counts what the event brings: a name and a string for each attribute, three strings for each template's role.
        private func note(_ event: Event, _ batch: borrowing EventBatch) {
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
            kind: .packed, epoch: 0, session: session, stream: .none,
            syncMarker: syncMarker ?? Self.marker(session, created), createdUnixNanos: created)
        encoder = try BlockEncoder()
        writer = try BlockFileWriter(creating: temporary, header: header, compressor: ZstdCompressor(level: level))
        // The session's id again, for a file whose header is damaged.
        let identity = ["name": name, "session": session.description, "created": String(created)]
        try append(Description(values: identity), .none, 0)
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
            let block = block(of: event.incarnation)
            let bytes = payloadBytes(of: event, batch)
            if !block.takes(event, batch.clock, payloadBytes: bytes) { try write(block) }
            block.add(event, from: batch, payloadBytes: bytes)
        }
    }

    private func block(of incarnation: UInt64) -> Pending {
        if let known = pending[incarnation] { return known }
        let new = Pending()
        pending[incarnation] = new
        order.append(new)
        return new
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

    private func write(_ block: Pending) throws(TraceError) {
        let batch = block.batch
        guard !batch.events.isEmpty else { return }
        block.removeAll()
        let names = streams.map { BlockStream(id: $0.id, epoch: UInt32(clamping: $0.epoch)) }
        let payload = encoder.encode(
            batch, effort: .strong, others: incarnations, streams: names, symbols: symbols)
        try writer.append(payload, BlockHeader(batch: batch, streams: names))
        blockCount += 1
        eventCount += batch.events.count
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
    func dropLastBlock() { order.last?.removeAll() }

    private func complete() throws(TraceError) -> Bool {
        guard !isFinished else { return false }
        for block in order { try write(block) }
        // Lets `verify` see that a file was cut between two blocks.
        let totals = Description(values: ["blocks": String(blockCount), "events": String(eventCount)])
        try append(totals, .none, 0)
        try writer.sync()
        return true
    }
}
