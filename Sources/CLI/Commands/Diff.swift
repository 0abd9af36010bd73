internal import ArgumentParser
internal import SpanreelReplay

/// What changed between two recordings.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what changed between two sessions, by how much and how sure.",
        discussion: """
            Compares per role what each request spent where. Exit code 0: no regression, 1: a regression, 3: no verdict, because \
            the sessions are not comparable or hold too little.

            Example:
              spanreel diff traces/base.reel traces/slow.reel
              spanreel diff before.reel after.reel --threshold 0.05 --json
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session before the change.") var before: String
    @Argument(help: "The session after it.") var after: String
    @Option(help: "A change below this share of the median before does not matter.") var threshold: Double?
    @Option(help: "Requests to leave out on each side, by arrival: warm-up.") var skipFirst: Int?
    @Option(help: "Fewer requests on a side give no verdict.") var minRequests: Int?
    @Flag(help: "List every role, not only what changed.") var all = false
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        if let threshold, !(0...10).contains(threshold) {
            throw ValidationError("The threshold is 0 to 10, not \(threshold).")
        }
        if let skipFirst, skipFirst < 0 {
            throw ValidationError("The number to leave out is 0 or more, not \(skipFirst).")
        }
        if let minRequests, minRequests < 2 {
            throw ValidationError("At least 2 requests are needed, not \(minRequests).")
        }
    }

    func run() throws {
        var options = DiffOptions()
        if let threshold { options.thresholdRatio = threshold }
        if let skipFirst { options.skipFirst = skipFirst }
        if let minRequests { options.minRequests = minRequests }
        let diff = try SessionDiff(
            before: try place.existing(before), after: try place.existing(after), options: options)
        if json {
            Output.print(diff.json())
        } else {
            for line in diff.text(all: all).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                Output.print(Output.visible(String(line)))
            }
        }
        if diff.exitCode != 0 { throw ExitCode(diff.exitCode) }
    }
}
