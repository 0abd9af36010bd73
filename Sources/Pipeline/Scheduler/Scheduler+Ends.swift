import SpanreelTracing

// The ends of a request.
extension Scheduler {
    /// The generation is complete.
    func finish(_ request: ActiveRequest, _ reason: FinishReason) {
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

    /// The client went away: the request ends now, its place is free once nothing of it is in the ring.
    func cancel(_ number: UInt64) {
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
    func breakDown(_ reason: String) {
        guard !isDown else { return }
        isDown = true
        gate.shut(reason)
        recorder.mark("pipeline down: \(reason)")
        fail(reason)
        sender?.shutDown()
    }

    /// Ends every request, waiting or active, with 503.
    func fail(_ reason: String) {
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
    func release(_ request: ActiveRequest, keeping tokens: [Int]) {
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
