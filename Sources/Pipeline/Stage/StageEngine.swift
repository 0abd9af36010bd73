import SpanreelTracing
import Synchronization

/// One device's share of every request: KV caches, prefix cache and layers, traced. One thread owns it.
final class StageEngine {
    private struct Sequence {
        var cache: KVCache
        var prompt: [Int]
    }

    /// The layers held.
    let model: StageModel
    /// Interned roles.
    let roles: TraceRoles
    /// Where spans go.
    let recorder: Recorder
    /// What the memory samples show.
    let gauges: StageGauges
    private let usesPrefixCache: Bool
    private let layerDelayNanos: [Int64]
    private let sampler: Sampler
    private var sequences: [UInt64: Sequence] = [:]
    private var prefixes: PrefixCache<KVCache>

    /// The engine of device `index`; makes its weights.
    init(configuration: PipelineConfiguration, index: Int, recorder: Recorder, roles: TraceRoles, gauges: StageGauges) {
        let layers = configuration.layerRange(of: index)
        let faults = configuration.faults
        model = StageModel(
            shape: configuration.model, seed: configuration.seed, layers: layers,
            maximumRows: configuration.chunkTokens)
        self.roles = roles
        self.recorder = recorder
        self.gauges = gauges
        usesPrefixCache = !faults.noPrefixCache
        let everyLayer = faults.slowDevices[configuration.deviceNames[index]] ?? 0
        layerDelayNanos = layers.map { everyLayer + (faults.slowLayers[$0] ?? 0) }
        sampler = Sampler(tokenizer: Tokenizer(vocabulary: configuration.model.vocabulary))
        prefixes = PrefixCache(
            maximumEntries: configuration.cacheEntries, maximumSizeBytes: configuration.cacheSizeBytes,
            bytesPerToken: configuration.model.keyValueBytesPerToken)
        gauges.weightSizeBytes.store(model.sizeBytes, ordering: .relaxed)
    }

    /// Starts a request: looks its prompt up and makes its KV cache. Returns how many tokens need no computing.
    func admit(_ request: UInt64, prompt: [Int], parent: SpanContext?) -> Int {
        let start = recorder.now()
        var cache = model.makeCache()
        if usesPrefixCache {
            if let hit = prefixes.lookup(prompt) { cache = hit.value.copy(prefix: hit.length) }
            recorder.cacheLookup(
                roles.cacheLookup, from: start, hitTokens: cache.length, promptTokens: prompt.count,
                entries: prefixes.count,
                sizeBytes: cacheSizeBytes, parent: parent)
        }
        sequences[request] = Sequence(cache: cache, prompt: prompt)
        publish()
        return cache.length
    }

    /// Puts the embeddings of `tokens` where ``forward(_:rows:phase:parent:)`` reads them.
    func embed(_ tokens: [Int], phase: Phase, parent: SpanContext) {
        let start = recorder.now()
        model.embed(tokens)
        recorder.record(phase == .prefill ? roles.embedPrefill : roles.embedDecode, from: start, parent: parent) {
            $0.set(.batchTokens, tokens.count)
        }
    }

    /// Puts received activations there.
    func load(_ payload: [UInt8], rows: Int) throws(PipelineError) {
        guard rows > 0, rows <= model.maximumRows, payload.count == rows * model.shape.hidden * 4 else {
            throw PipelineError(
                .badFrame, "A message of \(payload.count) bytes does not hold \(rows) rows of activations.")
        }
        let target = model.activations.pointer(at: 0, count: rows * model.shape.hidden)
        payload.withUnsafeBytes {
            UnsafeMutableRawPointer(target).copyMemory(from: $0.baseAddress ?? .init(target), byteCount: $0.count)
        }
    }

    /// The activations as a payload.
    func payload(rows: Int) -> [UInt8] {
        let source = model.activations.pointer(at: 0, count: rows * model.shape.hidden)
        return Array(UnsafeRawBufferPointer(start: source, count: rows * model.shape.hidden * 4))
    }

    /// Runs the layers over `rows` rows of a request, as one stage span with a chain of layer spans.
    func forward(
        _ request: UInt64, position: Int, rows: Int, phase: Phase, parent: SpanContext?
    ) throws(PipelineError) {
        guard let cache = sequences[request]?.cache, cache.length == position,
            position + rows <= model.shape.context
        else {
            throw PipelineError(.badFrame, "Request \(request) is not at position \(position) on this device.")
        }
        let isPrefill = phase == .prefill
        let layerRoles = isPrefill ? roles.layersPrefill : roles.layersDecode
        var start = recorder.now()
        let stage = recorder.begin(isPrefill ? roles.stagePrefill : roles.stageDecode, parent: parent, at: start) {
            $0.set(.batchTokens, rows)
            $0.set(.kvOffset, position)
        }
        cache.reserve(rows)
        for (offset, layer) in model.layers.enumerated() {
            model.forward(layer: layer, rows: rows, cache: cache)
            if layerDelayNanos[offset] > 0 { Pause.sleep(nanos: layerDelayNanos[offset]) }
            start = recorder.chain(layerRoles[offset], from: start, parent: stage) {
                $0.set(.batchTokens, rows)
                $0.set(.kvOffset, position)
            }
        }
        cache.advance(rows)
        recorder.end(stage, at: start)
        publish()
    }

    /// Final norm, LM head and sampling for one row; only on the last device.
    func sample(row: Int, index: Int, options: SamplingOptions, phase: Phase, parent: SpanContext?) -> Int {
        let isPrefill = phase == .prefill
        let start = recorder.now()
        let logits = model.logits(row: row)
        let middle = recorder.now()
        recorder.record(isPrefill ? roles.headPrefill : roles.headDecode, from: start, to: middle, parent: parent)
        let token = sampler.sample(logits.read(count: logits.count), options: options, index: index)
        recorder.record(isPrefill ? roles.samplingPrefill : roles.samplingDecode, from: middle, parent: parent) {
            $0.set(.tokenID, token)
            $0.set(.tokenIndex, index)
            $0.set(.temperature, Double(options.temperature))
        }
        return token
    }

    /// Keeps the first `count` tokens of a request's prompt in the prefix cache while the request goes on.
    func keep(_ request: UInt64, prefix count: Int, parent: SpanContext?) {
        guard let sequence = sequences[request], count <= sequence.cache.length, count <= sequence.prompt.count else {
            return
        }
        insert(Array(sequence.prompt.prefix(count)), parent: parent) { sequence.cache.copy(prefix: count) }
    }

    /// Drops a request; with `tokens`, its KV cache of exactly those moves into the prefix cache.
    func finish(_ request: UInt64, keeping tokens: [Int], parent: SpanContext?) {
        guard let sequence = sequences.removeValue(forKey: request) else { return }
        if !tokens.isEmpty, tokens.count <= sequence.cache.length {
            insert(tokens, parent: parent) { sequence.cache }
        }
        publish()
    }

    /// How many positions of a request are computed.
    func length(of request: UInt64) -> Int { sequences[request]?.cache.length ?? 0 }

    private func insert(_ tokens: [Int], parent: SpanContext?, _ value: () -> KVCache) {
        guard usesPrefixCache else { return }
        let start = recorder.now()
        let result = prefixes.insert(tokens, value())
        let end = recorder.now()
        recorder.record(roles.cacheInsert, from: start, to: end, parent: parent) {
            $0.set(.batchTokens, tokens.count)
            $0.set(.cacheEntries, prefixes.count)
            $0.set(.cacheSizeBytes, cacheSizeBytes)
            $0.set(.cacheEvicted, result.evicted)
        }
        if result.evicted > 0 {
            recorder.record(roles.cacheEvict, from: end, parent: parent) {
                $0.set(.cacheEvicted, result.evicted)
                $0.set(.cacheEntries, prefixes.count)
                $0.set(.cacheSizeBytes, cacheSizeBytes)
            }
        }
        publish()
    }

    /// This device's share of the prefix cache's bytes.
    private var cacheSizeBytes: Int { prefixes.sizeBytes / model.shape.layers * model.layers.count }

    private func publish() {
        gauges.kvSizeBytes.store(sequences.values.reduce(0) { $0 + $1.cache.sizeBytes }, ordering: .relaxed)
        gauges.kvSequences.store(sequences.count, ordering: .relaxed)
        gauges.cacheEntries.store(prefixes.count, ordering: .relaxed)
        gauges.cacheSizeBytes.store(cacheSizeBytes, ordering: .relaxed)
    }
}
