public import CSpanreel

// The emit path. Inlined into its callers: after the clock, a call would be the largest cost of an event. What is rare
// (a thread's first event, a new trace, a drop) is out of line.
extension Recorder {
    /// Begins a span: visible from now on, listed as open until it ends. The context may cross threads.
    ///
    /// Without a parent it starts a new trace. `attributes` writes straight into the lane. Costs one clock read.
    @inlinable @inline(__always)
    public func begin(
        _ role: RoleHandle, kind: SpanKind = .internal, parent: SpanContext? = nil, at: Ticks? = nil,
        _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) -> SpanContext {
        guard let lane else { return orphan(parent) }
        let context = resolve(lane, parent)
        let sequence = lane.emit(
            fact: Fact.pack(.begin, .unset, kind), context: context.contextID, time: at?.rawValue ?? sp_ticks(),
            value: 0, role: role.arenaID, span: parent?.span.rawValue ?? 0, attributes)
        return opened(lane, context, role, sequence)
    }

    /// Ends a span, on any thread of this process. Costs one clock read.
    @inlinable @inline(__always)
    public func end(
        _ span: SpanContext, status: SpanStatus = .unset, at: Ticks? = nil,
        _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) {
        guard !span.span.isNone, let lane else { return }
        let context = resolve(lane, span)
        _ = lane.emit(
            fact: Fact.pack(.end, status, .unspecified), context: context.contextID,
            time: at?.rawValue ?? sp_ticks(), value: 0,
            role: span.recorderID == context.recorderID ? span.roleID : 0, span: span.span.rawValue, attributes)
    }

    /// Records a whole span as one fact at its end: for what is short and frequent.
    ///
    /// With ``now()`` for its start it costs two clock reads; chained by ``chain(_:kind:from:parent:status:_:)``, one.
    @inlinable @inline(__always) @discardableResult
    public func record(
        _ role: RoleHandle, kind: SpanKind = .internal, from start: Ticks, to end: Ticks? = nil, parent: SpanContext?,
        status: SpanStatus = .unset, _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) -> SpanContext {
        guard let lane else { return orphan(parent) }
        let context = resolve(lane, parent)
        let sequence = emitSpan(
            lane, context, role, Fact.pack(.span, status, kind), start, end?.rawValue ?? sp_ticks(), parent, attributes)
        return opened(lane, context, role, sequence)
    }

    /// Records a whole span that ends now and returns that instant, which is where the next one begins: layers in a row
    /// cost one clock read each. Returns 0 when disabled.
    @inlinable @inline(__always) @discardableResult
    public func chain(
        _ role: RoleHandle, kind: SpanKind = .internal, from start: Ticks, parent: SpanContext?,
        status: SpanStatus = .unset, _ attributes: (inout AttributeWriter) -> Void = { _ in }
    ) -> Ticks {
        guard let lane else { return Ticks(0) }
        let context = resolve(lane, parent)
        let end = sp_ticks()
        _ = emitSpan(lane, context, role, Fact.pack(.span, status, kind), start, end, parent, attributes)
        return Ticks(end)
    }

    /// Records something that has no duration and opens nothing: marks, tokens, samples.
    @inlinable @inline(__always)
    func instant(
        _ kind: EventKind, _ role: RoleHandle, value: UInt32 = 0, parent: SpanContext?, at: Ticks?,
        _ attributes: (inout AttributeWriter) -> Void
    ) {
        guard let lane else { return }
        var contextID: UInt32 = 0
        if let parent { contextID = resolve(lane, parent).contextID }
        _ = lane.emit(
            fact: Fact.pack(kind, .unset, .unspecified), context: contextID, time: at?.rawValue ?? sp_ticks(),
            value: value, role: role.arenaID, span: parent?.span.rawValue ?? 0, attributes)
    }

    // MARK: Inside

    /// The calling thread's lane: two loads and a comparison when it has one.
    @inlinable @inline(__always) var lane: Lane? {
        let id = sp_load_relaxed(hot)
        if id == 0 { return nil }
        if let base = sp_thread_lane(id) {
            return Lane(base: base, slotMask: hot.pointee.slot_mask, lapShift: hot.pointee.lap_shift)
        }
        return claimLane()
    }

    @inline(never) @usableFromInline func claimLane() -> Lane? { core?.claimLane() }

    @inlinable @inline(__always)
    func emitSpan(
        _ lane: Lane, _ context: SpanContext, _ role: RoleHandle, _ fact: UInt8, _ start: Ticks, _ end: UInt64,
        _ parent: SpanContext?, _ attributes: (inout AttributeWriter) -> Void
    ) -> UInt64 {
        let duration = end &- start.rawValue
        let isLong = duration > UInt64(UInt32.max)
        return lane.emit(
            fact: fact, context: context.contextID, time: start.rawValue,
            value: isLong ? 0 : UInt32(truncatingIfNeeded: duration), role: role.arenaID,
            span: parent?.span.rawValue ?? 0
        ) { writer in
            if isLong { writer.setLongDuration(duration) }
            attributes(&writer)
        }
    }

    /// The trace of a parent, interned in this stream; without a parent a new trace under the span to come.
    @inlinable @inline(__always) func resolve(_ lane: Lane, _ parent: SpanContext?) -> SpanContext {
        if let parent, parent.recorderID == sp_thread_recorder(), parent.contextID != 0,
            sp_context_is_current(hot.pointee.contexts, parent.contextID) != 0
        {
            return parent
        }
        return intern(lane, parent)
    }

    @inline(never) @usableFromInline func intern(_ lane: Lane, _ parent: SpanContext?) -> SpanContext {
        guard let core else { return .none }
        var trace = parent?.trace ?? .none
        if trace.isNone {
            trace = TraceID(high: core.tracePrefix, low: lane.incarnation &+ lane.sequence &+ 1)
        }
        return SpanContext(
            trace: trace, span: .none, contextID: core.contexts.add(trace), roleID: 0, recorderID: core.id)
    }

    @inlinable @inline(__always) func opened(
        _ lane: Lane, _ context: SpanContext, _ role: RoleHandle, _ sequence: UInt64
    ) -> SpanContext {
        SpanContext(
            trace: context.trace, span: sequence == 0 ? .none : SpanID(lane.incarnation &+ sequence),
            contextID: context.contextID, roleID: role.arenaID, recorderID: context.recorderID)
    }

    /// What a dropped begin returns: the trace goes on, and ending it does nothing.
    @inlinable func orphan(_ parent: SpanContext?) -> SpanContext {
        guard let parent else { return .none }
        return SpanContext(trace: parent.trace, span: .none)
    }
}
