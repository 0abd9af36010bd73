import SpanreelTracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A fixed run for faults at the n-th system call: blocks, syncs and an end, always the same, from one thread.
enum Script {
    static let rounds = 12
    static let eventsPerRound = 40
    /// Oracle lines: 1 events emitted, 2 events that a flush has acknowledged (A2), 3 calls that failed, 4 ended cleanly.
    static let emittedLine = 1
    static let durableLine = 2
    static let failedLine = 3
    static let endedLine = 4

    /// What the event of a sequence carries.
    static func value(_ sequence: UInt64) -> Int64 { Int64(truncatingIfNeeded: sequence &* 0x9E37_79B9_7F4A_7C15 >> 8) }

    /// Text that does not compress, always the same for a number.
    private static func filling(_ number: UInt64) -> String {
        var random = Seeded(number)
        return String(decoding: (0..<200).map { _ in UInt8(33 + random.below(94)) }, as: UTF8.self)
    }

    static func run(_ session: String, _ counters: String) throws {
        let oracle = try Oracle(counters)
        var options = Recorder.Options()
        options.path = session
        options.device = "script"
        options.laneSlots = 1 << 13
        options.namesBytes = 1 << 16
        let recorder: Recorder
        do {
            recorder = try Recorder.open(options)
        } catch {
            // Nothing was promised yet. The pipeline runs on without a recording.
            complain("open: \(error)")
            oracle[failedLine] += 1
            return
        }
        let role = recorder.role(Role(.layer, phase: .decode, layer: 3))
        for _ in 0..<rounds {
            for _ in 0..<eventsPerRound {
                let number = oracle[emittedLine] + 1
                recorder.record(role, from: recorder.now(), parent: nil) {
                    $0.set(.tokenID, value(number))
                    // Blocks of several pages, so that a full disk cuts writes in the middle.
                    $0.set(.statusMessage, filling(number))
                }
                oracle[emittedLine] = number
            }
            do {
                try recorder.flush()
                oracle[durableLine] = oracle[emittedLine]
                // For who reads the trace of system calls: from here on these survive power loss.
                complain("ACK \(oracle[durableLine])")
            } catch {
                oracle[failedLine] += 1
                complain("flush: \(error)")
                // Someone makes room on the full disk: recording has to go on by itself, in the same file.
                if let ballast = getenv("SPANREEL_TORTURE_BALLAST") { unlink(ballast) }
            }
        }
        do {
            try recorder.close()
            oracle[endedLine] = 1
            complain("ACK \(oracle[emittedLine])")
        } catch {
            oracle[failedLine] += 1
            complain("close: \(error)")
        }
    }

    /// The identity before and after sealing and packing: exact to one event, none lost.
    static func check(_ session: String, _ counters: String) throws {
        let oracle = try Oracle(counters)
        let emitted = oracle[emittedLine]
        guard access(session, F_OK) == 0 else {
            guard emitted == 0 else { throw Difference("\(emitted) events emitted, and no session") }
            return say("ok no session yet")
        }
        func expect(_ when: String) throws -> Tally {
            let found = try Tally(session)
            // Killed between emit and count: at most one more.
            guard found.accounted >= Int(emitted), found.accounted <= Int(emitted) + 1, found.lost == 0,
                found.damages == 0, found.outOfOrder == 0
            else { throw Difference("\(when): emitted \(emitted), found \(found)") }
            return found
        }
        let before = try expect("as it was left")
        try SessionSealer.seal(path: session)
        guard try expect("after seal") == before else { throw Difference("sealing changed the events") }
        let report = try SessionVerifier.verify(path: session)
        guard report.isSound else { throw Difference("after seal: \(report.damages)") }
        try SessionPacker.pack(path: session)
        guard try expect("after pack") == before else { throw Difference("packing changed the events") }
        say("ok emitted \(emitted) readable \(before.readable) dropped \(before.dropped) lost \(before.lost)")
    }
}

/// Answers "SESSION NEEDED" lines: whether the events up to NEEDED are readable, and whether everything delivered is right.
enum Judge {
    static func run() throws {
        while let line = readLine() {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let needed = UInt64(parts[1]) else {
                say("bad line")
                continue
            }
            do { say(try verdict(String(parts[0]), needed)) } catch { say("bad \(error)") }
        }
    }

    static func verdict(_ session: String, _ needed: UInt64) throws -> String {
        let reader: SessionReader
        do {
            reader = try SessionReader(path: session)
        } catch {
            return needed == 0 ? "ok 0" : "bad \(needed) durable events, and \(error)"
        }
        var wrong: String?
        var seen: UInt64 = 0
        var prefix: UInt64 = 0
        try reader.poll { batch in
            for event in batch.events {
                if event.sequence == prefix + 1 { prefix += 1 }
                if event.sequence <= seen { wrong = "event \(event.sequence) came twice or late" }
                seen = max(seen, event.sequence)
                if batch.int(.tokenID, of: event) != Script.value(event.sequence) {
                    wrong = "event \(event.sequence) is not what was written"
                }
            }
        }
        if let wrong { return "bad \(wrong)" }
        guard prefix >= needed else { return "bad \(needed) events durable, \(prefix) readable; \(reader.damages)" }
        _ = try SessionVerifier.verify(path: session)
        return "ok \(prefix)"
    }
}
