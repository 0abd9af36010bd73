import SpanreelTracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A process made to be killed: emits, and counts in shared memory what `emit` has returned for.
enum Emitter {
    /// Oracle line 0: 1 when the recorder is open. Lines 1...: events a thread has emitted.
    static func run(_ session: String, _ counters: String, threads: Int, seed: UInt64) throws {
        let oracle = try Oracle(counters)
        var options = Recorder.Options()
        options.path = session
        options.device = "victim"
        options.laneSlots = 1 << (8 + Int(seed % 5))
        options.namesBytes = 1 << 16
        options.durability = seed % 3 == 0 ? .always : .interval
        let recorder = try Recorder.open(options)
        let role = recorder.role(Role(.layer, phase: .decode, layer: 7))
        let request = recorder.role(Role(.request))
        for index in 0..<min(max(threads, 1), 16) {
            startThread { emit(recorder, role, request, oracle, line: index + 1, seed: seed &+ UInt64(index) << 32) }
        }
        oracle[0] = 1
        // One lane is given back and taken again all the time: a killed process leaves every state of a lane.
        var rounds: UInt64 = 0
        while true {
            rounds += 1
            let round = rounds
            startThread {
                for _ in 0..<4 {
                    recorder.mark("short")
                    oracle[Self.shortLine] &+= 1
                }
                oracle[Self.handshakeLine] = round
            }
            while oracle[Self.handshakeLine] != round { usleep(1_000) }
        }
    }

    /// What the short threads emit, one after the other; and which of them is through.
    static let shortLine = 17
    static let handshakeLine = 18

    private static func emit(
        _ recorder: Recorder, _ role: RoleHandle, _ request: RoleHandle, _ oracle: Oracle, line: Int, seed: UInt64
    ) {
        var random = Seeded(seed)
        // From a trickle to more than the sealer takes: both kept and dropped events are of interest.
        let pause = [0, 4_000, 40_000, 200_000][random.below(4)]
        while true {
            for _ in 0..<64 {
                switch random.below(5) {
                case 0: _ = recorder.begin(request) { $0.set(.requestID, "request \(seed % 999)") }
                case 1:
                    recorder.tokens(
                        1, phase: .decode,
                        in: SpanContext(trace: TraceID(high: 1, low: random.next() | 1), span: SpanID(5)))
                default:
                    let value = random.below(64)
                    recorder.record(role, from: recorder.now(), parent: nil) { $0.set(.batchTokens, value) }
                }
                oracle[line] &+= 1
            }
            let until = nanos() + UInt64(pause)
            while nanos() < until {}
        }
    }
}
