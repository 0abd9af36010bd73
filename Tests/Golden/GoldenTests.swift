import Foundation
import SpanreelReplay
import SpanreelTracing
import Testing

/// The recorded sessions of `traces/` give the views that lie beside them, byte for byte.
///
/// `SPANREEL_UPDATE_GOLDENS=1` writes them instead: look at the difference before you commit it.
@Suite struct GoldenTests {
    static let traces = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../traces").standardizedFileURL

    static let updates = ProcessInfo.processInfo.environment["SPANREEL_UPDATE_GOLDENS"] == "1"

    @Test(arguments: ["base", "slow"])
    func viewsAreAsExpected(name: String) throws {
        let engine = try SessionEngine(path: Self.traces.appendingPathComponent("\(name).reel").path)
        let views = try engine.views(ViewName.allCases, ViewQuery())
        let file = Self.traces.appendingPathComponent("\(name).views.json")
        if Self.updates { try Data(views + [0x0a]).write(to: file) }
        let expected = try Data(contentsOf: file)
        #expect(Array(expected) == views + [0x0a], "views of \(name) differ from \(file.lastPathComponent)")
    }

    @Test(arguments: ["base", "slow"])
    func theSavedSessionsAreSound(name: String) throws {
        let path = Self.traces.appendingPathComponent("\(name).reel").path
        let report = try SessionVerifier.verify(path: path)
        #expect(report.isSound && report.events > 1000)
        #expect(report.sizeBytes < 2_000_000)
    }
}
