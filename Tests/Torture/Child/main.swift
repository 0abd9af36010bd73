// A process made to be killed: emits as fast as it can and counts, in a file of its own, what `emit` has returned for.
//
//   torture-child SESSION COUNTER THREADS

import Foundation
import SpanreelTracing

let arguments = CommandLine.arguments
guard arguments.count == 4, let threads = Int(arguments[3]), (1...16).contains(threads) else {
    FileHandle.standardError.write(Data("usage: torture-child SESSION COUNTER THREADS\n".utf8))
    exit(2)
}

// One cache line of counters a thread, mapped, so that a SIGKILL cannot lose them.
let descriptor = open(arguments[2], O_RDWR | O_CREAT, 0o600)
let bytes = threads * 64
guard descriptor >= 0, ftruncate(descriptor, off_t(bytes)) == 0,
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
else { exit(3) }
nonisolated(unsafe) let counters = memory.bindMemory(to: UInt64.self, capacity: bytes / 8)

var options = Recorder.Options()
options.path = arguments[1]
options.device = "victim"
options.laneSlots = 1 << 12
let recorder = try Recorder.open(options)
let role = recorder.role(Role(.layer, phase: .decode, layer: 7))
let request = recorder.role(Role(.request))

for index in 0..<threads {
    let thread = Thread {
        let counter = counters + index * 8
        var random = UInt64(index) &+ 88_172_645_463_325_252
        while true {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            switch random % 4 {
            case 0: _ = recorder.begin(request) { $0.set(.requestID, "request \(random % 999)") }
            case 1:
                recorder.tokens(
                    1, phase: .decode, in: SpanContext(trace: TraceID(high: 1, low: random | 1), span: SpanID(5)))
            default: recorder.record(role, from: recorder.now(), parent: nil) { $0.set(.batchTokens, Int(random % 64)) }
            }
            counter.pointee &+= 1
        }
    }
    thread.start()
}
FileHandle.standardOutput.write(Data("ready\n".utf8))
while true { pause() }
