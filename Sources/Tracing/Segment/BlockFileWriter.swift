#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Appends blocks to one file. One owner at a time.
///
/// After a failed write the file ends at the last whole block again. Where even that fails, or after a failed sync, the
/// writer is not to be used any more: see `isUsable`.
final class BlockFileWriter {
    /// A block that no sync has covered yet.
    struct Unsynced {
        var header: BlockHeader
        var stored: [UInt8]
    }

    /// Moves with the stream's directory, when that gets its name.
    var path: String
    let header: FileHeader
    private let fd: Int32
    private(set) var sizeBytes: Int
    private(set) var unsyncedBytes = 0
    /// Copies of what the next sync has to cover, kept only when asked for: after a failed sync memory is right, and the
    /// page cache may be wrong (the kernel marks such pages clean).
    private(set) var unsynced: [Unsynced] = []
    /// False after a failed sync, or when a torn block could not be cut off: go on in another file.
    private(set) var isUsable = true
    private let compressor: ZstdCompressor
    private let keepsUnsynced: Bool

    /// Creates the file with its header; an existing one is never touched, and a failed attempt leaves nothing.
    init(
        creating path: String, header: FileHeader, compressor: ZstdCompressor, keepsUnsynced: Bool = false
    ) throws(TraceError) {
        let fd = POSIX.open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC)
        guard fd >= 0 else { throw .system("cannot create", path) }
        self.fd = fd
        self.path = path
        self.header = header
        self.compressor = compressor
        self.keepsUnsynced = keepsUnsynced
        let failure = POSIX.write(fd, header.bytes)
        sizeBytes = FileHeader.sizeBytes
        unsyncedBytes = sizeBytes
        guard failure == 0 else {
            unlink(path)
            throw .system("cannot write", path, code: failure)
        }
    }

    deinit { close(fd) }

    /// Compresses and appends one block; fills in the header's lengths, hash and offset. Returns the header as written.
    ///
    /// - Throws: `system` when the disk is full or fails; then the file is as it was before, or `isUsable` is false.
    @discardableResult
    func append(_ payload: BlockPayload, _ blockHeader: BlockHeader) throws(TraceError) -> BlockHeader {
        let size = payload.main.count + payload.tail.count
        guard size <= BlockHeader.maxPayloadBytes else {
            throw TraceError(.invalid, "a block of \(size) bytes is larger than the format allows", path: path)
        }
        let stored = try compressor.compress(payload.main) + payload.tail
        var header = blockHeader
        header.rawLength = payload.main.count
        header.storedLength = stored.count
        header.payloadHash = XXHash64.hash(stored)
        return try append(stored: stored, header)
    }

    /// Appends a block whose payload is compressed already, such as one that another file could not keep.
    @discardableResult
    func append(stored: [UInt8], _ blockHeader: BlockHeader) throws(TraceError) -> BlockHeader {
        guard isUsable else { throw TraceError(.system, "expected a file in order, found one that failed", path: path) }
        var header = blockHeader
        header.fileOffset = UInt64(sizeBytes)
        // One write for header and payload: a block is never torn by a kill between two calls.
        let failure = POSIX.write(fd, header.bytes(syncMarker: self.header.syncMarker) + stored)
        guard failure == 0 else {
            // Cut back to the last whole block. What EFBIG and EIO say does not change by waiting: on to another file.
            let isCut = PlantedBug.isOn(.tornWriteLeft) || ftruncate(fd, off_t(sizeBytes)) == 0
            isUsable = isCut && failure != EFBIG && failure != EIO
            throw .system("cannot write", path, code: failure)
        }
        sizeBytes += BlockHeader.sizeBytes + stored.count
        unsyncedBytes += BlockHeader.sizeBytes + stored.count
        if keepsUnsynced { unsynced.append(Unsynced(header: header, stored: stored)) }
        return header
    }

    /// Makes everything appended survive power loss (A2).
    ///
    /// - Throws: `system`. Then the file must not be trusted: a second call that succeeds proves nothing, because the
    ///   kernel has dropped the pages it could not write. `isUsable` is false from then on.
    func sync() throws(TraceError) {
        guard unsyncedBytes > 0 else { return }
        guard POSIX.dataSync(fd) == 0 else {
            let failure = errno
            if !PlantedBug.isOn(.syncTrustedAfterFailure) { isUsable = false }
            throw .system("cannot sync", path, code: failure)
        }
        unsyncedBytes = 0
        unsynced.removeAll(keepingCapacity: true)
    }
}
