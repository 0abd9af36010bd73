import SpanreelTracing

/// What was seen of each incarnation: the cut, and the holes in it.
///
/// Sequences count from 1 without holes, so what is missing below the last one seen was dropped, lost or removed, or
/// is stamped after it. 32 bytes an incarnation.
struct WriterFold: Sendable {
    private struct Last: BitwiseCopyable, Sendable {
        var sequence: UInt64 = 0
        var time: Int64 = 0
    }

    /// Facts are written in the order of their stamps but for so much: which of two statements came first.
    static let slackNanos: Int64 = 1_000_000
    private var lasts = KeyTable<Last>(filler: Last())
    /// Sequences below the last one seen that did not come; at most `UInt64.max`.
    private(set) var missing: UInt64 = 0
    /// Events stamped more than a millisecond after one that their writer wrote later: its clock was set back, or the
    /// later fact back-dated.
    private(set) var reordered = 0

    @inline(__always) mutating func note(_ event: Event) {
        let last = lasts.find(event.incarnation) ?? Last()
        if event.sequence > last.sequence {
            let (sum, overflow) = missing.addingReportingOverflow(event.sequence &- last.sequence &- 1)
            missing = overflow ? .max : sum
            lasts.insert(event.incarnation, Last(sequence: event.sequence, time: event.time.nanos))
        } else {
            if missing > 0 { missing -= 1 }
            let (distance, overflow) = event.time.nanos.subtractingReportingOverflow(last.time)
            if overflow || distance > Self.slackNanos { reordered &+= 1 }
        }
    }

    /// The events seen.
    var cut: Cut { Cut(lasts.unorderedEntries().map { Cut.Entry(incarnation: $0.key, sequence: $0.value.sequence) }) }
}
