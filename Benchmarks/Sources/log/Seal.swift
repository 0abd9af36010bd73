import BenchSupport
import CSpanreel
import Foundation
import SpanreelTracing

/// Emits at a paced rate for some seconds; whether all of it was sealed, and how many bytes it took.
struct PacedRun {
    var emitted = 0
    var dropped: UInt64 = 0
    var seconds = 0.0
    var sizeBytes = 0
    var sealed = 0
    var sealerNanosPerEvent = 0.0
}

/// One thread emits `perSecond` spans a second in slices of 100 us, each span with two stamps and a parent.
func run(_ recorder: Recorder, path: String, perSecond: Double, seconds: Double, pairs: Bool) throws -> PacedRun {
    let layers = (0..<24).map { recorder.role(Role(.layer, phase: .decode, layer: $0, stage: 0)) }
    let parent = recorder.begin(recorder.role(Role(.stage, phase: .decode, stage: 0)))
    // A tenth of the rate for a tenth of a second: pages, compressor and the sealer's pace are warm then.
    let warm = Int(perSecond / 10_000) * 100
    for _ in 0..<100 {
        emitSlice(recorder, layers, parent, warm / 100, false)
        usleep(1_000)
    }
    var result = PacedRun()
    let sliceNanos = 100_000.0
    let perSlice = Int(perSecond * sliceNanos / 1e9)
    let processBefore = processNanos()
    let threadBefore = threadNanos()
    let start = sp_monotonic_nanos()
    var slice = 0.0
    while Double(sp_monotonic_nanos() - start) < seconds * 1e9 {
        emitSlice(recorder, layers, parent, perSlice, pairs)
        result.emitted += perSlice
        slice += 1
        while Double(sp_monotonic_nanos() - start) < slice * sliceNanos {}
    }
    result.seconds = Double(sp_monotonic_nanos() - start) / 1e9
    try recorder.flush()
    let sealer = processNanos() - processBefore - (threadNanos() - threadBefore)
    result.sealerNanosPerEvent = sealer / Double(result.emitted * (pairs ? 2 : 1))
    try recorder.close()
    let reader = try SessionReader(path: path)
    result.sealed = reader.sealedEventCount - warm - 1
    result.sizeBytes = reader.sizeBytes
    result.dropped = reader.streams.reduce(0) { $0 + $1.dropped.values.reduce(0, +) }
    return result
}

@inline(never)
func emitSlice(_ recorder: Recorder, _ layers: [RoleHandle], _ parent: SpanContext, _ count: Int, _ pairs: Bool) {
    layers.withUnsafeBufferPointer { layers in
        var index = 0
        if pairs {
            for _ in 0..<count {
                recorder.end(recorder.begin(layers[index], parent: parent))
                index = index == 23 ? 0 : index + 1
            }
        } else {
            for _ in 0..<count {
                recorder.record(layers[index], from: recorder.now(), parent: parent)
                index = index == 23 ? 0 : index + 1
            }
        }
    }
}

/// User and system time in nanoseconds, of the process or of the calling thread.
func processNanos() -> Double { cpuNanos(CLOCK_PROCESS_CPUTIME_ID) }
func threadNanos() -> Double { cpuNanos(CLOCK_THREAD_CPUTIME_ID) }

private func cpuNanos(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// From the fastest pace down, the first that loses nothing. A ring of 64 MB: the peer is tuned over buffers up to 128 MB,
/// and both run for three seconds, so that what a buffer holds at the end is a small part.
func measureSeal(seconds: Double, pairs: Bool) throws {
    let paces: [Double] = [50, 45, 40, 35, 30, 27.5, 25, 22.5, 20, 17.5, 15, 12.5, 10, 7.5, 5, 4, 3, 2, 1]
    let name = pairs ? "pairs" : "spans"
    for pace in paces {
        let path = folder + "/seal-\(pace).reel"
        let recorder = try open("seal-\(pace)", laneSlots: 1 << 21)
        let result = try run(recorder, path: path, perSecond: pace * 1e6, seconds: seconds, pairs: pairs)
        let events = result.emitted * (pairs ? 2 : 1)
        try FileManager.default.removeItem(atPath: path)
        guard result.dropped == 0 else { continue }
        report("sustained_\(name)_per_s", Double(result.emitted) / result.seconds, "\(name)/s")
        report("sustained_\(name)_lost", Double(events - result.sealed), "events")
        report("sealed_bytes_per_event", Double(result.sizeBytes) / Double(events), "bytes")
        report("drain_ns_per_event", result.sealerNanosPerEvent, "ns")
        return
    }
    report("sustained_\(name)_per_s", 0, "\(name)/s")
}
