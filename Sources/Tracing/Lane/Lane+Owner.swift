internal import CSpanreel

// The sides of a lane that are not the writer's: readers of any process, and the owner of the stream.
extension Lane {
    // Each acquire pairs with the release named beside its store.
    var publishedHead: UInt64 { sp_load_acquire(base + LaneLayout.headOffset) }
    var publishedSequence: UInt64 { sp_load_relaxed(base + LaneLayout.sequenceOffset) }
    var publishedIncarnation: UInt64 { sp_load_acquire(base + LaneLayout.baseOffset) }
    var publishedTail: UInt64 { sp_load_acquire(base + LaneLayout.tailOffset) }
    var sealedSequence: UInt64 { sp_load_acquire(base + LaneLayout.sealedSequenceOffset) }
    var state: LaneState? { LaneState(rawValue: sp_load_acquire(base + LaneLayout.stateOffset)) }

    func dropped(_ reason: DropReason) -> UInt64 {
        sp_load_relaxed(base + LaneLayout.dropsOffset + reason.rawValue * 8)
    }

    /// Makes fresh memory a free lane.
    static func format(_ base: UnsafeMutableRawPointer, slots: UInt64) -> Lane {
        let lane = Lane(base: base, slots: slots)
        sp_store_relaxed(base + LaneLayout.capacityOffset, slots)
        sp_store_relaxed(base + LaneLayout.baseOffset, Random.bits())
        sp_store_release(base + LaneLayout.magicOffset, LaneLayout.magic)
        sp_store_release(base + LaneLayout.stateOffset, LaneState.free.rawValue)
        return lane
    }

    /// Looks at a mapped lane of this or another process; nil for anything else.
    static func open(_ file: MappedFile) -> Lane? {
        guard file.sizeBytes >= LaneLayout.headerBytes,
            sp_load_acquire(file.base + LaneLayout.magicOffset) == LaneLayout.magic
        else { return nil }
        let slots = sp_load_relaxed(file.base + LaneLayout.capacityOffset)
        guard slots >= 16, slots & (slots - 1) == 0, slots <= 1 << 32,
            file.sizeBytes >= LaneLayout.sizeBytes(slots: Int(slots))
        else { return nil }
        return Lane(base: file.base, slots: slots)
    }

    /// One thread wins a free lane.
    func claim() -> Bool {
        sp_compare_exchange(base + LaneLayout.stateOffset, LaneState.free.rawValue, LaneState.claimed.rawValue) != 0
    }

    /// The thread ends; what it wrote stays until the sealer has drained it.
    func release() { sp_store_release(base + LaneLayout.stateOffset, LaneState.released.rawValue) }

    /// Gives slots back to the writer, after their block was written.
    func advanceTail(to slot: UInt64, sealed sequence: UInt64) {
        sp_store_release(base + LaneLayout.sealedSequenceOffset, sequence)
        sp_store_release(base + LaneLayout.tailOffset, slot)
    }

    /// A drained, released lane becomes a new incarnation: new base, sequence from 1. The ring position goes on, and so
    /// do the drop counters, which are cumulative over the lane's life.
    func reincarnate() {
        sp_store_relaxed(base + LaneLayout.sequenceOffset, 0)
        sp_store_relaxed(base + LaneLayout.sealedSequenceOffset, 0)
        sp_store_release(base + LaneLayout.baseOffset, Random.bits())
        sp_store_release(base + LaneLayout.stateOffset, LaneState.free.rawValue)
    }
}
