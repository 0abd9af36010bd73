/// The seeded parameters of one decoder layer, each matrix stored output row by output row.
final class LayerWeights {
    let attentionGain: FloatBuffer
    let query: FloatBuffer
    let key: FloatBuffer
    let value: FloatBuffer
    let output: FloatBuffer
    let feedForwardGain: FloatBuffer
    let gate: FloatBuffer
    let up: FloatBuffer
    let down: FloatBuffer

    /// The parameters of absolute layer `index`: the same on whatever device it lies.
    init(shape: ModelShape, seed: UInt64, index: Int) {
        let hidden = shape.hidden
        func matrix(_ tensor: UInt64, _ inputs: Int, _ outputs: Int, scale: Float = 1) -> FloatBuffer {
            Weights.matrix(
                seed: seed, layer: UInt64(index), tensor: tensor, inputs: inputs, outputs: outputs, scale: scale)
        }
        attentionGain = Weights.ones(hidden)
        query = matrix(1, hidden, hidden)
        key = matrix(2, hidden, shape.keyValueWidth)
        value = matrix(3, hidden, shape.keyValueWidth)
        // GPT-2's rule: what is added to the residual stream shrinks with the square root of the additions.
        let residual = 1 / Float(2 * shape.layers).squareRoot()
        output = matrix(4, hidden, hidden, scale: residual)
        feedForwardGain = Weights.ones(hidden)
        gate = matrix(5, hidden, shape.intermediate)
        up = matrix(6, hidden, shape.intermediate)
        down = matrix(7, shape.intermediate, hidden, scale: residual)
    }

    /// Bytes held.
    var sizeBytes: Int {
        [attentionGain, query, key, value, output, feedForwardGain, gate, up, down].reduce(0) { $0 + $1.sizeBytes }
    }
}

/// Makes seeded tensors.
enum Weights {
    /// Index that stands for "no layer" in the seed of embedding and head.
    static let outsideLayers: UInt64 = 1 << 32

    /// A matrix of uniform numbers with standard deviation `scale / sqrt(inputs)`.
    static func matrix(
        seed: UInt64, layer: UInt64, tensor: UInt64, inputs: Int, outputs: Int, scale: Float = 1
    ) -> FloatBuffer {
        let buffer = FloatBuffer(inputs * outputs)
        var generator = SeededGenerator(seed, layer, tensor)
        // A uniform number in -1...1 has standard deviation 1/sqrt(3).
        let width = scale * (3 / Float(inputs)).squareRoot()
        for i in 0..<buffer.count { buffer.base[i] = (2 * generator.unit() - 1) * width }
        return buffer
    }

    /// A vector of ones.
    static func ones(_ count: Int) -> FloatBuffer {
        let buffer = FloatBuffer(count)
        buffer.base.update(repeating: 1, count: count)
        return buffer
    }
}
