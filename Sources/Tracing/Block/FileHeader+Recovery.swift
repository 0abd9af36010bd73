extension FileHeader {
    /// Rebuilds a damaged header from the file's own blocks: each repeats the sync marker, and says under a checksum which
    /// stream it is of and at which offset it lies. A file needs no second copy of its header for that.
    ///
    /// The session's id comes from a description block, where there is one; else it is 0, and the caller may know it from
    /// the neighbours. Returns nil when no block is found in the first 64 MiB, the most that one damaged block can take.
    static func recover(_ fd: Int32, path: String) throws(TraceError) -> FileHeader? {
        let size = POSIX.sizeBytes(fd)
        guard let first = try firstBlock(fd, size, path) else { return nil }
        var header = FileHeader(
            kind: first.block.stream == .none ? .packed : .segment, epoch: first.block.epoch,
            session: .none, stream: first.block.stream, syncMarker: first.marker,
            createdUnixNanos: 0)
        // A packed file's first block says who the session is; of a lost first one only a stream's is left.
        if Path.last(path).hasSuffix(".seg") == false { header.kind = .packed }
        if header.kind == .packed { header.stream = .none }
        if first.block.type == .description {
            let stored = try POSIX.read(
                fd, offset: first.offset + BlockHeader.sizeBytes, count: first.block.storedLength, path: path)
            if XXHash64.hash(stored) == first.block.payloadHash,
                let payload = Zstd.decompress(stored, rawLength: first.block.rawLength),
                let description = Description.parse(payload)
            {
                if let id = description.values["session"].flatMap({ RandomID(hex: $0) }) { header.session = id }
                if let created = description.values["created"].flatMap({ Int64($0) }) {
                    header.createdUnixNanos = created
                }
                if description.values["boot"] != nil { header.kind = .session }
            }
        }
        return header
    }

    private static func firstBlock(
        _ fd: Int32, _ size: Int, _ path: String
    ) throws(TraceError) -> (block: BlockHeader, marker: RandomID, offset: Int)? {
        let limit = min(size, BlockHeader.maxPayloadBytes + 2 * BlockHeader.sizeBytes)
        let chunkBytes = 1 << 20
        var start = 0
        while start + BlockHeader.sizeBytes <= limit {
            let bytes = try POSIX.read(fd, offset: start, count: chunkBytes, path: path)
            guard bytes.count >= BlockHeader.sizeBytes else { return nil }
            for index in candidates(bytes, at: start) {
                let header = Array(bytes[index..<index + BlockHeader.sizeBytes])
                var reader = ByteReader(header)
                guard let marker = reader.id(),
                    let block = try? BlockHeader.parse(header, syncMarker: nil, at: start + index)
                else { continue }
                return (block, marker, start + index)
            }
            start += bytes.count - BlockHeader.sizeBytes + 1
        }
        return nil
    }

    /// Where a header's length and own offset both stand: 96 bits that chance does not give.
    private static func candidates(_ bytes: [UInt8], at start: Int) -> [Int] {
        bytes.withUnsafeBytes { buffer in
            var found: [Int] = []
            for index in 0...(buffer.count - BlockHeader.sizeBytes) {
                let length = buffer.loadUnaligned(fromByteOffset: index + 20, as: UInt32.self)
                guard UInt32(littleEndian: length) == UInt32(BlockHeader.sizeBytes) else { continue }
                let offset = buffer.loadUnaligned(fromByteOffset: index + 112, as: UInt64.self)
                if UInt64(littleEndian: offset) == UInt64(start + index) { found.append(index) }
            }
            return found
        }
    }
}
