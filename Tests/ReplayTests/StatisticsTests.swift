import Testing

@testable import SpanreelReplay

@Suite struct StatisticsTests {
    @Test("Percentiles interpolate linearly, as numpy does")
    func percentiles() {
        #expect(Statistics.percentile(50, of: [10, 20]) == 15)
        #expect(Statistics.percentile(95, of: [0, 100]) == 95)
        #expect(Statistics.percentile(99, of: [7]) == 7)
        #expect(Statistics.percentile(50, of: []) == nil)
        #expect(Statistics.percentile(50, of: [.min, .max]) == -1 || Statistics.percentile(50, of: [.min, .max]) == 0)
    }

    @Test("A sketch is off by at most one per cent", arguments: 1...10 as ClosedRange<UInt64>)
    func sketchError(seed: UInt64) {
        var random = Seeded(seed)
        var sketch = Sketch()
        var values: [Int64] = []
        for _ in 0..<20_000 {
            let value = Int64(random.next() >> UInt64.random(in: 1...60, using: &random))
            values.append(value)
            sketch.add(value)
        }
        values.sort()
        for percent in [0, 1, 25, 50, 75, 95, 99, 100] {
            let rank = percent * (values.count - 1) / 100
            let exact = Double(values[rank])
            let answer = Double(sketch.value(atRank: UInt64(rank)))
            #expect(abs(answer - exact) <= exact * 0.01, "seed \(seed) percent \(percent)")
        }
    }

    @Test("Past the exact part the whole-session statistics stay within one per cent", arguments: [3, 4] as [UInt64])
    func observationsEvict(seed: UInt64) throws {
        var random = Seeded(seed)
        var observations = Observations()
        var values: [Int64] = []
        for time in 0..<30_000 {
            let value = Int64.random(in: 1_000...9_000_000, using: &random)
            values.append(value)
            observations.add(value, at: Int64(time))
        }
        let clock = TickClock(origin: 0)
        let all = observations.statistics(in: Window(.all, endingAt: .init(nanos: 30_000), ticks: clock))
        let exact = Statistics(exact: values)
        #expect(all.count == exact.count && all.minNanos == exact.minNanos && all.maxNanos == exact.maxNanos)
        #expect(all.meanNanos == exact.meanNanos)
        for (a, b) in [(all.p50Nanos, exact.p50Nanos), (all.p95Nanos, exact.p95Nanos), (all.p99Nanos, exact.p99Nanos)] {
            let a = try #require(a)
            let b = try #require(b)
            #expect(abs(Double(a - b)) <= Double(b) * 0.01, "seed \(seed)")
        }
        let last = observations.statistics(in: Window(.samples(100), endingAt: .init(nanos: 30_000), ticks: clock))
        #expect(last == Statistics(exact: Array(values.suffix(100))))
        let recent = observations.statistics(in: Window(.nanos(500), endingAt: .init(nanos: 29_999), ticks: clock))
        #expect(recent == Statistics(exact: Array(values.suffix(500))))
    }

    @Test("A table agrees with a dictionary", arguments: 1...10 as ClosedRange<UInt64>)
    func keyTable(seed: UInt64) {
        var random = Seeded(seed)
        var table = KeyTable<Int64>(filler: 0)
        var model: [UInt64: Int64] = [:]
        for step in 0..<20_000 {
            let key = UInt64.random(in: 0...400, using: &random) &* 0x1_0000_0000
            switch Int.random(in: 0..<3, using: &random) {
            case 0: #expect(table.remove(key) == model.removeValue(forKey: key), "seed \(seed) step \(step)")
            case 1: #expect(table.find(key) == model[key], "seed \(seed) step \(step)")
            default:
                table.insert(key, Int64(step))
                model[key] = Int64(step)
            }
        }
        #expect(table.count == model.count && Set(table.unorderedValues()) == Set(model.values))
    }

    @Test("A union of intervals covers what they cover", arguments: 1...30 as ClosedRange<UInt64>)
    func intervals(seed: UInt64) {
        var random = Seeded(seed)
        var union = IntervalUnion()
        var covered = [Bool](repeating: false, count: 1200)
        var total: Int64 = 0
        var time = 0
        for _ in 0..<120 {
            time = min(1000, time + Int.random(in: -20...30, using: &random))
            let start = max(0, time)
            let end = start + Int.random(in: 0...40, using: &random)
            union.add(Int64(start), Int64(end)) { from, to in
                total += to - from
                for index in Int(from)..<Int(to) {
                    #expect(!covered[index], "seed \(seed)")
                    covered[index] = true
                }
            }
            for index in start..<end { #expect(covered[index], "seed \(seed)") }
        }
        #expect(total == Int64(covered.count { $0 }))
    }

    @Test("A series keeps its sum, fine or coarse", arguments: 1...20 as ClosedRange<UInt64>)
    func series(seed: UInt64) {
        var random = Seeded(seed)
        var series = Series(channels: 2, fineLimit: 32)
        var model: [Int: Int64] = [:]
        var bucket = 0
        for _ in 0..<2000 {
            bucket += Int.random(in: 0...2, using: &random)
            if Int.random(in: 0..<500, using: &random) == 0 { bucket += 5000 }
            let value = Int64.random(in: 0...9, using: &random)
            series.add(value, bucket: bucket, channel: 1)
            model[bucket, default: 0] += value
        }
        let sum = model.values.reduce(0, +)
        let columns = series.columns(from: 0, to: bucket, limit: 512)
        #expect((0..<columns.count).reduce(0) { $0 + columns.value(1, $1) } == sum, "seed \(seed)")
        for recent in max(0, bucket - 30)...bucket where series.fineRange.contains(recent) {
            #expect(series.value(1, bucket: recent) == model[recent, default: 0], "seed \(seed)")
        }
        series.add(1, bucket: .max, channel: 0)
        #expect(series.columns(from: 0, to: .max, limit: 100).count <= 100)
    }
}
