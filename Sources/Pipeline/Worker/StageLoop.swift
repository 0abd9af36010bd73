import SpanreelTracing

/// What every device but the first does: take a message, compute, pass it on. Runs on a thread of its own.
final class StageLoop {
    private let engine: StageEngine
    private let sender: RingSender
    private let isLast: Bool

    /// A loop that computes with `engine` and sends to the next device.
    init(engine: StageEngine, sender: RingSender, isLast: Bool) {
        self.engine = engine
        self.sender = sender
        self.isLast = isLast
    }

    /// Works until the inbox closes or a neighbour fails; then tells the next device by closing the connection.
    func run(inbox: Inbox<RingReceiver.Delivery>) throws(PipelineError) {
        defer { sender.shutDown() }
        while let deliveries = inbox.takeAll(wait: true) {
            for delivery in deliveries { try handle(delivery) }
        }
    }

    private func handle(_ delivery: RingReceiver.Delivery) throws(PipelineError) {
        let frame = delivery.frame
        switch frame.kind {
        case .activations:
            try compute(frame, step: delivery.step)
        case .end:
            if !isLast { try sender.sendControl(frame) }
            engine.finish(frame.request, keeping: frame.tokens, parent: delivery.step)
        case .hello, .token:
            throw PipelineError(.badFrame, "A message is not meant for this device.")
        }
    }

    private func compute(_ frame: Frame, step: SpanContext?) throws(PipelineError) {
        if !frame.tokens.isEmpty {
            let hit = engine.admit(frame.request, prompt: frame.tokens, parent: step)
            guard hit == frame.position else {
                throw PipelineError(
                    .badFrame, "The prefix caches disagree: \(hit) tokens here, \(frame.position) there.")
            }
        }
        try engine.load(frame.payload, rows: frame.rows)
        try engine.forward(frame.request, position: frame.position, rows: frame.rows, phase: frame.phase, parent: step)
        var out = frame
        if isLast {
            var token = -1
            if frame.tokenIndex >= 0 {
                token = engine.sample(
                    row: frame.rows - 1, index: frame.tokenIndex, options: frame.sampling, phase: frame.phase,
                    parent: step)
            }
            out = Frame(.token)
            out.phase = frame.phase
            out.request = frame.request
            out.step = frame.step
            out.payload = TokenPayload.bytes(token)
        } else {
            out.payload = engine.payload(rows: frame.rows)
        }
        try sender.send(out, parent: step)
        if frame.keepPrefix > 0 { engine.keep(frame.request, prefix: frame.keepPrefix, parent: step) }
    }
}
