// What the bytes of a lane mean. Nothing here walks them: see Lane (writes) and LaneDecoder (reads).
//
//   0      magic, slot capacity, state            written by the owner of the stream
//   64     head, sequence, base, cached tail      written by the emitting thread only
//   128    drops by reason, cumulative            written by the emitting thread only
//   192    tail, sealed sequence                  written by the sealer only
//   4096   ring of 2^n slots of 32 bytes
//
// A record takes one slot, and a slot more for every 32 bytes of attributes:
//
//   word 0   context:u32 | lap:u16 | fact:u8 | slots:u8     stored last, with release
//   word 1   start (span) or time                           ticks
//   word 2   begin, end, mark, sample: 0; span: duration in ticks; tokens: count  :u32 | role:u32
//   word 3   parent's span id; on end: the span that ends
//   word 4.. attributes, see AttributeWriter
//
// `fact` = event kind (3 bits) | status (2) | span kind (3). The head is the authority on what is committed; the lap,
// 1 + (slot / capacity) mod 2^16, lets a reader see that a slot was overwritten under its copy.

enum LaneLayout {
    static let magic: UInt64 = 0x3045_4e41_4c52_5053  // "SPRLANE0"
    static let slotBytes = 32
    static let wordsPerSlot = 4
    static let headerBytes = 4096
    static let maxSlots = 255

    static let magicOffset = 0
    static let capacityOffset = 8
    static let stateOffset = 16

    static let headOffset = 64
    static let sequenceOffset = 72
    static let baseOffset = 80
    static let cachedTailOffset = 88
    static let busyOffset = 96

    static let dropsOffset = 128

    static let tailOffset = 192
    static let sealedSequenceOffset = 200

    static func sizeBytes(slots: Int) -> Int { headerBytes + slots * slotBytes }
}

/// The life of one lane. A released lane is drained, given a new base, and free again.
enum LaneState: UInt64 {
    case free = 1
    case claimed = 2
    case released = 3
}

/// Why an event was not recorded. Wire tags: append only; the raw value is a counter's position.
public enum DropReason: Int, Sendable, CaseIterable {
    /// The thread's ring had no room: the sealer could not keep up.
    case laneFull = 0
    /// More lanes in use than the pool may hold.
    case poolEmpty = 1
    /// Emitted from inside an emit, by a signal handler or an attribute closure.
    case nested = 2
    /// More than 8 KiB of attributes.
    case tooLarge = 3
    /// Less than 1 GiB left on the disk.
    case diskLow = 4
    /// Emitted after `close`.
    case closed = 5

    /// The word in JSON and text.
    public var label: String {
        switch self {
        case .laneFull: "lane-full"
        case .poolEmpty: "pool-empty"
        case .nested: "nested"
        case .tooLarge: "too-large"
        case .diskLow: "disk-low"
        case .closed: "closed"
        }
    }

    static let counters = 8
}
