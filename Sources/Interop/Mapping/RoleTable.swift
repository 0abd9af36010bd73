internal import SpanreelTracing

/// Which foreign span names mean which operation.
///
/// To teach the importer another engine, add its names here and its attribute keys to ``AttributeTable``.
enum RoleTable {
    /// What a name stands for.
    struct Entry {
        var operation: Operation
        /// The phase, where the name says it; else an attribute may.
        var phase = Phase.none
    }

    /// Names that mean one thing wherever they come from.
    static let names: [String: Entry] = [
        // The MLX pipeline server (`Tests/Data/mlx-base`).
        "queue.wait": Entry(operation: .queue),
        "prefill": Entry(operation: .prefill, phase: .prefill),
        "decode": Entry(operation: .decode, phase: .decode),
        "prefill.chunk": Entry(operation: .step, phase: .prefill),
        "decode.step": Entry(operation: .step, phase: .decode),
        "stage.forward": Entry(operation: .stage),
        "layer.forward": Entry(operation: .layer),
        "embed.forward": Entry(operation: .embed),
        "lm_head.forward": Entry(operation: .head),
        "token.sample": Entry(operation: .sampling),
        "hop.send": Entry(operation: .hopSend),
        "hop.recv": Entry(operation: .hopReceive),
        "hop.receive": Entry(operation: .hopReceive),
        "cache.lookup": Entry(operation: .cacheLookup),
        "cache.insert": Entry(operation: .cacheInsert),
        "cache.evict": Entry(operation: .cacheEvict),
        "memory.sample": Entry(operation: .memorySample),
        "clock.probe": Entry(operation: .clockProbe),
        "clock.reply": Entry(operation: .clockReply),
        // vLLM: one span per request; the children are those proposed in vllm-project/vllm#44402.
        "llm_request": Entry(operation: .request),
        "vllm_queue": Entry(operation: .queue),
        "vllm_prefill": Entry(operation: .prefill, phase: .prefill),
        "vllm_decode": Entry(operation: .decode, phase: .decode),
        "vllm_step_execution": Entry(operation: .step),
        // SGLang's trace levels 1 to 3.
        "prefill_waiting": Entry(operation: .queue),
        "prefill_forward": Entry(operation: .prefill, phase: .prefill),
        "chunked_prefill": Entry(operation: .step, phase: .prefill),
        "decode_loop": Entry(operation: .decode, phase: .decode),
        // llm-d.
        "llm_d.kv_cache.index": Entry(operation: .cacheLookup),
        "llm_d.kv_cache.add": Entry(operation: .cacheInsert),
        "llm_d.kv_cache.evict": Entry(operation: .cacheEvict),
    ]

    /// Spanreel's own names, taken only from its own scope: `request` or `step` mean anything elsewhere.
    static let ownNames: [String: Entry] = {
        var entries: [String: Entry] = [:]
        for operation in Operation.allCases where operation != .other && operation != .tokens {
            entries[operation.defaultName] = Entry(operation: operation)
        }
        entries["prefill"] = Entry(operation: .prefill, phase: .prefill)
        entries["decode"] = Entry(operation: .decode, phase: .decode)
        return entries
    }()

    /// Server spans of the completion routes of OpenAI-compatible servers.
    static let requestPaths = ["/v1/completions", "/v1/chat/completions", "/v1/responses", "/generate"]

    /// `gen_ai.operation.name`s that generate tokens.
    static let generations: Set<String> = ["chat", "text_completion", "generate_content"]

    /// What a span does, from its name, its kind and `gen_ai.operation.name`.
    static func entry(of span: OTLPSpan, scope: String) -> Entry {
        if scope.hasPrefix("spanreel"), let entry = ownNames[span.name] { return entry }
        if let entry = names[span.name] { return entry }
        let isServer = span.kind == UInt64(SpanKind.server.rawValue)
        let isClient = span.kind == UInt64(SpanKind.client.rawValue)
        if let operation = span.text("gen_ai.operation.name"), generations.contains(operation) {
            return Entry(operation: isClient ? .clientRequest : .request)
        }
        if isServer || isClient, requestPaths.contains(where: { span.name.hasSuffix($0) }) {
            return Entry(operation: isServer ? .request : .clientRequest)
        }
        return Entry(operation: .other)
    }

    /// The whole role: the entry, and layer, stage, phase and link from attributes.
    static func role(of span: OTLPSpan, entry: Entry, streamStage: Int?) -> Role {
        var role = Role(entry.operation, name: span.name, phase: entry.phase)
        if role.phase == .none { role.phase = phase(of: span) }
        switch entry.operation {
        case .layer:
            role.layer = (span.int("mlx.layer.index") ?? span.int("spanreel.layer.index")).flatMap(index)
            role.stage = streamStage
        case .stage:
            role.stage = (span.int("mlx.stage") ?? span.int("spanreel.stage")).flatMap(index) ?? streamStage
        case .hopSend, .hopReceive:
            if let from = span.text("mlx.hop.from") ?? span.text("spanreel.hop.from"),
                let to = span.text("mlx.hop.to") ?? span.text("spanreel.hop.to")
            {
                role.link = Link(from: from, to: to)
            }
        case .request, .clientRequest, .queue, .cacheLookup, .cacheInsert, .cacheEvict, .memorySample, .clockProbe,
            .clockReply, .other, .tokens:
            // These belong to no phase; what the attribute says is kept as an attribute.
            role.phase = .none
        case .prefill, .decode, .step, .embed, .head, .sampling: break
        }
        return role
    }

    /// The phase that an attribute states.
    static func phase(of span: OTLPSpan) -> Phase {
        switch span.text("mlx.phase") ?? span.text("spanreel.phase") {
        case "prefill": .prefill
        case "decode": .decode
        default: .none
        }
    }

    /// A layer or stage number; nil for what cannot be one.
    private static func index(_ value: Int64) -> Int? { (0...1_000_000).contains(value) ? Int(value) : nil }
}
