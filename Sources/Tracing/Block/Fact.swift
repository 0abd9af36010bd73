/// Kind, status and span kind of an event in one byte: of word 0 in a lane, and of a block's templates.
@usableFromInline enum Fact {
    /// Switches rather than raw values: they fold to a constant where the emit path is inlined.
    @inlinable @inline(__always) static func pack(_ kind: EventKind, _ status: SpanStatus, _ spanKind: SpanKind)
        -> UInt8
    {
        let kindBits: UInt8 =
            switch kind {
            case .begin: 1
            case .end: 2
            case .span: 3
            case .mark: 4
            case .tokens: 5
            case .sample: 6
            }
        let statusBits: UInt8 =
            switch status {
            case .unset: 0
            case .ok: 1
            case .error: 2
            }
        let spanKindBits: UInt8 =
            switch spanKind {
            case .unspecified: 0
            case .internal: 1
            case .server: 2
            case .client: 3
            case .producer: 4
            case .consumer: 5
            }
        return kindBits | statusBits << 3 | spanKindBits << 5
    }

    /// Whether the byte is one that `pack` makes.
    @inline(__always) static func isValid(_ byte: UInt8) -> Bool {
        byte & 7 != 0 && byte & 7 != 7 && byte >> 3 & 3 != 3 && byte >> 5 <= 5
    }

    static func unpack(_ byte: UInt8) -> (EventKind, SpanStatus, SpanKind)? {
        guard let kind = EventKind(rawValue: byte & 7), let status = SpanStatus(rawValue: byte >> 3 & 3),
            let spanKind = SpanKind(rawValue: byte >> 5)
        else { return nil }
        return (kind, status, spanKind)
    }
}
