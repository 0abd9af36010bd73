internal import CSpanreel

/// One record as it lies in a lane: numbers only, names still by their ids in the arena.
struct LaneRecord {
    var fact: UInt8
    var context: UInt32
    var time: UInt64
    /// A span's duration in ticks when it fits into 32 bits, or a token count.
    var low: UInt32
    var role: UInt32
    var id: UInt64
    /// The record's words after the fourth: attributes.
    var words: Range<UInt64>
    var slots: UInt64
}

/// Walks the committed records of a lane. Total: a lane of a killed, or a hostile, process gives fewer records, never a
/// trap.
///
/// Reads mapped memory that its writer goes on using: the caller checks afterwards that the range was not given back
/// meanwhile, and throws away what it read if it was.
struct LaneCursor {
    let lane: Lane
    /// The next slot to read.
    var slot: UInt64
    /// The slot after the last committed one.
    let head: UInt64

    /// 2 KiB ahead.
    private static var prefetchWords: UInt64 { 256 }

    /// The next record; nil at the end, or at a first word that is not of this lap, which a committed record's always is.
    @inline(__always) mutating func next() -> LaneRecord? {
        guard slot < head else { return nil }
        let first = slot << 2
        // The lines were written by another core: fetching one takes longer than encoding its two records.
        sp_prefetch(lane.word(first &+ Self.prefetchWords))
        // Pairs with the release of word 0 in Lane.emit.
        let word0 = sp_load_acquire(lane.word(first))
        let slots = word0 >> 56
        let lap = UInt16(truncatingIfNeeded: slot >> lane.lapShift &+ 1)
        guard slots > 0, slots <= head &- slot, UInt16(truncatingIfNeeded: word0 >> 32) == lap else { return nil }
        let word2 = load(first &+ 2)
        let record = LaneRecord(
            fact: UInt8(truncatingIfNeeded: word0 >> 48), context: UInt32(truncatingIfNeeded: word0),
            time: load(first &+ 1), low: UInt32(truncatingIfNeeded: word2),
            role: UInt32(truncatingIfNeeded: word2 >> 32), id: load(first &+ 3),
            words: first &+ 4..<first &+ slots << 2, slots: slots)
        slot &+= slots
        return record
    }

    @inline(__always) func load(_ word: UInt64) -> UInt64 { lane.word(word).load(as: UInt64.self) }
}

/// A value of a lane's attribute, with its key as it lies in the lane.
enum LaneAttribute {
    /// Ticks that did not fit into the record.
    case longDuration(UInt64)
    case int(UInt32, UInt64)
    case double(UInt32, UInt64)
    case bool(UInt32, Bool)
    /// A string of the arena.
    case handle(UInt32, UInt32)
    /// `length` bytes from `word` on; `originalLength` when they were cut.
    case text(UInt32, word: UInt64, length: Int, originalLength: UInt64?)
}

/// Walks the attributes of one record. Total, as ``LaneCursor``.
struct LaneAttributes {
    let cursor: LaneCursor
    private var word: UInt64
    private let end: UInt64

    @inline(__always) init(_ record: LaneRecord, _ cursor: LaneCursor) {
        self.cursor = cursor
        word = record.words.lowerBound
        end = record.words.upperBound
    }

    @inline(__always) mutating func next() -> LaneAttribute? {
        guard word < end else { return nil }
        let head = cursor.load(word)
        // The last slot's unused words may hold anything of an earlier lap: the writer ends the list with a zero.
        guard let type = LaneValue(rawValue: UInt8(truncatingIfNeeded: head >> 32)) else { return nil }
        let key = UInt32(truncatingIfNeeded: head)
        let length = Int(head >> 48)
        word &+= 1
        if type == .bool { return .bool(key, length & 1 == 1) }
        if type == .text {
            let isCut = head >> 40 & 1 == 1
            let words = UInt64(length + 7) / 8
            guard word &+ words &+ (isCut ? 1 : 0) <= end else { return nil }
            let original = isCut ? cursor.load(word) : nil
            if isCut { word &+= 1 }
            defer { word &+= words }
            return .text(key, word: word, length: length, originalLength: original)
        }
        guard word < end else { return nil }
        let bits = cursor.load(word)
        word &+= 1
        switch type {
        case .int: return key == 0 ? .longDuration(bits) : .int(key, bits)
        case .double: return .double(key, bits)
        default: return .handle(key, UInt32(truncatingIfNeeded: bits))
        }
    }
}

extension LaneCursor {
    /// The text of an attribute; what is not UTF-8 is replaced.
    func text(_ first: UInt64, _ length: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        for index in 0..<length {
            let word = load(first &+ UInt64(index / 8))
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
