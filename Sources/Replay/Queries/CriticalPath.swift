/// The chain of spans that the end of a tree waited for.
///
/// From the root's end back: always into the child that finished last, then into the one that finished last before that
/// one began; what no child covers is the span's own. So the pieces lie end to end, and their lengths add up to the
/// root's, whatever the tree is like: children that outlive their parents are cut at them, and of children that overlap
/// only what lies before the later one counts.
struct CriticalPath {
    /// A span of the tree: its place is its number.
    struct Span {
        var start: Int64
        var end: Int64
        /// The enclosing span's place; -1 for a root.
        var parent: Int32
    }

    /// A stretch of the path.
    struct Piece: Equatable {
        /// The span that it belongs to, by place.
        var span: Int32
        var start: Int64
        var end: Int64
    }

    private struct Frame {
        var span: Int32
        /// What of the span is on the path: from `low` to `cursor` is still to be walked.
        var low: Int64
        var cursor: Int64
        /// The next child to look at, among `children`.
        var next: Int32
    }

    private var firstChild: ContiguousArray<Int32> = []
    private var children: ContiguousArray<Int32> = []
    /// The latest end of a child and of those of the same span that started before it.
    private var latestEnd: ContiguousArray<Int64> = []
    private var order: ContiguousArray<(start: Int64, span: Int32)> = []
    private var stack: ContiguousArray<Frame> = []

    /// The pieces under `root`, by ascending time. O(n log n) in the spans, O(n) where they come by ascending start.
    mutating func pieces(of spans: ContiguousArray<Span>, root: Int32) -> ContiguousArray<Piece> {
        guard spans.indices.contains(Int(root)) else { return [] }
        sortChildren(of: spans, root)
        var pieces: ContiguousArray<Piece> = []
        stack.removeAll(keepingCapacity: true)
        let top = spans[Int(root)]
        push(root, from: top.start, to: max(top.start, top.end))
        while var frame = stack.popLast() {
            if let child = nextChild(&frame, spans) {
                let span = spans[Int(child)]
                let low = max(frame.low, span.start)
                let high = min(frame.cursor, span.end)
                add(frame.span, high, frame.cursor, &pieces)
                frame.cursor = low
                stack.append(frame)
                push(child, from: low, to: high)
            } else {
                add(frame.span, frame.low, frame.cursor, &pieces)
            }
        }
        pieces.reverse()
        return pieces
    }

    private mutating func push(_ span: Int32, from low: Int64, to high: Int64) {
        stack.append(Frame(span: span, low: low, cursor: high, next: firstChild[Int(span) + 1] - 1))
    }

    private func add(_ span: Int32, _ start: Int64, _ end: Int64, _ pieces: inout ContiguousArray<Piece>) {
        guard start < end else { return }
        pieces.append(Piece(span: span, start: start, end: end))
    }

    /// The child that finished last before the cursor; of several the one that started last.
    private func nextChild(_ frame: inout Frame, _ spans: ContiguousArray<Span>) -> Int32? {
        let first = firstChild[Int(frame.span)]
        while frame.next >= first {
            let place = Int(frame.next)
            let child = children[place]
            let span = spans[Int(child)]
            frame.next -= 1
            // An earlier one that ends later, but still before the cursor, comes first.
            guard span.start < frame.cursor, span.end > max(frame.low, span.start),
                min(span.end, frame.cursor) >= min(latestEnd[place], frame.cursor)
            else { continue }
            return child
        }
        return nil
    }

    /// Groups spans by parent, each group by ascending start.
    private mutating func sortChildren(of spans: ContiguousArray<Span>, _ root: Int32) {
        order.removeAll(keepingCapacity: true)
        var isSorted = true
        for (place, span) in spans.enumerated() where span.parent >= 0 && Int32(place) != root {
            if let last = order.last, last.start > span.start { isSorted = false }
            order.append((span.start, Int32(place)))
        }
        if !isSorted { order.sort { ($0.start, $0.span) < ($1.start, $1.span) } }
        firstChild.removeAll(keepingCapacity: true)
        firstChild.append(contentsOf: repeatElement(0, count: spans.count + 1))
        for entry in order { firstChild[Int(spans[Int(entry.span)].parent) + 1] += 1 }
        for place in 1...spans.count { firstChild[place] += firstChild[place - 1] }
        children.removeAll(keepingCapacity: true)
        children.append(contentsOf: repeatElement(0, count: order.count))
        latestEnd.removeAll(keepingCapacity: true)
        latestEnd.append(contentsOf: repeatElement(.min, count: order.count))
        var filled = firstChild
        for entry in order {
            let span = spans[Int(entry.span)]
            let parent = Int(span.parent)
            let place = Int(filled[parent])
            filled[parent] += 1
            children[place] = entry.span
            let before = place > Int(firstChild[parent]) ? latestEnd[place - 1] : .min
            latestEnd[place] = max(before, span.end)
        }
    }
}
