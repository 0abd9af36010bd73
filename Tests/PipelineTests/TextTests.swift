import Testing

@testable import SpanreelPipeline

@Suite struct TokenizerTests {
    @Test(arguments: ["", "hello", "You are a helpful assistant.", "größer 日本 🦥 \n\t\0", "  the the  ", "thethe"])
    func decodingGivesTheTextBack(text: String) {
        for vocabulary in [258, 300, 512] {
            let tokenizer = Tokenizer(vocabulary: vocabulary)
            let tokens = tokenizer.encode(text)
            #expect(tokenizer.decode(tokens) == text)
            #expect(tokens.allSatisfy { $0 < vocabulary && $0 != Tokenizer.begin && $0 != Tokenizer.end })
        }
    }

    @Test func wordsTakeFewerTokensThanBytes() {
        #expect(Tokenizer(vocabulary: 512).encode(" the question of the world").count == 5)
    }

    @Test func unknownIdsDecodeToNothing() {
        #expect(Tokenizer(vocabulary: 300).decode([-1, 256, 257, 104, 105, 9999]) == "hi")
    }
}

@Suite struct SamplerTests {
    private let tokenizer = Tokenizer(vocabulary: 512)

    @Test func temperatureZeroTakesTheLikeliestTextToken() {
        var logits = [Float](repeating: 0, count: 512)
        logits[7] = 9
        logits[300] = 5
        let sampler = Sampler(tokenizer: tokenizer)
        #expect(sampler.sample(logits, options: SamplingOptions(temperature: 0), index: 9) == 300)
    }

    @Test func equalSeedAndIndexDrawEqualTokens() {
        var generator = SeededGenerator(5)
        let logits = (0..<512).map { _ in generator.unit() }
        let sampler = Sampler(tokenizer: tokenizer)
        func draw(_ seed: UInt64) -> [Int] {
            (0..<64).map { sampler.sample(logits, options: SamplingOptions(seed: seed), index: $0) }
        }
        #expect(draw(1) == draw(1))
        #expect(draw(1) != draw(2))
        #expect(draw(3).allSatisfy { tokenizer.canBeGenerated[$0] })
        #expect(!draw(4).prefix(Sampler.shortestText).contains(Tokenizer.end))
    }

    @Test func topKLimitsTheChoice() {
        let logits = (0..<512).map { Float($0) * 0.001 }
        let sampler = Sampler(tokenizer: tokenizer)
        let drawn = Set((0..<400).map { sampler.sample(logits, options: SamplingOptions(topK: 3), index: $0) })
        #expect(drawn.count <= 3 && drawn.count > 1)
    }
}

@Suite struct StopFilterTests {
    @Test(
        arguments: [
            (["END"], ["a E", "ND b"], "a ", true),
            (["END"], ["a E", "N b"], "a EN b", false),
            (["\n", "xx"], ["ab", "cx", "x\n"], "abc", true),
            ([], ["a", "b"], "ab", false),
            ([""], ["a"], "a", false),
            (["ab"], ["a", "a", "b"], "a", true),
        ] as [([String], [String], String, Bool)])
    func textUpToTheStopStringIsShown(stops: [String], pieces: [String], shown: String, stopped: Bool) {
        var filter = StopFilter(stops)
        var text = ""
        var hasStopped = false
        for piece in pieces where !hasStopped {
            let result = filter.accept(piece)
            text += result.shown
            hasStopped = result.stopped
        }
        if !hasStopped { text += filter.finish() }
        #expect(text == shown)
        #expect(hasStopped == stopped)
    }
}
