import SpanreelTracing

/// What is in a session, counted: one side of the identity *emitted = readable + dropped + reported lost*.
struct Tally: Equatable, CustomStringConvertible {
    var readable = 0
    var dropped = 0
    var lost = 0
    var damages = 0
    /// Of the order-independent contents: the same events give the same number.
    var digest: UInt64 = 0
    var outOfOrder = 0

    var accounted: Int { readable + dropped + lost }

    /// Reads everything at `path`.
    init(_ path: String) throws {
        let reader = try SessionReader(path: path)
        var last: [UInt64: UInt64] = [:]
        try reader.poll { batch in
            for event in batch.events {
                readable += 1
                let before = last[event.incarnation] ?? 0
                if event.sequence != before + 1 { outOfOrder += 1 }
                last[event.incarnation] = event.sequence
                digest &+= Self.digest(event, batch, reader.symbols)
            }
        }
        damages = reader.damages.count
        lost = (reader.damages + reader.tornTails).lostEvents
        dropped = reader.streams.reduce(0) { sum, stream in
            sum + stream.dropped.values.reduce(0) { $0 + Int(clamping: $1) }
        }
    }

    /// One event with its names and values, independent of how a reader numbers them.
    static func digest(_ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x0000_0100_0000_01b3 ^ hash >> 29 }
        func mix(_ text: String) { for byte in text.utf8 { mix(UInt64(byte)) } }
        mix(event.incarnation)
        mix(event.sequence)
        mix(UInt64(event.kind.rawValue))
        mix(UInt64(bitPattern: event.time.nanos))
        mix(UInt64(bitPattern: event.start.nanos))
        mix(event.span.rawValue)
        mix(event.parent.rawValue)
        mix(event.trace.high)
        mix(event.trace.low)
        mix(UInt64(bitPattern: event.value))
        mix(symbols.role(event.role).operation.rawValue == 0 ? 1 : UInt64(symbols.role(event.role).operation.rawValue))
        for attribute in batch.attributes(of: event) {
            mix(symbols.name(of: attribute.key))
            if attribute.type == .string {
                mix(symbols.string(StringID(UInt32(truncatingIfNeeded: attribute.bits))))
            } else {
                mix(attribute.bits)
            }
        }
        return hash
    }

    var description: String {
        "readable \(readable) dropped \(dropped) lost \(lost) damages \(damages) digest \(digest) gaps \(outOfOrder)"
    }
}
