internal import SpanreelTracing

// Facts that the log of an instrumented pipeline has and OTLP has not: tokens at the instants they came, and
// samples of gauges. Each carries `spanreel.derived` = true.
//
// The rule for tokens. With scheduler steps in the file: the first token leaves when the server says so (the
// event `gen_ai.first_token` on the request), else when the prefill ends; every later one when its decode step
// ends. Without steps (vLLM's one span per request): the first at the time to first token that the request
// states, the others together at its end; all together at its end when it states none.

extension SpanMapper {
    /// Adds the facts that follow from a span.
    func derive(from span: OTLPSpan, role: Role) throws(TraceError) {
        switch role.operation {
        case .prefill: try derivePrefill(span)
        case .step where role.phase == .decode:
            guard let request = plan.request(above: span.parent, trace: nil), plan.isStepped(request) else { return }
            try tokens(.decode, 1, at: Int64(clamping: span.endNanos), request, span.trace)
        case .request:
            report.requests += 1
            if !plan.isStepped(span.span) { try deriveWhole(span) }
        case .memorySample: try deriveSample(span)
        default: break
        }
    }

    private func derivePrefill(_ span: OTLPSpan) throws(TraceError) {
        // A prefill that was cancelled gave no token.
        guard span.statusCode != 2, let request = plan.request(above: span.parent, trace: span.trace),
            plan.isStepped(request)
        else { return }
        try prompt(of: span, at: Int64(clamping: span.endNanos), request)
        let time = plan.firstToken[request] ?? Int64(clamping: span.endNanos)
        try tokens(.decode, 1, at: time, request, span.trace)
    }

    private func deriveWhole(_ span: OTLPSpan) throws(TraceError) {
        let count = span.int("gen_ai.usage.output_tokens") ?? span.int("gen_ai.usage.completion_tokens") ?? 0
        guard count > 0 else { return }
        let end = Int64(clamping: span.endNanos)
        let first = min(plan.firstToken[span.span] ?? end, end)
        try prompt(of: span, at: first, span.span)
        if first < end {
            try tokens(.decode, 1, at: first, span.span, span.trace)
            if count > 1 { try tokens(.decode, count - 1, at: end, span.span, span.trace) }
        } else {
            try tokens(.decode, count, at: end, span.span, span.trace)
        }
    }

    /// The prompt tokens that were computed, and beside them the cached ones; once per request.
    private func prompt(of span: OTLPSpan, at time: Int64, _ request: SpanID) throws(TraceError) {
        guard let input = span.int("gen_ai.usage.input_tokens") ?? span.int("gen_ai.usage.prompt_tokens"), input >= 0
        else { return }
        let cached = min(max(0, span.int("gen_ai.usage.cache_read.input_tokens") ?? 0), input)
        try tokens(.prefill, input - cached, at: time, request, span.trace, cached: cached)
    }

    private func tokens(
        _ phase: Phase, _ count: Int64, at time: Int64, _ request: SpanID, _ trace: TraceID, cached: Int64? = nil
    ) throws(TraceError) {
        var attributes = [Attribute(key: keys.derived, type: .bool, bits: 1)]
        if let cached { attributes.append(Attribute(key: .cachedTokens, type: .int, bits: UInt64(bitPattern: cached))) }
        try add(
            Event(
                kind: .tokens, role: sink.symbols.intern(Role(.tokens, phase: phase)), incarnation: 0, sequence: 0,
                time: Timestamp(nanos: time), parent: request, trace: trace, value: count),
            attributes)
        report.derived += 1
        if phase == .decode { report.tokens += Int(clamping: count) }
    }

    /// A span around the reading of gauges is also a sample, at its end.
    private func deriveSample(_ span: OTLPSpan) throws(TraceError) {
        let time = Int64(clamping: span.endNanos)
        guard sampleTimes[current]?.contains(time) != true else { return }
        var attributes: [Attribute] = []
        for pair in span.attributes {
            let key = AttributeTable.entries[pair.key] ?? AttributeKey.wellKnown(pair.key).map { .init(key: $0) }
            guard let key, let value = AttributeTable.scaled(pair.value, by: key.factor),
                !attributes.contains(where: { $0.key == key.key })
            else { continue }
            attributes.append(Attribute(key: key.key, value, sink.symbols))
        }
        guard !attributes.isEmpty else { return }
        attributes.append(Attribute(key: keys.derived, type: .bool, bits: 1))
        try add(
            Event(
                kind: .sample, role: sink.symbols.intern(Role(.memorySample)), incarnation: 0, sequence: 0,
                time: Timestamp(nanos: time)),
            attributes)
        report.derived += 1
    }
}
