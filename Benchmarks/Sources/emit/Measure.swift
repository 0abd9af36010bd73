import BenchSupport
import CSpanreel
import Foundation
import SpanreelTracing

nonisolated(unsafe) var sink: UInt64 = 0

func nanos(_ body: () -> Void) -> Double {
    let start = sp_monotonic_nanos()
    body()
    return Double(sp_monotonic_nanos() - start)
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

func percentile(_ values: [Double], _ p: Double) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * p))]
}

/// One thread, every form, interleaved batch by batch. The sealer drains meanwhile; between batches it catches up, so
/// that what is measured is emitting and not a full ring.
func measureHot(_ recorder: Recorder, _ handles: Handles) {
    let forms: [(name: String, run: () -> Void)] = [
        ("clock_read_ns", { sink &+= clockLoop(batch) }),
        ("event_ns", { eventLoop(recorder, handles, batch) }),
        ("chained_ns", { chainLoop(recorder, handles, batch) }),
        ("clock_pair_ns", { sink &+= clockPairLoop(batch) }),
        ("record_ns", { recordLoop(recorder, handles, batch) }),
        ("pair_ns", { pairLoop(recorder, handles, batch) }),
        ("record_attr1_ns", { record1Loop(recorder, handles, batch) }),
        ("record_attr2_ns", { record2Loop(recorder, handles, batch) }),
        ("record_attr4_ns", { record4Loop(recorder, handles, batch) }),
        ("record_ordered_ns", { orderedLoop(recorder, handles, batch) }),
    ]
    var times = [[Double]](repeating: [], count: forms.count)
    for _ in 0..<60 {
        for (index, form) in forms.enumerated() {
            usleep(4_000)
            times[index].append(nanos(form.run) / Double(batch))
        }
    }
    for (index, form) in forms.enumerated() { report(form.name, median(times[index]), "ns") }
}

/// Two threads, each with a lane of its own, at the same time.
func measureTwoThreads(_ recorder: Recorder, _ handles: Handles) {
    let forms: [(name: String, run: @Sendable (Recorder, Handles) -> Void)] = [
        ("two_threads_clock_read_ns", { _, _ in sinkClock(clockLoop(batch)) }),
        ("two_threads_event_ns", { eventLoop($0, $1, batch) }),
        ("two_threads_clock_pair_ns", { _, _ in sinkClock(clockPairLoop(batch)) }),
        ("two_threads_record_ns", { recordLoop($0, $1, batch) }),
    ]
    for form in forms {
        let results = Results()
        let threads = (0..<2).map { _ in
            Thread {
                var times: [Double] = []
                for _ in 0..<60 {
                    usleep(4_000)
                    times.append(nanos { form.run(recorder, handles) } / Double(batch))
                }
                results.add(median(times))
            }
        }
        for thread in threads { thread.start() }
        while results.count < 2 { usleep(1_000) }
        report(form.name, results.mean, "ns")
    }
}

@inline(never) func sinkClock(_ value: UInt64) { withExtendedLifetime(value) {} }

final class Results: @unchecked Sendable {
    // Guarded by `lock`.
    private var values: [Double] = []
    private let lock = NSLock()
    func add(_ value: Double) { lock.withLock { values.append(value) } }
    var count: Int { lock.withLock { values.count } }
    var mean: Double { lock.withLock { values.reduce(0, +) / Double(max(1, values.count)) } }
}

/// Bursts of 20 events after 200 us of idleness: caches and predictors have gone cold.
func measureBursts(_ recorder: Recorder, _ handles: Handles) {
    var times: [Double] = []
    for _ in 0..<4_000 {
        usleep(200)
        times.append(nanos { eventLoop(recorder, handles, 20) } / 20)
    }
    report("burst20_p50_ns", percentile(times, 0.5), "ns")
    report("burst20_p99_ns", percentile(times, 0.99), "ns")
}

/// A disabled recorder, every form of call.
func measureDisabled(_ handles: Handles) {
    let off = Recorder.disabled
    let count = batch * 10
    var times: [Double] = []
    for _ in 0..<40 { times.append(nanos { record2Loop(off, handles, count) } / Double(count)) }
    report("disabled_ns", median(times), "ns")
}

/// Single events for a long time: the tail, where page faults and the sealer would show.
func measureTail(_ recorder: Recorder, _ handles: Handles, seconds: Double) {
    var buckets = [Int](repeating: 0, count: 4096)
    var count = 0
    let end = Date().addingTimeInterval(seconds)
    let ticksPerNano =
        Double(recorder.ticks(unixNanos: 2_000_000_000).rawValue &- recorder.ticks(unixNanos: 1_000_000_000).rawValue)
        / 1e9
    while Date() < end {
        for _ in 0..<2_000 {
            let start = sp_ticks()
            recorder.mark(handles.layer, parent: handles.parent)
            let elapsed = Double(sp_ticks() &- start) / ticksPerNano
            buckets[min(buckets.count - 1, Int(elapsed / 10))] += 1
            count += 1
        }
        usleep(1_000)
    }
    for (name, share) in [("tail_p50_ns", 0.5), ("tail_p99_ns", 0.99), ("tail_p999_ns", 0.999)] {
        var rest = Int(Double(count) * share)
        let bucket =
            buckets.firstIndex {
                rest -= $0; return rest < 0
            } ?? buckets.count - 1
        report(name, Double(bucket) * 10, "ns")
    }
    report("tail_events", Double(count), "events")
}
