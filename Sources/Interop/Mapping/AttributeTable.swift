internal import SpanreelTracing

/// Which foreign attribute keys say what a well-known key says.
///
/// The foreign attribute is always kept under its own name, exactly as it came; the well-known one is added beside
/// it, and the span lists the added ones under `spanreel.derived`, so that an export can leave them out.
enum AttributeTable {
    /// A well-known key and the factor from the foreign unit to its own.
    struct Entry {
        var key: AttributeKey
        var factor: Int64 = 1
    }

    /// By foreign key. Keys that are well-known themselves need no entry.
    static let entries: [String: Entry] = [
        "mlx.request.id": Entry(key: .requestID),
        "mlx.tokens": Entry(key: .batchTokens),
        "mlx.kv.offset": Entry(key: .kvOffset),
        "mlx.cpu_time_us": Entry(key: .cpuNanos, factor: 1_000),
        "mlx.layer.barriers": Entry(key: .barrier),
        "mlx.hop.message_id": Entry(key: .messageID),
        "mlx.hop.bytes": Entry(key: .sizeBytes),
        "mlx.hop.idle_us": Entry(key: .waitNanos, factor: 1_000),
        "mlx.cache.hit": Entry(key: .cacheHit),
        "mlx.cache.hit_tokens": Entry(key: .cacheHitTokens),
        "mlx.cache.prompt_tokens": Entry(key: .cachePromptTokens),
        "mlx.cache.entries": Entry(key: .cacheEntries),
        "mlx.cache.bytes": Entry(key: .cacheSizeBytes),
        "mlx.cache.removed": Entry(key: .cacheEvicted),
        "mlx.token.id": Entry(key: .tokenID),
        "mlx.token.index": Entry(key: .tokenIndex),
        "mlx.clock.peer": Entry(key: .clockPeer),
        "mlx.clock.t0": Entry(key: .clockT0),
        "mlx.clock.t1": Entry(key: .clockT1),
        "mlx.clock.t2": Entry(key: .clockT2),
        "mlx.clock.t3": Entry(key: .clockT3),
        "mlx.memory.active": Entry(key: .activeBytes),
        "mlx.memory.cache": Entry(key: .allocatorCacheBytes),
        "mlx.memory.peak": Entry(key: .peakBytes),
        "mlx.prefix_cache.bytes": Entry(key: .cacheSizeBytes),
        "mlx.prefix_cache.entries": Entry(key: .cacheEntries),
        "mlx.kv.live_requests": Entry(key: .kvSequences),
        "mlx.queue.waiting": Entry(key: .requestsWaiting),
        "mlx.queue.active": Entry(key: .requestsRunning),
        "process.cpu.time_ms": Entry(key: .processCPUNanos, factor: 1_000_000),
        "process.memory.usage": Entry(key: .rssBytes),
        // vLLM, and what OpenTelemetry's conventions called these before.
        "gen_ai.response.model": Entry(key: .model),
        "gen_ai.response.id": Entry(key: .requestID),
        "gen_ai.usage.prompt_tokens": Entry(key: .inputTokens),
        "gen_ai.usage.completion_tokens": Entry(key: .outputTokens),
        "gen_ai.usage.cache_read_input_tokens": Entry(key: .cachedTokens),
        "http.status_code": Entry(key: .httpStatus),
        "net.peer.ip": Entry(key: .peerAddress),
        "vllm:num_requests_waiting": Entry(key: .requestsWaiting),
        "vllm:num_requests_running": Entry(key: .requestsRunning),
    ]

    /// The derived attribute's value in its own unit; nil for what overflows or has no number where a factor needs one.
    static func scaled(_ value: OTLPValue, by factor: Int64) -> OTLPValue? {
        guard factor != 1 else { return value }
        switch value {
        case .int(let number):
            let (product, overflow) = number.multipliedReportingOverflow(by: factor)
            return overflow ? nil : .int(product)
        case .double(let number):
            return Int64(exactly: (number * Double(factor)).rounded()).map { .int($0) }
        default: return nil
        }
    }
}
