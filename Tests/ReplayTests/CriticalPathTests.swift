import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// The walk that critical paths, their sums and token strips stand on.
@Suite struct CriticalPathTests {
    typealias Span = CriticalPath.Span
    typealias Piece = CriticalPath.Piece

    private func pieces(_ spans: [Span], root: Int32 = 0) -> [Piece] {
        var path = CriticalPath()
        return Array(path.pieces(of: ContiguousArray(spans), root: root))
    }

    @Test func theLastToFinishIsWalkedBack() {
        // A root with a gap, two children that overlap, and a grandchild.
        let spans = [
            Span(start: 0, end: 100, parent: -1), Span(start: 10, end: 40, parent: 0),
            Span(start: 30, end: 90, parent: 0), Span(start: 50, end: 70, parent: 2),
        ]
        #expect(
            pieces(spans) == [
                Piece(span: 0, start: 0, end: 10), Piece(span: 1, start: 10, end: 30),
                Piece(span: 2, start: 30, end: 50), Piece(span: 3, start: 50, end: 70),
                Piece(span: 2, start: 70, end: 90), Piece(span: 0, start: 90, end: 100),
            ])
    }

    @Test func aShortSpanBesideALongOneIsHidden() {
        let spans = [
            Span(start: 0, end: 100, parent: -1), Span(start: 0, end: 95, parent: 0),
            Span(start: 20, end: 60, parent: 0),
        ]
        #expect(pieces(spans).map(\.span) == [1, 0])
    }

    @Test func whatOutlivesItsParentIsCut() {
        let spans = [
            Span(start: 0, end: 100, parent: -1), Span(start: -50, end: 20, parent: 0),
            Span(start: 80, end: 500, parent: 0), Span(start: 200, end: 300, parent: 2),
        ]
        #expect(
            pieces(spans) == [
                Piece(span: 1, start: 0, end: 20), Piece(span: 0, start: 20, end: 80),
                Piece(span: 2, start: 80, end: 100),
            ])
    }

    @Test func ringsAndEmptySpansDoNoHarm() {
        #expect(pieces([]) == [])
        #expect(pieces([Span(start: 5, end: 5, parent: -1)]) == [])
        #expect(pieces([Span(start: 0, end: 9, parent: 1), Span(start: 2, end: 4, parent: 0)]).count == 3)
        #expect(pieces([Span(start: 0, end: 9, parent: -1), Span(start: 1, end: 2, parent: 1)]).count == 1)
    }

    /// The same by its definition, in quadratic time.
    private func plain(_ spans: [Span], _ span: Int32, _ low: Int64, _ high: Int64) -> [Piece] {
        var pieces: [Piece] = []
        var cursor = high
        var children = spans.indices.filter { spans[$0].parent == span && Int32($0) != span }
        while true {
            children.removeAll {
                spans[$0].start >= cursor || spans[$0].end <= max(low, spans[$0].start)
            }
            guard
                let last = children.max(by: { a, b in
                    (min(spans[a].end, cursor), spans[a].start, a) < (min(spans[b].end, cursor), spans[b].start, b)
                })
            else { break }
            let (from, to) = (max(low, spans[last].start), min(cursor, spans[last].end))
            if to < cursor { pieces.append(Piece(span: span, start: to, end: cursor)) }
            pieces += plain(spans, Int32(last), from, to).reversed()
            cursor = from
            children.removeAll { $0 == last }
        }
        if low < cursor { pieces.append(Piece(span: span, start: low, end: cursor)) }
        return pieces.reversed()
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>) func anyTreeIsCoveredEndToEnd(seed: UInt64) {
        var random = Seeded(seed)
        let count = Int.random(in: 1...60, using: &random)
        let spans = (0..<count).map { index -> Span in
            let start = Int64.random(in: 0...100, using: &random)
            let end = start + Int64.random(in: 0...60, using: &random)
            let parent = index == 0 ? -1 : Int32.random(in: 0..<Int32(index), using: &random)
            return index == 0 ? Span(start: 0, end: 130, parent: -1) : Span(start: start, end: end, parent: parent)
        }
        let found = pieces(spans)
        #expect(found == plain(spans, 0, 0, 130))
        #expect(found.first?.start == 0 && found.last?.end == 130)
        for (a, b) in zip(found, found.dropFirst()) { #expect(a.end == b.start) }
    }

    @Test func aStripsCellsAddUpToTheirGaps() {
        let path: ContiguousArray<Piece> = [
            Piece(span: 0, start: 0, end: 30), Piece(span: 1, start: 30, end: 50), Piece(span: 2, start: 50, end: 90),
        ]
        let strip = TokenStrip(path, start: 0, emissions: [(80, 1), (40, 1), (95, 2)]) { span in
            span == 0 ? (.queue, -1) : (.compute, span)
        }
        #expect(strip.cells.map(\.gapNanos) == [40, 40, 15] && strip.cells.map(\.tokens) == [1, 1, 2])
        #expect(
            strip.cells.map(\.parts) == [
                [.init(kind: .queue, device: -1, nanos: 30), .init(kind: .compute, device: 1, nanos: 10)],
                [.init(kind: .compute, device: 1, nanos: 10), .init(kind: .compute, device: 2, nanos: 30)],
                [.init(kind: .compute, device: 2, nanos: 10), .init(kind: .other, device: -1, nanos: 5)],
            ])
    }
}
