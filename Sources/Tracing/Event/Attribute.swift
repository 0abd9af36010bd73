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
    public static let requestID = AttributeKey(rawValue: 1)
    /// `gen_ai.request.model` (string).
    public static let model = AttributeKey(rawValue: 2)
    /// `gen_ai.usage.input_tokens`: prompt tokens, cached ones included.
    public static let inputTokens = AttributeKey(rawValue: 3)
    /// `gen_ai.usage.output_tokens`: generated tokens.
    public static let outputTokens = AttributeKey(rawValue: 4)
    /// `gen_ai.usage.cache_read.input_tokens`: prompt tokens served by the prefix cache.
    public static let cachedTokens = AttributeKey(rawValue: 5)
    /// `gen_ai.request.max_tokens`.
    public static let maxTokens = AttributeKey(rawValue: 6)
    /// `gen_ai.response.finish_reasons`: `stop`, `length`, `cancelled`, ... (string).
    public static let finishReason = AttributeKey(rawValue: 7)
    /// `http.response.status_code`.
    public static let httpStatus = AttributeKey(rawValue: 8)
    /// `error.type` (string).
    public static let errorType = AttributeKey(rawValue: 9)
    /// `spanreel.status.message`: OTLP's status message (string).
    public static let statusMessage = AttributeKey(rawValue: 10)
    /// `spanreel.hop.message_id`: joins a send to its receive (int, or string in imports).
    public static let messageID = AttributeKey(rawValue: 11)
    /// `spanreel.hop.size_bytes`: payload bytes of a hop.
    public static let sizeBytes = AttributeKey(rawValue: 12)
    /// `spanreel.hop.wait_nanos`: how long the receiver waited before the message began to arrive.
    public static let waitNanos = AttributeKey(rawValue: 13)
    /// `spanreel.cache.hit` (bool).
    public static let cacheHit = AttributeKey(rawValue: 14)
    /// `spanreel.cache.hit_tokens`.
    public static let cacheHitTokens = AttributeKey(rawValue: 15)
    /// `spanreel.cache.prompt_tokens`: tokens asked for in a lookup.
    public static let cachePromptTokens = AttributeKey(rawValue: 16)
    /// `spanreel.cache.entries`: entries alive after the operation.
    public static let cacheEntries = AttributeKey(rawValue: 17)
    /// `spanreel.cache.size_bytes`: bytes alive after the operation.
    public static let cacheSizeBytes = AttributeKey(rawValue: 18)
    /// `spanreel.cache.evicted`: entries removed by the operation.
    public static let cacheEvicted = AttributeKey(rawValue: 19)
    /// `spanreel.batch.tokens`: tokens that a step, stage or layer worked on.
    public static let batchTokens = AttributeKey(rawValue: 20)
    /// `spanreel.batch.sequences`: sequences in the step.
    public static let batchSequences = AttributeKey(rawValue: 21)
    /// `spanreel.kv.offset`: context length before the step.
    public static let kvOffset = AttributeKey(rawValue: 22)
    /// `spanreel.cpu_nanos`: CPU time spent inside the span.
    public static let cpuNanos = AttributeKey(rawValue: 23)
    /// `spanreel.barrier`: whether the time was taken with an evaluation barrier (bool).
    public static let barrier = AttributeKey(rawValue: 24)
    /// `process.memory.rss` in bytes.
    public static let rssBytes = AttributeKey(rawValue: 25)
    /// `spanreel.memory.active_bytes`: the framework's live allocations (MLX active memory).
    public static let activeBytes = AttributeKey(rawValue: 26)
    /// `spanreel.memory.cache_bytes`: the framework's free list (MLX cache memory).
    public static let allocatorCacheBytes = AttributeKey(rawValue: 27)
    /// `spanreel.memory.peak_bytes`.
    public static let peakBytes = AttributeKey(rawValue: 28)
    /// `spanreel.memory.gpu_bytes`: memory used by the GPU (inside RAM on unified memory).
    public static let gpuBytes = AttributeKey(rawValue: 29)
    /// `spanreel.memory.limit_bytes`: the recommended working-set limit.
    public static let limitBytes = AttributeKey(rawValue: 30)
    /// `system.memory.total_bytes` of the host.
    public static let hostTotalBytes = AttributeKey(rawValue: 31)
    /// `system.memory.used_bytes` of the host.
    public static let hostUsedBytes = AttributeKey(rawValue: 32)
    /// `system.memory.pressure`: 0-1, Linux PSI some avg10 / 100 or macOS level (double).
    public static let memoryPressure = AttributeKey(rawValue: 33)
    /// `system.cpu.utilization` of the host, 0-1 of all cores (double).
    public static let hostCPU = AttributeKey(rawValue: 34)
    /// `process.cpu.time_nanos`: user + system time so far.
    public static let processCPUNanos = AttributeKey(rawValue: 35)
    /// `spanreel.requests.waiting`: length of the queue.
    public static let requestsWaiting = AttributeKey(rawValue: 36)
    /// `spanreel.requests.running`.
    public static let requestsRunning = AttributeKey(rawValue: 37)
    /// `spanreel.kv.size_bytes`: bytes of live KV caches.
    public static let kvSizeBytes = AttributeKey(rawValue: 38)
    /// `spanreel.clock.peer`: the device probed (string).
    public static let clockPeer = AttributeKey(rawValue: 39)
    /// `spanreel.clock.t0`: asker sent, Unix nanoseconds on the asker's clock.
    public static let clockT0 = AttributeKey(rawValue: 40)
    /// `spanreel.clock.t1`: answerer received, on the answerer's clock.
    public static let clockT1 = AttributeKey(rawValue: 41)
    /// `spanreel.clock.t2`: answerer sent, on the answerer's clock.
    public static let clockT2 = AttributeKey(rawValue: 42)
    /// `spanreel.clock.t3`: asker received, on the asker's clock.
    public static let clockT3 = AttributeKey(rawValue: 43)
    /// `spanreel.token.id`.
    public static let tokenID = AttributeKey(rawValue: 44)
    /// `spanreel.token.index`: position of an output token, from 0.
    public static let tokenIndex = AttributeKey(rawValue: 45)
    /// `spanreel.variant`: the arm of an A/B comparison (string).
    public static let variant = AttributeKey(rawValue: 46)
    /// `network.interface.name` (string).
    public static let interface = AttributeKey(rawValue: 47)
    /// `network.peer.address` (string).
    public static let peerAddress = AttributeKey(rawValue: 48)
    /// `spanreel.otlp.remainder`: what OTLP has and the log has no column for, canonical protobuf (blob).
    public static let otlpRemainder = AttributeKey(rawValue: 49)
    /// `spanreel.prompt.hash`: identity of the prompt for pairing sessions.
    public static let promptHash = AttributeKey(rawValue: 50)
    /// `spanreel.output.hash`: identity of the generated tokens.
    public static let outputHash = AttributeKey(rawValue: 51)
    /// `spanreel.prefill.computed_tokens`: prompt tokens that were computed, not cached.
    public static let computedTokens = AttributeKey(rawValue: 52)
    /// `spanreel.hop.rtt_nanos`.
    public static let rttNanos = AttributeKey(rawValue: 53)
    /// `network.transport` (string).
    public static let transport = AttributeKey(rawValue: 54)
    /// `spanreel.kv.sequences`: sequences that hold a KV cache.
    public static let kvSequences = AttributeKey(rawValue: 55)
    /// `gen_ai.request.temperature` (double).
    public static let temperature = AttributeKey(rawValue: 56)
    /// `spanreel.truncated_bytes`: the original length of a string that was cut at 4 KiB.
    public static let truncatedBytes = AttributeKey(rawValue: 57)
    /// `spanreel.derived`: true on facts that an importer computed and that the source does not hold (bool).
    public static let derived = AttributeKey(rawValue: 58)

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
