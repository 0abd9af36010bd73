import Foundation
import SpanreelTracing
import Testing

@Suite(.enabled(if: Program.path != nil, "the program is not built"))
struct ArgumentTests {
    static let commands = [
        "demo", "serve", "record", "open", "replay", "stats", "diff", "import", "pack", "merge", "seal", "verify",
        "repair",
        "dump", "share",
    ]

    @Test(arguments: commands)
    func everyCommandHasAnExampleAndJSON(command: String) async throws {
        let program = try Program()
        defer { program.remove() }
        let help = try await program.run(command, "--help")
        #expect(help.status == 0 && help.errors.isEmpty)
        #expect(help.output.contains("Example:\n  spanreel \(command)"))
        #expect(help.output.contains("--json"))
    }

    @Test(arguments: commands)
    func anUnknownFlagIsTrouble(command: String) async throws {
        let program = try Program()
        defer { program.remove() }
        let arguments = command == "diff" ? [command, "--nonsense", "a", "b"] : [command, "--nonsense", "a"]
        let result = try await program.start(arguments).result()
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("spanreel: ") && result.errors.hasSuffix(" [usage]\n"))
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test(arguments: ["missing.reel", "missing", "empty.reel", "folder.reel", "text.reel", "half.reel", "/dev/null"])
    func whatIsNoSessionIsTrouble(name: String) async throws {
        let program = try Program()
        defer { program.remove() }
        try Data().write(to: URL(fileURLWithPath: program.file("empty.reel")))
        try Data("hello, this is text and no session at all, but long enough\n".utf8).write(
            to: URL(fileURLWithPath: program.file("text.reel")))
        try FileManager.default.createDirectory(atPath: program.file("folder.reel"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: program.file("half.reel/streams"), withIntermediateDirectories: true)
        let before = program.listing()
        for arguments in [
            ["stats", name], ["verify", name], ["dump", name], ["open", "--no-browser", "--port", "0", name],
            ["replay", "--tty", name],
            ["seal", name], ["pack", name, "-o", "out.reel"], ["share", name, "-o", "out.reel"], ["diff", name, name],
            ["repair", name, "-o", "out.reel"], ["merge", name, name, "-o", "out.reel"],
            ["import", name, "-o", "out.reel"],
        ] {
            let result = try await program.start(arguments).result()
            #expect(result.status == 2, "\(arguments)")
            #expect(
                result.errors.hasPrefix("spanreel: ") && result.errors.hasSuffix("]\n"),
                "\(arguments): \(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1)
            #expect(result.output.isEmpty)
        }
        #expect(program.listing() == before)
    }

    @Test(arguments: [
        ["stats", "s.reel", "--at", "yesterday"], ["stats", "s.reel", "--window", "wide"],
        ["stats", "s.reel", "--views", "nonsense"],
        ["stats", "s.reel", "--clock", "sundial"], ["replay", "s.reel", "--at", "1s", "--from", "2s"],
        ["replay", "s.reel", "--tty", "--speed", "-1"], ["replay", "s.reel", "--tty", "--clock", "sundial"],
        ["replay", "s.reel", "--clock", "raw"],
        ["replay", "s.reel", "--to", "3s"], ["dump", "s.reel", "--trace", "xyz"], ["dump", "s.reel", "--limit", "0"],
        ["pack", "s.reel", "-o", "s.reel"], ["pack", "s.reel", "--level", "0"], ["share", "s.reel", "-o", "s.reel"],
        ["serve", "--port", "70000"], ["serve", "--dir", "nowhere"], ["serve", "nothing.reel"],
        ["import", "s.reel", "-o", "t.reel", "--format", "csv"],
        ["record", "-o", "s.reel", "--", "true"], ["record", "-o", "t.reel", "--", "/no/such/program"],
        ["record", "-o", "t.reel"],
        ["record", "-o", "t.reel", "--keep", "lots", "--", "true"], ["demo", "--devices", "0"],
        ["demo", "--layers", "2"],
        ["demo", "--slow-layer", "eleven"], ["demo", "--slow-hop", "mini1=2ms"], ["demo", "--skew", "mini9=1ms,1ppm"],
        ["demo", "--record", "s.reel"],
        ["diff", "s.reel"], ["diff", "s.reel", "s.reel", "--threshold", "-1"], ["nonsense"],
    ])
    func wrongArgumentsAreSaidInOneSentence(arguments: [String]) async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("s.reel"))
        let before = program.listing()
        let result = try await program.start(arguments).result()
        #expect(result.status == 2)
        #expect(result.errors.hasPrefix("spanreel: ") && result.errors.hasSuffix("]\n"), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(program.listing() == before)
    }
}
