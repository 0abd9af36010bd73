import Foundation
import SpanreelInterop
import SpanreelReplay
import SpanreelTracing
import Testing

/// A scan by columns against the same sums over decoded events, on sessions of every make.
@Suite struct ScanTests {
    struct LayerKey: Hashable {
        var device: String
        var layer: Int
        var phase: Phase
    }

    /// The plain way: every event, one after the other.
    struct Plain {
        var events = 0
        var layers: [LayerKey: [Int64]] = [:]
        var tokens: [Phase: [Int64: Int64]] = [:]
        var emissions: [Int64] = []
        var bytes: [Link: [Int64: Int64]] = [:]
        var lookups: [String: Int64] = [:]
        var hits: [String: Int64] = [:]
        var facts: [TraceID: Int] = [:]
        var start = Int64.max

        init(_ path: String) throws {
            let reader = try SessionReader(path: path)
            var all: [(event: Event, size: Int64?, hit: Bool)] = []
            try reader.poll { batch in
                for event in batch.events {
                    let hit = batch.int(.cacheHit, of: event) ?? batch.int(.cacheHitTokens, of: event) ?? 0
                    all.append((event, batch.int(.sizeBytes, of: event), hit != 0))
                    start = min(start, event.start.nanos)
                }
            }
            let devices = reader.streams.map(\.device)
            for (event, size, hit) in all {
                events += 1
                let role = reader.symbols.role(event.role)
                let device = devices[Int(event.stream)]
                let second = (event.time.nanos - start) / 1_000_000_000 * 1_000_000_000
                if event.kind != .end { facts[event.trace, default: 0] += 1 }
                switch (role.operation, event.kind) {
                case (.layer, .span):
                    let key = LayerKey(device: device, layer: role.layer ?? -1, phase: role.phase)
                    layers[key, default: []].append(max(0, event.time.nanos - event.start.nanos))
                case (.hopSend, .span), (.hopSend, .begin):
                    if let link = role.link, let size { bytes[link, default: [:]][second, default: 0] += size }
                case (.cacheLookup, .span), (.cacheLookup, .end):
                    lookups[device, default: 0] += 1
                    if hit { hits[device, default: 0] += 1 }
                case (_, .tokens):
                    let phase: Phase = role.phase == .decode ? .decode : .prefill
                    tokens[phase, default: [:]][second, default: 0] += event.value
                    if phase == .decode { emissions.append(event.time.nanos) }
                default: break
                }
            }
        }
    }

    private func expectEqual(_ path: String, threads: Int, lost: Int = 0) throws {
        let plain = try Plain(path)
        let traces = plain.facts.keys.filter { !$0.isNone }.sorted()
        let wanted = traces.isEmpty ? nil : traces[traces.count / 2]
        let report = try SessionScan.run(path: path, threads: threads, trace: wanted)
        #expect(report.quality == ScanReport.Quality(events: plain.events, lost: lost))
        #expect(report.start.nanos == plain.start)
        #expect(report.layers.count == plain.layers.count)
        for row in report.layers {
            let key = LayerKey(device: row.device, layer: row.layer, phase: row.phase)
            let exact = Statistics(exact: try #require(plain.layers[key]))
            #expect(row.durations.count == exact.count && row.durations.minNanos == exact.minNanos)
            #expect(row.durations.maxNanos == exact.maxNanos && row.durations.meanNanos == exact.meanNanos)
            for (found, expected) in [
                (row.durations.sigmaNanos, exact.sigmaNanos), (row.durations.p50Nanos, exact.p50Nanos),
                (row.durations.p95Nanos, exact.p95Nanos), (row.durations.p99Nanos, exact.p99Nanos),
            ] {
                let (a, b) = (Double(try #require(found)), Double(try #require(expected)))
                #expect(abs(a - b) <= b / 128 + 1, "\(key): \(a) and \(b)")
            }
        }
        func sums(_ stretches: [ScanReport.Stretch]) -> [Int64: Int64] {
            Dictionary(uniqueKeysWithValues: stretches.map { ($0.startNanos, $0.sum) })
        }
        #expect(sums(report.generated) == plain.tokens[.decode, default: [:]])
        #expect(sums(report.prompt) == plain.tokens[.prefill, default: [:]].filter { $0.value != 0 })
        #expect(report.links.count == plain.bytes.count)
        for row in report.links { #expect(sums(row.seconds) == plain.bytes[row.link]) }
        for row in report.caches {
            #expect(row.lookupCount == plain.lookups[row.device])
            #expect(row.hitCount == plain.hits[row.device, default: 0])
            #expect(row.lookups.map(\.sum).reduce(0, +) == row.lookupCount)
        }
        let emissions = plain.emissions.sorted()
        let gaps = zip(emissions, emissions.dropFirst()).map { $1 - $0 }
        #expect(report.gaps.last == Statistics(exact: Array(gaps.suffix(100))))
        if gaps.count >= 100 {
            let means = (100...gaps.count).map { end in gaps[(end - 100)..<end].reduce(0, +) / 100 }
            #expect(report.gaps.greatestMeanNanos == means.max())
        }
        #expect(report.trace.count == wanted.map { plain.facts[$0, default: 0] } ?? 0)
        #expect(report.json == (try SessionScan.run(path: path, threads: 3 - threads, trace: wanted)).json)
    }

    private func folder() throws -> URL { try Fixture.temporary([], "unused").deletingLastPathComponent() }

    @Test func aRealSessionImportedPackedAndWithOwnIDs() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }
        try Importer.importFile(at: Fixture.trace, to: path("imported.reel"))
        try expectEqual(path("imported.reel"), threads: 1)
        try SessionPacker.pack(path: path("imported.reel"), to: path("packed.reel"))
        try expectEqual(path("packed.reel"), threads: 2)
        try SessionReidentifier.rewrite(path: path("imported.reel"), to: path("own.reel"))
        try SessionPacker.pack(path: path("own.reel"), to: path("ownpacked.reel"))
        try expectEqual(path("ownpacked.reel"), threads: 1)
    }

    @Test(arguments: ["base", "slow"]) func aSessionOfTheDemo(_ name: String) throws {
        try expectEqual(Self.traces.appending(path: "\(name).reel").path(percentEncoded: false), threads: 2)
    }

    static let traces = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "traces")

    @Test func aGrowingSessionWithEventsThatNoBlockHoldsYet() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = Recorder.Options()
        options.path = folder.appending(path: "live.reel").path(percentEncoded: false)
        options.device = "mini1"
        let recorder = try Recorder.open(options)
        let layer = recorder.role(Role(.layer, phase: .decode, layer: 3))
        let tokens = recorder.begin(recorder.role(Role(.request)))
        for round in 0..<3 {
            for _ in 0..<5_000 {
                recorder.record(layer, from: recorder.now(), to: recorder.now(), parent: tokens)
                recorder.tokens(1, phase: .decode, in: tokens)
            }
            if round == 1 { try recorder.flush() }
        }
        // The owner lives: blocks, and perhaps lanes, hold what was emitted, and every event counts once.
        let report = try SessionScan.run(path: recorder.sessionPath)
        #expect(report.quality == ScanReport.Quality(events: 30_001))
        #expect(report.generatedCount == 15_000)
        #expect(report.layers.map(\.durations.count) == [15_000])
        try recorder.close()
        try expectEqual(recorder.sessionPath, threads: 1)
    }

    @Test func aDamagedBlockIsLeftOutAndCounted() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "damaged.reel").path(percentEncoded: false)
        try Importer.importFile(at: Fixture.trace, to: path)
        let block = try #require(BlockMap.blocks(ofFile: path).last { $0.sequences != nil })
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[block.range.upperBound - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let events = try #require(block.sequences)
        try expectEqual(path, threads: 1, lost: Int(events.upperBound - events.lowerBound) + 1)
    }

    @Test func aSessionWithoutEvents() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = Recorder.Options()
        options.path = folder.appending(path: "empty.reel").path(percentEncoded: false)
        let recorder = try Recorder.open(options)
        try recorder.close()
        let report = try SessionScan.run(path: recorder.sessionPath, threads: 4)
        #expect(report.quality == ScanReport.Quality())
        #expect(report.layers.isEmpty && report.generated.isEmpty && report.gaps.last.count == 0)
        #expect(!report.text(title: "Scan").isEmpty)
    }
}
