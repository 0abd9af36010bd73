internal import CSpanreel

// Traces by 32-bit context: a ring of 2^n entries of 32 bytes. A context is a running number; its entry is number mod
// 2^n and repeats the number, so that an entry that was taken over is seen as such.
//
//   0    magic, next number        entry:  number:u64 (stored last, with release) | trace high | trace low | 0

/// The ring's size and place of things.
enum ContextLayout {
    static let magic: UInt64 = 0x3058_5443_4c52_5053  // "SPRLCTX0"
    static let headerBytes = Int(sp_contexts_head_bytes)
    static let nextOffset = 8
    static let entryBytes = Int(sp_context_bytes)
    static let entries = Int(sp_contexts)
    static let sizeBytes = headerBytes + entries * entryBytes

    static func offset(of context: UInt32) -> Int { headerBytes + Int(context) % entries * entryBytes }
}

/// Hands out contexts, lock-free: one fetch-and-add a trace.
struct ContextTable {
    let file: MappedFile

    init(path: String) throws(TraceError) {
        file = try MappedFile.create(path, sizeBytes: ContextLayout.sizeBytes, populate: true)
        sp_store_relaxed(file.base + ContextLayout.nextOffset, 1)
        sp_store_release(file.base, ContextLayout.magic)
    }

    func add(_ trace: TraceID) -> UInt32 {
        var number = UInt32(truncatingIfNeeded: sp_fetch_add(file.base + ContextLayout.nextOffset, 1))
        // 0 means "none": after 2^32 contexts it is skipped.
        if number == 0 { number = UInt32(truncatingIfNeeded: sp_fetch_add(file.base + ContextLayout.nextOffset, 1)) }
        let entry = file.base + ContextLayout.offset(of: number)
        sp_store_release(entry, 0)
        sp_store_relaxed(entry + 8, trace.high)
        sp_store_relaxed(entry + 16, trace.low)
        // Releases the trace; pairs with the acquire in ContextReader.trace.
        sp_store_release(entry, UInt64(number))
        return number
    }
}

/// Reads contexts of a mapped table. Total.
struct ContextReader {
    let file: MappedFile

    func trace(_ context: UInt32) -> TraceID? {
        guard context != 0, file.sizeBytes >= ContextLayout.sizeBytes else { return nil }
        let entry = file.base + ContextLayout.offset(of: context)
        guard sp_load_acquire(entry) == UInt64(context) else { return nil }
        let trace = TraceID(high: sp_load_relaxed(entry + 8), low: sp_load_relaxed(entry + 16))
        sp_fence_acquire()
        return sp_load_relaxed(entry) == UInt64(context) ? trace : nil
    }
}
