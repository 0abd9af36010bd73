internal import CSpanreel
internal import Synchronization

// A stream's names: an append-only file of 8-byte aligned entries.
//
//   0    magic, used bytes                     entry:  length:u32 | kind:u8 | committed:u8 | 0:u16, payload, padding
//   64   entries                               id = offset / 8, so that 32 bits reach 32 GiB
//
// Space is reserved by one fetch-and-add, then the entry is filled and committed with release: a killed writer leaves
// an uncommitted hole, never a half name.

enum ArenaEntryKind: UInt8 {
    case string = 1
    case role = 2
}

/// Reads entries of a mapped arena. Total: an id that names nothing committed gives nil.
struct ArenaReader {
    let file: MappedFile

    func payload(_ id: UInt32, _ kind: ArenaEntryKind) -> UnsafeRawBufferPointer? {
        let offset = Int(id) * 8
        guard offset >= Arena.headerBytes, offset + 8 <= file.sizeBytes else { return nil }
        // Pairs with the release in Arena.append.
        let head = sp_load_acquire(file.base + offset)
        let length = Int(UInt32(truncatingIfNeeded: head))
        guard UInt8(truncatingIfNeeded: head >> 32) == kind.rawValue, head >> 40 & 1 == 1,
            offset + 8 + length <= file.sizeBytes
        else { return nil }
        return UnsafeRawBufferPointer(start: file.base + offset + 8, count: length)
    }

    func string(_ id: UInt32) -> String? {
        payload(id, .string).map { String(decoding: $0, as: UTF8.self) }
    }

    func role(_ id: UInt32) -> Role? {
        guard let bytes = payload(id, .role) else { return nil }
        var reader = ByteReader(Array(bytes))
        return reader.role { reader in reader.string() }
    }
}

/// The writing side: interning under a lock, off the emit path.
final class Arena: Sendable {
    static let headerBytes = 64
    static let magic: UInt64 = 0x304e_5241_4c52_5053  // "SPRLARN0"
    static let usedOffset = 8

    let file: MappedFile
    private let index = Mutex<Index>(Index())

    private struct Index {
        var strings: [String: UInt32] = [:]
        var roles: [Role: UInt32] = [:]
    }

    init(path: String, sizeBytes: Int) throws(TraceError) {
        file = try MappedFile.create(path, sizeBytes: sizeBytes, populate: false)
        sp_store_relaxed(file.base + Self.usedOffset, UInt64(Self.headerBytes))
        sp_store_release(file.base, Self.magic)
    }

    /// The id of a string, or 0 when the arena is full.
    func intern(_ string: String) -> UInt32 {
        index.withLock { index in
            if let id = index.strings[string] { return id }
            let id = append(.string, Array(string.utf8.prefix(AttributeWriter.maxTextBytes)))
            if id != 0 { index.strings[string] = id }
            return id
        }
    }

    /// The id of a role, or 0 when the arena is full.
    func intern(_ role: Role) -> UInt32 {
        index.withLock { index in
            if let id = index.roles[role] { return id }
            var writer = ByteWriter()
            writer.role(role) { writer, text in writer.string(text) }
            let id = append(.role, writer.bytes)
            if id != 0 { index.roles[role] = id }
            return id
        }
    }

    private func append(_ kind: ArenaEntryKind, _ payload: [UInt8]) -> UInt32 {
        let size = (8 + payload.count + 7) & ~7
        let offset = Int(sp_fetch_add(file.base + Self.usedOffset, UInt64(size)))
        guard offset + size <= file.sizeBytes else {
            // Undo, so that a smaller name may still fit; nobody else appends while the index is locked.
            _ = sp_fetch_add(file.base + Self.usedOffset, 0 &- UInt64(size))
            return 0
        }
        payload.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { (file.base + offset + 8).copyMemory(from: base, byteCount: bytes.count) }
        }
        // Releases the payload; pairs with the acquire in ArenaReader.payload.
        sp_store_release(file.base + offset, UInt64(payload.count) | UInt64(kind.rawValue) << 32 | 1 << 40)
        return UInt32(offset / 8)
    }
}
