import SpanreelTracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// SIGKILL at random instants, and an oracle outside that knows what had been accepted.
enum KillLoop {
    struct Sum {
        var kills = 0
        var early = 0
        var emitted: UInt64 = 0
        var readable = 0
        var dropped = 0
        var lost = 0
        var inFlight = 0
        var sealed = 0
        var failures = 0
    }

    /// Kills until `seconds` are over or, when that is 0, `rounds` times. Ends with 1 when one event is not accounted for.
    static func run(seconds: Int, rounds: Int, seed: UInt64) throws {
        let place = try Workplace()
        let oracle = try Oracle(place("counters"))
        var random = Seeded(seed)
        var sum = Sum()
        let end = nanos() + UInt64(seconds) * 1_000_000_000
        while seconds > 0 ? nanos() < end : sum.kills + sum.early < rounds {
            let childSeed = random.next() >> 16
            do {
                try one(place, oracle, childSeed, &random, &sum)
            } catch {
                sum.failures += 1
                complain("seed \(seed) kill \(sum.kills), child seed \(childSeed): \(error)")
            }
            if sum.failures > 5 { break }
        }
        say(
            "kills \(sum.kills) early \(sum.early) emitted \(sum.emitted) readable \(sum.readable) dropped \(sum.dropped) "
                + "lost \(sum.lost) in-flight \(sum.inFlight) sealed \(sum.sealed) failures \(sum.failures)")
        exit(sum.failures == 0 && sum.kills > 0 ? 0 : 1)
    }

    private static func one(
        _ place: Workplace, _ oracle: Oracle, _ seed: UInt64, _ random: inout Seeded, _ sum: inout Sum
    ) throws {
        oracle.clear()
        let session = place("victim.reel")
        let threads = 1 + random.below(3)
        // Measuring the counter takes 20 ms of each process's life: three of four stamp with the monotonic clock.
        if seed % 4 == 0 { unsetenv("SPANREEL_CLOCK") } else { setenv("SPANREEL_CLOCK", "monotonic", 1) }
        let child = try spawnSelf(["emit", session, place("counters"), "\(threads)", "\(seed)"])
        defer { clean(place) }
        // One in sixteen dies while it still opens the session.
        let isEarly = random.below(16) == 0
        if isEarly {
            usleep(UInt32(random.below(9_000)))
        } else {
            let limit = nanos() + 20_000_000_000
            while oracle[0] == 0, nanos() < limit { usleep(100) }
            guard oracle[0] == 1 else {
                kill(child, SIGKILL)
                waitpid(child, nil, 0)
                throw KitError("the child did not come up")
            }
            // Mostly short lives; some long enough for several rounds of the sealer.
            usleep(UInt32(random.below(random.below(8) == 0 ? 60_000 : 9_000)))
        }
        kill(child, SIGKILL)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        guard status & 0x7f == SIGKILL else {
            throw Difference("the child ended by itself with status \(status)")
        }
        let emitted = (1...17).reduce(UInt64(0)) { $0 + oracle[$1] }
        if access(session, F_OK) != 0 {
            guard emitted == 0 else { throw Difference("\(emitted) events emitted, and no session") }
            sum.early += 1
            return
        }
        if oracle[0] == 0 { sum.early += 1 } else { sum.kills += 1 }
        try judge(session, emitted, threads, isSealed: random.below(6) == 0, &sum)
    }

    private static func judge(
        _ session: String, _ emitted: UInt64, _ threads: Int, isSealed: Bool, _ sum: inout Sum
    ) throws {
        let found = try Tally(session)
        // Killed between emit and count: one event a thread more than counted, none less.
        let most = emitted + UInt64(threads) + 1
        guard found.accounted >= Int(emitted), found.accounted <= Int(most), found.outOfOrder == 0, found.damages == 0
        else { throw Difference("emitted \(emitted), found \(found)") }
        sum.emitted += emitted
        sum.readable += found.readable
        sum.dropped += found.dropped
        sum.lost += found.lost
        sum.inFlight += found.accounted - Int(emitted)
        guard isSealed else { return }
        sum.sealed += 1
        // Reading changed nothing; sealing moves the same events into blocks; packing keeps them.
        let report = try SessionSealer.seal(path: session)
        guard report.adopted <= 1, report.live == 0, report.unreadable.isEmpty else {
            throw Difference("sealing: \(report)")
        }
        try expect(session, found, "after seal")
        guard try SessionSealer.seal(path: session).adopted == 0 else { throw Difference("sealed twice") }
        let proof = try SessionVerifier.verify(path: session)
        guard proof.isSound else { throw Difference("after seal: \(proof.damages)") }
        try SessionPacker.pack(path: session)
        try expect(session, found, "after pack")
        let packed = try SessionVerifier.verify(path: session)
        guard packed.isSound else { throw Difference("after pack: \(packed.damages)") }
    }

    private static func expect(_ session: String, _ found: Tally, _ when: String) throws {
        let again = try Tally(session)
        guard again == found else { throw Difference("\(when): \(again), before: \(found)") }
    }

    private static func clean(_ place: Workplace) {
        for name in names(place.path) where name != "counters" {
            for stream in names(place(name) + "/streams") {
                removeTree("/dev/shm/spanreel-\(getuid())/\(stream.drop { $0 == "." }.prefix(32))")
            }
            removeTree(place(name))
        }
    }
}

/// The kit's finding: something is not as promised.
struct Difference: Error, CustomStringConvertible {
    var description: String
    init(_ what: String) { description = what }
}
