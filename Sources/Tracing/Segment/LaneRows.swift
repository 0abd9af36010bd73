/// Hands the committed records of a lane to a block's encoder: what the sealer does with every event.
///
/// Stamps stay in the clock's ticks. Nothing is allocated for a record whose names were met before.
struct LaneRows {
    private var names: LaneNames
    private var attributes: ContiguousArray<Attribute> = []

    init(names: ArenaReader, contexts: ContextReader) {
        self.names = LaneNames(arena: names, contexts: contexts)
        attributes.reserveCapacity(512)
    }

    /// What went into the block.
    struct Filled {
        var end: LaneDecoder.Position
        var count = 0
        // Ticks; of no meaning while `count` is 0.
        var leastStart: UInt64 = .max
        var leastTime: UInt64 = .max
        var greatestTime: UInt64 = 0
    }

    /// Appends up to `limit` events from `start` on; fewer when the block is full or the lane is empty.
    mutating func fill(
        _ encoder: BlockEncoder, _ lane: Lane, from start: LaneDecoder.Position, incarnation: UInt64, limit: Int,
        symbols: Symbols
    ) -> Filled {
        var cursor = LaneCursor(lane: lane, slot: start.slot, head: lane.publishedHead)
        var filled = Filled(end: start)
        while filled.count < limit, !encoder.isFull(Int(LaneLayout.maxSlots) * 4), let record = cursor.next(),
            Fact.isValid(record.fact)
        {
            let kind = record.fact & 7
            let sequence = filled.end.sequence &+ 1
            var extent = UInt64(record.low)
            if !attributes.isEmpty { attributes.removeAll(keepingCapacity: true) }
            if !record.words.isEmpty, let long = names.append(record, cursor, symbols, to: &attributes) {
                extent = long
            }
            var (first, last) = (record.time, record.time)
            if kind == EventKind.span.rawValue {
                last = first &+ extent
                if last < first { swap(&first, &last) }
            }
            let isEnd = kind == EventKind.end.rawValue
            let hasOwnID = kind == EventKind.begin.rawValue || kind == EventKind.span.rawValue
            let row = BlockRow(
                fact: record.fact, role: names.role(record.role, symbols).index, start: Int64(bitPattern: first),
                time: Int64(bitPattern: last), span: isEnd ? record.id : hasOwnID ? incarnation &+ sequence : 0,
                parent: isEnd ? 0 : record.id, trace: names.trace(record.context),
                value: kind == EventKind.tokens.rawValue ? Int64(record.low) : 0)
            attributes.withUnsafeBufferPointer { encoder.append(row, $0) }
            filled.leastStart = min(filled.leastStart, first)
            filled.leastTime = min(filled.leastTime, last)
            filled.greatestTime = max(filled.greatestTime, last)
            filled.count &+= 1
            filled.end.slot = cursor.slot
            filled.end.sequence = sequence
        }
        return filled
    }
}
