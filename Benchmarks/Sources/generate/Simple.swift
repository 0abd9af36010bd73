import SpanreelTracing

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

/// A session of a simulated server: every request alike, every duration drawn around a mean. The same log for the same
/// seed, as fast as the recorder takes it; made up, so for what does not depend on how durations are spread.
struct Simulation {
    private let devices: [Device]
    private let first: Recorder
    private let request, queue, prefill, decode, head, sampling: RoleHandle
    private let steps: [Phase: RoleHandle]
    private var random: Random
    private var nanos: Int64
    private var clock: Ticks
    private var message: UInt64 = 0
    private(set) var events = 0

    init(path: String, seed: UInt64) throws {
        random = Random(seed: seed)
        devices = try (0..<3).map { try Device(path, index: $0, count: 3, layersEach: 8) }
        first = devices[0].recorder
        request = first.role(Role(.request, name: "POST /v1/completions"))
        queue = first.role(Role(.queue))
        prefill = first.role(Role(.prefill, phase: .prefill))
        decode = first.role(Role(.decode, phase: .decode))
        steps = [
            .prefill: first.role(Role(.step, phase: .prefill)), .decode: first.role(Role(.step, phase: .decode)),
        ]
        head = devices[2].recorder.role(Role(.head))
        sampling = devices[2].recorder.role(Role(.sampling))
        nanos = first.unixNanos(first.now())
        clock = first.now()
    }

    private mutating func advance(_ mean: UInt64) -> Ticks {
        nanos += Int64(random.around(mean))
        clock = first.ticks(unixNanos: nanos)
        return clock
    }

    /// One step through all devices: a prefill chunk or a decode iteration.
    private mutating func step(_ phase: Phase, _ tokens: Int, _ parent: SpanContext) {
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

    /// Emits whole requests until there are at least `target` events, and closes the streams.
    mutating func run(events target: Int) throws {
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
    }
}
