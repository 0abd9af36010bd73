// The kit's one executable: the processes that are killed, and what judges them afterwards. No Foundation, so that a
// process is up in milliseconds and thousands can die in a minute. `Tests/Torture/torture.py` drives it.

import SpanreelTracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

let arguments = Array(CommandLine.arguments.dropFirst())
let usage = """
    usage: torture-child MODE ...
      emit SESSION COUNTERS THREADS SEED          emit until killed
      script SESSION COUNTERS                     a fixed script: blocks, syncs, an end
      pack SESSION                                pack in place
      check SESSION COUNTERS                      the identity of a script's or an emitter's session
      judge                                       reads "SESSION NEEDED" lines, answers each with a verdict
      kills SECONDS ROUNDS SEED                   kill emitters at random instants
      flips|cuts|sectors SHARD SHARDS STRIDE      damage a session in every way, and read it
      peak SESSION                                read a session and print how much memory that took
      rate SESSION SECONDS PER-SECOND [CONDITION] emit at a steady rate and print the latencies
    """

do {
    switch (arguments.first, arguments.dropFirst().first) {
    case ("emit", .some) where arguments.count == 5:
        try Emitter.run(arguments[1], arguments[2], threads: number(3), seed: UInt64(number(4)))
    case ("script", .some) where arguments.count == 3: try Script.run(arguments[1], arguments[2])
    case ("check", .some) where arguments.count == 3: try Script.check(arguments[1], arguments[2])
    case ("pack", .some): try SessionPacker.pack(path: arguments[1])
    case ("judge", _): try Judge.run()
    case ("peak", .some): try Peak.run(arguments[1])
    case ("kills", .some) where arguments.count == 4:
        try KillLoop.run(seconds: number(1), rounds: number(2), seed: UInt64(number(3)))
    case ("flips", .some) where arguments.count == 4: try Matrix.flips(number(1), number(2), number(3))
    case ("cuts", .some) where arguments.count == 4: try Matrix.cuts(number(1), number(2), number(3))
    case ("sectors", .some) where arguments.count == 4: try Matrix.sectors(number(1), number(2), number(3))
    case ("rate", .some) where arguments.count >= 4:
        try Rate.run(
            arguments[1], seconds: number(2), perSecond: number(3), arguments.count > 4 ? arguments[4] : "plain")
    default:
        complain(usage)
        exit(2)
    }
} catch {
    complain("torture-child \(arguments.joined(separator: " ")): \(error)")
    exit(2)
}

func number(_ index: Int) -> Int { Int(arguments[index]) ?? 0 }
