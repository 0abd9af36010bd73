internal import ArgumentParser
internal import SpanreelTracing

/// Parts of one session, joined.
struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Join parts of one session into one file.",
        discussion: """
            For machines without a network between them: each records under the same session, and the parts are joined \
            here. An event that lies in several parts is taken once. --force joins sessions of different ids.

            Exit code 0 when the result is whole, 1 when no part has what is missing, 2 for trouble.

            Example:
              spanreel merge mini1.reel mini2.reel -o run.reel
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The sessions, two or more; the first one names the result.") var sessions: [String]
    @Option(name: .shortAndLong, help: "The file to write; must not exist.") var output: String
    @Flag(help: "Join sessions of different ids too.") var force = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        let report = try SessionMerger.merge(
            paths: sessions.map { try place.existing($0) }, to: try place.vacant(output), force: force)
        if json {
            Output.print(report.json)
        } else {
            Output.print(
                Output.visible(Invocation.short(report.path))
                    + ": \(report.events) events of \(report.streams) streams in \(Text.bytes(report.sizeBytes)); "
                    + "\(report.duplicates) lay in more than one part")
        }
        for damage in report.damages { CommandFailure.complain("missing: \(damage.text)") }
        if !report.damages.isEmpty { throw ExitCode(1) }
    }
}
