public import CSpanreel

/// One thread's ring of records in mapped memory: the writer's side. One writer; readers only look.
///
/// A trivial handle: copying it copies a pointer. Writing is wait-free: no lock, no allocation, no system call. The
/// emit path is inlined into its caller, for a call alone would cost a sixth of an event.
// @unchecked: the writer is the thread that claimed the lane; other threads read through acquire loads.
@usableFromInline struct Lane: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let slotMask: UInt64
    @usableFromInline let lapShift: UInt64

    @inlinable @inline(__always) init(base: UnsafeMutableRawPointer, slotMask: UInt64, lapShift: UInt64) {
        self.base = base
        self.slotMask = slotMask
        self.lapShift = lapShift
    }

    init(base: UnsafeMutableRawPointer, slots: UInt64) {
        self.init(base: base, slotMask: slots - 1, lapShift: UInt64(slots.trailingZeroBitCount))
    }

    @inlinable var slots: UInt64 { slotMask &+ 1 }

    @inlinable @inline(__always) func plain(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
        (base + offset).assumingMemoryBound(to: UInt64.self)
    }

    // The writer's own words.
    @inlinable @inline(__always) var head: UInt64 { plain(LaneLayout.headOffset).pointee }
    @inlinable @inline(__always) var sequence: UInt64 { plain(LaneLayout.sequenceOffset).pointee }
    @inlinable @inline(__always) var incarnation: UInt64 { plain(LaneLayout.baseOffset).pointee }

    @inlinable @inline(__always) func word(_ index: UInt64) -> UnsafeMutableRawPointer {
        // Words of consecutive slots are consecutive until the ring ends, where they go on at its start.
        base + LaneLayout.headerBytes + Int(truncatingIfNeeded: (index & (slotMask << 2 | 3)) &* 8)
    }

    /// Records one fact; returns its sequence, or 0 when it was dropped and counted.
    @inlinable @inline(__always)
    func emit(
        fact: UInt8, context: UInt32, time: UInt64, value: UInt32, role: UInt32, span: UInt64,
        _ attributes: (inout AttributeWriter) -> Void
    ) -> UInt64 {
        let busy = plain(LaneLayout.busyOffset)
        if busy.pointee != 0 { return drop(DropReason.nested) }
        busy.pointee = 1
        sp_signal_fence()
        let slot = head
        var writer = AttributeWriter(lane: self, firstSlot: slot)
        if !writer.hasFirstSlot { return dropAndRelease(.laneFull) }
        attributes(&writer)
        if writer.hasFailed { return dropAndRelease(writer) }
        writer.finish()
        let slots = writer.slotCount
        let record = word(slot << 2)
        (record + 8).storeBytes(of: time, as: UInt64.self)
        (record + 16).storeBytes(of: UInt64(value) | UInt64(role) << 32, as: UInt64.self)
        (record + 24).storeBytes(of: span, as: UInt64.self)
        let lap = UInt64(UInt16(truncatingIfNeeded: slot >> lapShift &+ 1))
        // Releases the words above; pairs with the acquire of word 0 in LaneDecoder.
        sp_store_release(record, UInt64(context) | lap << 32 | UInt64(fact) << 48 | slots << 56)
        let number = sequence &+ 1
        sp_store_relaxed(base + LaneLayout.sequenceOffset, number)
        // Releases the record and its number; pairs with the acquire in `publishedHead`.
        sp_store_release(base + LaneLayout.headOffset, slot &+ slots)
        sp_signal_fence()
        busy.pointee = 0
        return number
    }

    // MARK: The cold half

    /// The first slot that the writer may not use, after a look at the sealer's tail.
    @inline(never) @usableFromInline func refreshedEnd() -> UInt64 {
        // Pairs with the release in `advanceTail`: the sealer has copied what it gives back.
        let tail = publishedTail
        plain(LaneLayout.cachedTailOffset).pointee = tail
        return tail &+ slots
    }

    @inline(never) @usableFromInline func dropAndRelease(_ reason: DropReason) -> UInt64 {
        plain(LaneLayout.busyOffset).pointee = 0
        return drop(reason)
    }

    @inline(never) @usableFromInline func dropAndRelease(_ writer: AttributeWriter) -> UInt64 {
        dropAndRelease(writer.isTooLarge ? .tooLarge : .laneFull)
    }

    @inline(never) @usableFromInline func drop(_ reason: DropReason) -> UInt64 {
        let counter = base + LaneLayout.dropsOffset + reason.rawValue * 8
        sp_store_relaxed(counter, sp_load_relaxed(counter) &+ 1)
        return 0
    }
}
