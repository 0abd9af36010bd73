/// A name of an attribute: a well-known one has a fixed number below 256, others are interned by the reader.
public struct AttributeKey: Hashable, Sendable {
    /// Below 256 a wire tag of `wellKnownNames`; from 256 on `256 + StringID.index` of the reader.
    public var rawValue: UInt32

    /// Wraps a number.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The first number that is not well-known.
    public static let firstInterned: UInt32 = 256
}

/// The type of an attribute's value. Wire tags: append only.
public enum AttributeType: UInt8, Sendable {
    /// `bits` is an Int64.
    case int = 1
    /// `bits` is a Double's bit pattern.
    case double = 2
    /// `bits` is 0 or 1.
    case bool = 3
    /// `bits` is a `StringID.index`.
    case string = 4
    /// `bits` is an index into ``Symbols/blobs``: bytes, arrays and maps as canonical OTLP `AnyValue` protobuf.
    case blob = 5
}

/// One attribute of an event. Trivially copyable.
public struct Attribute: Sendable {
    /// Its name.
    public var key: AttributeKey
    /// How to read `bits`.
    public var type: AttributeType
    /// The value, by `type`.
    public var bits: UInt64

    /// Creates an attribute from its parts.
    @inlinable public init(key: AttributeKey, type: AttributeType, bits: UInt64) {
        self.key = key
        self.type = type
        self.bits = bits
    }
}

extension AttributeKey {
    // Wire tags. Append only; the name beside each number never changes.

    /// `gen_ai.request.id`: the engine's request id (string).
    @inlinable public static var requestID: AttributeKey { AttributeKey(rawValue: 1) }
    /// `gen_ai.request.model` (string).
    @inlinable public static var model: AttributeKey { AttributeKey(rawValue: 2) }
    /// `gen_ai.usage.input_tokens`: prompt tokens, cached ones included.
    @inlinable public static var inputTokens: AttributeKey { AttributeKey(rawValue: 3) }
    /// `gen_ai.usage.output_tokens`: generated tokens.
    @inlinable public static var outputTokens: AttributeKey { AttributeKey(rawValue: 4) }
    /// `gen_ai.usage.cache_read.input_tokens`: prompt tokens served by the prefix cache.
    @inlinable public static var cachedTokens: AttributeKey { AttributeKey(rawValue: 5) }
    /// `gen_ai.request.max_tokens`.
    @inlinable public static var maxTokens: AttributeKey { AttributeKey(rawValue: 6) }
    /// `gen_ai.response.finish_reasons`: `stop`, `length`, `cancelled`, ... (string).
    @inlinable public static var finishReason: AttributeKey { AttributeKey(rawValue: 7) }
    /// `http.response.status_code`.
    @inlinable public static var httpStatus: AttributeKey { AttributeKey(rawValue: 8) }
    /// `error.type` (string).
    @inlinable public static var errorType: AttributeKey { AttributeKey(rawValue: 9) }
    /// `spanreel.status.message`: OTLP's status message (string).
    @inlinable public static var statusMessage: AttributeKey { AttributeKey(rawValue: 10) }
    /// `spanreel.hop.message_id`: joins a send to its receive (int, or string in imports).
    @inlinable public static var messageID: AttributeKey { AttributeKey(rawValue: 11) }
    /// `spanreel.hop.size_bytes`: payload bytes of a hop.
    @inlinable public static var sizeBytes: AttributeKey { AttributeKey(rawValue: 12) }
    /// `spanreel.hop.wait_nanos`: how long the receiver waited before the message began to arrive.
    @inlinable public static var waitNanos: AttributeKey { AttributeKey(rawValue: 13) }
    /// `spanreel.cache.hit` (bool).
    @inlinable public static var cacheHit: AttributeKey { AttributeKey(rawValue: 14) }
    /// `spanreel.cache.hit_tokens`.
    @inlinable public static var cacheHitTokens: AttributeKey { AttributeKey(rawValue: 15) }
    /// `spanreel.cache.prompt_tokens`: tokens asked for in a lookup.
    @inlinable public static var cachePromptTokens: AttributeKey { AttributeKey(rawValue: 16) }
    /// `spanreel.cache.entries`: entries alive after the operation.
    @inlinable public static var cacheEntries: AttributeKey { AttributeKey(rawValue: 17) }
    /// `spanreel.cache.size_bytes`: bytes alive after the operation.
    @inlinable public static var cacheSizeBytes: AttributeKey { AttributeKey(rawValue: 18) }
    /// `spanreel.cache.evicted`: entries removed by the operation.
    @inlinable public static var cacheEvicted: AttributeKey { AttributeKey(rawValue: 19) }
    /// `spanreel.batch.tokens`: tokens that a step, stage or layer worked on.
    @inlinable public static var batchTokens: AttributeKey { AttributeKey(rawValue: 20) }
    /// `spanreel.batch.sequences`: sequences in the step.
    @inlinable public static var batchSequences: AttributeKey { AttributeKey(rawValue: 21) }
    /// `spanreel.kv.offset`: context length before the step.
    @inlinable public static var kvOffset: AttributeKey { AttributeKey(rawValue: 22) }
    /// `spanreel.cpu_nanos`: CPU time spent inside the span.
    @inlinable public static var cpuNanos: AttributeKey { AttributeKey(rawValue: 23) }
    /// `spanreel.barrier`: whether the time was taken with an evaluation barrier (bool).
    @inlinable public static var barrier: AttributeKey { AttributeKey(rawValue: 24) }
    /// `process.memory.rss` in bytes.
    @inlinable public static var rssBytes: AttributeKey { AttributeKey(rawValue: 25) }
    /// `spanreel.memory.active_bytes`: the framework's live allocations (MLX active memory).
    @inlinable public static var activeBytes: AttributeKey { AttributeKey(rawValue: 26) }
    /// `spanreel.memory.cache_bytes`: the framework's free list (MLX cache memory).
    @inlinable public static var allocatorCacheBytes: AttributeKey { AttributeKey(rawValue: 27) }
    /// `spanreel.memory.peak_bytes`.
    @inlinable public static var peakBytes: AttributeKey { AttributeKey(rawValue: 28) }
    /// `spanreel.memory.gpu_bytes`: memory used by the GPU (inside RAM on unified memory).
    @inlinable public static var gpuBytes: AttributeKey { AttributeKey(rawValue: 29) }
    /// `spanreel.memory.limit_bytes`: the recommended working-set limit.
    @inlinable public static var limitBytes: AttributeKey { AttributeKey(rawValue: 30) }
    /// `system.memory.total_bytes` of the host.
    @inlinable public static var hostTotalBytes: AttributeKey { AttributeKey(rawValue: 31) }
    /// `system.memory.used_bytes` of the host.
    @inlinable public static var hostUsedBytes: AttributeKey { AttributeKey(rawValue: 32) }
    /// `system.memory.pressure`: 0-1, Linux PSI some avg10 / 100 or macOS level (double).
    @inlinable public static var memoryPressure: AttributeKey { AttributeKey(rawValue: 33) }
    /// `system.cpu.utilization` of the host, 0-1 of all cores (double).
    @inlinable public static var hostCPU: AttributeKey { AttributeKey(rawValue: 34) }
    /// `process.cpu.time_nanos`: user + system time so far.
    @inlinable public static var processCPUNanos: AttributeKey { AttributeKey(rawValue: 35) }
    /// `spanreel.requests.waiting`: length of the queue.
    @inlinable public static var requestsWaiting: AttributeKey { AttributeKey(rawValue: 36) }
    /// `spanreel.requests.running`.
    @inlinable public static var requestsRunning: AttributeKey { AttributeKey(rawValue: 37) }
    /// `spanreel.kv.size_bytes`: bytes of live KV caches.
    @inlinable public static var kvSizeBytes: AttributeKey { AttributeKey(rawValue: 38) }
    /// `spanreel.clock.peer`: the device probed (string).
    @inlinable public static var clockPeer: AttributeKey { AttributeKey(rawValue: 39) }
    /// `spanreel.clock.t0`: asker sent, Unix nanoseconds on the asker's clock.
    @inlinable public static var clockT0: AttributeKey { AttributeKey(rawValue: 40) }
    /// `spanreel.clock.t1`: answerer received, on the answerer's clock.
    @inlinable public static var clockT1: AttributeKey { AttributeKey(rawValue: 41) }
    /// `spanreel.clock.t2`: answerer sent, on the answerer's clock.
    @inlinable public static var clockT2: AttributeKey { AttributeKey(rawValue: 42) }
    /// `spanreel.clock.t3`: asker received, on the asker's clock.
    @inlinable public static var clockT3: AttributeKey { AttributeKey(rawValue: 43) }
    /// `spanreel.token.id`.
    @inlinable public static var tokenID: AttributeKey { AttributeKey(rawValue: 44) }
    /// `spanreel.token.index`: position of an output token, from 0.
    @inlinable public static var tokenIndex: AttributeKey { AttributeKey(rawValue: 45) }
    /// `spanreel.variant`: the arm of an A/B comparison (string).
    @inlinable public static var variant: AttributeKey { AttributeKey(rawValue: 46) }
    /// `network.interface.name` (string).
    @inlinable public static var interface: AttributeKey { AttributeKey(rawValue: 47) }
    /// `network.peer.address` (string).
    @inlinable public static var peerAddress: AttributeKey { AttributeKey(rawValue: 48) }
    /// `spanreel.otlp.remainder`: what OTLP has and the log has no column for, canonical protobuf (blob).
    @inlinable public static var otlpRemainder: AttributeKey { AttributeKey(rawValue: 49) }
    /// `spanreel.prompt.hash`: identity of the prompt for pairing sessions.
    @inlinable public static var promptHash: AttributeKey { AttributeKey(rawValue: 50) }
    /// `spanreel.output.hash`: identity of the generated tokens.
    @inlinable public static var outputHash: AttributeKey { AttributeKey(rawValue: 51) }
    /// `spanreel.prefill.computed_tokens`: prompt tokens that were computed, not cached.
    @inlinable public static var computedTokens: AttributeKey { AttributeKey(rawValue: 52) }
    /// `spanreel.hop.rtt_nanos`.
    @inlinable public static var rttNanos: AttributeKey { AttributeKey(rawValue: 53) }
    /// `network.transport` (string).
    @inlinable public static var transport: AttributeKey { AttributeKey(rawValue: 54) }
    /// `spanreel.kv.sequences`: sequences that hold a KV cache.
    @inlinable public static var kvSequences: AttributeKey { AttributeKey(rawValue: 55) }
    /// `gen_ai.request.temperature` (double).
    @inlinable public static var temperature: AttributeKey { AttributeKey(rawValue: 56) }
    /// `spanreel.truncated_bytes`: the original length of a string that was cut at 4 KiB.
    @inlinable public static var truncatedBytes: AttributeKey { AttributeKey(rawValue: 57) }
    /// `spanreel.derived`: true on facts that an importer computed and that the source does not hold (bool).
    @inlinable public static var derived: AttributeKey { AttributeKey(rawValue: 58) }

    /// The names of the well-known keys; index = number. Index 0 is unused.
    package static let wellKnownNames: [String] = [
        "", "gen_ai.request.id", "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.request.max_tokens", "gen_ai.response.finish_reasons",
        "http.response.status_code", "error.type", "spanreel.status.message", "spanreel.hop.message_id",
        "spanreel.hop.size_bytes", "spanreel.hop.wait_nanos", "spanreel.cache.hit", "spanreel.cache.hit_tokens",
        "spanreel.cache.prompt_tokens", "spanreel.cache.entries", "spanreel.cache.size_bytes", "spanreel.cache.evicted",
        "spanreel.batch.tokens", "spanreel.batch.sequences", "spanreel.kv.offset", "spanreel.cpu_nanos",
        "spanreel.barrier", "process.memory.rss", "spanreel.memory.active_bytes", "spanreel.memory.cache_bytes",
        "spanreel.memory.peak_bytes", "spanreel.memory.gpu_bytes", "spanreel.memory.limit_bytes",
        "system.memory.total_bytes", "system.memory.used_bytes", "system.memory.pressure", "system.cpu.utilization",
        "process.cpu.time_nanos", "spanreel.requests.waiting", "spanreel.requests.running", "spanreel.kv.size_bytes",
        "spanreel.clock.peer", "spanreel.clock.t0", "spanreel.clock.t1", "spanreel.clock.t2", "spanreel.clock.t3",
        "spanreel.token.id", "spanreel.token.index", "spanreel.variant", "network.interface.name",
        "network.peer.address", "spanreel.otlp.remainder", "spanreel.prompt.hash", "spanreel.output.hash",
        "spanreel.prefill.computed_tokens", "spanreel.hop.rtt_nanos", "network.transport", "spanreel.kv.sequences",
        "gen_ai.request.temperature", "spanreel.truncated_bytes", "spanreel.derived",
    ]

    /// The well-known key of that name, if it is one. O(1).
    package static func wellKnown(_ name: String) -> AttributeKey? {
        wellKnownIndex[name].map { AttributeKey(rawValue: $0) }
    }

    private static let wellKnownIndex: [String: UInt32] = {
        var index: [String: UInt32] = [:]
        for (number, name) in wellKnownNames.enumerated() where number > 0 { index[name] = UInt32(number) }
        return index
    }()
}
