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
    let arenaID: UInt32
}

/// A role of the stream's arena.
public struct RoleHandle: Sendable, Hashable {
    let arenaID: UInt32
}

/// An attribute key: well-known, or of the stream's arena.
public struct KeyHandle: Sendable, Hashable {
    let rawValue: UInt32
}

/// Writes the attributes of one record straight into the thread's lane.
///
/// Valid only inside the closure that receives it. A string costs its bytes; use a ``StringHandle`` for what repeats.
public struct AttributeWriter {
    private let lane: Lane
    private let firstWord: UInt64
    private var cursor: UInt64
    private var limit: UInt64
    private(set) var failure: DropReason?
    private let isActive: Bool

    static let maxTextBytes = 4096

    @inline(__always) init(lane: Lane, firstSlot: UInt64) {
        self.lane = lane
        firstWord = firstSlot << 2
        cursor = firstWord + 4
        limit = cursor
        isActive = true
    }

    var slotCount: UInt64 { (cursor &- firstWord &+ 3) >> 2 }

    /// Ends the list: a zero after the last attribute hides what an earlier lap left in the last slot.
    @inline(__always) mutating func finish() {
        if cursor & 3 != 0 { lane.word(cursor).storeBytes(of: 0, as: UInt64.self) }
    }

    /// Adds an integer. One slot for every two attributes.
    public mutating func set(_ key: AttributeKey, _ value: Int) {
        put(key.rawValue, .int, UInt64(bitPattern: Int64(value)))
    }
    /// Adds an integer.
    public mutating func set(_ key: AttributeKey, _ value: Int64) { put(key.rawValue, .int, UInt64(bitPattern: value)) }
    /// Adds a double.
    public mutating func set(_ key: AttributeKey, _ value: Double) { put(key.rawValue, .double, value.bitPattern) }
    /// Adds a truth value.
    public mutating func set(_ key: AttributeKey, _ value: Bool) {
        if room(1) { push(Self.head(key.rawValue, .bool, value ? 1 : 0)) }
    }
    /// Adds an interned string.
    public mutating func set(_ key: AttributeKey, _ value: StringHandle) {
        put(key.rawValue, .handle, UInt64(value.arenaID))
    }
    /// Adds a string, cut at 4 KiB on a character's boundary; `spanreel.truncated_bytes` then keeps its length.
    public mutating func set(_ key: AttributeKey, _ value: String) { text(key.rawValue, value) }

    /// Adds an integer under a custom key.
    public mutating func set(_ key: KeyHandle, _ value: Int) {
        put(key.rawValue, .int, UInt64(bitPattern: Int64(value)))
    }
    /// Adds a double under a custom key.
    public mutating func set(_ key: KeyHandle, _ value: Double) { put(key.rawValue, .double, value.bitPattern) }
    /// Adds a truth value under a custom key.
    public mutating func set(_ key: KeyHandle, _ value: Bool) {
        if room(1) { push(Self.head(key.rawValue, .bool, value ? 1 : 0)) }
    }
    /// Adds an interned string under a custom key.
    public mutating func set(_ key: KeyHandle, _ value: StringHandle) {
        put(key.rawValue, .handle, UInt64(value.arenaID))
    }
    /// Adds a string under a custom key.
    public mutating func set(_ key: KeyHandle, _ value: String) { text(key.rawValue, value) }

    /// A duration too long for the 32 bits of word 2 travels as an attribute with key 0.
    mutating func setLongDuration(_ ticks: UInt64) { put(0, .int, ticks) }

    private static func head(_ key: UInt32, _ type: LaneValue, _ length: UInt16, flags: UInt8 = 0) -> UInt64 {
        UInt64(key) | UInt64(type.rawValue) << 32 | UInt64(flags) << 40 | UInt64(length) << 48
    }

    @inline(__always) private mutating func put(_ key: UInt32, _ type: LaneValue, _ bits: UInt64) {
        guard room(2) else { return }
        push(Self.head(key, type, 0))
        push(bits)
    }

    @inline(__always) private mutating func push(_ word: UInt64) {
        lane.word(cursor).storeBytes(of: word, as: UInt64.self)
        cursor &+= 1
    }

    /// Makes sure that `words` more words lie in free slots.
    @inline(__always) private mutating func room(_ words: UInt64) -> Bool {
        if failure != nil { return false }
        if cursor &+ words <= limit { return true }
        let slots = (cursor &+ words &- firstWord &+ 3) >> 2
        if slots > UInt64(LaneLayout.maxSlots) {
            failure = .tooLarge
            return false
        }
        if !lane.hasRoom(firstWord >> 2, slots) {
            failure = .laneFull
            return false
        }
        limit = firstWord &+ slots << 2
        return true
    }

    private mutating func text(_ key: UInt32, _ value: String) {
        var value = value
        value.withUTF8 { bytes in
            var count = min(bytes.count, Self.maxTextBytes)
            // Step back over continuation bytes (10xxxxxx), so that the cut falls between characters.
            while count < bytes.count, count > 0, bytes[count] & 0xc0 == 0x80 { count -= 1 }
            let isCut = count < bytes.count
            guard room(UInt64(1 + (isCut ? 1 : 0) + (count + 7) / 8)) else { return }
            push(Self.head(key, .text, UInt16(count), flags: isCut ? 1 : 0))
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
