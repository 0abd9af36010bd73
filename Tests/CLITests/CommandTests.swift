import Foundation
import SpanreelTracing
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite(.enabled(if: Program.path != nil, "the program is not built"))
struct CommandTests {
    @Test func aSessionIsFoundByPathAndByName() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        for name in ["run", "run.reel", program.file("run.reel")] {
            let result = try await program.run("stats", name)
            #expect(result.status == 0 && result.errors.isEmpty)
            #expect(result.output.contains("finished 3") && result.output.contains("over the wall"))
        }
        let elsewhere = try await program.run("stats", "--dir", "/", "run")
        #expect(elsewhere.status == 2)
    }

    @Test func statsPrintsTheCanonicalJSON() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        let result = try await program.run("stats", "run", "--json", "--views", "latency,throughput")
        let views = try #require(result.json["views"] as? [String: Any])
        #expect(views.keys.sorted() == ["latency", "throughput"])
        #expect(result.output.split(separator: "\n").count == 1)
    }

    @Test func scanPrintsTheWholeSessionOnce() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        let text = try await program.run("scan", "run")
        #expect(text.status == 0 && text.errors.isEmpty)
        #expect(text.output.contains("Layers") && text.output.contains("generated"))
        let one = try await program.run("scan", "run", "--json", "--threads", "1")
        let two = try await program.run("scan", "run", "--json", "--threads", "2")
        #expect(one.output == two.output && one.json["layers"] != nil)
        for arguments in [["--threads", "0"], ["--trace", "12"]] {
            #expect(try await program.start(["scan", "run"] + arguments).result().status == 2)
        }
    }

    @Test func verifyFindsAFlippedByte() async throws {
        let program = try Program()
        defer { program.remove() }
        let path = program.file("run.reel")
        try Recording.write(to: path)
        let sound = try await program.run("verify", path)
        #expect(sound.status == 0 && sound.output.hasPrefix("sound: "))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let middle = bytes.count / 2
        bytes[middle] ^= 0x40
        try bytes.write(to: URL(fileURLWithPath: path))
        let damaged = try await program.run("verify", path)
        #expect(damaged.status == 1)
        #expect(damaged.output.contains("byte ") && damaged.output.contains("damaged: "))
        let json = try await program.run("verify", path, "--json")
        #expect(json.status == 1 && json.json["sound"] as? Bool == false)
    }

    @Test func repairMendsIntoANewFileAndMergeTakesEachEventOnce() async throws {
        let program = try Program()
        defer { program.remove() }
        let path = program.file("run.reel")
        try Recording.write(to: path)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var bytes = whole
        bytes[bytes.count / 2] ^= 0x40
        try bytes.write(to: URL(fileURLWithPath: program.file("broken.reel")))
        let repaired = try await program.run("repair", "broken", "-o", "mended.reel", "--json")
        #expect(repaired.status == 1)
        let damages = repaired.json["damages"] as? [[String: Any]]
        #expect((damages?.first?["level"] as? String) == "A2" && damages?.first?["offsetBytes"] as? Int != nil)
        #expect(try await program.run("verify", "mended.reel").status == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: program.file("broken.reel"))) == bytes)
        // What one part lacks the other has.
        let merged = try await program.run("merge", "broken", "run", "-o", "merged.reel", "--json")
        let verified = try await program.run("verify", "merged.reel", "--json")
        let sound = try await program.run("verify", "run", "--json")
        #expect(verified.status == 0 && verified.json["events"] as? Int == sound.json["events"] as? Int)
        #expect(merged.json["events"] as? Int == sound.json["events"] as? Int)
    }

    @Test func packReplacesTheDirectoryAndShareMakesACopy() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"), packed: false)
        #expect(try await program.run("seal", "run").status == 0)
        let packed = try await program.run("pack", "run", "--json")
        #expect(packed.status == 0 && (packed.json["events"] as? Int ?? 0) > 20)
        let size = program.listing()["run.reel"]
        #expect(size == packed.json["sizeBytes"] as? Int)
        #expect(try await program.run("share", "run", "-o", "copy.reel").status == 0)
        #expect(try await program.run("verify", "copy.reel").status == 0)
        #expect(program.listing()["run.reel"] == size)
    }

    @Test func dumpPrintsRecordsAsTextAndJSON() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        let text = try await program.run("dump", "run", "--limit", "4")
        #expect(text.output.split(separator: "\n").count == 4)
        let json = try await program.run("dump", "run", "--json", "--device", "mini1")
        for line in json.output.split(separator: "\n") {
            #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any])
        }
        #expect(!text.output.contains("\u{1B}") && !json.output.contains("\u{1B}"))
    }

    @Test func diffOfASessionWithItselfIsNoRegressionOrNoVerdict() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        // Three requests are too few to say anything.
        #expect(try await program.run("diff", "run", "run").status == 3)
        let json = try await program.run("diff", "run", "run", "--json")
        #expect(json.status == 3 && !json.json.isEmpty)
    }

    @Test func replayPlaysInTheTerminal() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        let played = try await program.run("replay", "run", "--tty", "--speed", "0")
        #expect(played.status == 0 && played.output.contains("tokens/s"))
        let once = try await program.run("replay", "run", "--at", "-0s", "--json")
        #expect(once.status == 0 && once.json["views"] != nil)
    }

    @Test func recordGivesTheSessionAndTheExitCode() async throws {
        let program = try Program()
        defer { program.remove() }
        let result = try await program.run(
            "record", "-o", "run.reel", "--", "sh", "-c", "echo $SPANREEL_SESSION; exit 7")
        #expect(result.status == 7)
        #expect(result.output == program.file("run.reel") + "\n" || result.output.hasSuffix("/run.reel\n"))
        #expect(result.errors.contains("[empty]"))
        let killed = try await program.run("record", "-o", "run.reel", "--", "sh", "-c", "kill -TERM $$; sleep 5")
        #expect(killed.status == 128 + SIGTERM)
        #expect(program.listing().isEmpty)
    }

    @Test func recordPassesSignalsOn() async throws {
        let program = try Program()
        defer { program.remove() }
        let running = try program.start([
            "record", "-o", "run.reel", "--", "sh", "-c",
            "trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.1; done",
        ])
        #expect(try await running.waits(for: "ready"))
        kill(running.process.processIdentifier, SIGTERM)
        let result = try await running.result()
        #expect(result.status == 5 && result.output.contains("got"))
    }

    @Test func serveSaysWhereItListensAndEndsOnASignal() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        let running = try program.start(["serve", "--port", "0", "--json"])
        #expect(try await running.waits(for: "\"port\":"))
        let port = try #require(
            running.outputSoFar.components(separatedBy: "\"port\":").last.flatMap { Int($0.prefix { $0.isNumber }) })
        let url = try #require(URL(string: "http://127.0.0.1:\(port)/api/sessions/run/views/throughput"))
        let answer = String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self)
        #expect(answer.contains("\"generatedTokens\":15"))
        let root = try #require(URL(string: "http://127.0.0.1:\(port)/"))
        let page = String(decoding: try await URLSession.shared.data(from: root).0, as: UTF8.self)
        #expect(page.contains("<title>Spanreel</title>"))
        let second = try await program.run("serve", "--port", "\(port)")
        #expect(second.status == 2 && second.errors.contains("[port-in-use]"))
        kill(running.process.processIdentifier, SIGINT)
        let result = try await running.result()
        #expect(result.status == 0)
    }

    @Test func openPrintsTheAddressWithoutADisplay() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        let running = try program.start(
            ["open", "run", "--port", "0"], environment: ["SSH_CONNECTION": "10.0.0.2 5000 10.0.0.1 22", "USER": "ada"])
        #expect(try await running.waits(for: "Ctrl-C ends"))
        #expect(running.outputSoFar.contains("viewer    http://localhost:"))
        #expect(running.outputSoFar.contains("ada@10.0.0.1"))
        kill(running.process.processIdentifier, SIGTERM)
        #expect(try await running.result().status == 0)
    }
}
