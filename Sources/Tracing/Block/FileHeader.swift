/// What a file of the log holds. Wire tags.
enum FileKind: UInt8 {
    /// The blocks of one stream, while it grows and after.
    case segment = 1
    /// A whole session.
    case packed = 2
    /// The description of a session directory.
    case session = 3
}

/// The first 80 bytes of every file.
///
///     0   magic 89 'S' 'P' 'R' 0D 0A 1A 0A     a text-mode copy or a 7-bit channel breaks it visibly (as PNG's does)
///     8   version:u16 | kind:u8 | 0:u8 | epoch:u32
///     16  session id:16    32  stream id:16 (0 when packed)    48  sync marker:16, random per file
///     64  created, Unix nanoseconds:i64    72  0:u32    76  CRC-32C of bytes 0-75
struct FileHeader: Equatable {
    static let sizeBytes = 80
    static let magic: [UInt8] = [0x89, 0x53, 0x50, 0x52, 0x0d, 0x0a, 0x1a, 0x0a]
    static let version: UInt16 = 1

    var kind: FileKind
    var epoch: UInt32
    var session: SessionID
    var stream: StreamID
    var syncMarker: RandomID
    var createdUnixNanos: Int64

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.bytes = Self.magic
        writer.u16(Self.version)
        writer.u8(kind.rawValue)
        writer.u8(0)
        writer.u32(epoch)
        for id in [session, stream, syncMarker] {
            writer.u64(id.high)
            writer.u64(id.low)
        }
        writer.i64(createdUnixNanos)
        writer.u32(0)
        writer.u32(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Whether the file at `path` begins with our magic but for a byte or two: damaged, rather than something else.
    static func resembles(_ path: String) throws(TraceError) -> Bool {
        let fd = POSIX.open(path, 0)
        guard fd >= 0 else { throw .system("cannot open", path) }
        defer { POSIX.closeFile(fd) }
        let start = try POSIX.read(fd, offset: 0, count: magic.count, path: path)
        return zip(start, magic).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) } >= magic.count - 2
    }

    /// Reads a header; says in words what is wrong with it.
    static func parse(_ bytes: [UInt8], path: String) throws(TraceError) -> FileHeader {
        guard bytes.count >= magic.count, Array(bytes.prefix(magic.count)) == magic else {
            let found = bytes.isEmpty ? "an empty file" : "\(bytes.count) bytes that begin otherwise"
            throw TraceError(
                .notASession, "expected a Spanreel file (magic 89 53 50 52), found \(found)", path: path, offsetBytes: 0
            )
        }
        var reader = ByteReader(bytes)
        _ = reader.take(magic.count)
        guard bytes.count >= sizeBytes, let version = reader.u16(), let kindByte = reader.u8(), reader.u8() != nil,
            let epoch = reader.u32(), let session = reader.id(), let stream = reader.id(), let marker = reader.id(),
            let created = reader.i64(), reader.u32() != nil, let crc = reader.u32()
        else {
            throw TraceError(
                .corrupt, "expected a header of \(sizeBytes) bytes, found \(bytes.count)", path: path, offsetBytes: 0)
        }
        guard CRC32C.checksum(bytes.prefix(sizeBytes - 4)) == crc else {
            throw TraceError(.corrupt, "the file header fails its checksum", path: path, offsetBytes: 0)
        }
        guard version == Self.version, let kind = FileKind(rawValue: kindByte) else {
            throw TraceError(
                .unsupportedVersion,
                "expected format version \(Self.version), found \(version) kind \(kindByte); use the spanreel that wrote it",
                path: path, offsetBytes: 8)
        }
        return FileHeader(
            kind: kind, epoch: epoch, session: session, stream: stream, syncMarker: marker, createdUnixNanos: created)
    }
}

extension ByteReader {
    mutating func id() -> RandomID? {
        guard let high = u64(), let low = u64() else { return nil }
        return RandomID(high: high, low: low)
    }
}
