import Foundation
import Testing

@testable import SpanreelPipeline

let tinyShape = ModelShape(
    layers: 4, hidden: 16, heads: 4, keyValueHeads: 2, intermediate: 20, vocabulary: 300, context: 64)

/// The decoder as the papers write it: whole matrices, doubles, no cache.
private struct NaiveDecoder {
    let shape: ModelShape
    let seed: UInt64

    private func rows(_ buffer: FloatBuffer, _ width: Int) -> [[Double]] {
        stride(from: 0, to: buffer.count, by: width).map { buffer.read(count: width, at: $0).map(Double.init) }
    }

    private func times(_ x: [Double], _ w: [[Double]]) -> [Double] {
        w.map { zip($0, x).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    private func norm(_ x: [Double]) -> [Double] {
        let scale = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + 1e-5).squareRoot()
        return x.map { $0 * scale }
    }

    private func rotate(_ x: [Double], position: Int) -> [Double] {
        let width = shape.headWidth, half = width / 2
        var out = x
        for head in 0..<(x.count / width) {
            for i in 0..<half {
                let angle = Double(position) * pow(10_000, -2 * Double(i) / Double(width))
                let a = x[head * width + i], b = x[head * width + i + half]
                out[head * width + i] = a * cos(angle) - b * sin(angle)
                out[head * width + i + half] = a * sin(angle) + b * cos(angle)
            }
        }
        return out
    }

    /// The logits after the last token.
    func logits(_ tokens: [Int]) -> [Double] {
        func outside(_ tensor: UInt64) -> [[Double]] {
            rows(
                Weights.matrix(
                    seed: seed, layer: Weights.outsideLayers, tensor: tensor, inputs: shape.hidden,
                    outputs: shape.vocabulary), shape.hidden)
        }
        let table = outside(1)
        var x = tokens.map { table[$0].map { $0 * Double(shape.hidden).squareRoot() } }
        for index in 0..<shape.layers { x = layer(LayerWeights(shape: shape, seed: seed, index: index), x) }
        return times(norm(x[x.count - 1]), outside(2))
    }

    private func layer(_ w: LayerWeights, _ input: [[Double]]) -> [[Double]] {
        let hidden = shape.hidden, width = shape.headWidth, group = shape.heads / shape.keyValueHeads
        var x = input
        let normed = x.map(norm)
        let q = normed.enumerated().map { rotate(times($1, rows(w.query, hidden)), position: $0) }
        let k = normed.enumerated().map { rotate(times($1, rows(w.key, hidden)), position: $0) }
        let v = normed.map { times($0, rows(w.value, hidden)) }
        for t in x.indices {
            var attended = [Double](repeating: 0, count: hidden)
            for h in 0..<shape.heads {
                let kv = h / group * width
                let scores = (0...t).map { p in
                    (0..<width).reduce(0) { $0 + q[t][h * width + $1] * k[p][kv + $1] } / Double(width).squareRoot()
                }
                let top = scores.max() ?? 0
                let weights = scores.map { exp($0 - top) }
                let sum = weights.reduce(0, +)
                for p in 0...t {
                    for i in 0..<width { attended[h * width + i] += weights[p] / sum * v[p][kv + i] }
                }
            }
            x[t] = zip(x[t], times(attended, rows(w.output, hidden))).map { $0 + $1 }
            let second = norm(x[t])
            let gate = times(second, rows(w.gate, hidden)), up = times(second, rows(w.up, hidden))
            let inner = zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
            x[t] = zip(x[t], times(inner, rows(w.down, shape.intermediate))).map { $0 + $1 }
        }
        return x
    }
}

/// Runs tokens through stages that split the layers at `splits`, in chunks; returns the last row's logits.
func runStages(_ tokens: [Int], chunks: [Int], splits: [Int] = [], shape: ModelShape = tinyShape) -> [Float] {
    let edges = [0] + splits + [shape.layers]
    let stages = zip(edges, edges.dropFirst()).map {
        StageModel(shape: shape, seed: 7, layers: $0..<$1, maximumRows: 64)
    }
    let caches = stages.map { $0.makeCache() }
    var at = 0
    for rows in chunks {
        stages[0].embed(Array(tokens[at..<(at + rows)]))
        for (index, (stage, cache)) in zip(stages, caches).enumerated() {
            if index > 0 { stage.activations.write(stages[index - 1].activations.read(count: rows * shape.hidden)) }
            cache.reserve(rows)
            for layer in stage.layers { stage.forward(layer: layer, rows: rows, cache: cache) }
            cache.advance(rows)
        }
        at += rows
    }
    return stages[stages.count - 1].logits(row: (chunks.last ?? 1) - 1).read(count: shape.vocabulary)
}

@Suite struct DecoderTests {
    private let tokens = [256, 104, 101, 108, 108, 111, 260, 261, 299, 32, 46, 256, 0]

    @Test func logitsAreThoseOfThePlainFormulas() {
        let exact = NaiveDecoder(shape: tinyShape, seed: 7).logits(tokens)
        let logits = runStages(tokens, chunks: [tokens.count])
        for (a, b) in zip(logits, exact) { #expect(abs(Double(a) - b) < 1e-4) }
    }

    @Test(arguments: [[12, 1], [1, 12], [4, 4, 5], [7, 3, 2, 1], Array(repeating: 1, count: 13)])
    func chunksAndSingleTokensGiveTheSameBitsAsTheWholePrompt(chunks: [Int]) {
        #expect(runStages(tokens, chunks: chunks) == runStages(tokens, chunks: [tokens.count]))
    }

    @Test(arguments: [[1], [2], [3], [1, 2], [1, 2, 3]])
    func anySplitOverDevicesGivesTheSameBits(splits: [Int]) {
        #expect(runStages(tokens, chunks: [5, 8], splits: splits) == runStages(tokens, chunks: [5, 8]))
    }

    @Test func aCopiedPrefixServesAsWellAsAComputedOne() {
        let stage = StageModel(shape: tinyShape, seed: 7, layers: 0..<4, maximumRows: 64)
        func run(_ tokens: [Int], _ cache: KVCache) {
            stage.embed(tokens)
            cache.reserve(tokens.count)
            for layer in 0..<4 { stage.forward(layer: layer, rows: tokens.count, cache: cache) }
            cache.advance(tokens.count)
        }
        let other = stage.makeCache()
        run([256, 104, 101, 108, 108, 70, 71, 72, 73], other)
        let cache = other.copy(prefix: 5)
        run(Array(tokens[5...]), cache)
        #expect(stage.logits(row: 7).read(count: 300) == runStages(tokens, chunks: [13]))
        #expect(other.length == 9)
    }

    @Test func otherSeedsAreOtherModels() {
        let a = Weights.matrix(seed: 1, layer: 0, tensor: 1, inputs: 8, outputs: 8).read(count: 64)
        #expect(a == Weights.matrix(seed: 1, layer: 0, tensor: 1, inputs: 8, outputs: 8).read(count: 64))
        #expect(a != Weights.matrix(seed: 2, layer: 0, tensor: 1, inputs: 8, outputs: 8).read(count: 64))
        #expect(a != Weights.matrix(seed: 1, layer: 1, tensor: 1, inputs: 8, outputs: 8).read(count: 64))
    }

    @Test(arguments: [
        ModelShape(layers: 0, hidden: 16, heads: 4, keyValueHeads: 2, intermediate: 20, vocabulary: 300, context: 64),
        ModelShape(layers: 1, hidden: 15, heads: 4, keyValueHeads: 2, intermediate: 20, vocabulary: 300, context: 64),
        ModelShape(layers: 1, hidden: 16, heads: 4, keyValueHeads: 3, intermediate: 20, vocabulary: 300, context: 64),
        ModelShape(layers: 1, hidden: 16, heads: 4, keyValueHeads: 2, intermediate: 21, vocabulary: 300, context: 64),
        ModelShape(layers: 1, hidden: 16, heads: 4, keyValueHeads: 2, intermediate: 20, vocabulary: 200, context: 64),
        ModelShape(layers: 1, hidden: 16, heads: 4, keyValueHeads: 2, intermediate: 20, vocabulary: 300, context: 0),
    ])
    func impossibleSizesAreRefusedInASentence(shape: ModelShape) {
        #expect(throws: PipelineError.self) { try shape.validate() }
    }
}
