import SpanreelTracing
import Synchronization

/// The first device's thread: admits requests, computes the first stage, keeps one micro-batch of every active request
/// in the ring, and turns the tokens that come back into answers.
///
/// It never waits for one request while another could go on: with as many requests as stages, all stages work at once.
final class Scheduler {
    /// What wakes the scheduler.
    enum Input: Sendable {
        /// A new request that passed the gate.
        case submit(Generation)
        /// The client of a request went away.
        case cancel(UInt64)
        /// A message from the last device.
        case message(RingReceiver.Delivery)
        /// The ring broke.
        case broken(String)
        /// The process ends.
        case stop
    }

    private let configuration: PipelineConfiguration
    private let engine: StageEngine
    private let sender: RingSender?
    private let inbox: Inbox<Input>
    private let gate: AdmissionGate
    private let recorder: Recorder
    private let roles: TraceRoles
    private let tokenizer: Tokenizer
    private var waiting: [Generation] = []
    private var active: [ActiveRequest] = []
    private var isDown = false
    private var isStopping = false

    /// A scheduler over its device's engine; without a sender the whole model is here.
    init(
        configuration: PipelineConfiguration, engine: StageEngine, sender: RingSender?, inbox: Inbox<Input>,
        gate: AdmissionGate
    ) {
        self.configuration = configuration
        self.engine = engine
        self.sender = sender
        self.inbox = inbox
        self.gate = gate
        recorder = engine.recorder
        roles = engine.roles
        tokenizer = Tokenizer(vocabulary: configuration.model.vocabulary)
    }

    /// Works until it is told to stop; every request then has its end.
    func run() {
        while !isStopping, let inputs = inbox.takeAll(wait: ready == nil) {
            for input in inputs { handle(input) }
            admit()
            if let request = ready {
                // To the back of the line: the next turn belongs to another request.
                active.removeAll { $0 === request }
                active.append(request)
                start(request)
            }
        }
        fail("The pipeline is stopping.")
        sender?.shutDown()
    }

    /// The request whose turn it is.
    private var ready: ActiveRequest? { active.first { !$0.isBusy && !$0.isOver } }

    private func handle(_ input: Input) {
        switch input {
        case .submit(let generation):
            waiting.append(generation)
            if isDown { fail(gate.down ?? "The pipeline is down.") }
        case .cancel(let number): cancel(number)
        case .message(let delivery): complete(delivery.frame)
        case .broken(let reason): breakDown(reason)
        case .stop: isStopping = true
        }
        publish()
    }

    /// Gives free places to those who wait longest.
    private func admit() {
        while !waiting.isEmpty, active.count < configuration.maxActive {
            let generation = waiting.removeFirst()
            let request = ActiveRequest(generation)
            let now = recorder.now()
            recorder.end(generation.queueSpan, at: now)
            request.prefillSpan = recorder.begin(roles.prefill, parent: generation.span, at: now)
            active.append(request)
        }
        publish()
    }

    private func publish() {
        engine.gauges.waiting.store(waiting.count, ordering: .relaxed)
        engine.gauges.running.store(active.count, ordering: .relaxed)
    }
}

// One step through the ring.
extension Scheduler {
    /// Computes the first stage of a request's next step and sends it on.
    private func start(_ request: ActiveRequest) {
        do throws(PipelineError) {
            try request.phase == .prefill ? startPrefill(request) : startDecode(request)
        } catch {
            breakDown(error.message)
        }
    }

    private func startPrefill(_ request: ActiveRequest) throws(PipelineError) {
        let generation = request.generation
        var frame = Frame(.activations)
        if !request.isAdmitted {
            request.isAdmitted = true
            request.cachedTokens = engine.admit(
                generation.number, prompt: generation.prompt, parent: request.prefillSpan)
            request.position = request.cachedTokens
            frame.tokens = generation.prompt
        }
        let end = min(request.position + configuration.chunkTokens, generation.prompt.count)
        if end == generation.prompt.count {
            frame.tokenIndex = 0
            frame.keepPrefix = end
        }
        let tokens = Array(generation.prompt[request.position..<end])
        try step(request, role: roles.prefillStep, parent: request.prefillSpan, tokens: tokens, frame)
    }

    private func startDecode(_ request: ActiveRequest) throws(PipelineError) {
        var frame = Frame(.activations)
        frame.tokenIndex = request.output.count
        try step(request, role: roles.decodeStep, parent: request.decodeSpan, tokens: request.output.suffix(1), frame)
    }

    private func step(
        _ request: ActiveRequest, role: RoleHandle, parent: SpanContext?, tokens: [Int], _ draft: Frame
    ) throws(PipelineError) {
        let phase = request.phase
        var frame = draft
        frame.phase = phase
        frame.request = request.generation.number
        frame.position = request.position
        frame.rows = tokens.count
        frame.sampling = request.generation.sampling
        let step = recorder.begin(role, parent: parent) {
            $0.set(.batchTokens, tokens.count)
            $0.set(.batchSequences, 1)
            $0.set(.kvOffset, request.position)
            if phase == .decode { $0.set(.tokenIndex, request.output.count) }
        }
        request.stepSpan = step
        request.isBusy = true
        frame.step = step.span
        engine.embed(tokens, phase: phase, parent: step)
        try engine.forward(frame.request, position: frame.position, rows: frame.rows, phase: phase, parent: step)
        request.position += tokens.count
        if let sender {
            frame.payload = engine.payload(rows: frame.rows)
            try sender.send(frame, parent: step)
        }
        if frame.keepPrefix > 0 { engine.keep(frame.request, prefix: frame.keepPrefix, parent: step) }
        guard sender == nil else { return }
        var token = -1
        if frame.tokenIndex >= 0 {
            token = engine.sample(
                row: frame.rows - 1, index: frame.tokenIndex, options: frame.sampling, phase: phase, parent: step)
        }
        frame = Frame(.token)
        frame.request = request.generation.number
        frame.payload = TokenPayload.bytes(token)
        complete(frame)
    }

    /// A step came back.
    private func complete(_ frame: Frame) {
        guard frame.kind == .token, let token = TokenPayload.token(frame.payload),
            let request = active.first(where: { $0.generation.number == frame.request }), request.isBusy
        else { return breakDown("The last device sent a message that nobody waits for.") }
        let now = recorder.now()
        if let step = request.stepSpan { recorder.end(step, at: now) }
        request.stepSpan = nil
        request.isBusy = false
        if request.isOver { return release(request, keeping: []) }
        guard token >= 0 else { return }
        if let prefill = request.prefillSpan, request.phase == .prefill {
            recorder.end(prefill, at: now)
            recorder.tokens(
                request.generation.prompt.count - request.cachedTokens, phase: .prefill, in: request.generation.span
            ) { $0.set(.cachedTokens, request.cachedTokens) }
            request.prefillSpan = nil
            request.decodeSpan = recorder.begin(roles.decode, parent: request.generation.span, at: now)
        }
        accept(token, request)
    }

    private func accept(_ token: Int, _ request: ActiveRequest) {
        guard token != Tokenizer.end else { return finish(request, .stop) }
        request.output.append(token)
        recorder.tokens(1, phase: .decode, in: request.generation.span)
        let (shown, stopped) = request.stops.accept(tokenizer.decode([token]))
        request.generation.send(.text(shown))
        if stopped {
            finish(request, .stop)
        } else if request.output.count >= request.generation.maximumTokens {
            finish(request, .length)
        }
    }
}

// The ends of a request.
extension Scheduler {
    private func finish(_ request: ActiveRequest, _ reason: FinishReason) {
        let generation = request.generation
        let rest = request.stops.finish()
        if !rest.isEmpty, reason == .length { generation.send(.text(rest)) }
        close(request, status: .unset, reason: reason.rawValue, httpStatus: 200, error: nil)
        generation.send(
            .finished(
                reason, promptTokens: generation.prompt.count, cachedTokens: request.cachedTokens,
                outputTokens: request.output.count))
        let tokens = (generation.prompt + request.output).prefix(engine.length(of: generation.number))
        release(request, keeping: Array(tokens))
    }

    private func cancel(_ number: UInt64) {
        if let index = waiting.firstIndex(where: { $0.number == number }) {
            let request = ActiveRequest(waiting.remove(at: index))
            recorder.end(request.generation.queueSpan, status: .error)
            close(request, status: .error, reason: "cancelled", httpStatus: 499, error: "cancelled")
            gate.leave()
        } else if let request = active.first(where: { $0.generation.number == number }), !request.isOver {
            close(request, status: .error, reason: "cancelled", httpStatus: 499, error: "cancelled")
            request.isOver = true
            if !request.isBusy { release(request, keeping: []) }
        }
    }

    /// Ends every request with 503 and lets no more in; what is in the ring will never come back.
    private func breakDown(_ reason: String) {
        guard !isDown else { return }
        isDown = true
        gate.shut(reason)
        recorder.mark("pipeline down: \(reason)")
        fail(reason)
        sender?.shutDown()
    }

    private func fail(_ reason: String) {
        for generation in waiting {
            let request = ActiveRequest(generation)
            recorder.end(generation.queueSpan, status: .error)
            close(request, status: .error, reason: "error", httpStatus: 503, error: "unavailable")
            generation.send(.failed(reason))
            gate.leave()
        }
        for request in active {
            if let step = request.stepSpan { recorder.end(step, status: .error) }
            if !request.isOver {
                close(request, status: .error, reason: "error", httpStatus: 503, error: "unavailable")
                request.generation.send(.failed(reason))
            }
            engine.finish(request.generation.number, keeping: [], parent: nil)
            gate.leave()
        }
        waiting = []
        active = []
        publish()
    }

    /// Ends the open spans of a request, the request's own last.
    private func close(_ request: ActiveRequest, status: SpanStatus, reason: String, httpStatus: Int, error: String?) {
        let now = recorder.now()
        if let prefill = request.prefillSpan { recorder.end(prefill, status: status, at: now) }
        if let decode = request.decodeSpan { recorder.end(decode, status: status, at: now) }
        request.prefillSpan = nil
        let generation = request.generation
        recorder.end(generation.span, status: status, at: now) {
            $0.set(.inputTokens, generation.prompt.count)
            $0.set(.outputTokens, request.output.count)
            $0.set(.cachedTokens, request.cachedTokens)
            $0.set(.finishReason, reason)
            $0.set(.httpStatus, httpStatus)
            $0.set(.outputHash, Int64(bitPattern: StableHash.of(request.output)))
            if let error { $0.set(.errorType, error) }
        }
    }

    /// Gives a request's place and memory back, here and on every other device.
    private func release(_ request: ActiveRequest, keeping tokens: [Int]) {
        active.removeAll { $0 === request }
        gate.leave()
        guard request.isAdmitted else { return }
        let span = request.generation.span
        var frame = Frame(.end)
        frame.request = request.generation.number
        frame.tokens = tokens
        frame.step = span.span
        if recorder.isEnabled { frame.traceparent = span.traceparent }
        do throws(PipelineError) {
            try sender?.sendControl(frame)
        } catch {
            breakDown(error.message)
        }
        engine.finish(frame.request, keeping: tokens, parent: span)
        publish()
    }
}

/// FNV-1a: the identity of a prompt or an answer, the same in every session and on every platform.
enum StableHash {
    /// The hash of a list of tokens.
    static func of(_ tokens: [Int]) -> UInt64 {
        tokens.reduce(0xcbf2_9ce4_8422_2325) { hash, token in
            (0..<4).reduce(hash) { ($0 ^ UInt64(UInt32(truncatingIfNeeded: token) >> UInt32(8 * $1) & 0xff)) &* 0x100_0000_01b3 }
        }
    }
}
