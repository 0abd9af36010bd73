import Foundation

/// How a request wants its tokens drawn.
struct SamplingOptions: Sendable, Equatable {
    /// 0 takes the most likely token; higher is more varied.
    var temperature: Float = 0.8
    /// Candidates drawn from.
    var topK: Int = 40
    /// With the token's index it seeds the draw, so that a token depends on nothing that ran before.
    var seed: UInt64 = 0
}

/// Draws tokens from logits.
struct Sampler: Sendable {
    /// A generation has at least so many tokens: ``Tokenizer/end`` is not drawn before.
    static let shortestText = 4
    private let allowed: [Int]

    /// A sampler of what the tokenizer can generate.
    init(tokenizer: Tokenizer) {
        allowed = tokenizer.canBeGenerated.indices.filter { tokenizer.canBeGenerated[$0] }
    }

    /// Draws output token `index`. O(vocabulary x log).
    func sample(_ logits: [Float], options: SamplingOptions, index: Int) -> Int {
        let candidates = allowed.filter { $0 < logits.count && ($0 != Tokenizer.end || index >= Self.shortestText) }
        guard let first = candidates.first else { return Tokenizer.end }
        guard options.temperature > 0, options.topK > 1 else {
            return candidates.dropFirst().reduce(first) { logits[$1] > logits[$0] ? $1 : $0 }
        }
        // Equal logits fall back on the id, so that the order is the same everywhere.
        let top = candidates.sorted { (logits[$0], $1) > (logits[$1], $0) }.prefix(options.topK)
        let highest = top.first.map { logits[$0] } ?? 0
        let weights = top.map { exp((logits[$0] - highest) / options.temperature) }
        var generator = SeededGenerator(options.seed, UInt64(index))
        var rest = generator.unit() * weights.reduce(0, +)
        for (token, weight) in zip(top, weights) {
            rest -= weight
            if rest < 0 { return token }
        }
        return top.last ?? first
    }
}
