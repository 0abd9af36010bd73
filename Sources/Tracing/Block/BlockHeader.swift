/// What a block holds. Wire tags: append only; a reader skips what it does not know.
enum BlockType: UInt8 {
    /// Facts of one incarnation.
    case events = 1
    /// Facts about the stream or session itself: names and values.
    case description = 2
}

/// The 144 bytes before each payload, under a checksum of their own: a wrong length must not be believed.
///
///     0    sync marker:16 (the file's)
///     16   type:u8 | codec:u8 | 0:u16 | header length:u32 | stored length:u32 | raw length:u32
///     32   stream id:16
///     48   incarnation:u64 | first sequence:u64 | last sequence:u64
///     72   event count:u32 | epoch:u32
///     80   least start:i64 | greatest time:i64            Unix nanoseconds on the stream's clock
///     96   end slot:u64 | payload hash:u64 | file offset:u64
///     120  least time:i64 | events dropped by this lane so far:u64 | 0:u32 | CRC-32C of bytes 0-139
///
/// Sequence, session and file offset lie under the checksum, so a stale, swapped or misplaced block is seen.
struct BlockHeader: Equatable {
    static let sizeBytes = 144
    /// No block is larger, raw or stored: the bound before any allocation.
    static let maxPayloadBytes = 64 << 20
    static let zstdCodec: UInt8 = 1

    var type: BlockType
    var storedLength: Int = 0
    var rawLength: Int = 0
    var stream: StreamID
    var incarnation: UInt64 = 0
    var firstSequence: UInt64 = 0
    var lastSequence: UInt64 = 0
    var eventCount: Int = 0
    var epoch: UInt32 = 0
    var minStart: Int64 = 0
    var maxTime: Int64 = 0
    var endSlot: UInt64 = 0
    var payloadHash: UInt64 = 0
    var fileOffset: UInt64 = 0
    var minTime: Int64 = 0
    var dropped: UInt64 = 0

    func bytes(syncMarker: RandomID) -> [UInt8] {
        var writer = ByteWriter()
        writer.u64(syncMarker.high)
        writer.u64(syncMarker.low)
        writer.u8(type.rawValue)
        writer.u8(Self.zstdCodec)
        writer.u16(0)
        writer.u32(UInt32(Self.sizeBytes))
        writer.u32(UInt32(storedLength))
        writer.u32(UInt32(rawLength))
        writer.u64(stream.high)
        writer.u64(stream.low)
        writer.u64(incarnation)
        writer.u64(firstSequence)
        writer.u64(lastSequence)
        writer.u32(UInt32(eventCount))
        writer.u32(epoch)
        writer.i64(minStart)
        writer.i64(maxTime)
        writer.u64(endSlot)
        writer.u64(payloadHash)
        writer.u64(fileOffset)
        writer.i64(minTime)
        writer.u64(dropped)
        writer.u32(0)
        writer.u32(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Why bytes are no block header that belongs here.
    enum Failure: Error, Equatable {
        /// No header, or a damaged one: it fails its checksum or contradicts itself.
        case notAHeader
        /// Intact, but with another file's marker or of another stream: what an older file left, or a sector gone astray.
        case foreign
        /// Intact and of this file, but written for another offset.
        case misplaced(writtenFor: UInt64)
        /// Intact, of a type from a newer version: skip `storedLength` bytes.
        case unknownType(storedLength: Int)
    }

    /// Reads the header at `offset`. Without a `syncMarker` any will do: for files whose own header is damaged.
    static func parse(_ bytes: [UInt8], syncMarker: RandomID?, at offset: Int) throws(Failure) -> BlockHeader {
        var reader = ByteReader(bytes)
        guard bytes.count >= sizeBytes, let marker = reader.id(),
            let typeByte = reader.u8(), let codec = reader.u8(), reader.u16() != nil,
            let length = reader.u32(), let stored = reader.u32(), let raw = reader.u32(), let stream = reader.id(),
            let incarnation = reader.u64(), let first = reader.u64(), let last = reader.u64(),
            let count = reader.u32(), let epoch = reader.u32(), let minStart = reader.i64(), let maxTime = reader.i64(),
            let endSlot = reader.u64(), let hash = reader.u64(), let fileOffset = reader.u64(),
            let minTime = reader.i64(), let dropped = reader.u64(), reader.u32() != nil, let crc = reader.u32(),
            length == sizeBytes, Int(stored) <= maxPayloadBytes,
            Int(raw) <= maxPayloadBytes || PlantedBug.isOn(.lengthUnbounded),
            Integrity.holds(CRC32C.checksum(bytes.prefix(sizeBytes - 4)) == crc) || PlantedBug.isOn(.headerUnchecked)
        else { throw .notAHeader }
        if let syncMarker, marker != syncMarker, !PlantedBug.isOn(.foreignAccepted) { throw .foreign }
        guard fileOffset == UInt64(offset) || PlantedBug.isOn(.offsetUnchecked) else {
            throw .misplaced(writtenFor: fileOffset)
        }
        guard let type = BlockType(rawValue: typeByte), codec == zstdCodec else {
            throw .unknownType(storedLength: Int(stored))
        }
        // The sequences of a block are consecutive and begin at 1 or later.
        if type == .events {
            guard first > 0, last >= first, last - first == UInt64(count) &- 1 else { throw .notAHeader }
        }
        return BlockHeader(
            type: type, storedLength: Int(stored), rawLength: Int(raw), stream: stream, incarnation: incarnation,
            firstSequence: first, lastSequence: last, eventCount: Int(count), epoch: epoch, minStart: minStart,
            maxTime: maxTime, endSlot: endSlot, payloadHash: hash, fileOffset: fileOffset, minTime: minTime,
            dropped: dropped)
    }
}
