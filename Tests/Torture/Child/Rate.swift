import SpanreelTracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An emitting process that keeps a steady rate and measures each emit: run plain, and again on a full disk, with its
/// sealer stalled, or forking, the two tell what a fault costs the pipeline.
enum Rate {
    /// Buckets of 1/16 of a power of two, in nanoseconds.
    private struct Histogram {
        var counts = [UInt64](repeating: 0, count: 64 * 16)
        mutating func add(_ nanos: UInt64) {
            let bits = 63 - (nanos | 1).leadingZeroBitCount
            let part = bits < 4 ? 0 : Int(nanos >> UInt64(bits - 4) & 15)
            counts[bits * 16 + part] += 1
        }
        func quantile(_ share: Double) -> UInt64 {
            let total = counts.reduce(0, +)
            var left = UInt64((Double(total) * share).rounded(.up))
            for (index, count) in counts.enumerated() {
                if count >= left { return (UInt64(16 + index % 16) << UInt64(index / 16)) >> 4 }
                left -= count
            }
            return 0
        }
    }

    /// `condition`: `plain`, or `fork` for a child every 10 ms that emits and ends.
    static func run(_ session: String, seconds: Int, perSecond: Int, _ condition: String) throws {
        var options = Recorder.Options()
        options.path = session
        options.device = "rate"
        let recorder = try Recorder.open(options)
        let role = recorder.role(Role(.layer, phase: .decode, layer: 1))
        var histogram = Histogram()
        var emitted = 0
        var forks = 0
        let childEvents = 100
        let start = nanos()
        let end = start + UInt64(seconds) * 1_000_000_000
        var nextFork = start
        while nanos() < end {
            for _ in 0..<16 {
                let before = nanos()
                recorder.record(role, from: Ticks(0), to: Ticks(1), parent: nil) {
                    $0.set(.tokenID, Script.value(UInt64(emitted)))
                }
                histogram.add(nanos() - before)
                emitted += 1
            }
            if condition == "fork", nanos() >= nextFork {
                nextFork = nanos() + 10_000_000
                forks += 1
                let child = forkChild { for _ in 0..<childEvents { recorder.mark("child") } }
                var status: Int32 = 0
                while waitpid(child, &status, 0) < 0 && errno == EINTR {}
                guard status == 0 else { throw Difference("a forked child ended with status \(status)") }
            }
            let due = start + UInt64(emitted) * 1_000_000_000 / UInt64(max(perSecond, 1))
            let now = nanos()
            if due > now + 50_000 { pause(due - now) }
        }
        var ending = "closed"
        do { try recorder.close() } catch { ending = "not closed: \(error)" }
        let spent = nanos() - end
        let found = try Tally(session)
        // What a child emits is counted as dropped, by the reason `forked`.
        emitted += forks * childEvents
        let isExact = found.readable + found.dropped + found.lost == emitted
        say(
            "\(condition): emitted \(emitted) readable \(found.readable) dropped \(found.dropped) lost \(found.lost) "
                + "\(isExact ? "exact" : "DIFFERENT") forks \(forks); emit+clock ns P50 \(histogram.quantile(0.5)) "
                + "P99 \(histogram.quantile(0.99)) P99.9 \(histogram.quantile(0.999)); end took \(spent / 1_000_000) ms, \(ending)"
        )
        exit(isExact ? 0 : 1)
    }

    /// Sleeps by `select`: faults are injected into the sealer's own way to sleep, and must not meet this thread.
    private static func pause(_ nanos: UInt64) {
        var time = timeval()
        time.tv_usec = suseconds_t(min(nanos / 1000, 100_000))
        select(0, nil, nil, nil, &time)
    }

    /// Swift hides `fork`; a pipeline written in C does not.
    private static func forkChild(_ body: () -> Void) -> pid_t {
        let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "fork")
        typealias Fork = @convention(c) () -> pid_t
        let fork = unsafeBitCast(symbol, to: Fork.self)
        let child = fork()
        if child == 0 {
            body()
            _exit(0)
        }
        return child
    }
}
