#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Appends blocks to one file. One owner at a time.
final class BlockFileWriter {
    let path: String
    let header: FileHeader
    private let fd: Int32
    private(set) var sizeBytes: Int
    private(set) var unsyncedBytes = 0
    private let compressor: ZstdCompressor

    /// Creates the file; an existing one is never touched.
    init(creating path: String, header: FileHeader, compressor: ZstdCompressor) throws(TraceError) {
        let fd = POSIX.open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC)
        guard fd >= 0 else { throw .system("cannot create", path) }
        self.fd = fd
        self.path = path
        self.header = header
        self.compressor = compressor
        sizeBytes = 0
        try POSIX.writeAll(fd, header.bytes, path: path)
        sizeBytes = FileHeader.sizeBytes
        unsyncedBytes = sizeBytes
    }

    deinit { close(fd) }

    /// Compresses and appends one block; fills in the header's lengths, hash and offset. Returns the header as written.
    @discardableResult
    func append(_ payload: [UInt8], _ blockHeader: BlockHeader) throws(TraceError) -> BlockHeader {
        guard payload.count <= BlockHeader.maxPayloadBytes else {
            throw TraceError(.invalid, "a block of \(payload.count) bytes is larger than the format allows", path: path)
        }
        let stored = try compressor.compress(payload)
        var header = blockHeader
        header.rawLength = payload.count
        header.storedLength = stored.count
        header.payloadHash = XXHash64.hash(stored)
        header.fileOffset = UInt64(sizeBytes)
        // One write for header and payload: a block is never torn by a kill between two calls.
        try POSIX.writeAll(fd, header.bytes(syncMarker: self.header.syncMarker) + stored, path: path)
        sizeBytes += BlockHeader.sizeBytes + stored.count
        unsyncedBytes += BlockHeader.sizeBytes + stored.count
        return header
    }

    /// Makes everything appended survive power loss (A2).
    func sync() throws(TraceError) {
        guard unsyncedBytes > 0 else { return }
        guard POSIX.dataSync(fd) == 0 else { throw .system("cannot sync", path) }
        unsyncedBytes = 0
    }
}

/// One block's place and header.
struct BlockReference {
    var header: BlockHeader
    var payloadOffset: Int
}

/// Bytes of a session that could not be read, and what was in them as far as the neighbours tell.
public struct Damage: Sendable, Equatable {
    /// What is wrong. Raw values are the words in JSON.
    public enum Kind: String, Sendable {
        /// The file ends inside a block: normal after a crash or a power loss.
        case tornTail = "torn-tail"
        /// A block header is damaged; the scan went on at the next sync marker.
        case header
        /// A payload fails its hash or does not decode.
        case payload
        /// Sequence numbers are missing between two blocks.
        case gap
    }
    /// What is wrong.
    public var kind: Kind
    /// The file.
    public var path: String
    /// Where in the file.
    public var offsetBytes: Int
    /// How many bytes are affected.
    public var lengthBytes: Int
    /// The incarnation whose events are lost, where known.
    public var incarnation: UInt64?
    /// The sequences lost, where known.
    public var lostSequences: ClosedRange<UInt64>?
    /// One sentence.
    public var message: String
}

/// Walks the blocks of one file, old or still growing.
final class BlockFileReader {
    let path: String
    let header: FileHeader
    private let fd: Int32
    private(set) var scannedBytes: Int
    private(set) var damages: [Damage] = []
    private(set) var tornTail: Damage?

    init(path: String) throws(TraceError) {
        let fd = POSIX.open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw .system("cannot open", path) }
        self.fd = fd
        self.path = path
        do throws(TraceError) {
            let bytes = try POSIX.read(fd, offset: 0, count: FileHeader.sizeBytes, path: path)
            header = try FileHeader.parse(bytes, path: path)
        } catch {
            // The deinitialiser does not run for an object that was never whole.
            close(fd)
            throw error
        }
        scannedBytes = FileHeader.sizeBytes
    }

    deinit { close(fd) }

    var sizeBytes: Int { POSIX.sizeBytes(fd) }

    /// The block headers since the last call. What is not yet whole at the end is looked at again next time.
    func newBlocks() throws(TraceError) -> [BlockReference] {
        let size = sizeBytes
        var found: [BlockReference] = []
        tornTail = nil
        while scannedBytes < size {
            let bytes = try POSIX.read(fd, offset: scannedBytes, count: BlockHeader.sizeBytes, path: path)
            do throws(BlockHeader.Failure) {
                let block = try BlockHeader.parse(bytes, syncMarker: header.syncMarker, at: scannedBytes)
                guard take(block.storedLength, size) else { return found }
                found.append(BlockReference(header: block, payloadOffset: scannedBytes - block.storedLength))
            } catch .unknownType(let length) {
                guard take(length, size) else { return found }
            } catch {
                guard try resume(size) else { return found }
            }
        }
        return found
    }

    /// Steps over a block if it is whole.
    private func take(_ storedLength: Int, _ size: Int) -> Bool {
        let end = scannedBytes + BlockHeader.sizeBytes + storedLength
        guard end <= size else {
            tear(size)
            return false
        }
        scannedBytes = end
        return true
    }

    private func tear(_ size: Int) {
        tornTail = Damage(
            kind: .tornTail, path: path, offsetBytes: scannedBytes, lengthBytes: size - scannedBytes,
            message: "the last \(size - scannedBytes) bytes are an unfinished block")
    }

    /// After a damaged header: goes on at the next sync marker, if there is one.
    private func resume(_ size: Int) throws(TraceError) -> Bool {
        guard let next = try nextMarker(after: scannedBytes + 1, size) else {
            tear(size)
            return false
        }
        damages.append(
            Damage(
                kind: .header, path: path, offsetBytes: scannedBytes, lengthBytes: next - scannedBytes,
                message: "a damaged block header; \(next - scannedBytes) bytes skipped to the next sync marker"))
        scannedBytes = next
        return true
    }

    private func nextMarker(after start: Int, _ size: Int) throws(TraceError) -> Int? {
        var marker = ByteWriter()
        marker.u64(header.syncMarker.high)
        marker.u64(header.syncMarker.low)
        let chunkBytes = 1 << 20
        var offset = start
        while offset + marker.bytes.count <= size {
            let chunk = try POSIX.read(fd, offset: offset, count: chunkBytes, path: path)
            guard chunk.count >= marker.bytes.count else { return nil }
            var index = 0
            while let found = chunk[index...].firstIndex(of: marker.bytes[0]) {
                guard found + marker.bytes.count <= chunk.count else { break }
                if chunk[found..<found + marker.bytes.count].elementsEqual(marker.bytes) { return offset + found }
                index = found + 1
            }
            // Overlap, so that a marker across two chunks is found.
            offset += chunk.count - marker.bytes.count + 1
        }
        return nil
    }

    /// The expanded payload of a block; nil when it fails its hash or is no whole zstd frame.
    func payload(_ block: BlockReference) throws(TraceError) -> [UInt8]? {
        let stored = try POSIX.read(fd, offset: block.payloadOffset, count: block.header.storedLength, path: path)
        guard stored.count == block.header.storedLength, XXHash64.hash(stored) == block.header.payloadHash else {
            return nil
        }
        return Zstd.decompress(stored[...], rawLength: block.header.rawLength)
    }

    /// What to say of a block whose payload is damaged.
    func damage(_ block: BlockReference) -> Damage {
        let header = block.header
        return Damage(
            kind: .payload, path: path, offsetBytes: block.payloadOffset, lengthBytes: header.storedLength,
            incarnation: header.type == .events ? header.incarnation : nil,
            lostSequences: header.type == .events && header.firstSequence <= header.lastSequence
                ? header.firstSequence...header.lastSequence : nil,
            message: header.type == .events
                ? "a payload fails its hash: \(header.eventCount) events lost" : "a description fails its hash")
    }
}
