internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelTracing

/// A session as it goes on, in the terminal.
struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch a live session in the terminal.",
        discussion: """
            Redraws once a second until the session ends; q or Ctrl-C ends it sooner. Where the output is no terminal, frames \
            follow each other as plain text. A saved session is shown once, as it ended. The session \"live\" is the newest \
            one that is being written.

            Example:
              spanreel top live
              spanreel top run --window 1m --rules rules.json
              spanreel top live --once --json
            """)

    @OptionGroup var place: DirectoryOption
    @OptionGroup var requests: FilterArguments
    @Argument(help: "The session, or live.") var session: String
    @Option(help: "A JSON file of alert rules (docs/VIEWS.md). Default: the standard ones.") var rules: String?
    @Option(help: "How far back: 100 (samples), 10s, 1m or all. Default: 10s of a live session, all of a saved one.")
    var window: String?
    @Flag(help: "Print one frame and end.") var once = false
    @Flag(help: "Print frames as JSON, one a line.") var json = false

    func run() async throws {
        var arguments = AlertArguments()
        arguments.rules = rules
        let rules = try arguments.loaded()
        let chosen = try window.map { try ViewQuery.WindowChoice(parsing: $0) }
        let path = session == "live" ? try newestLive() : try place.existing(session)
        let engine = try SessionEngine(
            path: path, options: .init(environment: ProcessInfo.processInfo.environment, rules: rules))
        let ended = EndFlag()
        let signals = Signals.stream([SIGINT, SIGTERM, SIGHUP])
        Task {
            for await _ in signals { ended.set() }
        }
        let screen = Output.isTerminal && !json && !once && engine.state == .live ? Screen() : nil
        defer { screen?.leave() }
        var due = ContinuousClock.now
        while true {
            let isLast = once || engine.state != .live
            let query = ViewQuery(
                window: chosen ?? (engine.state == .live ? .nanos(10_000_000_000) : .all), filter: requests.filter)
            try show(engine, query, in: screen)
            if isLast { return }
            due = max(.now, due + .seconds(1))
            while ContinuousClock.now < due {
                if ended.isSet || screen?.wantsToEnd() == true { return }
                try await Task.sleep(for: .milliseconds(30))
            }
            try engine.refresh()
        }
    }

    private func show(_ engine: SessionEngine, _ query: ViewQuery, in screen: Screen?) throws {
        if json {
            Output.print(try TopFrame.json(engine, query))
        } else if screen != nil {
            // Read anew each time: windows change their size.
            let size = Terminal.size
            Output.frame(try TopFrame.lines(engine, query, columns: size.columns, rows: size.rows - 1))
        } else {
            let lines = try TopFrame.lines(engine, query, columns: Terminal.size.columns, rows: .max)
            Output.print(text: lines.joined(separator: "\n") + "\n" + (once ? "" : "\n"))
        }
        Output.flush()
    }

    private func newestLive() throws -> String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        let live = names.filter { $0.hasSuffix(".reel") && !$0.hasPrefix(".") }.compactMap { name -> SessionInfo? in
            guard let reader = try? SessionReader(path: "\(place.path)/\(name)"),
                reader.streams.contains(where: { $0.state == .live })
            else { return nil }
            return reader.session
        }
        guard let newest = live.max(by: { $0.createdUnixNanos < $1.createdUnixNanos }) else {
            throw CommandFailure(
                "not-found", "Nobody writes a session in \(place.path); name one, or say where with --dir.")
        }
        return newest.path
    }
}
