/// The time covered by intervals that may overlap and come in any order within the recent past.
///
/// Keeps the last 64 disjoint intervals; one that reaches further back than those is counted as if it were new there.
struct IntervalUnion: Sendable {
    private static let capacity = 64
    private var starts: ContiguousArray<Int64> = []
    private var ends: ContiguousArray<Int64> = []

    /// Adds an interval and calls `body` with each stretch of it that was not covered yet.
    mutating func add(_ start: Int64, _ end: Int64, _ body: (Int64, Int64) -> Void) {
        guard start < end else { return }
        // The common case: beyond or joined to the last interval.
        guard let lastEnd = ends.last, start < lastEnd else {
            body(start, end)
            if ends.last == start {
                ends[ends.count - 1] = end
            } else {
                starts.append(start)
                ends.append(end)
                if starts.count > 2 * Self.capacity {
                    starts.removeFirst(Self.capacity)
                    ends.removeFirst(Self.capacity)
                }
            }
            return
        }
        var first = starts.count
        while first > 0, ends[first - 1] >= start { first -= 1 }
        var cursor = start
        var joinedStart = start
        var joinedEnd = end
        var next = first
        while next < starts.count, starts[next] <= end {
            if starts[next] > cursor { body(cursor, starts[next]) }
            cursor = max(cursor, ends[next])
            joinedStart = min(joinedStart, starts[next])
            joinedEnd = max(joinedEnd, ends[next])
            next += 1
        }
        if cursor < end { body(cursor, end) }
        starts.replaceSubrange(first..<next, with: CollectionOfOne(joinedStart))
        ends.replaceSubrange(first..<next, with: CollectionOfOne(joinedEnd))
    }
}
