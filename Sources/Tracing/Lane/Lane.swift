internal import CSpanreel

/// One thread's ring of records in mapped memory. One writer; readers only look.
///
/// A trivial handle: copying it copies a pointer. Writing is wait-free: no lock, no allocation, no system call.
// @unchecked: the writer is the thread that claimed the lane; other threads read through acquire loads.
struct Lane: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let slotMask: UInt64
    let lapShift: UInt64

    init(base: UnsafeMutableRawPointer, slots: UInt64) {
        self.base = base
        slotMask = slots - 1
        lapShift = UInt64(slots.trailingZeroBitCount)
    }

    var slots: UInt64 { slotMask + 1 }

    @inline(__always) private func plain(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
        (base + offset).assumingMemoryBound(to: UInt64.self)
    }

    // The writer's own words.
    @inline(__always) var head: UInt64 { plain(LaneLayout.headOffset).pointee }
    @inline(__always) var sequence: UInt64 { plain(LaneLayout.sequenceOffset).pointee }
    @inline(__always) var incarnation: UInt64 { plain(LaneLayout.baseOffset).pointee }

    // What other threads read. Each acquire pairs with the release named beside its store.
    var publishedHead: UInt64 { sp_load_acquire(base + LaneLayout.headOffset) }
    var publishedSequence: UInt64 { sp_load_relaxed(base + LaneLayout.sequenceOffset) }
    var publishedIncarnation: UInt64 { sp_load_acquire(base + LaneLayout.baseOffset) }
    var publishedTail: UInt64 { sp_load_acquire(base + LaneLayout.tailOffset) }
    var sealedSequence: UInt64 { sp_load_acquire(base + LaneLayout.sealedSequenceOffset) }
    var state: LaneState? { LaneState(rawValue: sp_load_acquire(base + LaneLayout.stateOffset)) }

    @inline(__always) func word(_ index: UInt64) -> UnsafeMutableRawPointer {
        // Words of consecutive slots are consecutive until the ring ends, where they go on at its start.
        base + LaneLayout.headerBytes + Int((index & (slotMask << 2 | 3)) &* 8)
    }

    /// Records one fact; returns its sequence, or 0 when it was dropped and counted.
    @inline(__always)
    func emit(
        fact: UInt8, context: UInt32, time: UInt64, value: UInt32, role: UInt32, span: UInt64,
        _ attributes: (inout AttributeWriter) -> Void
    ) -> UInt64 {
        let busy = plain(LaneLayout.busyOffset)
        if busy.pointee != 0 { return drop(.nested) }
        busy.pointee = 1
        sp_signal_fence()
        let slot = head
        guard hasRoom(slot, 1) else { return dropAndRelease(.laneFull) }
        var writer = AttributeWriter(lane: self, firstSlot: slot)
        attributes(&writer)
        if let failure = writer.failure { return dropAndRelease(failure) }
        writer.finish()
        let slots = writer.slotCount
        let first = slot << 2
        word(first + 1).storeBytes(of: time, as: UInt64.self)
        word(first + 2).storeBytes(of: UInt64(value) | UInt64(role) << 32, as: UInt64.self)
        word(first + 3).storeBytes(of: span, as: UInt64.self)
        let lap = UInt64(UInt16(truncatingIfNeeded: slot >> lapShift &+ 1))
        let head0 = UInt64(context) | lap << 32 | UInt64(fact) << 48 | slots << 56
        // Releases the words above; pairs with the acquire of word 0 in LaneDecoder.
        sp_store_release(word(first), head0)
        let number = sequence &+ 1
        sp_store_relaxed(base + LaneLayout.sequenceOffset, number)
        // Releases the record and its number; pairs with the acquire in `publishedHead`.
        sp_store_release(base + LaneLayout.headOffset, slot &+ slots)
        sp_signal_fence()
        busy.pointee = 0
        return number
    }

    /// Whether `count` slots from `slot` on are free, looking at the sealer's tail only when the last look says no.
    @inline(__always) func hasRoom(_ slot: UInt64, _ count: UInt64) -> Bool {
        if slot &+ count &- plain(LaneLayout.cachedTailOffset).pointee <= slots { return true }
        return hasRoomAfterLook(slot, count)
    }

    @inline(never) private func hasRoomAfterLook(_ slot: UInt64, _ count: UInt64) -> Bool {
        // Pairs with the release in `advanceTail`: the sealer has copied what it gives back.
        let tail = publishedTail
        plain(LaneLayout.cachedTailOffset).pointee = tail
        return slot &+ count &- tail <= slots
    }

    @inline(never) private func dropAndRelease(_ reason: DropReason) -> UInt64 {
        plain(LaneLayout.busyOffset).pointee = 0
        return drop(reason)
    }

    @inline(never) func drop(_ reason: DropReason) -> UInt64 {
        let counter = base + LaneLayout.dropsOffset + reason.rawValue * 8
        sp_store_relaxed(counter, sp_load_relaxed(counter) &+ 1)
        return 0
    }

    func dropped(_ reason: DropReason) -> UInt64 {
        sp_load_relaxed(base + LaneLayout.dropsOffset + reason.rawValue * 8)
    }

    // MARK: The owner's side

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
