import Foundation
import Testing

@testable import SpanreelReplay

/// Epochs freeze, cost the same however long the session is, and survive clocks that step and evidence that lies.
@Suite struct ClockEpochTests {
    static let second: Int64 = 1_000_000_000
    static let origin = ClockSimulation.origin
    static let seeds: ClosedRange<UInt64> =
        ProcessInfo.processInfo.environment["SPANREEL_ACCEPT"] == "1" ? 1...25 : 1...3

    /// What an alignment says of every domain over a stretch of the root's clock.
    private func offsets(
        _ clocks: ClockAlignment, _ simulation: ClockSimulation, seconds: Range<Int64>
    ) -> [[Int64?]] {
        seconds.map { second in
            (1..<simulation.domains.count).flatMap { domain -> [Int64?] in
                let (offset, error) = clocks.offset(
                    domain: domain, at: simulation.stamp(Self.origin + second * Self.second, domain: domain))
                return [offset, error]
            }
        }
    }

    @Test("What is frozen stays, whatever comes; a refit hears everything", arguments: [1, 2, 3] as [UInt64])
    func frozen(seed: UInt64) {
        let simulation = ClockSimulation(.star, seed: seed, .init(offsets: 1_000_000_000))
        var fold = simulation.fold(until: Self.origin + 45 * Self.second)
        let before = offsets(fold.solve(domains: simulation.domains).alignment, simulation, seconds: 2..<18)
        let refitBefore = offsets(fold.refit(domains: simulation.domains).alignment, simulation, seconds: 2..<18)
        for hop in simulation.inOrder where hop.arrival > Self.origin + 45 * Self.second { simulation.take(hop, &fold) }
        let after = offsets(fold.solve(domains: simulation.domains).alignment, simulation, seconds: 2..<18)
        #expect(before == after, "seed \(seed)")
        #expect(fold.lateCount == 0)
        // A message of an epoch that is over, tighter than any that was known then.
        let sent = Self.origin + 8 * Self.second
        let received = simulation.stamp(sent, domain: 1) + 20_000
        fold.hop(from: 0, to: 1, transit: received - simulation.stamp(sent, domain: 0), at: received)
        #expect(fold.lateCount == 1)
        let late = offsets(fold.solve(domains: simulation.domains).alignment, simulation, seconds: 2..<18)
        #expect(late == before, "seed \(seed)")
        let refit = offsets(fold.refit(domains: simulation.domains).alignment, simulation, seconds: 2..<18)
        #expect(refit != refitBefore, "seed \(seed)")
    }

    @Test("A copy that goes on is the fold of everything; when it is asked in between does not matter")
    func checkpoints() {
        let simulation = ClockSimulation(.chain, seed: 7)
        let whole = simulation.fold()
        let expected = offsets(whole.solve(domains: simulation.domains).alignment, simulation, seconds: 0..<60)
        for cut in [11, 29, 44] as [Int64] {
            let end = Self.origin + cut * Self.second
            var fold = simulation.fold(until: end)
            _ = fold.solve(domains: simulation.domains)
            for hop in simulation.inOrder where hop.arrival > end { simulation.take(hop, &fold) }
            #expect(
                offsets(fold.solve(domains: simulation.domains).alignment, simulation, seconds: 0..<60) == expected)
            #expect(fold.work == whole.work)
        }
    }

    @Test("The solver's work per epoch does not grow with the session")
    func workIsLinear() {
        let simulation = ClockSimulation(
            .ring, seed: 3, seconds: 3600, paceNanos: 900_000_000, .init(offsets: 1_000_000_000))
        var fold = ClockFold()
        fold.noteRequest(domain: 0)
        var workAt: [Int] = []
        var shown: [Int] = []
        for hop in simulation.inOrder {
            simulation.take(hop, &fold)
            let epochs = Int((hop.arrival - Self.origin) / ClockBounds.epochNanos)
            guard epochs >= workAt.count else { continue }
            workAt.append(fold.work)
            if let solver = ClockSolver(fold, simulation.domains) {
                var solver = solver
                solver.solve(after: fold.frozenThrough, through: .max)
                shown.append(solver.work)
            }
        }
        #expect(workAt.count >= 360)
        // The epochs of one minute against those of the last: the same evidence, so about the same work.
        let early = workAt[66] - workAt[6]
        let late = workAt[359] - workAt[299]
        #expect(late < early * 3 / 2 && early < late * 3 / 2, "\(early) \(late)")
        // Knots are vertices of hulls: of 4 directions with 8 + a few each, over at most 4 epochs at a time, and the
        // rough looks at three of them.
        let most = zip(workAt.dropFirst(), workAt).map { $0 - $1 }.max() ?? 0
        #expect(most < 4 * (4 * 16 + 16), "\(most)")
        #expect((shown.max() ?? 0) < 4 * (4 * 16 + 16), "\(shown.max() ?? 0)")
    }

    @Test(
        "Wild evidence is taken out and counted, and poisons nothing",
        arguments: [ClockSimulation.Shape.ring, .star, .chain])
    func wildEvidence(shape: ClockSimulation.Shape) {
        var missed: [UInt64] = []
        for seed in Self.seeds {
            let simulation = ClockSimulation(shape, seed: seed, .init(wild: 5))
            let fold = simulation.fold()
            let solution = fold.solve(domains: simulation.domains)
            let score = simulation.score(solution.alignment)
            if score.outside > 0 { missed.append(seed) }
            #expect(solution.outliers >= 5 && solution.outliers <= 10, "\(shape) seed \(seed): \(solution.outliers)")
            #expect(solution.steps == 0, "\(shape) seed \(seed)")
            #expect(score.acausal == 0, "\(shape) seed \(seed): \(score.acausal)")
            #expect(score.unknown == 0 && score.widestBand < 2_000_000, "\(shape) seed \(seed): \(score.widestBand)")
        }
        #expect(missed.count * 20 <= Self.seeds.count, "\(shape) seeds \(missed)")
    }

    @Test(
        "A clock that is set: a wide band in its epoch, a new beginning after it, no harm to the others",
        arguments: [-1_500_000_000, -60_000_000, 60_000_000, 1_500_000_000] as [Int64],
        [ClockSimulation.Shape.star, .chain, .ring])
    func steps(nanos: Int64, shape: ClockSimulation.Shape) {
        for seed in Self.seeds {
            let at = Self.origin + 30 * Self.second + Int64(seed % 5) * 2_100_000_000
            let simulation = ClockSimulation(
                shape, seed: seed, seconds: 80, .init(step: (2, at, nanos), offsets: 1_000_000_000))
            let fold = simulation.fold()
            let solution = fold.solve(domains: simulation.domains)
            #expect((1...2).contains(solution.steps), "\(shape) seed \(seed): \(solution.steps) steps")
            #expect(solution.outliers <= 16, "\(shape) seed \(seed): \(solution.outliers)")
            // Epochs are the root's. For so long as the clock was ahead of the root's, two seconds at most, what it
            // stamps after the step is still taken for earlier.
            let reach = [at - abs(nanos) - 3 * Self.second, at + abs(nanos) + 3 * Self.second]
                .map { ClockBounds.number(simulation.stamp($0, domain: 0)) }
            func score(_ neighbours: Int64) -> ClockSimulation.Score {
                simulation.score(solution.alignment) { time in
                    [time - Self.second, time + Self.second].allSatisfy { time in
                        let epoch = ClockBounds.number(simulation.stamp(time, domain: 0))
                        return epoch < reach[0] - neighbours || epoch > reach[1] + neighbours
                    }
                }
            }
            let away = score(0)
            #expect(away.outside == 0 && away.unknown == 0, "\(shape) seed \(seed): \(away)")
            // Beside such an epoch messages over the border may turn round, and a band reach over; further away neither.
            let further = score(1)
            #expect(further.acausal == 0 && further.widestBand < 5_000_000, "\(shape) seed \(seed): \(further)")
            // In its epoch the band holds both readings, but for stamps that the clock showed twice.
            let within = simulation.score(solution.alignment, domains: [2]) { abs($0 - at) > 2 * Self.second }
            #expect(within.outside == 0, "\(shape) seed \(seed): \(within)")
            // The others keep their clocks all along, where a way around the one that stepped exists.
            if shape == .star {
                let others = simulation.score(solution.alignment, domains: [1, 3])
                #expect(others.outside == 0 && others.widestBand < 5_000_000, "seed \(seed): \(others)")
            }
        }
    }

    @Test("A domain that joins late is aligned from then on, and changes nothing that was frozen")
    func lateJoin() {
        let joins = Self.origin + 33 * Self.second
        let simulation = ClockSimulation(.chain, seed: 5, .init(lastJoinsAt: joins, offsets: 1_000_000_000))
        let before = simulation.fold(until: joins + 3 * Self.second).solve(domains: simulation.domains).alignment
        let fold = simulation.fold()
        let clocks = fold.solve(domains: simulation.domains).alignment
        let without = ClockSimulation(.chain, seed: 5, .init(lastJoinsAt: .max, offsets: 1_000_000_000))
        let alone = without.fold(until: joins).solve(domains: without.domains).alignment
        let (frozen, expected) = (
            offsets(clocks, simulation, seconds: 1..<9), offsets(alone, without, seconds: 1..<9)
        )
        #expect(frozen.map { Array($0[..<4]) } == expected.map { Array($0[..<4]) })
        #expect(before.offset(domain: 3, at: Self.origin).error != nil)
        let after = simulation.score(clocks) { $0 > joins + Self.second }
        #expect(after.outside == 0 && after.unknown == 0 && after.acausal == 0)
        // Before it joined its offset is carried back along its drift, with a band that says so.
        let earlier = simulation.score(clocks, domains: [3]) { $0 < joins }
        #expect(earlier.outside == 0 && earlier.unknown == 0)
        #expect(earlier.widestBand > after.widestBand)
    }

    @Test("A clock further ahead than epochs wait for is late, counted, and aligned by a refit")
    func farAhead() {
        var fold = ClockFold()
        fold.noteRequest(domain: 0)
        let domains = ["a", "b"]
        let ahead = 2 * ClockFold.openLimit * ClockBounds.epochNanos
        var hops: [(arrival: Int64, from: Int, to: Int, transit: Int64, at: Int64)] = []
        for index in 0..<4000 {
            let time = Self.origin + Int64(index) * Self.second
            hops.append((time + ahead + 200_000, 0, 1, ahead + 200_000, time + ahead + 200_000))
            hops.append((time + ahead, 1, 0, 300_000 - ahead, time + 300_000))
            // The root goes on saying something of its own: canonical order mixes the two clocks.
            hops.append((time, 0, 0, 0, time))
        }
        for hop in hops.sorted(by: { ($0.arrival, $0.from, $0.to) < ($1.arrival, $1.from, $1.to) }) {
            fold.advance(to: hop.arrival, domains: domains)
            fold.hop(from: hop.from, to: hop.to, transit: hop.transit, at: hop.at)
        }
        #expect(fold.lateCount > 1000)
        let refit = fold.refit(domains: domains).alignment.offset(domain: 1, at: Self.origin + ahead + 9 * Self.second)
        #expect(abs(refit.offset - ahead) <= (refit.error ?? -1))
    }
}
