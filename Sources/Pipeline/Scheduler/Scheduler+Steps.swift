import SpanreelTracing

// One step through the ring.
extension Scheduler {
    /// Computes the first stage of a request's next step and sends it on.
    func start(_ request: ActiveRequest) {
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
    func complete(_ frame: Frame) {
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
