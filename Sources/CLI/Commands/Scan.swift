internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelTracing

/// The whole session in one pass over its columns.
struct Scan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Layers, tokens, links and cache of a whole session, as fast as it can be read.",
        discussion: """
            One pass over the columns of the log: tens of millions of events a second, and little memory. Durations are on \
            the streams' own clocks, percentiles within 0.8 %. For any instant, one clock and all views: spanreel stats.

            Example:
              spanreel scan traces/base.reel
              spanreel scan week.reel --threads 2 --json
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Option(help: "How many threads, 1 to 64. Default: as many as processors.") var threads: Int?
    @Option(help: "List the spans of this trace too: 32 hexadecimal digits.") var trace: String?
    @Flag(help: "Print the canonical JSON.") var json = false

    func validate() throws {
        if let threads, !(1...64).contains(threads) { throw ValidationError("--threads is 1 to 64, not \(threads).") }
        if let trace, TraceID(hex: trace) == nil {
            throw ValidationError("A trace is given by 32 hexadecimal digits, not \"\(trace.prefix(40))\".")
        }
    }

    func run() throws {
        let path = try place.existing(session)
        let report = try SessionScan.run(
            path: path, threads: threads ?? min(64, ProcessInfo.processInfo.activeProcessorCount),
            trace: trace.flatMap { TraceID(hex: $0) })
        if json {
            Output.print(report.json)
        } else {
            for line in report.text(title: "Scan of \(Output.visible(session))") { Output.print(line) }
        }
    }
}
