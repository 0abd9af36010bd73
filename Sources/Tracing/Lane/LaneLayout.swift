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
//
// Computed, not stored: a stored constant of another module costs a call where the emit path is inlined.

@usableFromInline enum LaneLayout {
    static let magic: UInt64 = 0x3145_4e41_4c52_5053  // "SPRLANE1"
    static let slotBytes = 32
    @inlinable static var headerBytes: Int { 4096 }
    /// Slots of one record: what fits into word 0.
    @inlinable static var maxSlots: UInt64 { 255 }

    static let magicOffset = 0
    static let capacityOffset = 8
    static let stateOffset = 16

    @inlinable static var headOffset: Int { 64 }
    @inlinable static var sequenceOffset: Int { 72 }
    @inlinable static var baseOffset: Int { 80 }
    @inlinable static var cachedTailOffset: Int { 88 }
    @inlinable static var busyOffset: Int { 96 }

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
