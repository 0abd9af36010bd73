internal import CSpanreel

// A growing stream's state, mapped, so that any process sees it without a message:
//
//   0    magic | state                     state: 1 live, 2 ended
//   16   heartbeat, Unix nanoseconds on the stream's clock | heartbeat, monotonic nanoseconds
//   32   calibration: ticks anchor, Unix anchor, rate
//   56   lanes created
//   64   drops by reason that belong to no lane
//   128  steps of the clock
//   136  length of the lane directory's path, then the path

/// The mapped `head` file of a stream.
struct StreamHead {
    static let magic: UInt64 = 0x3144_4548_4c52_5053  // "SPRLHED1"
    static let sizeBytes = 4096
    static let live: UInt64 = 1
    static let ended: UInt64 = 2
    static let maxPathBytes = 2048

    let file: MappedFile

    static func create(
        path: String, calibration: Calibration, step: UInt64, laneDirectory: String
    ) throws(TraceError) -> StreamHead {
        let directory = Array(laneDirectory.utf8)
        guard directory.count <= maxPathBytes else {
            throw TraceError(
                .invalid, "expected a path of at most \(maxPathBytes) bytes, found \(directory.count)",
                path: laneDirectory)
        }
        let file = try MappedFile.create(path, sizeBytes: sizeBytes, populate: true)
        let head = StreamHead(file: file)
        sp_store_relaxed(file.base + 32, calibration.ticksAnchor)
        sp_store_relaxed(file.base + 40, UInt64(bitPattern: calibration.unixAnchor))
        sp_store_relaxed(file.base + 48, calibration.rate)
        sp_store_relaxed(file.base + 128, step)
        sp_store_relaxed(file.base + 136, UInt64(directory.count))
        directory.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { (file.base + 144).copyMemory(from: base, byteCount: bytes.count) }
        }
        head.beat()
        sp_store_relaxed(file.base + 8, live)
        // Releases everything above; pairs with the acquire in `open`.
        sp_store_release(file.base, magic)
        return head
    }

    static func open(path: String, writable: Bool = false) throws(TraceError) -> StreamHead {
        let file =
            writable
            ? try MappedFile.openForWriting(path, minimumBytes: sizeBytes)
            : try MappedFile.openForReading(path, minimumBytes: sizeBytes)
        guard sp_load_acquire(file.base) == magic else {
            throw TraceError(.corrupt, "expected a stream's head, found other bytes", path: path, offsetBytes: 0)
        }
        return StreamHead(file: file)
    }

    var calibration: Calibration {
        Calibration(
            ticksAnchor: sp_load_relaxed(file.base + 32),
            unixAnchor: Int64(bitPattern: sp_load_relaxed(file.base + 40)),
            rate: sp_load_relaxed(file.base + 48))
    }

    /// The clock advances in multiples of so many ticks; at least 1.
    var step: UInt64 { max(1, sp_load_relaxed(file.base + 128)) }

    var laneDirectory: String? {
        let count = Int(truncatingIfNeeded: sp_load_relaxed(file.base + 136))
        guard count > 0, count <= Self.maxPathBytes else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: file.base + 144, count: count), as: UTF8.self)
    }

    /// Where the lanes lie when that is shared memory, so that whoever is done with them removes it. Only what we can
    /// have made ourselves: the path comes from a file.
    var sharedLaneDirectory: String? {
        laneDirectory.flatMap { $0.hasPrefix(Self.sharedPrefix) && !$0.contains("..") ? $0 : nil }
    }

    /// Before the user's id and the stream's.
    static let sharedPrefix = "/dev/shm/spanreel-"

    var laneCount: Int { Int(truncatingIfNeeded: min(sp_load_acquire(file.base + 56), UInt64(LanePool.maxLanes))) }
    var isEnded: Bool { sp_load_acquire(file.base + 8) == Self.ended }

    func setLaneCount(_ count: Int) { sp_store_release(file.base + 56, UInt64(count)) }
    func setEnded() { sp_store_release(file.base + 8, Self.ended) }

    /// A sign of life: everything stamped before this instant, less a scheduling delay, is visible.
    func beat() {
        sp_store_relaxed(file.base + 16, UInt64(bitPattern: calibration.unixNanos(sp_ticks())))
        sp_store_release(file.base + 24, sp_monotonic_nanos())
    }

    var heartbeat: Timestamp { Timestamp(nanos: Int64(bitPattern: sp_load_relaxed(file.base + 16))) }
    /// Nanoseconds since the last beat; only meaningful on the machine that wrote it, in the same boot.
    var silentNanos: Int64 { Int64(clamping: sp_monotonic_nanos() &- sp_load_acquire(file.base + 24)) }

    func countDrop(_ reason: DropReason, _ count: UInt64 = 1) {
        _ = sp_fetch_add(file.base + 64 + reason.rawValue * 8, count)
    }

    func dropped(_ reason: DropReason) -> UInt64 { sp_load_relaxed(file.base + 64 + reason.rawValue * 8) }
}
