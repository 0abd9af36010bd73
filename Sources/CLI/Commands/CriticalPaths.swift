internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelTracing

/// Where the time of requests went.
struct CriticalPaths: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path",
        abstract: "Say where the time of requests went: their critical paths, summed by role.",
        discussion: """
            From each request's end back, always into the span that finished last: what lies on this path delayed the \
            answer, what does not was hidden behind it. The parts add up to the requests' durations.

            Example:
              spanreel path traces/slow.reel
              spanreel path traces/slow.reel --at 20s --window 10s --json
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Option(parsing: .unconditional, help: "The instant: 12.5s, -5s (from the end) or RFC 3339. Default: the end.")
    var at = "live"
    @Option(help: "Requests that ended this far back: 100 (samples), 1m, 90s or all.") var window = "all"
    @Option(help: "Whose clock: raw, aligned or refit.") var clock = "aligned"
    @OptionGroup var selection: FilterArguments
    @Flag(help: "Print the canonical JSON.") var json = false

    func run() throws {
        let range = try ViewQuery.WindowChoice(parsing: window)
        let mode = try ClockMode(parsing: clock)
        let engine = try SessionEngine(
            path: try place.existing(session), options: .init(environment: ProcessInfo.processInfo.environment))
        let query = ViewQuery(
            at: try engine.instant(at), window: range, clock: mode, filter: selection.filter)
        if json {
            Output.print(try engine.pathJSON(query))
        } else {
            let title = "Critical path of \(Output.visible(engine.info.name)), \(engine.state.rawValue)"
            for line in try engine.path(query).text(title: title) { Output.print(line) }
        }
    }
}
