// Emits every form of event on a thread that may make no system call, and counts its allocations.
//
//   quiet-child SESSION EVENTS        prints `allocations N`; killed when an emit made a system call

import Foundation
import QuietC
import SpanreelTracing

let arguments = CommandLine.arguments
guard arguments.count == 3, let events = Int(arguments[2]), events > 0 else {
    FileHandle.standardError.write(Data("usage: quiet-child SESSION EVENTS\n".utf8))
    exit(2)
}

var options = Recorder.Options()
options.path = arguments[1]
options.device = "quiet"
let recorder = try Recorder.open(options)
let layer = recorder.role(Role(.layer, phase: .decode, layer: 7))
let request = recorder.role(Role(.request))
let name = recorder.name("model")
let text = "a value that is longer than the fifteen bytes of a small string"

/// One of each form, as often as asked. What has no room is dropped: that may make no system call either.
@Sendable func emitAll(_ count: Int) {
    var last = recorder.now()
    for index in 0..<count {
        let span = recorder.begin(request, kind: .server) { $0.set(.requestID, text) }
        recorder.record(layer, from: recorder.now(), parent: span) {
            $0.set(.batchTokens, index)
            $0.set(.model, name)
            $0.set(.hostCPU, 0.5)
            $0.set(.cacheHit, true)
        }
        last = recorder.chain(layer, from: last, parent: span)
        recorder.tokens(1, phase: .decode, in: span)
        recorder.sample { $0.set(.rssBytes, index) }
        recorder.mark(layer, parent: span)
        recorder.record(layer, from: recorder.orderedNow(), to: recorder.orderedNow(), parent: nil)
        recorder.end(span, status: .ok) { $0.set(.outputTokens, index) }
    }
}

// Claims the thread's lane first: that takes memory once, before the thread's first event.
let finished = DispatchSemaphore(value: 0)
nonisolated(unsafe) var result: UInt64 = 0
nonisolated(unsafe) var isDone: UInt64 = 0
let thread = Thread {
    emitAll(1)
    guard quiet_forbid_system_calls() == 0 else {
        print("unsupported")
        exit(3)
    }
    let before = quiet_allocations()
    emitAll(events)
    result = quiet_allocations() - before
    withUnsafeMutablePointer(to: &isDone) { $0.pointee = 1 }
    quiet_exit_thread()
}
thread.start()
while withUnsafePointer(to: &isDone, { $0.pointee }) == 0 { usleep(1000) }
print("allocations \(result)")
try recorder.flush()
exit(0)
