import BenchSupport
import CSpanreel
import Foundation
import SpanreelTracing

/// A process-internal reader follows the growing session through its files, as a viewer does, and says how old each
/// event was when it came out.
func measureVisibility() throws {
    let recorder = try open("visible")
    let layer = recorder.role(Role(.layer, phase: .decode, layer: 3, stage: 0))
    let parent = recorder.begin(recorder.role(Role(.stage, phase: .decode, stage: 0)))
    let reader = try SessionReader(path: recorder.sessionPath)
    try reader.poll { _ in }
    let emitter = Thread {
        for _ in 0..<2_000 {
            recorder.mark(layer, parent: parent)
            usleep(1_000)
        }
    }
    emitter.start()
    var ages: [Double] = []
    while ages.count < 2_000 {
        try reader.poll { batch in
            let now = recorder.unixNanos(recorder.now())
            for event in batch.events { ages.append(Double(now - event.time.nanos) / 1e6) }
        }
        usleep(2_000)
    }
    ages.sort()
    report("emit_to_reader_ms_p50", ages[ages.count / 2], "ms")
    report("emit_to_reader_ms_p99", ages[ages.count * 99 / 100], "ms")
    try recorder.close()
}

/// Reading everything that a growing session holds, as after a crash, and what sealing and packing it take.
func measureRecovery(events: Int) throws {
    let recorder = try open("recovery", laneSlots: 1 << 19)
    let path = recorder.sessionPath
    let layers = (0..<24).map { recorder.role(Role(.layer, phase: .decode, layer: $0, stage: 0)) }
    let parent = recorder.begin(recorder.role(Role(.stage, phase: .decode, stage: 0)))
    var left = events
    while left > 0 {
        emitSlice(recorder, layers, parent, min(left, 20_000), false)
        left -= 20_000
        usleep(2_000)
    }
    // Read while the owner still lives and its last events lie in lanes: the state that a kill leaves.
    var start = sp_monotonic_nanos()
    let reader = try SessionReader(path: path)
    var count = 0
    try reader.poll { count += $0.events.count }
    report("recovery_events_per_s", Double(count) / (Double(sp_monotonic_nanos() - start) / 1e9), "events/s")
    report("recovery_ms", Double(sp_monotonic_nanos() - start) / 1e6, "ms")
    report("recovery_lost", Double(events + 1 - count), "events")
    try recorder.close()
    start = sp_monotonic_nanos()
    let packed = try SessionPacker.pack(path: path)
    report("pack_events_per_s", Double(packed.events) / (Double(sp_monotonic_nanos() - start) / 1e9), "events/s")
    report("packed_bytes_per_event", Double(packed.sizeBytes) / Double(packed.events), "bytes")
}
