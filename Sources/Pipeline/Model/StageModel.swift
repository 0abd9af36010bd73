/// The part of the decoder that one device holds: some layers, and the embedding (first device) or the final norm
/// and LM head (last device). Not Sendable: one thread computes a stage, into scratch memory that the stage owns.
final class StageModel {
    /// Sizes of the whole model.
    let shape: ModelShape
    /// Absolute layers held.
    let layers: Range<Int>
    /// The residual stream of the rows being computed: `[row][hidden]`.
    let activations: FloatBuffer
    /// Most rows in one step.
    let maximumRows: Int

    private let weights: [LayerWeights]
    private let embedding: FloatBuffer?
    private let finalGain: FloatBuffer?
    private let head: FloatBuffer?
    private let rotary: RotaryTable

    // Scratch, named after what it holds; sized for `maximumRows` once.
    private let normed: FloatBuffer
    private let queries: FloatBuffer
    private let attended: FloatBuffer
    private let projected: FloatBuffer
    private let gates: FloatBuffer
    private let ups: FloatBuffer
    private let scores: FloatBuffer
    private let logits: FloatBuffer

    /// Makes the weights of `layers`, and of the embedding and the head where this stage holds them.
    init(shape: ModelShape, seed: UInt64, layers: Range<Int>, maximumRows: Int) {
        self.shape = shape
        self.layers = layers
        self.maximumRows = maximumRows
        weights = layers.map { LayerWeights(shape: shape, seed: seed, index: $0) }
        let hidden = shape.hidden
        func outside(_ tensor: UInt64) -> FloatBuffer {
            Weights.matrix(
                seed: seed, layer: Weights.outsideLayers, tensor: tensor, inputs: hidden, outputs: shape.vocabulary)
        }
        embedding = layers.lowerBound == 0 ? outside(1) : nil
        head = layers.upperBound == shape.layers ? outside(2) : nil
        finalGain = head == nil ? nil : Weights.ones(hidden)
        rotary = RotaryTable(headWidth: shape.headWidth, positions: shape.context)
        activations = FloatBuffer(maximumRows * hidden)
        normed = FloatBuffer(maximumRows * hidden)
        queries = FloatBuffer(maximumRows * hidden)
        attended = FloatBuffer(maximumRows * hidden)
        projected = FloatBuffer(maximumRows * hidden)
        gates = FloatBuffer(maximumRows * shape.intermediate)
        ups = FloatBuffer(maximumRows * shape.intermediate)
        scores = FloatBuffer(shape.context)
        logits = FloatBuffer(head == nil ? 0 : shape.vocabulary)
    }

    /// Bytes of parameters and scratch.
    var sizeBytes: Int {
        let outside = [embedding, finalGain, head].compactMap { $0?.sizeBytes }.reduce(0, +)
        let scratch = [activations, normed, queries, attended, projected, gates, ups, scores, logits]
        return weights.reduce(outside) { $0 + $1.sizeBytes } + scratch.reduce(0) { $0 + $1.sizeBytes }
    }

    /// An empty cache for this stage's layers.
    func makeCache() -> KVCache { KVCache(layers: layers.count, width: shape.keyValueWidth) }

    /// Puts the embeddings of `tokens` into ``activations``; only the first stage can.
    func embed(_ tokens: [Int]) {
        guard let embedding else { preconditionFailure("this stage holds no embedding") }
        precondition(tokens.count <= maximumRows, "too many rows")
        // Embeddings of standard deviation 1, as the norms expect: the table itself has 1/sqrt(hidden).
        let scale = Float(shape.hidden).squareRoot()
        for (row, token) in tokens.enumerated() {
            let source = embedding.pointer(at: token * shape.hidden, count: shape.hidden)
            let target = activations.pointer(at: row * shape.hidden, count: shape.hidden)
            for i in 0..<shape.hidden { target[i] = source[i] * scale }
        }
    }

    /// Runs absolute layer `index` over the first `rows` rows of ``activations``, in place. The rows stand at
    /// positions `cache.length...`; the caller reserves room before the first layer and advances after the last.
    func forward(layer index: Int, rows: Int, cache: KVCache) {
        precondition(layers.contains(index) && rows <= maximumRows, "not a layer or a size of this stage")
        let w = weights[index - layers.lowerBound]
        let hidden = shape.hidden
        let x = activations.base
        Kernels.rmsNorm(x, rows: rows, width: hidden, gain: w.attentionGain.base, into: normed.base)
        attention(w, layer: index - layers.lowerBound, rows: rows, cache: cache)
        Kernels.matmul(attended.base, rows: rows, w.output.base, inputs: hidden, outputs: hidden, into: projected.base)
        Kernels.addScaled(projected.base, 1, rows * hidden, into: x)

        let inner = shape.intermediate
        Kernels.rmsNorm(x, rows: rows, width: hidden, gain: w.feedForwardGain.base, into: normed.base)
        Kernels.matmul(normed.base, rows: rows, w.gate.base, inputs: hidden, outputs: inner, into: gates.base)
        Kernels.matmul(normed.base, rows: rows, w.up.base, inputs: hidden, outputs: inner, into: ups.base)
        Kernels.swiGLU(gates.base, ups.base, rows * inner)
        Kernels.matmul(gates.base, rows: rows, w.down.base, inputs: inner, outputs: hidden, into: projected.base)
        Kernels.addScaled(projected.base, 1, rows * hidden, into: x)
    }

    /// Grouped-query attention of `normed` into `attended`; appends the rows' keys and values to the cache.
    private func attention(_ w: LayerWeights, layer: Int, rows: Int, cache: KVCache) {
        let hidden = shape.hidden, kvWidth = shape.keyValueWidth, width = shape.headWidth
        let start = cache.length
        precondition(start + rows <= shape.context, "longer than the context")
        let (keys, values) = cache.pointers(layer: layer)
        let newKeys = keys + start * kvWidth
        Kernels.matmul(normed.base, rows: rows, w.query.base, inputs: hidden, outputs: hidden, into: queries.base)
        Kernels.matmul(normed.base, rows: rows, w.key.base, inputs: hidden, outputs: kvWidth, into: newKeys)
        Kernels.matmul(
            normed.base, rows: rows, w.value.base, inputs: hidden, outputs: kvWidth, into: values + start * kvWidth)
        let group = shape.heads / shape.keyValueHeads
        let scale = 1 / Float(width).squareRoot()
        for row in 0..<rows {
            rotary.rotate(queries.base + row * hidden, heads: shape.heads, position: start + row)
            rotary.rotate(newKeys + row * kvWidth, heads: shape.keyValueHeads, position: start + row)
        }
        attended.base.update(repeating: 0, count: rows * hidden)
        for row in 0..<rows {
            // Causal: a row sees itself and everything before it.
            let visible = start + row + 1
            for h in 0..<shape.heads {
                let q = queries.base + row * hidden + h * width
                let offset = h / group * width
                for p in 0..<visible { scores.base[p] = Kernels.dot(q, keys + p * kvWidth + offset, width) * scale }
                Kernels.softmax(scores.base, visible)
                let out = attended.base + row * hidden + h * width
                for p in 0..<visible {
                    Kernels.addScaled(values + p * kvWidth + offset, scores.base[p], width, into: out)
                }
            }
        }
    }

    /// The logits of one row: final norm, then LM head; only the last stage can.
    func logits(row: Int) -> FloatBuffer {
        guard let head, let finalGain else { preconditionFailure("this stage holds no LM head") }
        let x = activations.pointer(at: row * shape.hidden, count: shape.hidden)
        Kernels.rmsNorm(x, rows: 1, width: shape.hidden, gain: finalGain.base, into: normed.base)
        Kernels.matmul(
            normed.base, rows: 1, head.base, inputs: shape.hidden, outputs: shape.vocabulary, into: logits.base)
        return logits
    }
}
