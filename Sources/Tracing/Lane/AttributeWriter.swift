public import CSpanreel

// Attributes follow their record word by word:
//
//   key:u32 | type:u8 | flags:u8 | length:u16      then the value:
//   int, double, string handle: one word           bool: in `length`, no word
//   text: `length` bytes of UTF-8, padded          flag 1: a word with the original length precedes them

/// How an attribute lies in a lane. Tags live only as long as a lane.
enum LaneValue: UInt8 {
    case int = 1
    case double = 2
    case bool = 3
    case handle = 4
    case text = 5
}

/// A string of the stream's arena, for values that come again and again.
public struct StringHandle: Sendable, Hashable {
    @usableFromInline let arenaID: UInt32
    init(arenaID: UInt32) { self.arenaID = arenaID }
}

/// A role of the stream's arena.
public struct RoleHandle: Sendable, Hashable {
    @usableFromInline let arenaID: UInt32
    init(arenaID: UInt32) { self.arenaID = arenaID }
}

/// An attribute key: well-known, or of the stream's arena.
public struct KeyHandle: Sendable, Hashable {
    @usableFromInline let rawValue: UInt32
    init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// Writes the attributes of one record straight into the thread's lane.
///
/// Valid only inside the closure that receives it. A string costs its bytes; use a ``StringHandle`` for what repeats.
public struct AttributeWriter {
    @usableFromInline let lane: Lane
    @usableFromInline let firstWord: UInt64
    @usableFromInline var cursor: UInt64
    /// The first word that may not be written without a look; 0 once an attribute did not fit.
    @usableFromInline var limit: UInt64
    @usableFromInline var isTooLarge = false

    static let maxTextBytes = 4096

    @inlinable @inline(__always) init(lane: Lane, firstSlot: UInt64) {
        self.lane = lane
        firstWord = firstSlot << 2
        cursor = firstSlot << 2 &+ 4
        limit = (lane.plain(LaneLayout.cachedTailOffset).pointee &+ lane.slots) << 2
        limit = min(limit, firstWord &+ LaneLayout.maxSlots << 2)
    }

    /// Whether the record's first slot is free, looking at the sealer's tail only when the last look says no.
    @inlinable @inline(__always) var hasFirstSlot: Bool {
        mutating get {
            if cursor <= limit { return true }
            limit = min(lane.refreshedEnd() << 2, firstWord &+ LaneLayout.maxSlots << 2)
            return cursor <= limit
        }
    }

    @inlinable @inline(__always) var hasFailed: Bool { limit == 0 }

    @inlinable @inline(__always) var slotCount: UInt64 { (cursor &- firstWord &+ 3) >> 2 }

    /// Ends the list: a zero after the last attribute hides what an earlier lap left in the last slot.
    @inlinable @inline(__always) mutating func finish() {
        if cursor & 3 != 0 { lane.word(cursor).storeBytes(of: 0, as: UInt64.self) }
    }

    /// A duration too long for the 32 bits of word 2 travels as an attribute with key 0.
    @usableFromInline mutating func setLongDuration(_ ticks: UInt64) { put(0, Self.int, ticks) }

    // The tags of LaneValue, where they must be known to the code that is inlined.
    @inlinable static var int: UInt64 { 1 << 32 }
    @inlinable static var double: UInt64 { 2 << 32 }
    @inlinable static var bool: UInt64 { 3 << 32 }
    @inlinable static var handle: UInt64 { 4 << 32 }

    @inlinable @inline(__always) mutating func put(_ key: UInt32, _ tag: UInt64, _ bits: UInt64) {
        guard room(2) else { return }
        push(UInt64(key) | tag)
        push(bits)
    }

    @inlinable @inline(__always) mutating func put(_ key: UInt32, _ value: Bool) {
        if room(1) { push(UInt64(key) | Self.bool | (value ? 1 : 0) << 48) }
    }

    @inlinable @inline(__always) mutating func push(_ word: UInt64) {
        lane.word(cursor).storeBytes(of: word, as: UInt64.self)
        cursor &+= 1
    }

    /// Makes sure that `words` more words lie in free slots.
    @inlinable @inline(__always) mutating func room(_ words: UInt64) -> Bool {
        cursor &+ words <= limit || look(words)
    }

    @inline(never) @usableFromInline mutating func look(_ words: UInt64) -> Bool {
        guard limit != 0 else { return false }
        let most = firstWord &+ LaneLayout.maxSlots << 2
        if cursor &+ words > most {
            isTooLarge = true
        } else {
            limit = min(lane.refreshedEnd() << 2, most)
            if cursor &+ words <= limit { return true }
        }
        limit = 0
        return false
    }

    @usableFromInline mutating func text(_ key: UInt32, _ value: String) {
        var value = value
        value.withUTF8 { bytes in
            var count = min(bytes.count, Self.maxTextBytes)
            // Step back over continuation bytes (10xxxxxx), so that the cut falls between characters.
            while count < bytes.count, count > 0, bytes[count] & 0xc0 == 0x80 { count -= 1 }
            let isCut = count < bytes.count
            guard room(UInt64(1 + (isCut ? 1 : 0) + (count + 7) / 8)) else { return }
            push(UInt64(key) | UInt64(LaneValue.text.rawValue) << 32 | (isCut ? 1 << 40 : 0) | UInt64(count) << 48)
            if isCut { push(UInt64(bytes.count)) }
            var index = 0
            while index < count {
                var word: UInt64 = 0
                for offset in 0..<min(8, count - index) { word |= UInt64(bytes[index + offset]) << UInt64(offset * 8) }
                push(word)
                index += 8
            }
        }
    }
}
