/// Kind, status and span kind of an event in one byte: of word 0 in a lane, and of the fact column in a block.
enum Fact {
    static func pack(_ kind: EventKind, _ status: SpanStatus, _ spanKind: SpanKind) -> UInt8 {
        kind.rawValue | status.rawValue << 3 | spanKind.rawValue << 5
    }

    static func unpack(_ byte: UInt8) -> (EventKind, SpanStatus, SpanKind)? {
        guard let kind = EventKind(rawValue: byte & 7), let status = SpanStatus(rawValue: byte >> 3 & 3),
            let spanKind = SpanKind(rawValue: byte >> 5)
        else { return nil }
        return (kind, status, spanKind)
    }
}
