public import CSpanreel

/// Writes the facts of one process into a session.
///
/// Emitting takes no lock, no allocation and no system call, and never throws: what cannot be recorded is dropped and
/// counted by reason. Handles for roles, names and keys are interned once, off the hot path, and kept.
///
///     let recorder = try Recorder.fromEnvironment(device: "mini1")
///     let layer = recorder.role(Role(.layer, phase: .decode, layer: 11, stage: 1))
///     let start = recorder.now()
///     ...
///     recorder.record(layer, from: start, parent: stage) { $0.set(.batchTokens, 1) }
///
/// Any number of threads may emit; each has a lane of its own. After `fork` without `exec` the child's recorder is off.
public final class Recorder: Sendable {
    let core: RecorderCore?
    // What the emit path reads: outlives every call, because the core owns it. Unsafe only to the compiler: its id is
    // read and written atomically, the rest never changes.
    @usableFromInline nonisolated(unsafe) let hot: UnsafePointer<sp_recorder>

    private init(core: RecorderCore?) {
        self.core = core
        hot = core.map { UnsafePointer($0.hot) } ?? Self.off
    }

    /// All zero: records nothing.
    nonisolated(unsafe) private static let off: UnsafePointer<sp_recorder> = {
        let pointer = UnsafeMutablePointer<sp_recorder>.allocate(capacity: 1)
        pointer.initialize(to: sp_recorder(id: 0, slot_mask: 0, lap_shift: 0, contexts: nil))
        return UnsafePointer(pointer)
    }()

    /// Records nothing; every call returns at once.
    public static let disabled = Recorder(core: nil)

    /// Opens a stream in the session of `options`, making the session when it is missing.
    ///
    /// - Throws: ``TraceError`` when the place cannot be written or the options make no sense. Takes some milliseconds.
    public static func open(_ options: Options) throws(TraceError) -> Recorder {
        Recorder(core: try RecorderCore(options))
    }

    /// Whether emitting records anything.
    public var isEnabled: Bool { sp_load_relaxed(hot) > RecorderCore.closedID }
    /// The stream's id; zero when disabled.
    public var streamID: StreamID { core?.info.id ?? .none }
    /// The session's id; zero when disabled.
    public var sessionID: SessionID { core?.session.id ?? SessionID(high: 0, low: 0) }
    /// Where the session grows; empty when disabled.
    public var sessionPath: String { core?.session.path ?? "" }
    /// What one one-record span cost when the stream was opened, two clock reads included.
    public var recordCostNanos: Double { core?.info.recordCostNanos ?? 0 }

    // MARK: Names, once

    /// Interns a role. Takes a lock; keep the handle.
    public func role(_ role: Role) -> RoleHandle { RoleHandle(arenaID: core?.names.intern(role) ?? 0) }
    /// Interns a string that comes again and again. Takes a lock; keep the handle.
    public func name(_ string: String) -> StringHandle { StringHandle(arenaID: core?.names.intern(string) ?? 0) }
    /// Interns an attribute's name. Takes a lock; keep the handle.
    public func key(_ name: String) -> KeyHandle {
        if let known = AttributeKey.wellKnown(name) { return KeyHandle(rawValue: known.rawValue) }
        guard let id = core?.names.intern(name), id != 0 else { return KeyHandle(rawValue: 0) }
        return KeyHandle(rawValue: AttributeKey.firstInterned + id)
    }
    /// Adds facts about the process. Writes a block; not for hot paths.
    public func describe(_ resource: [String: String]) {
        var description = Description()
        for (key, value) in resource { description.values["resource.\(key)"] = value }
        // The stream goes on without the facts; the next block's failure is reported by the sealer.
        try? core?.store.describe(description)
    }

    // MARK: Clock

    /// One clock read; 0 when disabled. Not ordered against the code around it, which shifts a stamp by some tens of
    /// nanoseconds: see ``orderedNow()`` for spans shorter than a microsecond.
    @inlinable @inline(__always) public func now() -> Ticks {
        // The first field is the id: 0 means that nobody will look at the stamp.
        sp_load_relaxed(hot) == 0 ? Ticks(0) : Ticks(sp_ticks())
    }
    /// One clock read that waits for the code before it and holds back the code after it; twice the cost of ``now()``.
    @inlinable @inline(__always) public func orderedNow() -> Ticks {
        sp_load_relaxed(hot) == 0 ? Ticks(0) : Ticks(sp_ticks_ordered())
    }
    /// The clock's name: `tsc`, `mach`, or `monotonic`, whose ticks are nanoseconds.
    public var clockName: String { ClockSource.currentName }
    /// A stamp as Unix nanoseconds on this stream's clock, its skew included.
    public func unixNanos(_ ticks: Ticks) -> Int64 {
        core?.calibration.unixNanos(ticks.rawValue) ?? Int64(clamping: ticks.rawValue)
    }
    /// The stamp nearest to a Unix instant on this stream's clock: for events whose times come from elsewhere.
    public func ticks(unixNanos: Int64) -> Ticks {
        core.map { Ticks($0.calibration.ticks(unixNanos: unixNanos)) } ?? Ticks(UInt64(clamping: unixNanos))
    }
    /// Nanoseconds between two stamps.
    public func nanos(from start: Ticks, to end: Ticks) -> Int64 {
        core?.calibration.nanos(from: start.rawValue, to: end.rawValue)
            ?? Int64(bitPattern: end.rawValue &- start.rawValue)
    }

    // MARK: Ending

    /// Seals everything emitted before the call: A1, and A2 unless durability is `none`, when it returns.
    public func flush() throws(TraceError) { try core?.flush() }

    /// Seals everything and ends the stream. Emits that begin later are dropped.
    public func close() throws(TraceError) { try core?.close() }
}
