import CSpanreel
import SpanreelTracing

/// What every loop emits with, interned once.
struct Handles {
    let layer: RoleHandle
    let stage: RoleHandle
    let parent: SpanContext

    init(_ recorder: Recorder) {
        layer = recorder.role(Role(.layer, phase: .decode, layer: 11, stage: 1))
        stage = recorder.role(Role(.stage, phase: .decode, stage: 1))
        parent = recorder.begin(stage)
    }
}

/// Events in one batch: a few hundred microseconds, so that one interruption spoils one batch only.
let batch = 20_000

// Every form of event, each a loop of its own that is not inlined, so that none is compiled into another.

@inline(never) func clockLoop(_ count: Int) -> UInt64 {
    var sum: UInt64 = 0
    for _ in 0..<count { sum &+= sp_ticks() }
    return sum
}

@inline(never) func clockPairLoop(_ count: Int) -> UInt64 {
    var sum: UInt64 = 0
    for _ in 0..<count {
        let start = sp_ticks()
        sum &+= sp_ticks() &- start
    }
    return sum
}

@inline(never) func eventLoop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    for _ in 0..<count { recorder.mark(handles.layer, parent: handles.parent) }
}

@inline(never) func recordLoop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    for _ in 0..<count { recorder.record(handles.layer, from: recorder.now(), parent: handles.parent) }
}

@inline(never) func chainLoop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    var last = recorder.now()
    for _ in 0..<count { last = recorder.chain(handles.layer, from: last, parent: handles.parent) }
}

@inline(never) func pairLoop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    for _ in 0..<count { recorder.end(recorder.begin(handles.stage, parent: handles.parent)) }
}

@inline(never) func record1Loop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    for index in 0..<count {
        recorder.record(handles.layer, from: recorder.now(), parent: handles.parent) { $0.set(.batchTokens, index) }
    }
}

@inline(never) func record2Loop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    for index in 0..<count {
        recorder.record(handles.layer, from: recorder.now(), parent: handles.parent) {
            $0.set(.batchTokens, index)
            $0.set(.kvOffset, index)
        }
    }
}

@inline(never) func record4Loop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    for index in 0..<count {
        recorder.record(handles.layer, from: recorder.now(), parent: handles.parent) {
            $0.set(.batchTokens, index)
            $0.set(.kvOffset, index)
            $0.set(.cpuNanos, index)
            $0.set(.sizeBytes, index)
        }
    }
}

@inline(never) func orderedLoop(_ recorder: Recorder, _ handles: Handles, _ count: Int) {
    for _ in 0..<count {
        let start = recorder.orderedNow()
        recorder.record(handles.layer, from: start, to: recorder.orderedNow(), parent: handles.parent)
    }
}
