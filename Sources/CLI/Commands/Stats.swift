internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay

/// All views as text.
struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the views of a session.",
        discussion: """
            Example:
              spanreel stats traces/base.reel
              spanreel stats traces/base.reel --at 20s --window 5s --views throughput,latency
              spanreel stats traces/base.reel --json
              spanreel stats ab.reel --split variant --views throughput,latency
              spanreel stats ab.reel --variant b
            """)

    @OptionGroup var place: DirectoryOption
    @OptionGroup var requests: FilterArguments
    @Argument(help: "The session.") var session: String
    @Option(parsing: .unconditional, help: "The instant: 12.5s, -5s (from the end) or RFC 3339. Default: the end.")
    var at = "live"
    @Option(help: "How far back: 100 (samples), 1m, 90s or all.") var window = "all"
    @Option(help: "Which views, with commas between them.") var views: String?
    @Option(help: "Whose clock: raw, aligned or refit.") var clock = "aligned"
    @Option(help: "The views once per model or variant.") var split: String?
    @Flag(help: "Print the canonical JSON.") var json = false

    func run() throws {
        let names = try views.map { try ViewName.parse($0) } ?? ViewName.allCases
        let range = try ViewQuery.WindowChoice(parsing: window)
        let mode = try ClockMode(parsing: clock)
        let dimension = try split.map { try RequestFilter.Dimension(parsing: $0) }
        let engine = try SessionEngine(
            path: try place.existing(session), options: .init(environment: ProcessInfo.processInfo.environment))
        let query = ViewQuery(
            at: try engine.instant(at), window: range, clock: mode, filter: requests.filter, split: dimension)
        if json {
            Output.print(try engine.views(names, query))
        } else {
            Output.print(text: try SessionStats.text(engine, query, views: Set(names)))
        }
    }
}
