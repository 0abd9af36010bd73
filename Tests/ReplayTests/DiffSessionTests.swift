import SpanreelTracing
import Testing

@testable import SpanreelReplay

/// Comparisons of made-up sessions whose faults are known.
@Suite struct DiffSessionTests {
    private func diff(_ a: DiffSession, _ b: DiffSession) throws -> SessionDiff {
        SessionDiff(before: try a.side(), after: try b.side())
    }

    private func slow(_ seed: UInt64 = 2) -> DiffSession {
        DiffSession(seed: seed, slowLayer: 3, slowLink: Link(from: "a", to: "b"), slowNanos: 2_000_000)
    }

    @Test func aSessionAgainstItselfIsNoChange() throws {
        let diff = try diff(DiffSession(), DiffSession())
        #expect(diff.isIdentical && diff.exitCode == 0 && diff.verdict == .noRegression)
        #expect(
            (diff.headline + diff.roles).allSatisfy {
                $0.verdict == .same && $0.shift == 0 && $0.low == 0 && $0.high == 0
            })
        #expect(diff.text().contains("No change"))
    }

    @Test(arguments: 2...6) func theSlowedLayerAndHopAreNamedFirst(_ seed: UInt64) throws {
        let diff = try diff(DiffSession(), slow(seed))
        #expect(diff.exitCode == 1 && diff.verdict == .regression)
        #expect(Set(diff.roles.prefix(2).map(\.id)) == ["layer.3.decode", "hop.a>b.decode"])
        #expect(Set(diff.roles[2..<4].map(\.id)) == ["layer.3.prefill", "hop.a>b.prefill"])
        let named = diff.summary[1..<3].map { $0.prefix(7) }
        #expect(Set(named) == ["layer 3", "hop a→b"])
        #expect(diff.roles.filter { $0.verdict == .worse }.count == 4)
        let layer = try #require(diff.roles.first { $0.id == "layer.3.decode" })
        #expect(abs(layer.shift - 2_000_000) < 60_000 && layer.low < 2_000_000 && layer.high > 1_950_000)
        #expect(layer.device == "b" && layer.perRequest == 8)
        #expect(abs(layer.contributionNanos - 16_000_000) < 500_000)
        let felt = diff.headline.filter { $0.verdict == .worse }.map(\.id)
        #expect(felt == ["ttft", "tpot", "itlMedian", "itlP95", "e2e", "tokensPerSecond"])
        #expect(diff.headline.first { $0.id == "cacheHit" }?.verdict == .same)
    }

    @Test func theOtherWayRoundIsBetter() throws {
        let diff = try diff(slow(), DiffSession())
        #expect(diff.exitCode == 0)
        #expect(diff.roles.filter { $0.verdict == .better }.map(\.id).contains("layer.3.decode"))
        #expect(!diff.roles.contains { $0.verdict == .worse })
    }

    @Test func differentSeedsOfOneSystemGiveNoFinding() throws {
        var wrong = 0
        let small = DiffSession(requests: 8, tokens: 4, requestNoise: 0.1)
        for seed in 0..<100 as Range<UInt64> {
            var (a, b) = (small, small)
            a.seed = seed * 2 + 1_000
            b.seed = seed * 2 + 1_001
            let diff = try diff(a, b)
            if (diff.headline + diff.roles).contains(where: { $0.verdict == .worse || $0.verdict == .better }) {
                wrong += 1
            }
        }
        #expect(wrong <= 5, "\(wrong) of 100 comparisons of a system with itself found something")
    }

    @Test func orderAndFormOfFactsDoNotMatter() throws {
        let reference = try DiffSession().side()
        let reversed = try DiffSession().side(reversed: true)
        #expect(SessionDiff(before: reference, after: reversed).isIdentical)
        var pairs = DiffSession()
        pairs.pairs = true
        #expect(SessionDiff(before: reference, after: try pairs.side()).isIdentical)
        #expect(SessionDiff(before: reference, after: try pairs.side(reversed: true)).isIdentical)
    }

    @Test func hopsBetweenClocksAreAligned() throws {
        var skewed = slow()
        skewed.offsets = [0, 37_500_000, -12_000_000]
        let diff = try diff(DiffSession(), skewed)
        let hop = try #require(diff.roles.first { $0.id == "hop.a>b.decode" })
        #expect(hop.verdict == .worse && abs(hop.shift - 2_000_000) < 60_000)
        let clockError = try #require(hop.clockErrorNanos)
        // Half of a probe's 60 us on the way, a thousandth of it, and 1 us of margin for each of the three clocks.
        #expect(clockError <= 30_000 + 30 + 3_000, "\(clockError)")
        #expect(diff.roles.first { $0.id == "hop.b>c.decode" }?.verdict == .same)
        #expect(diff.after.crossesClocks && !diff.before.crossesClocks)
    }

    @Test func clocksThatNothingTiesGiveNoFalseAlarm() throws {
        var skewed = DiffSession(seed: 3)
        skewed.offsets = [0, 37_500_000, -12_000_000]
        skewed.hasProbes = false
        let diff = try diff(DiffSession(), skewed)
        #expect(!diff.roles.contains { $0.role?.operation == .hopReceive && $0.verdict == .worse })
        #expect(diff.exitCode == 0)
    }

    @Test func swappedMachinesStillLineUp() throws {
        var swapped = DiffSession(seed: 4)
        swapped.devices = ["c", "a", "b"]
        let diff = try diff(DiffSession(), swapped)
        #expect(diff.onlyBefore.isEmpty && diff.onlyAfter.isEmpty)
        #expect(diff.roles.contains { $0.name == "hop stage 0→stage 1 decode" })
        #expect(diff.warnings.contains { $0.contains("devices differ") })
        #expect(diff.exitCode == 0)
    }

    @Test func whatCannotBeComparedHasNoVerdict() throws {
        let few = DiffSession(requests: 3)
        #expect(try diff(DiffSession(), few).exitCode == 3)
        var other = DiffSession()
        other.model = "other"
        let diff = try diff(DiffSession(), other)
        #expect(diff.exitCode == 3 && diff.summary == ["No verdict: the models differ: m and other."])
        #expect(try self.diff(DiffSession(), DiffSession(layersPerStage: 3)).exitCode == 3)
        #expect(try self.diff(DiffSession(requests: 0), DiffSession(requests: 0)).exitCode == 3)
    }

    @Test func reportsAreTheSameBytesEachTime() throws {
        let once = try diff(DiffSession(), slow())
        let again = try diff(DiffSession(), slow())
        #expect(once.json() == again.json())
        #expect(once.text(all: true) == again.text(all: true))
        let json = String(decoding: once.json(), as: UTF8.self)
        #expect(
            json.hasPrefix(
                "{\"verdict\":\"regression\",\"exitCode\":1,\"identical\":false,\"summary\":[\"Regression.\","))
        #expect(once.text().contains("takes 2.0"))
    }

    @Test func aSessionFileIsReadByPath() throws {
        #expect(throws: TraceError.self) { try SessionDiff(before: "/no/such.reel", after: "/no/such.reel") }
    }
}
