import Testing

@testable import SpanreelReplay

extension ClockGraph {
    fileprivate init(bounds: [[Int64]], root: Int) {
        self.init(bounds: ContiguousArray(bounds.joined()), count: bounds.count, root: root)
    }
}

@Suite struct ClockGraphTests {
    static let open = ClockGraph.unbounded

    /// Clocks with these offsets whose hops take `delays[a][b]`, nil where there are none.
    private func bounds(_ offsets: [Int64], _ delays: [[Int64?]]) -> [[Int64]] {
        offsets.indices.map { a in
            offsets.indices.map { b in delays[a][b].map { offsets[b] - offsets[a] + $0 } ?? Self.open }
        }
    }

    @Test(
        "Offsets lie in their bands and keep every bound, whatever is linked", arguments: 1...500 as ClosedRange<UInt64>
    )
    func everyGraph(seed: UInt64) throws {
        var random = Seeded(seed)
        let count = Int.random(in: 2...7, using: &random)
        let offsets = (0..<count).map {
            $0 == 0 ? 0 : Int64.random(in: -10_000_000_000...10_000_000_000, using: &random)
        }
        let delays = (0..<count).map { a in
            (0..<count).map { b in
                a != b && Int.random(in: 0..<10, using: &random) < 4
                    ? Int64.random(in: 0...2_000_000, using: &random) : nil
            }
        }
        let given = bounds(offsets, delays)
        let graph = ClockGraph(bounds: given, root: 0)
        let solved = graph.solved()
        #expect(graph.conflict == 0)
        for domain in 0..<count {
            guard let found = solved[domain], let error = found.error else { continue }
            #expect(abs(found.offset - offsets[domain]) <= error + 1, "seed \(seed) domain \(domain)")
        }
        for a in 0..<count {
            for b in 0..<count where given[a][b] < Self.open {
                guard let from = solved[a], let to = solved[b] else { continue }
                #expect(to.offset - from.offset <= given[a][b] + 1, "seed \(seed) \(a) to \(b)")
            }
        }
    }

    @Test("A ring in one direction bounds every clock by half of what it takes to go round")
    func ring() throws {
        let delays: [[Int64?]] = [[nil, 100, nil], [nil, nil, 300], [200, nil, nil]]
        let solved = ClockGraph(bounds: bounds([0, 5_000, -7_000], delays), root: 0).solved()
        #expect(try #require(solved[1]).error == 300 && (try #require(solved[2])).error == 300)
        #expect(abs(try #require(solved[1]).offset - 5_000) <= 300)
        #expect(abs(try #require(solved[2]).offset + 7_000) <= 300)
    }

    @Test("One way only leaves the band open; unlinked clocks are not known; contradictions widen the band")
    func incomplete() throws {
        let one = ClockGraph(
            bounds: [[0, 500, Self.open], [Self.open, 0, Self.open], [Self.open, Self.open, 0]], root: 0
        )
        .solved()
        #expect(try #require(one[1]).offset == 500 && one[1]?.error == nil)
        #expect(one[2] == nil)
        let graph = ClockGraph(bounds: [[0, -400], [-600, 0]], root: 0)
        #expect(graph.conflict >= 500)
        #expect(try #require(graph.solved()[1]?.error) >= 500)
    }
}
