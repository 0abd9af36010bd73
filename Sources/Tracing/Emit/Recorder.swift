internal import CSpanreel

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

    private init(core: RecorderCore?) { self.core = core }

    /// Records nothing; every call returns at once.
    public static let disabled = Recorder(core: nil)

    /// Opens a stream in the session of `options`, making the session when it is missing.
    ///
    /// - Throws: ``TraceError`` when the place cannot be written or the options make no sense. Takes some milliseconds.
    public static func open(_ options: Options) throws(TraceError) -> Recorder {
        Recorder(core: try RecorderCore(options))
    }

    /// Whether emitting records anything.
    public var isEnabled: Bool { core?.isOpen.load(ordering: .relaxed) ?? false }
    /// The stream's id; zero when disabled.
    public var streamID: StreamID { core?.info.id ?? StreamID(high: 0, low: 0) }
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

    /// One clock read.
    @inline(__always) public func now() -> Ticks { Ticks(sp_monotonic_nanos()) }
    /// A stamp as Unix nanoseconds on this stream's clock, its skew included.
    public func unixNanos(_ ticks: Ticks) -> Int64 {
        core?.calibration.unixNanos(ticks.rawValue) ?? Int64(clamping: ticks.rawValue)
    }
    /// Nanoseconds between two stamps.
    public func nanos(from start: Ticks, to end: Ticks) -> Int64 {
        core?.calibration.nanos(from: start.rawValue, to: end.rawValue)
            ?? Int64(bitPattern: end.rawValue &- start.rawValue)
    }

    // MARK: Spans

    /// Begins a span: visible from now on, listed as open until it ends. The context may cross threads.
    ///
    /// Without a parent it starts a new trace. `attributes` writes straight into the lane.
    public func begin(
        _ role: RoleHandle, kind: SpanKind = .internal, parent: SpanContext? = nil, at: Ticks? = nil,
        _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) -> SpanContext {
        guard let core, let lane = openLane(core) else { return parent.map { orphan($0) } ?? .none }
        let time = at ?? now()
        let context = resolve(core, lane, parent)
        let sequence = lane.emit(
            fact: Fact.pack(.begin, .unset, kind), context: context.contextID, time: time.rawValue, value: 0,
            role: role.arenaID, span: parent?.span.rawValue ?? 0, attributes)
        return opened(core, lane, context, role, sequence)
    }

    /// Ends a span, on any thread of this process.
    public func end(
        _ span: SpanContext, status: SpanStatus = .unset, at: Ticks? = nil,
        _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) {
        guard let core, !span.span.isNone, let lane = openLane(core) else { return }
        let time = at ?? now()
        let context = resolve(core, lane, span)
        _ = lane.emit(
            fact: Fact.pack(.end, status, .unspecified), context: context.contextID, time: time.rawValue, value: 0,
            role: span.recorderID == core.id ? span.roleID : 0, span: span.span.rawValue, attributes)
    }

    /// Records a whole span as one fact at its end: for what is short and frequent.
    @discardableResult
    public func record(
        _ role: RoleHandle, kind: SpanKind = .internal, from start: Ticks, to end: Ticks? = nil, parent: SpanContext?,
        status: SpanStatus = .unset, _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) -> SpanContext {
        guard let core, let lane = openLane(core) else { return parent.map { orphan($0) } ?? .none }
        let duration = (end ?? now()).rawValue &- start.rawValue
        let context = resolve(core, lane, parent)
        let fact = Fact.pack(.span, status, kind)
        let sequence: UInt64
        if duration <= UInt64(UInt32.max) {
            sequence = lane.emit(
                fact: fact, context: context.contextID, time: start.rawValue, value: UInt32(duration),
                role: role.arenaID,
                span: parent?.span.rawValue ?? 0, attributes)
        } else {
            sequence = lane.emit(
                fact: fact, context: context.contextID, time: start.rawValue, value: 0, role: role.arenaID,
                span: parent?.span.rawValue ?? 0
            ) { writer in
                writer.setLongDuration(duration)
                attributes(&writer)
            }
        }
        return opened(core, lane, context, role, sequence)
    }

    /// Records something that has no duration and opens nothing: marks, tokens, samples.
    func instant(
        _ kind: EventKind, _ role: RoleHandle, value: UInt32 = 0, parent: SpanContext?, at: Ticks?,
        _ attributes: (inout AttributeWriter) -> Void
    ) {
        guard let core, let lane = openLane(core) else { return }
        let time = at ?? now()
        var contextID: UInt32 = 0
        if let parent { contextID = resolve(core, lane, parent).contextID }
        _ = lane.emit(
            fact: Fact.pack(kind, .unset, .unspecified), context: contextID, time: time.rawValue, value: value,
            role: role.arenaID, span: parent?.span.rawValue ?? 0, attributes)
    }

    // MARK: Ending

    /// Seals everything emitted before the call: A1, and A2 unless durability is `none`, when it returns.
    public func flush() throws(TraceError) { try core?.flush() }

    /// Seals everything and ends the stream. Emits that begin later are dropped.
    public func close() throws(TraceError) { try core?.close() }

    // MARK: Inside

    @inline(__always) private func openLane(_ core: RecorderCore) -> Lane? {
        guard core.isOpen.load(ordering: .relaxed) else {
            core.store.head.countDrop(.closed)
            return nil
        }
        return core.lane
    }

    /// The trace of a parent, interned in this stream; without a parent a new trace under the span to come.
    @inline(__always) private func resolve(_ core: RecorderCore, _ lane: Lane, _ parent: SpanContext?) -> SpanContext {
        if let parent {
            if parent.recorderID == core.id, parent.contextID != 0, core.contexts.isCurrent(parent.contextID) {
                return parent
            }
            if !parent.trace.isNone { return intern(core, parent.trace) }
        }
        let root = lane.incarnation &+ lane.sequence &+ 1
        return intern(core, TraceID(high: core.tracePrefix, low: root))
    }

    @inline(never) private func intern(_ core: RecorderCore, _ trace: TraceID) -> SpanContext {
        SpanContext(trace: trace, span: .none, contextID: core.contexts.add(trace), roleID: 0, recorderID: core.id)
    }

    @inline(__always) private func opened(
        _ core: RecorderCore, _ lane: Lane, _ context: SpanContext, _ role: RoleHandle, _ sequence: UInt64
    ) -> SpanContext {
        SpanContext(
            trace: context.trace, span: sequence == 0 ? .none : SpanID(lane.incarnation &+ sequence),
            contextID: context.contextID, roleID: role.arenaID, recorderID: core.id)
    }

    /// What a dropped begin returns: the trace goes on, and ending it does nothing.
    private func orphan(_ parent: SpanContext) -> SpanContext { SpanContext(trace: parent.trace, span: .none) }
}
