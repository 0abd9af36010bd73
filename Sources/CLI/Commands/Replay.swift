internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelTracing

/// A session again, at the instant or speed asked for.
struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play a session again, in the browser or in the terminal.",
        discussion: """
            Times are 12.5s from the start, -5s from the end, or RFC 3339. With --tty, --at prints that instant and ends; else \
            it plays from --from to --to.

            Example:
              spanreel replay traces/base.reel --at 20s
              spanreel replay traces/base.reel --tty --from 10s --to 30s --speed 10
              spanreel replay traces/base.reel --at -1s --json
            """)

    @OptionGroup var place: DirectoryOption
    @OptionGroup var viewer: ViewerArguments
    @OptionGroup var requests: FilterArguments
    @Argument(help: "The session.") var session: String
    @Option(parsing: .unconditional, help: "The instant to show.", transform: Self.time) var at: String?
    @Option(parsing: .unconditional, help: "Where playing begins.", transform: Self.time) var from: String?
    @Option(parsing: .unconditional, help: "Where playing ends.", transform: Self.time) var to: String?
    @Option(help: "Times the session's own pace; 0: without waiting.") var speed = 1.0
    @Option(help: "Whose clock, with --tty or --json: raw, aligned or refit.") var clock = "aligned"
    @Flag(help: "Play in the terminal.") var tty = false
    @Flag(help: "Print snapshots as JSON, one a line.") var json = false
    @Flag(help: "Print the address and open nothing.") var noBrowser = false

    private static func time(_ text: String) throws -> String {
        do {
            _ = try TimeText.instant(text, start: Timestamp(nanos: 0), end: Timestamp(nanos: 0))
        } catch {
            throw ValidationError(error.message)
        }
        return text
    }

    func validate() throws {
        guard speed >= 0, speed <= 1000 else { throw ValidationError("The speed is 0 to 1000, not \(speed).") }
        if at != nil, from != nil || to != nil { throw ValidationError("Give either --at or --from and --to.") }
        if !tty, !json, to != nil || speed != 1 || clock != "aligned" {
            throw ValidationError("--to, --speed and --clock need --tty or --json; the page has its own handles.")
        }
    }

    func run() async throws {
        guard tty || json else {
            // The page reads relative times; any other form is turned into one.
            let instant = try (at ?? from).map { try relative($0, in: try place.existing(session)) }
            let page = Page(place: place, viewer: viewer, opensBrowser: !noBrowser, json: false)
            return try await page.show(session, at: instant, requests.filter)
        }
        let mode = try ClockMode(parsing: clock)
        let engine = try SessionEngine(
            path: try place.existing(session), options: .init(environment: ProcessInfo.processInfo.environment))
        if let at {
            let query = ViewQuery(at: try engine.instant(at), clock: mode, filter: requests.filter)
            return json
                ? Output.print(try engine.views(ViewName.allCases, query))
                : Output.print(text: try SessionStats.text(engine, query))
        }
        try await play(engine, mode)
    }

    private func relative(_ text: String, in path: String) throws -> String {
        let engine = try SessionEngine(path: path)
        let (start, end) = engine.bounds
        guard case .instant(let instant) = try engine.instant(text) else { return "\(Double(end - start) / 1e9)s" }
        return "\(Double(max(0, min(instant, end) - start)) / 1e9)s"
    }

    /// The views of each line of `--json`.
    private static let played: [ViewName] = [.overview, .throughput, .latency, .cache]

    /// One snapshot for each second of the session, as fast as `speed` says.
    private func play(_ engine: SessionEngine, _ mode: ClockMode) async throws {
        let (start, end) = engine.bounds
        func timestamp(_ text: String?, or other: Timestamp) throws -> Timestamp {
            guard let text, case .instant(let instant) = try engine.instant(text) else { return other }
            return max(start, min(instant, end))
        }
        let first = try timestamp(from, or: start)
        let last = try timestamp(to, or: end)
        guard first <= last else { throw CommandFailure("invalid", "--from lies after --to.") }
        let clock = ContinuousClock.now
        let terminal = Terminal.size
        var instant = first
        while true {
            let query = ViewQuery(
                at: .instant(instant), window: .nanos(5_000_000_000), clock: mode, filter: requests.filter)
            if json {
                Output.print(try engine.views(Self.played, query))
            } else {
                Output.frame(try TerminalFrame.lines(engine, query, columns: terminal.columns, rows: terminal.rows - 1))
            }
            Output.flush()
            guard instant < last else { break }
            instant = min(last, Timestamp(nanos: instant.nanos + 1_000_000_000))
            if speed > 0 {
                try await Task.sleep(
                    until: clock + .nanoseconds(Int64(Double(instant - first) / speed)), clock: .continuous)
            }
        }
    }
}
