import Foundation
import SpanreelTracing
import Testing

@Suite(.enabled(if: Program.path != nil, "the program is not built"))
struct AlertCommandTests {
    /// A rule that always holds once the first layers are there, and one that never does.
    private func write(_ rules: String, to path: String) throws {
        try Data(rules.utf8).write(to: URL(fileURLWithPath: path))
    }

    private static let rules = """
        {"rules":[{"name":"quick","metric":"spanP50","where":{"operation":"layer"},"below":"1h"},
        {"name":"slow","metric":"spanP50","where":{"operation":"layer"},"above":"1h"}]}
        """

    @Test func rulesAreTriedOnAnOldRecording() async throws {
        let program = try Program()
        defer { program.remove() }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let trace = root.deletingLastPathComponent().appendingPathComponent("traces/base.reel")
        try FileManager.default.copyItem(at: trace, to: URL(fileURLWithPath: program.file("run.reel")))
        let before = program.listing()
        let quiet = try await program.run("alerts", "run")
        #expect(quiet.status == 0 && quiet.output.contains("0 fired") && quiet.errors.isEmpty)
        try write(Self.rules, to: program.file("rules.json"))
        let arguments = ["alerts", "run", "--rules", program.file("rules.json")]
        let text = try await program.start(arguments).result()
        #expect(text.status == 1 && text.output.contains("3 fired, 3 firing"), "\(text.output)\(text.errors)")
        let json = try await program.start(arguments + ["--json"]).result()
        let alerts = try #require((json.json["data"] as? [String: Any])?["alerts"] as? [[String: Any]])
        #expect(json.status == 1 && alerts.count == 3 && alerts.first?["rule"] as? String == "quick")
        #expect(program.listing().filter { $0.key != "rules.json" } == before)
    }

    @Test func whatIsWrongWithTheRulesIsSaid() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        try write("{\"rules\":[{\"name\":\"x\",\"metric\":\"foo\",\"above\":1}]}", to: program.file("rules.json"))
        let bad = try await program.run("alerts", "run", "--rules", program.file("rules.json"))
        #expect(bad.status == 2 && bad.output.isEmpty)
        #expect(bad.errors.contains("line 1, metric: expected one of queuedNoneRunning"), "\(bad.errors)")
        let none = try await program.run("alerts", "run", "--rules", program.file("nothing.json"))
        #expect(none.status == 2 && none.errors.contains("[unreadable]"))
        let hook = try await program.run("alerts", "run", "--webhook", "gopher://x")
        #expect(hook.status == 2 && hook.errors.contains("[invalid]"))
        let both = try await program.run("alerts", "run", "--at", "1s", "--follow")
        #expect(both.status == 2 && both.errors.contains("[usage]"))
    }

    @Test func aLiveSessionIsFollowedToItsEnd() async throws {
        let program = try Program()
        defer { program.remove() }
        let recorder = try Recording.open(program.file("run.reel"))
        try write(
            "{\"rules\":[{\"name\":\"waiting\",\"metric\":\"queued\",\"above\":0}]}", to: program.file("rules.json"))
        let span = recorder.begin(recorder.role(Role(.request)))
        let running = try program.start(["alerts", "run", "--follow", "--rules", program.file("rules.json")])
        #expect(try await running.waits(for: " firing warn waiting: "))
        recorder.tokens(1, phase: .decode, in: span)
        #expect(try await running.waits(for: " resolved warn waiting"))
        try recorder.close()
        let result = try await running.result()
        #expect(result.status == 1 && result.errors.isEmpty)
        #expect(result.output.split(separator: "\n").count == 2, "\(result.output)")
        // The saved session says the same instants.
        let saved = try await program.run("alerts", "run", "--rules", program.file("rules.json"))
        let instants = result.output.split(separator: "\n").compactMap { $0.split(separator: " ").first }
        #expect(instants.count == 2 && instants.allSatisfy { saved.output.contains($0) }, "\(saved.output)")
    }
}
