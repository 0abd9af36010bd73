#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One block's place and header.
struct BlockReference {
    var header: BlockHeader
    var payloadOffset: Int

    var endOffset: Int { payloadOffset + header.storedLength }
}

/// Walks the blocks of one file, old or still growing. Total: whatever the bytes are, intact blocks are found, and what
/// lies between them is described.
final class BlockFileReader {
    let path: String
    private(set) var header: FileHeader
    private let fd: Int32
    private(set) var scannedBytes: Int
    /// Holes between intact blocks, and a header that had to be rebuilt.
    private(set) var damages: [Damage] = []
    /// What follows the last intact block: `tornTail` for what a crash leaves, else damage. Looked at anew each time.
    private(set) var tail: Damage?
    /// The sequences that an unfinished last block would have held, by its header.
    private(set) var tailBlock: BlockHeader?

    /// Opens a file; a damaged header is rebuilt from the blocks, and reported.
    ///
    /// - Throws: ``TraceError`` `unreadable`, `not-a-session`, `unsupported-version`, or `corrupt` when no block is left.
    init(path: String) throws(TraceError) {
        let fd = POSIX.open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw .system("cannot open", path) }
        self.fd = fd
        self.path = path
        scannedBytes = FileHeader.sizeBytes
        do throws(TraceError) {
            let bytes = try POSIX.read(fd, offset: 0, count: FileHeader.sizeBytes, path: path)
            do throws(TraceError) {
                header = try FileHeader.parse(bytes, path: path)
            } catch {
                guard error.code != .unsupportedVersion, !PlantedBug.isOn(.fileHeaderNotRecovered),
                    let rebuilt = try FileHeader.recover(fd, path: path)
                else { throw error }
                header = rebuilt
                damages.append(
                    Damage(
                        kind: .fileHeader, path: path, offsetBytes: 0, lengthBytes: FileHeader.sizeBytes,
                        message: "the file header is damaged; rebuilt from the blocks"))
            }
        } catch {
            // The deinitialiser does not run for an object that was never whole.
            close(fd)
            throw error
        }
    }

    deinit { close(fd) }

    var sizeBytes: Int { POSIX.sizeBytes(fd) }

    /// Tells a rebuilt header what only the neighbours know.
    func adopt(session: SessionID) { header.session = session }

    /// The block headers since the last call. What is not yet whole at the end is looked at again next time.
    func newBlocks() throws(TraceError) -> [BlockReference] {
        let size = sizeBytes
        var found: [BlockReference] = []
        tail = nil
        tailBlock = nil
        while scannedBytes < size {
            switch try look(at: scannedBytes, size) {
            case .whole(let block):
                scannedBytes = block.endOffset
                found.append(block)
            case .skipped(let end): scannedBytes = end
            case .unfinished(let block):
                setTail(.tornTail, size, "the last \(size - scannedBytes) bytes are an unfinished block")
                tailBlock = block
                return found
            case .bad(let kind, let what):
                guard !PlantedBug.isOn(.stopsAtBadBlock), let next = try nextBlock(after: scannedBytes + 1, size) else {
                    if try isTornByPowerLoss(from: scannedBytes, to: size) {
                        setTail(.tornTail, size, "the last \(size - scannedBytes) bytes were never written whole")
                    } else {
                        setTail(kind, size, "\(what); \(size - scannedBytes) bytes to the end of the file skipped")
                    }
                    return found
                }
                damages.append(
                    Damage(
                        kind: kind, path: path, offsetBytes: scannedBytes, lengthBytes: next - scannedBytes,
                        level: level, message: "\(what); \(next - scannedBytes) bytes skipped to the next intact block")
                )
                scannedBytes = next
            }
        }
        return found
    }

    private var level: AcknowledgementLevel { header.kind == .segment ? .sealed : .durable }

    private func setTail(_ kind: Damage.Kind, _ size: Int, _ message: String) {
        if kind == .tornTail && PlantedBug.isOn(.tornTailSilent) { return }
        // What a kill tore was never sealed.
        tail = Damage(
            kind: kind, path: path, offsetBytes: scannedBytes, lengthBytes: size - scannedBytes,
            level: kind == .tornTail && header.kind == .segment ? .emitted : level, message: message)
    }

    private enum Sight {
        case whole(BlockReference)
        case skipped(end: Int)
        case unfinished(BlockHeader?)
        case bad(Damage.Kind, String)
    }

    private func look(at offset: Int, _ size: Int) throws(TraceError) -> Sight {
        let bytes = try POSIX.read(fd, offset: offset, count: BlockHeader.sizeBytes, path: path)
        guard bytes.count == BlockHeader.sizeBytes else { return .unfinished(nil) }
        let start = offset + BlockHeader.sizeBytes
        do throws(BlockHeader.Failure) {
            let block = try BlockHeader.parse(bytes, syncMarker: header.syncMarker, at: offset)
            guard belongs(block) else { return .bad(.stale, "a block of another stream") }
            guard start + block.storedLength <= size else { return .unfinished(block) }
            return .whole(BlockReference(header: block, payloadOffset: start))
        } catch .unknownType(let length) {
            return start + length <= size ? .skipped(end: start + length) : .unfinished(nil)
        } catch .foreign {
            return .bad(.stale, "a block of another file")
        } catch .misplaced(let written) {
            let isCopy = try isIntact(at: written, like: bytes)
            return isCopy
                ? .bad(.duplicate, "a second copy of the block at byte \(written)")
                : .bad(.misplaced, "a block that belongs to byte \(written)")
        } catch {
            return .bad(.header, "a damaged block header")
        }
    }

    /// A segment holds one stream; a packed file holds all.
    private func belongs(_ block: BlockHeader) -> Bool {
        header.kind != .segment || PlantedBug.isOn(.foreignAccepted)
            || (block.stream == header.stream && block.epoch == header.epoch)
    }

    private func isIntact(at offset: UInt64, like bytes: [UInt8]) throws(TraceError) -> Bool {
        guard let offset = Int(exactly: offset), offset < sizeBytes else { return false }
        return try POSIX.read(fd, offset: offset, count: BlockHeader.sizeBytes, path: path) == bytes
    }

    /// The next offset where an intact header lies that belongs there. A payload may hold the marker by chance, so each
    /// place is looked at.
    private func nextBlock(after start: Int, _ size: Int) throws(TraceError) -> Int? {
        var offset = start
        while let place = try nextMarker(from: offset, size) {
            switch try look(at: place, size) {
            case .whole, .skipped: return place
            case .unfinished(let block) where block != nil: return place
            case .unfinished, .bad: offset = place + 1
            }
        }
        return nil
    }

    private func nextMarker(from start: Int, _ size: Int) throws(TraceError) -> Int? {
        var marker = ByteWriter()
        marker.u64(header.syncMarker.high)
        marker.u64(header.syncMarker.low)
        let chunkBytes = 1 << 20
        var offset = start
        while offset + marker.bytes.count <= size {
            let chunk = try POSIX.read(fd, offset: offset, count: chunkBytes, path: path)
            guard chunk.count >= marker.bytes.count else { return nil }
            let place: Int? = chunk.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return nil }
                var start = 0
                while start + marker.bytes.count <= bytes.count,
                    let found = memchr(base + start, Int32(marker.bytes[0]), bytes.count - start)
                {
                    let index = UnsafeRawPointer(found) - base
                    guard index + marker.bytes.count <= bytes.count else { return nil }
                    if memcmp(found, marker.bytes, marker.bytes.count) == 0 { return index }
                    start = index + 1
                }
                return nil
            }
            if let place { return offset + place }
            // Overlap, so that a marker across two chunks is found.
            offset += chunk.count - marker.bytes.count + 1
        }
        return nil
    }

    /// Whether the bytes from `start` on hold a sector that was never written: after a power loss a file may be longer
    /// than what reached the disk, and reads as zeros there.
    func isTornByPowerLoss(from start: Int, to end: Int) throws(TraceError) -> Bool {
        let bytes = try POSIX.read(fd, offset: start, count: min(end - start, 1 << 20), path: path)
        var index = 0
        while index < bytes.count {
            // The end of the sector that this byte lies in.
            let next = min(((start + index) / 512 + 1) * 512 - start, bytes.count)
            if next - index >= 8, bytes[index..<next].allSatisfy({ $0 == 0 }) { return true }
            index = next
        }
        return false
    }

    /// The expanded payload of a block; nil when it fails its hash or is no whole zstd frame.
    ///
    /// - Parameter memory: what the payload lies in, until the next one is read into it.
    func payload(_ block: BlockReference, in memory: PayloadMemory = PayloadMemory()) throws(TraceError)
        -> BlockPayload?
    {
        memory.stored.resize(block.header.storedLength)
        let count = try POSIX.read(fd, offset: block.payloadOffset, into: &memory.stored, path: path)
        guard count == block.header.storedLength,
            Integrity.holds(XXHash64.hash(memory.stored) == block.header.payloadHash)
                || PlantedBug.isOn(.payloadUnchecked),
            let frameBytes = memory.decompressor.decompress(
                memory.stored, rawLength: block.header.rawLength, into: &memory.main)
        else { return nil }
        return BlockPayload(main: memory.main, tail: memory.stored[frameBytes...])
    }

    /// What to say of a block whose payload is damaged. Which sequences are lost is known only once no copy was found.
    func damage(_ block: BlockReference) -> Damage {
        let header = block.header
        return Damage(
            kind: .payload, path: path, offsetBytes: block.payloadOffset, lengthBytes: header.storedLength,
            incarnation: header.type == .events ? header.incarnation : nil, level: level,
            message: header.type == .events
                ? "a payload of \(header.eventCount) events fails its hash" : "a description fails its hash")
    }
}

/// Memory for one payload after the other: a reader of many blocks keeps it. Arrays that somebody still holds are left to
/// them.
final class PayloadMemory {
    fileprivate var stored: [UInt8] = []
    fileprivate var main: [UInt8] = []
    fileprivate let decompressor = ZstdDecompressor()
}
