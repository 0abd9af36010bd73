import Foundation
import SpanreelTracing
import Testing

@Suite(.enabled(if: Program.path != nil, "the program is not built"))
struct TopCommandTests {
    @Test func aSavedSessionIsShownOnceAndPlainly() async throws {
        let program = try Program()
        defer { program.remove() }
        try Recording.write(to: program.file("run.reel"))
        let text = try await program.run("top", "run")
        #expect(text.status == 0 && text.errors.isEmpty)
        #expect(text.output.hasPrefix("run  saved") && text.output.contains("slowest layers, decode"))
        #expect(!text.output.contains("\u{1b}"))
        let json = try await program.run("top", "run", "--once", "--json")
        #expect(json.status == 0 && json.output.split(separator: "\n").count == 1)
        #expect(json.json.keys.sorted() == ["alerts", "snapshot"])
        let nothing = try await program.run("top", "live")
        #expect(nothing.status == 2 && nothing.errors.contains("[not-found]"))
    }

    @Test func aLiveSessionIsDrawnUntilItEnds() async throws {
        let program = try Program()
        defer { program.remove() }
        let recorder = try Recording.open(program.file("run.reel"))
        let running = try program.start(["top", "live", "--json"])
        #expect(try await running.waits(for: "}\n{"))
        try recorder.close()
        // A test that fails must not wait for ever.
        if !(try await running.waits(for: "\"state\":\"saved\"")) { running.process.terminate() }
        let result = try await running.result()
        #expect(result.status == 0)
        #expect(result.output.split(separator: "\n").last?.contains("\"state\":\"saved\"") == true)
    }

    /// A terminal of its own: the screen is taken over and given back, and `q` ends it.
    @Test func qGivesTheTerminalBackAsItWas() async throws {
        let program = try Program()
        defer { program.remove() }
        let recorder = try Recording.open(program.file("run.reel"))
        var master: Int32 = -1
        var slave: Int32 = -1
        var size = winsize(ws_row: 12, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0)
        try #require(openpty(&master, &slave, nil, nil, &size) == 0)
        var before = termios()
        tcgetattr(slave, &before)
        let terminal = FileHandle(fileDescriptor: slave)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Program.path))
        process.arguments = ["top", program.file("run.reel")]
        process.standardInput = terminal
        process.standardOutput = terminal
        process.standardError = terminal
        try process.run()
        let shown = await read(master, until: "\u{1b}[J\u{1b}[H")
        var during = termios()
        tcgetattr(slave, &during)
        #expect(during.c_lflag & tcflag_t(ECHO | ICANON) == 0)
        #expect(write(master, "xq", 2) == 2)
        let rest = await read(master, until: "\u{1b}[?1049l")
        if !rest.contains("\u{1b}[?1049l") { process.terminate() }
        await withCheckedContinuation { done in
            Thread.detachNewThread {
                process.waitUntilExit()
                done.resume()
            }
        }
        #expect(process.terminationStatus == 0)
        #expect(shown.contains("\u{1b}[?1049h\u{1b}[?25l") && rest.contains("\u{1b}[?25h\u{1b}[?1049l"))
        var after = termios()
        tcgetattr(slave, &after)
        #expect(after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag)
        // No line is wider than the terminal.
        let plain = (shown + rest).replacingOccurrences(
            of: "\u{1b}\\[[?0-9]*[a-zA-Z]", with: "", options: .regularExpression)
        #expect(plain.split(whereSeparator: \.isNewline).allSatisfy { $0.count <= 40 } && plain.contains("tokens/s"))
        try recorder.close()
        close(master)
    }

    /// What a terminal got until `end` came, at most ten seconds long.
    private func read(_ master: Int32, until end: String) async -> String {
        await withCheckedContinuation { done in
            Thread.detachNewThread {
                var text = ""
                var buffer = [UInt8](repeating: 0, count: 4096)
                let late = Date().addingTimeInterval(10)
                while Date() < late, !text.contains(end) {
                    var ready = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
                    guard poll(&ready, 1, 100) > 0 else { continue }
                    let count = Foundation.read(master, &buffer, buffer.count)
                    guard count > 0 else { break }
                    text += String(decoding: buffer.prefix(count), as: UTF8.self)
                }
                done.resume(returning: text)
            }
        }
    }
}
