// Writes a session of a pipeline-parallel server through the public API, with stamps of a seeded simulation instead of
// the clock: the same log for the same seed, as fast as the recorder takes it.
//
//   generate SESSION.reel [EVENTS = 1000000] [SEED = 1]

import Foundation
import SpanreelTracing

let arguments = CommandLine.arguments
guard arguments.count >= 2, let target = arguments.count > 2 ? Int(arguments[2]) : 1_000_000,
    let seed = arguments.count > 3 ? UInt64(arguments[3]) : 1
else {
    FileHandle.standardError.write(Data("usage: generate SESSION.reel [EVENTS] [SEED]\n".utf8))
    exit(2)
}

/// xorshift64*.
struct Random {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
    /// Between half and one and a half of `mean`, with a long tail once in a hundred.
    mutating func around(_ mean: UInt64) -> UInt64 {
        let value = mean / 2 + next() % max(mean, 1)
        return next() % 100 == 0 ? value * 4 : value
    }
}

/// One simulated device: a stream with its handles.
struct Device {
    let recorder: Recorder
    let stage: [Phase: RoleHandle]
    let layers: [Phase: [RoleHandle]]
    let send: [Phase: RoleHandle]
    let receive: [Phase: RoleHandle]
    let lookup: RoleHandle

    init(_ path: String, index: Int, count: Int, layersEach: Int) throws {
        var options = Recorder.Options()
        options.path = path
        options.device = "mini\(index + 1)"
        options.stage = index
        options.layers = index * layersEach...(index + 1) * layersEach - 1
        options.model = "generated"
        options.durability = .none
        recorder = try Recorder.open(options)
        let next = Link(from: "mini\(index + 1)", to: "mini\((index + 1) % count + 1)")
        let previous = Link(from: "mini\((index + count - 1) % count + 1)", to: "mini\(index + 1)")
        var (stage, layers, send, receive) = (
            [Phase: RoleHandle](), [Phase: [RoleHandle]](), [Phase: RoleHandle](), [Phase: RoleHandle]()
        )
        for phase in [Phase.prefill, .decode] {
            stage[phase] = recorder.role(Role(.stage, phase: phase, stage: index))
            let own = recorder
            layers[phase] = (0..<layersEach).map {
                own.role(Role(.layer, phase: phase, layer: index * layersEach + $0, stage: index))
            }
            send[phase] = recorder.role(Role(.hopSend, phase: phase, link: next))
            receive[phase] = recorder.role(Role(.hopReceive, phase: phase, link: previous))
        }
        (self.stage, self.layers, self.send, self.receive) = (stage, layers, send, receive)
        lookup = recorder.role(Role(.cacheLookup))
    }
}

var random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
let devices = try (0..<3).map { try Device(arguments[1], index: $0, count: 3, layersEach: 8) }
let first = devices[0].recorder
let request = first.role(Role(.request, name: "POST /v1/completions"))
let queue = first.role(Role(.queue))
let prefill = first.role(Role(.prefill, phase: .prefill))
let decode = first.role(Role(.decode, phase: .decode))
let steps = [Phase.prefill: first.role(Role(.step, phase: .prefill)), .decode: first.role(Role(.step, phase: .decode))]
let head = devices[2].recorder.role(Role(.head))
let sampling = devices[2].recorder.role(Role(.sampling))
var nanos = first.unixNanos(first.now())
var clock = first.now()
var events = 0
var message: UInt64 = 0

@MainActor func advance(_ mean: UInt64) -> Ticks {
    nanos += Int64(random.around(mean))
    clock = first.ticks(unixNanos: nanos)
    return clock
}

/// One step through all devices: a prefill chunk or a decode iteration.
@MainActor func step(_ phase: Phase, _ tokens: Int, _ parent: SpanContext) {
    guard let stepRole = steps[phase] else { return }
    let span = first.begin(stepRole, parent: parent, at: advance(20_000))
    var hop: SpanContext?
    for device in devices {
        guard let stage = device.stage[phase], let layers = device.layers[phase], let sendRole = device.send[phase],
            let receiveRole = device.receive[phase]
        else { return }
        let recorder = device.recorder
        if let sent = hop {
            let start = advance(300_000)
            recorder.record(receiveRole, kind: .consumer, from: start, to: advance(100_000), parent: sent) {
                $0.set(.messageID, Int64(message))
                $0.set(.sizeBytes, 2048 * tokens)
                $0.set(.waitNanos, 4_000_000)
            }
            events += 1
        }
        let work = recorder.begin(stage, parent: span, at: clock) { $0.set(.batchTokens, tokens) }
        for layer in layers {
            let start = clock
            recorder.record(layer, from: start, to: advance(UInt64(1_300_000 * (1 + tokens / 8))), parent: work) {
                $0.set(.batchTokens, tokens)
            }
        }
        recorder.end(work, at: clock)
        message += 1
        let send = recorder.begin(sendRole, kind: .producer, parent: span, at: clock) {
            $0.set(.messageID, Int64(message))
            $0.set(.sizeBytes, 2048 * tokens)
        }
        recorder.end(send, at: advance(100_000))
        hop = send
        events += 4 + layers.count
    }
    let last = devices[2].recorder
    last.record(head, from: clock, to: advance(3_000_000), parent: span)
    last.record(sampling, from: clock, to: advance(700_000), parent: span)
    first.end(span, at: clock)
    events += 4
}

var lastFlush = 0
while events < target {
    let prompt = 64 + Int(random.next() % 400)
    let cached = random.next() % 2 == 0 ? prompt / 2 : 0
    let span = first.begin(request, kind: .server, at: advance(50_000_000)) {
        $0.set(.requestID, "cmpl-\(events)")
        $0.set(.model, "generated")
    }
    let waiting = first.begin(queue, parent: span, at: clock)
    first.end(waiting, at: advance(8_000_000))
    let filling = first.begin(prefill, parent: span, at: clock)
    first.record(devices[0].lookup, from: clock, to: advance(200_000), parent: filling) {
        $0.set(.cacheHit, cached > 0)
        $0.set(.cacheHitTokens, cached)
        $0.set(.cachePromptTokens, prompt)
    }
    for _ in 0..<((prompt - cached) / 64 + 1) { step(.prefill, 64, filling) }
    first.end(filling, at: clock)
    first.tokens(prompt - cached, phase: .prefill, in: span, at: clock) { $0.set(.cachedTokens, cached) }
    first.tokens(1, phase: .decode, in: span, at: clock)
    let decoding = first.begin(decode, parent: span, at: clock)
    let count = 16 + Int(random.next() % 112)
    for _ in 1..<count {
        step(.decode, 1, decoding)
        first.tokens(1, phase: .decode, in: span, at: clock)
        events += 1
        if events - lastFlush > 20_000 {
            for device in devices { try device.recorder.flush() }
            lastFlush = events
        }
    }
    first.end(decoding, at: clock)
    first.end(span, status: .ok, at: clock) {
        $0.set(.inputTokens, prompt)
        $0.set(.cachedTokens, cached)
        $0.set(.outputTokens, count)
        $0.set(.finishReason, "length")
        $0.set(.httpStatus, 200)
    }
    for device in devices {
        device.recorder.sample(at: clock) {
            $0.set(.rssBytes, 300_000_000 + Int(random.next() % 1_000_000))
            $0.set(.hostTotalBytes, 24 << 30)
            $0.set(.hostUsedBytes, 4 << 30)
        }
    }
    events += 14
}
for device in devices { try device.recorder.close() }
let report = try SessionPacker.pack(path: arguments[1])
let perEvent = Double(report.sizeBytes) / Double(max(report.events, 1))
print("\(report.events) events, \(report.sizeBytes) bytes packed, \((perEvent * 100).rounded() / 100) bytes an event")
