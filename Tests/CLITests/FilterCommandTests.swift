import Foundation
import SpanreelTracing
import Testing

@Suite(.enabled(if: Program.path != nil, "the program is not built"))
struct FilterCommandTests {
    /// Two variants of one model, three requests each, and one of another model that names no variant.
    private func record(_ path: String) throws {
        let recorder = try Recording.open(path)
        let request = recorder.role(Role(.request))
        for number in 0..<7 {
            let span = recorder.begin(request) { attributes in
                attributes.set(.model, number < 6 ? "llama" : "qwen")
                if number < 6 { attributes.set(.variant, number % 2 == 0 ? "a" : "b\u{1b}[31m") }
            }
            recorder.tokens(number < 6 ? 10 : 1, phase: .decode, in: span)
            recorder.end(span, status: .ok)
        }
        try recorder.close()
        try SessionPacker.pack(path: path)
    }

    @Test func statsFiltersAndSplits() async throws {
        let program = try Program()
        defer { program.remove() }
        try record(program.file("ab.reel"))
        let one = try await program.run("stats", "ab", "--variant", "a", "--views", "latency")
        #expect(one.status == 0 && one.output.contains("finished 3"), "\(one.output)\(one.errors)")
        #expect(one.output.contains("only requests of variant a\n"))
        let split = try await program.run("stats", "ab", "--split", "variant")
        #expect(split.status == 0 && !split.output.contains("\u{1b}"))
        let order = [
            "variant a\n=", "finished 3", "variant b?[31m\n=", "variant (none)\n=", "finished 1", "\nStreams\n",
        ]
        var rest = Substring(split.output)
        for text in order {
            let range = try #require(rest.range(of: text), "\(text) in \(split.output)")
            rest = rest[range.upperBound...]
        }
        // What is of the recording stands there once.
        #expect(split.output.components(separatedBy: "\nStreams\n").count == 2)
        let json = try await program.run("stats", "ab", "--split", "model", "--views", "throughput", "--json")
        let data = try #require(json.json["data"] as? [String: Any])
        let parts = try #require(data["values"] as? [String: [String: Any]])
        #expect(parts.mapValues { $0["generatedTokens"] as? Int } == ["llama": 60, "qwen": 1])
    }

    @Test func whatNoRequestHasIsSaidWithWhatThereIs() async throws {
        let program = try Program()
        defer { program.remove() }
        try record(program.file("ab.reel"))
        for command in [["stats"], ["top", "--once"], ["alerts"], ["replay", "--json", "--at", "0s"]] {
            let result = try await program.start([command[0], "ab", "--model", "gpt"] + command.dropFirst()).result()
            #expect(result.status == 2 && result.output.isEmpty)
            #expect(result.errors.contains("No request has the model \"gpt\"; there are llama, qwen. [not-found]"))
        }
        let bad = try await program.run("stats", "ab", "--split", "colour")
        #expect(bad.status == 2 && bad.errors.contains("[invalid-argument]"))
    }

    @Test func topReplayAndAlertsFilter() async throws {
        let program = try Program()
        defer { program.remove() }
        try record(program.file("ab.reel"))
        let top = try await program.run("top", "ab", "--once", "--model", "qwen")
        #expect(top.status == 0 && top.output.contains("  model qwen\n") && top.output.contains("finished 1"))
        let frame = try await program.run("replay", "ab", "--tty", "--speed", "0", "--variant", "a")
        #expect(frame.status == 0 && frame.output.contains("variant a") && frame.output.contains("finished 3"))
        let json = try await program.run("replay", "ab", "--json", "--at", "-0s", "--model", "llama", "--variant", "a")
        let views = try #require(json.json["views"] as? [String: [String: Any]])
        #expect(views["requests"]?["total"] as? Int == 3)
        try Data(
            "{\"rules\":[{\"name\":\"busy\",\"metric\":\"requestsPerSecond\",\"above\":2.5,\"window\":\"1s\"}]}".utf8
        ).write(to: URL(fileURLWithPath: program.file("rules.json")))
        let alerts = ["alerts", "ab", "--rules", program.file("rules.json")]
        #expect(try await program.start(alerts + ["--variant", "(none)"]).result().status == 0)
    }
}
