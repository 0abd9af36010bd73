internal import CSpanreel

/// Reads committed records of a lane as events. Total: a lane of a killed, or a hostile, process gives fewer events,
/// never a trap.
///
/// Reads mapped memory that its writer goes on using: the caller checks afterwards that the range was not given back
/// meanwhile, and throws the batch away if it was.
struct LaneDecoder {
    private let names: ArenaReader
    private let contexts: ContextReader
    let calibration: Calibration
    private var stringIDs: [UInt32: StringID] = [:]
    private var roleIDs: [UInt32: RoleID] = [:]

    init(names: ArenaReader, contexts: ContextReader, calibration: Calibration) {
        self.names = names
        self.contexts = contexts
        self.calibration = calibration
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
        var position = start
        var left = limit
        while position.slot < head, left > 0 {
            guard let slots = record(lane, position, head, incarnation, stream, symbols, &batch) else { break }
            position.slot += slots
            position.sequence &+= 1
            left -= 1
        }
        return position
    }

    /// One record; nil when its first word is not of this lap, which a committed record's always is.
    private mutating func record(
        _ lane: Lane, _ position: Position, _ head: UInt64, _ incarnation: UInt64, _ stream: UInt32, _ symbols: Symbols,
        _ batch: inout EventBatch
    ) -> UInt64? {
        let first = position.slot << 2
        // Pairs with the release of word 0 in Lane.emit.
        let word0 = sp_load_acquire(lane.word(first))
        let slots = word0 >> 56
        let lap = UInt16(truncatingIfNeeded: position.slot >> lane.lapShift &+ 1)
        guard slots > 0, slots <= head - position.slot, UInt16(truncatingIfNeeded: word0 >> 32) == lap,
            let (kind, status, spanKind) = Fact.unpack(UInt8(truncatingIfNeeded: word0 >> 48))
        else { return nil }
        let time = load(lane, first + 1)
        let word2 = load(lane, first + 2)
        let id = load(lane, first + 3)
        let low = UInt32(truncatingIfNeeded: word2)
        let attributeStart = batch.attributes.count
        let longDuration = attributes(lane, first + 4, first + slots << 2, symbols, &batch.attributes)
        let sequence = position.sequence &+ 1
        var start = calibration.unixNanos(time)
        var end = start
        if kind == .span {
            end = calibration.unixNanos(time &+ (longDuration ?? UInt64(low)))
            if end < start { swap(&start, &end) }
        }
        let own = SpanID(incarnation &+ sequence)
        batch.events.append(
            Event(
                kind: kind, status: status, spanKind: spanKind, stream: stream,
                role: role(UInt32(truncatingIfNeeded: word2 >> 32), symbols), incarnation: incarnation,
                sequence: sequence, time: Timestamp(nanos: end), start: Timestamp(nanos: start),
                span: kind == .end ? SpanID(id) : kind == .begin || kind == .span ? own : .none,
                parent: kind == .end ? .none : SpanID(id),
                trace: contexts.trace(UInt32(truncatingIfNeeded: word0)) ?? .none,
                value: kind == .tokens ? Int64(low) : 0,
                attributeStart: UInt32(truncatingIfNeeded: attributeStart),
                attributeCount: UInt16(clamping: batch.attributes.count - attributeStart)))
        return slots
    }

    /// Reads attributes; returns the duration that did not fit into word 2.
    private mutating func attributes(
        _ lane: Lane, _ from: UInt64, _ end: UInt64, _ symbols: Symbols, _ attributes: inout ContiguousArray<Attribute>
    ) -> UInt64? {
        var cursor = from
        var longDuration: UInt64?
        while cursor < end {
            let head = load(lane, cursor)
            // The last slot's unused words may hold anything of an earlier lap: a head is written for every attribute,
            // so the writer ends the list by filling the rest with zero.
            guard let type = LaneValue(rawValue: UInt8(truncatingIfNeeded: head >> 32)) else { break }
            cursor += 1
            let key = AttributeKey(rawValue: keyID(UInt32(truncatingIfNeeded: head), symbols))
            let length = Int(head >> 48)
            switch type {
            case .bool: attributes.append(Attribute(key: key, type: .bool, bits: UInt64(length & 1)))
            case .int:
                guard cursor < end else { return longDuration }
                let bits = load(lane, cursor)
                if key.rawValue == 0 {
                    longDuration = bits
                } else {
                    attributes.append(Attribute(key: key, type: .int, bits: bits))
                }
                cursor += 1
            case .double:
                guard cursor < end else { return longDuration }
                attributes.append(Attribute(key: key, type: .double, bits: load(lane, cursor)))
                cursor += 1
            case .handle:
                guard cursor < end else { return longDuration }
                let id = string(UInt32(truncatingIfNeeded: load(lane, cursor)), symbols)
                attributes.append(Attribute(key: key, type: .string, bits: UInt64(id.index)))
                cursor += 1
            case .text:
                let isCut = head >> 40 & 1 == 1
                let words = UInt64(length + 7) / 8 + (isCut ? 1 : 0)
                guard cursor + words <= end else { return longDuration }
                if isCut {
                    attributes.append(Attribute(key: .truncatedBytes, type: .int, bits: load(lane, cursor)))
                    cursor += 1
                }
                let text = symbols.intern(text(lane, cursor, length))
                attributes.append(Attribute(key: key, type: .string, bits: UInt64(text.index)))
                cursor += UInt64(length + 7) / 8
            }
        }
        return longDuration
    }

    private func load(_ lane: Lane, _ word: UInt64) -> UInt64 { lane.word(word).load(as: UInt64.self) }

    private func text(_ lane: Lane, _ first: UInt64, _ length: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        for index in 0..<length {
            let word = load(lane, first + UInt64(index / 8))
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func keyID(_ raw: UInt32, _ symbols: Symbols) -> UInt32 {
        guard raw >= AttributeKey.firstInterned else { return raw }
        return AttributeKey.firstInterned + string(raw - AttributeKey.firstInterned, symbols).index
    }

    private mutating func string(_ arenaID: UInt32, _ symbols: Symbols) -> StringID {
        if let known = stringIDs[arenaID] { return known }
        guard let text = names.string(arenaID) else { return StringID(0) }
        let id = symbols.intern(text)
        stringIDs[arenaID] = id
        return id
    }

    private mutating func role(_ arenaID: UInt32, _ symbols: Symbols) -> RoleID {
        if let known = roleIDs[arenaID] { return known }
        guard arenaID != 0, let role = names.role(arenaID) else { return RoleID(0) }
        let id = symbols.intern(role)
        roleIDs[arenaID] = id
        return id
    }
}
