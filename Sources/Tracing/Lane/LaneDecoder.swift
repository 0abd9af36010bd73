internal import CSpanreel

/// Reads committed records of a lane as events.
struct LaneDecoder {
    let clock: BlockClock
    private var names: LaneNames

    init(names: ArenaReader, contexts: ContextReader, clock: BlockClock) {
        self.clock = clock
        self.names = LaneNames(arena: names, contexts: contexts)
    }

    /// Where a reading stopped.
    struct Position: Equatable {
        var slot: UInt64
        var sequence: UInt64
    }

    /// Appends up to `limit` events from `start` on to `batch`; returns the place after the last one.
    ///
    /// - Parameter raw: leave stamps as ticks, and say so in the batch's `clock`.
    mutating func read(
        _ lane: Lane, from start: Position, to head: UInt64, incarnation: UInt64, limit: Int, stream: UInt32,
        symbols: Symbols, raw: Bool = false, into batch: inout EventBatch
    ) -> Position {
        batch.clock = raw ? clock : nil
        var cursor = LaneCursor(lane: lane, slot: start.slot, head: head)
        var position = start
        var left = limit
        while left > 0, let record = cursor.next(),
            let event = event(
                record, cursor, position.sequence &+ 1, incarnation, stream, symbols, raw, &batch.attributes)
        {
            batch.events.append(event)
            position.slot = cursor.slot
            position.sequence &+= 1
            left -= 1
        }
        return position
    }

    private mutating func event(
        _ record: LaneRecord, _ cursor: LaneCursor, _ sequence: UInt64, _ incarnation: UInt64, _ stream: UInt32,
        _ symbols: Symbols, _ raw: Bool, _ attributes: inout ContiguousArray<Attribute>
    ) -> Event? {
        guard let (kind, status, spanKind) = Fact.unpack(record.fact) else { return nil }
        let first = attributes.count
        let longDuration = names.append(record, cursor, symbols, to: &attributes)
        var start = record.time
        var end = start
        if kind == .span {
            end = start &+ (longDuration ?? UInt64(record.low))
            if end < start { swap(&start, &end) }
        }
        let own = SpanID(incarnation &+ sequence)
        return Event(
            kind: kind, status: status, spanKind: spanKind, stream: stream, role: names.role(record.role, symbols),
            incarnation: incarnation, sequence: sequence, time: stamp(end, raw), start: stamp(start, raw),
            span: kind == .end ? SpanID(record.id) : kind == .begin || kind == .span ? own : .none,
            parent: kind == .end ? .none : SpanID(record.id), trace: names.trace(record.context),
            value: kind == .tokens ? Int64(record.low) : 0, attributeStart: UInt32(truncatingIfNeeded: first),
            attributeCount: UInt16(clamping: attributes.count - first))
    }

    private func stamp(_ ticks: UInt64, _ raw: Bool) -> Timestamp {
        Timestamp(nanos: raw ? Int64(bitPattern: ticks) : clock.calibration.unixNanos(ticks))
    }
}
