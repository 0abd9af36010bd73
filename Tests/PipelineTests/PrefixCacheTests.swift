import Testing

@testable import SpanreelPipeline

@Suite struct PrefixCacheTests {
    private func cache(entries: Int = 3, tokens: Int = 1000) -> PrefixCache<Int> {
        PrefixCache(maximumEntries: entries, maximumSizeBytes: tokens * 10, bytesPerToken: 10)
    }

    private func prompt(_ first: Int, _ count: Int) -> [Int] { (0..<count).map { first * 1000 + $0 } }

    @Test func theLongestSharedPrefixWins() {
        var cache = cache()
        _ = cache.insert(prompt(1, 10) + [7], 1)
        _ = cache.insert(prompt(1, 20), 2)
        let hit = cache.lookup(prompt(1, 15) + [9])
        #expect(hit?.value == 2 && hit?.length == 15)
    }

    @Test func theLastTokenIsLeftToCompute() {
        var cache = cache()
        _ = cache.insert(prompt(1, 20), 1)
        #expect(cache.lookup(prompt(1, 20))?.length == 19)
    }

    @Test func tooShortAPrefixIsAMiss() {
        var cache = cache()
        _ = cache.insert(prompt(1, 20), 1)
        #expect(cache.lookup(prompt(1, 7) + [1, 2, 3]) == nil)
        #expect(cache.lookup([]) == nil)
    }

    @Test func theLeastRecentlyUsedGoesFirst() {
        var cache = cache(entries: 2)
        _ = cache.insert(prompt(1, 10), 1)
        _ = cache.insert(prompt(2, 10), 2)
        _ = cache.lookup(prompt(1, 10))
        #expect(cache.insert(prompt(3, 10), 3) == .init(evicted: 1, evictedSizeBytes: 100))
        #expect(cache.contents == [prompt(1, 10), prompt(3, 10)])
    }

    @Test func aLongerConversationReplacesItsBeginning() {
        var cache = cache()
        _ = cache.insert(prompt(1, 10), 1)
        #expect(cache.insert(prompt(1, 30), 2) == .init(absorbed: 1))
        #expect(cache.count == 1 && cache.sizeBytes == 300)
    }

    @Test func whatIsLargerThanTheLimitIsNotKept() {
        var cache = cache(tokens: 20)
        _ = cache.insert(prompt(1, 15), 1)
        #expect(cache.insert(prompt(2, 21), 2) == .init())
        #expect(cache.contents == [prompt(1, 15)])
    }

    /// Whatever happens: the limits hold, the bytes are those of the entries, two caches agree, and a hit shares what
    /// it says it shares.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func lawsHoldForRandomOperations(seed: UInt64) {
        var generator = SeededGenerator(seed)
        var a = cache(entries: 4, tokens: 120), b = a
        for step in 0..<300 {
            let tokens =
                prompt(generator.integer(in: 1...3), generator.integer(in: 0...40))
                + prompt(generator.integer(in: 4...6), generator.integer(in: 0...10))
            if generator.integer(in: 0...1) == 0 {
                let hit = a.lookup(tokens), twin = b.lookup(tokens)
                #expect(hit?.value == twin?.value && hit?.length == twin?.length)
                let longest =
                    a.contents.map { min(PrefixCache<Int>.sharedPrefix($0, tokens), tokens.count - 1) }.max() ?? 0
                #expect((hit?.length ?? 0) == (longest >= PrefixCache<Int>.shortestHit ? longest : 0))
                if hit != nil, let newest = a.contents.last {
                    #expect(PrefixCache<Int>.sharedPrefix(newest, tokens) >= longest)
                }
            } else {
                #expect(a.insert(tokens, step) == b.insert(tokens, step))
            }
            #expect(a.count <= 4 && a.sizeBytes <= 1200 && a.sizeBytes == a.tokens * 10)
            #expect(a.contents == b.contents)
        }
    }
}
