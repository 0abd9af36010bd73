internal import CSpanreel

/// Reads committed records of a lane as events.
struct LaneDecoder {
    let calibration: Calibration
    private var names: LaneNames

    init(names: ArenaReader, contexts: ContextReader, calibration: Calibration) {
        self.calibration = calibration
        self.names = LaneNames(arena: names, contexts: contexts)
    }

    /// Where a reading stopped.
    struct Position: Equatable {
        var slot: UInt64
        var sequence: UInt64
    }

    /// Appends up to `limit` events from `start` on to `batch`; returns the place after the last one.
    mutating func read(
        _ lane: Lane, from start: Position, to head: UInt64, incarnation: UInt64, limit: Int, stream: UInt32,
        symbols: Symbols, into batch: inout EventBatch
    ) -> Position {
        var cursor = LaneCursor(lane: lane, slot: start.slot, head: head)
        var position = start
        var left = limit
        while left > 0, let record = cursor.next(),
            let event = event(record, cursor, position.sequence &+ 1, incarnation, stream, symbols, &batch.attributes)
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
        _ symbols: Symbols, _ attributes: inout ContiguousArray<Attribute>
    ) -> Event? {
        guard let (kind, status, spanKind) = Fact.unpack(record.fact) else { return nil }
        let first = attributes.count
        let longDuration = names.append(record, cursor, symbols, to: &attributes)
        var start = calibration.unixNanos(record.time)
        var end = start
        if kind == .span {
            end = calibration.unixNanos(record.time &+ (longDuration ?? UInt64(record.low)))
            if end < start { swap(&start, &end) }
        }
        let own = SpanID(incarnation &+ sequence)
        return Event(
            kind: kind, status: status, spanKind: spanKind, stream: stream, role: names.role(record.role, symbols),
            incarnation: incarnation, sequence: sequence, time: Timestamp(nanos: end), start: Timestamp(nanos: start),
            span: kind == .end ? SpanID(record.id) : kind == .begin || kind == .span ? own : .none,
            parent: kind == .end ? .none : SpanID(record.id), trace: names.trace(record.context),
            value: kind == .tokens ? Int64(record.low) : 0, attributeStart: UInt32(truncatingIfNeeded: first),
            attributeCount: UInt16(clamping: attributes.count - first))
    }
}
