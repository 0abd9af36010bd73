import Foundation
import SpanreelReplay
import SpanreelTracing
import Testing

/// Critical paths and token strips of recorded sessions.
@Suite struct PathTests {
    @Test(arguments: ["base", "slow"]) func criticalPathsAddUpToTheRequests(_ name: String) throws {
        let engine = try SessionEngine(
            path: ScanTests.traces.appending(path: "\(name).reel").path(percentEncoded: false))
        let report = try engine.path()
        let json =
            try JSONSerialization.jsonObject(
                with: Data(try engine.views([.requests], ViewQuery(window: .all)))) as? [String: Any]
        let rows = try #require((json?["data"] as? [String: Any])?["requests"] as? [[String: Any]])
        let durations = try rows.map { try #require($0["e2eNanos"] as? Int64) }
        #expect(report.requests == durations.count && report.openRequests == 0 && report.notHeld == 0)
        #expect(report.totalNanos == durations.reduce(0, +))
        #expect(report.rows.reduce(0) { $0 + $1.nanos } == report.totalNanos)
        #expect(report.parts.reduce(0) { $0 + $1.nanos } == report.totalNanos)
        // The slow session has a slow layer 11 on mini2 and a slow hop from mini1: nothing that computes or sends takes
        // longer than these.
        if name == "slow" {
            let work = report.rows.filter { $0.role.operation == .layer || $0.role.operation == .hopSend }
            let first = work.prefix(2).map(\.label).sorted()
            #expect(first == ["hop.send mini1 > mini2, decode", "layer 11, decode"])
        }
        // Half of the session, and the other half.
        let middle = Timestamp(
            nanos: engine.bounds.start.nanos + (engine.bounds.end.nanos - engine.bounds.start.nanos) / 2)
        let early = try engine.path(ViewQuery(at: .instant(middle), window: .all))
        let late = try engine.path(ViewQuery(window: .nanos(engine.bounds.end.nanos - middle.nanos)))
        #expect(early.requests > 0 && late.requests > 0)
        #expect(early.requests + late.requests == report.requests)
        #expect(early.totalNanos + late.totalNanos == report.totalNanos)
    }

    @Test func aTokenStripAddsUpToItsRequest() throws {
        let engine = try SessionEngine(path: ScanTests.traces.appending(path: "slow.reel").path(percentEncoded: false))
        let json =
            try JSONSerialization.jsonObject(
                with: Data(try engine.views([.requests], ViewQuery(window: .all)))) as? [String: Any]
        let rows = try #require((json?["data"] as? [String: Any])?["requests"] as? [[String: Any]])
        for row in rows where row["state"] as? String == "finished" {
            let trace = try #require((row["trace"] as? String).flatMap { TraceID(hex: $0) })
            let strip = try #require(
                JSONSerialization.jsonObject(with: Data(try engine.tokens(trace))) as? [String: Any])
            let cells = try #require(strip["cells"] as? [[String: Any]])
            #expect(cells.count == row["outputTokens"] as? Int)
            #expect(cells.first?["gapNanos"] as? Int64 == row["ttftNanos"] as? Int64)
            for cell in cells {
                let parts = try #require(cell["parts"] as? [[String: Any]])
                let sum = try parts.reduce(Int64(0)) { $0 + (try #require($1["nanos"] as? Int64)) }
                #expect(sum == cell["gapNanos"] as? Int64)
            }
            // A token is computed on every device.
            let devices = (cells.last?["parts"] as? [[String: Any]])?.compactMap { $0["device"] as? String }
            #expect(Set(devices ?? []) == ["mini1", "mini2", "mini3"])
        }
        #expect(throws: ReplayError.self) { try engine.tokens(TraceID(high: 1, low: 2)) }
    }
}
