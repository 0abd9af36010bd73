import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// What holding traces until they are over must survive.
@Suite struct PathFoldTests {
    private static let second: Int64 = 1_000_000_000

    /// Folds one stream's events, written by `body`.
    private func fold(limit: Int = 1 << 20, _ body: (inout StreamBuilder) -> Void) -> PathFold {
        let symbols = Symbols()
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: 0))
        directory.update(streams: [StreamFact(id: "a", device: "mini1", host: "h")])
        var builder = StreamBuilder(symbols: symbols, stream: 0, incarnation: 1 << 40)
        body(&builder)
        var fold = PathFold(directory: directory, clocks: .identity, window: .min ... .max, nodeLimit: limit)
        for event in builder.batch.events { fold.add(event, in: builder.batch) }
        fold.finish()
        return fold
    }

    /// A trace is asked about whether it is over once for each time that nothing in it was open.
    @Test func whatComesBehindAFinishedTraceDoesNoHarm() {
        let fold = fold { stream in
            func at(_ seconds: Double) -> Int64 { Int64(seconds * Double(Self.second)) }
            stream.add(.span, Role(.request), at: 10, from: 0, span: 1, trace: 1)
            stream.add(.begin, Role(.other), at: at(0.4), span: 2, parent: 1, trace: 1)
            stream.add(.end, Role(.other), at: at(0.5), span: 2, trace: 1)
            stream.add(.span, Role(.request), at: at(1), from: at(0.9), span: 10, trace: 2)
            stream.add(.mark, Role(.other), at: at(1.01))
            // By now it is over; the same trace comes once more, without its request.
            stream.add(.span, Role(.other), at: at(1.6), from: at(1.5), span: 3, trace: 1)
            stream.add(.mark, Role(.other), at: at(9))
        }
        #expect(fold.requests == 2 && fold.totalNanos == 10 + Self.second / 10)
    }

    @Test func everyRequestOfATraceCounts() {
        let fold = fold { stream in
            stream.add(.begin, Role(.request), at: 0, span: 1, trace: 1)
            stream.add(.begin, Role(.request), at: 5, span: 2, trace: 1)
            stream.add(.span, Role(.layer, layer: 0), at: 9, from: 6, span: 3, parent: 2, trace: 1)
            stream.add(.end, Role(.request), at: 10, span: 1, trace: 1)
            stream.add(.end, Role(.request), at: 25, span: 2, trace: 1)
            stream.add(.begin, Role(.request), at: 26, span: 4, trace: 1)
        }
        #expect(fold.requests == 2 && fold.totalNanos == 30 && fold.openRequests == 1)
        #expect(fold.sums.reduce(0) { $0 + $1.nanos } == 30)
    }

    @Test func tooManySpansCostWholeTracesAndNoMore() {
        let fold = fold(limit: 100) { stream in
            // Some traces that are over, so that there are places without one.
            for number in 1...10 as ClosedRange<UInt64> {
                stream.add(.begin, Role(.request), at: 0, span: number, trace: number)
            }
            for number in 1...10 as ClosedRange<UInt64> {
                stream.add(.end, Role(.request), at: 10, span: number, trace: number)
            }
            // Requests that go on and on.
            for trace in 100..<110 as Range<UInt64> {
                let start = 5 * Self.second + Int64(trace)
                stream.add(.begin, Role(.request), at: start, span: trace * 1000, trace: trace)
                for child in 1...40 as ClosedRange<UInt64> {
                    stream.add(
                        .span, Role(.layer, layer: 0), at: start, from: start, span: trace * 1000 + child,
                        parent: trace * 1000, trace: trace)
                }
            }
            stream.add(.begin, Role(.request), at: 9 * Self.second, span: 11, trace: 11)
            stream.add(.end, Role(.request), at: 9 * Self.second + 10, span: 11, trace: 11)
        }
        #expect(fold.held <= 100 && fold.notHeld == 8)
        #expect(fold.requests == 11 && fold.openRequests == 2 && fold.totalNanos == 110)
    }
}
