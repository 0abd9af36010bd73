import Testing

@testable import SpanreelReplay

/// Known answers. p values: `scipy.stats.mannwhitneyu` 1.17 (method exact or asymptotic with continuity), adjusted
/// values: `scipy.stats.false_discovery_control`, shifts: `numpy.median` of all differences.
@Suite struct DiffStatisticsTests {
    private let a = [1.1, 2.5, 3.7, 4.2, 5.9]
    private let b = [2.0, 3.1, 6.4, 7.7, 8.8, 9.3]
    private let c = [12.1, 14.3, 11.8, 13.3, 12.9, 15.0, 14.8, 12.2, 13.7, 14.1].sorted()
    private let d = [13.9, 15.6, 16.2, 14.4, 17.1, 15.8, 16.9, 14.9, 15.2, 18.0, 13.5].sorted()
    private let tiesA: [Double] = [1, 2, 2, 3, 3, 3, 4, 5, 5, 6]
    private let tiesB: [Double] = [2, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9]

    private func close(_ x: Double, _ y: Double) -> Bool { abs(x - y) <= 1e-12 * max(1, abs(y)) }

    @Test func mannWhitneyIsExactForFewValues() {
        #expect(close(RankStatistics.mannWhitney(a, b), 0.17748917748917747))
        #expect(close(RankStatistics.mannWhitney(c, d), 0.0015196361945587953))
        #expect(close(RankStatistics.mannWhitney(d, c), 0.0015196361945587953))
        #expect(close(RankStatistics.mannWhitney([1, 2, 3, 4], [5, 6, 7, 8]), 0.02857142857142857))
    }

    @Test func mannWhitneyIsNormalWithTiesOrManyValues() {
        #expect(close(RankStatistics.mannWhitney(tiesA, tiesB), 0.03904884575434861))
        let r = (0..<40).map { Double(($0 * 37) % 101) }.sorted()
        let q = (0..<45).map { Double(($0 * 53) % 97) + 6.5 }.sorted()
        #expect(close(RankStatistics.mannWhitney(r, q), 0.8086840826631057))
        #expect(RankStatistics.mannWhitney([5, 5, 5, 5], [5, 5, 5, 5]) == 1)
        #expect(RankStatistics.mannWhitney([], [1]) == 1)
        #expect(RankStatistics.mannWhitney([.nan], [.nan]) <= 1)
    }

    @Test func shiftsAreMediansOfAllDifferences() {
        #expect(close(RankStatistics.shift(from: a, to: b).estimate, 3.15))
        #expect(close(RankStatistics.shift(from: c, to: d).estimate, 2.1))
        #expect(close(RankStatistics.shift(from: tiesA, to: tiesB).estimate, 2))
        let r = (0..<40).map { Double(($0 * 37) % 101) }.sorted()
        let q = (0..<45).map { Double(($0 * 53) % 97) + 6.5 }.sorted()
        #expect(close(RankStatistics.shift(from: r, to: q).estimate, 1.5))
    }

    @Test func intervalsAreOrderStatisticsOfTheExactTest() {
        // As R's wilcox.test with conf.int = TRUE: ranks 4 of 30 and 27 of 110.
        #expect(RankStatistics.confidenceRank(5, 6, alpha: 0.05) == 4)
        #expect(RankStatistics.confidenceRank(10, 11, alpha: 0.05) == 27)
        #expect(RankStatistics.confidenceRank(4, 4, alpha: 0.05) == 1)
        let small = RankStatistics.shift(from: a, to: b)
        #expect(close(small.low, -1.7) && close(small.high, 6.6))
        let large = RankStatistics.shift(from: c, to: d)
        #expect(close(large.low, 0.8) && close(large.high, 3.4))
    }

    @Test(arguments: 1...12) func anyRankEqualsTheSortedDifferences(_ seed: UInt64) {
        var random = DiffRandom(state: seed)
        let count = 1 + Int(random.next() % 9)
        let x = (0..<count).map { _ in (random.unit() * 20).rounded(seed % 2 == 0 ? .down : .toNearestOrEven) }.sorted()
        let y = (0..<(1 + Int(random.next() % 9))).map { _ in random.normal() * 1e6 }.sorted()
        let all = x.flatMap { x in y.map { $0 - x } }.sorted()
        for rank in 1...all.count { #expect(RankStatistics.difference(x, y, rank: rank) == all[rank - 1]) }
    }

    @Test func falseDiscoveryControlAsSciPy() {
        let adjusted = RankStatistics.benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.55, 0.2, 0.04])
        let expected = [0.035, 0.056, 0.056, 0.035, 0.55, 0.23333333333333336, 0.056]
        #expect(zip(adjusted, expected).allSatisfy { close($0, $1) })
        #expect(RankStatistics.benjaminiHochberg([]).isEmpty)
    }

    @Test func quantilesAsNumpy() {
        #expect(RankStatistics.median([1, 2, 3, 10]) == 2.5)
        #expect(RankStatistics.median([]) == nil)
        #expect(close(RankStatistics.quantile([1, 2, 3, 4, 5], 0.95) ?? 0, 4.8))
        #expect(close(RankStatistics.normalQuantile(0.975), 1.959963984540054))
    }
}
