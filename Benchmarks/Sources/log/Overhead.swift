import BenchSupport
import CSpanreel
import Foundation
import SpanreelTracing

/// About 10 us of work that streams through more memory than the first caches hold. One function for both sides, out
/// of line: inlined apart, the comparison would measure the layout of code.
@inline(never) func work(_ matrix: UnsafeBufferPointer<Float>, _ slice: Int) -> Float {
    let count = 48 * 1024
    let start = slice % 8 * count
    var sums = (Float(0), Float(0), Float(0), Float(0))
    var index = start
    while index < start + count {
        sums.0 += matrix[index]
        sums.1 += matrix[index + 1]
        sums.2 += matrix[index + 2]
        sums.3 += matrix[index + 3]
        index += 4
    }
    return sums.0 + sums.1 + sums.2 + sums.3
}

/// Chunks of 100 pieces of work without and with a span around each, A B B A; the median of differences.
func measureOverhead(seconds: Double) throws {
    let matrix = [Float](repeating: 0.5, count: 8 * 48 * 1024)
    let before = residentBytes()
    let recorder = try open("overhead")
    let layer = recorder.role(Role(.layer, phase: .decode, layer: 3, stage: 0))
    let parent = recorder.begin(recorder.role(Role(.stage, phase: .decode, stage: 0)))
    let chunk = 100
    var sum: Float = 0
    var differences: [Double] = []
    let begin = sp_monotonic_nanos()
    matrix.withUnsafeBufferPointer { matrix in
        func plain() -> Double {
            let start = sp_monotonic_nanos()
            for slice in 0..<chunk { sum += work(matrix, slice) }
            return Double(sp_monotonic_nanos() - start)
        }
        func traced() -> Double {
            let start = sp_monotonic_nanos()
            for slice in 0..<chunk {
                let from = recorder.now()
                sum += work(matrix, slice)
                recorder.record(layer, from: from, parent: parent)
            }
            return Double(sp_monotonic_nanos() - start)
        }
        while Double(sp_monotonic_nanos() - begin) < seconds * 1e9 {
            let a = plain()
            let b = traced()
            let b2 = traced()
            let a2 = plain()
            differences.append((b + b2 - a - a2) / Double(2 * chunk))
        }
    }
    let sorted = differences.sorted()
    let middle = sorted.count / 2
    // The interval of the median by ranks: n/2 +- 0.98 sqrt(n), 95 %.
    let reach = Int(0.98 * Double(sorted.count).squareRoot())
    report("hot_loop_extra_ns_per_span", sorted[middle], "ns")
    report("hot_loop_extra_ns_low", sorted[max(0, middle - reach)], "ns")
    report("hot_loop_extra_ns_high", sorted[min(sorted.count - 1, middle + reach)], "ns")
    measureSealer(recorder, layer, parent, seconds: seconds / 2)
    report("resident_mb", Double(residentBytes() - before) / 1e6, "MB")
    withExtendedLifetime(sum) {}
    try recorder.close()
}

/// What the sealer's thread takes while spans come at 100,000 a second: the process's time less the emitting thread's.
func measureSealer(_ recorder: Recorder, _ layer: RoleHandle, _ parent: SpanContext, seconds: Double) {
    let processBefore = processNanos()
    let threadBefore = threadNanos()
    let begin = sp_monotonic_nanos()
    var spans = 0
    while Double(sp_monotonic_nanos() - begin) < seconds * 1e9 {
        recorder.record(layer, from: recorder.now(), parent: parent)
        spans += 1
        while Double(sp_monotonic_nanos() - begin) < Double(spans) * 10_000 {}
    }
    let elapsed = Double(sp_monotonic_nanos() - begin)
    let sealer = processNanos() - processBefore - (threadNanos() - threadBefore)
    report("sealer_spans_per_s", Double(spans) / (elapsed / 1e9), "spans/s")
    report("sealer_core_percent", sealer / elapsed * 100, "%")
    report("sealer_ns_per_span", sealer / Double(spans), "ns")
}

/// Anonymous resident memory: lanes, names and contexts are files and not part of it.
func residentBytes() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
    for line in status.split(separator: "\n") where line.hasPrefix("RssAnon:") {
        return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
    }
    return 0
}
