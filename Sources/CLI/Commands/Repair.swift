internal import ArgumentParser
internal import SpanreelTracing

/// A damaged session, mended into a new file.
struct Repair: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Mend a damaged session into a new file.",
        discussion: """
            Takes every block that is whole, and what dead processes left in memory, into a new file that verifies. The \
            original is only read. What could not be kept is printed with its file, offset, sequences and level. The same \
            session gives the same bytes each time.

            Exit code 0 when nothing was lost, 1 when something was, 2 when nothing can be read.

            Example:
              spanreel repair broken.reel -o mended.reel
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Option(name: .shortAndLong, help: "The file to write; must not exist.") var output: String
    @Flag(help: "Print the report as JSON.") var json = false

    func run() throws {
        // Not `existing`: damage is what this is for.
        let report = try SessionRepairer.repair(path: place.locate(session), to: try place.vacant(output))
        if json {
            Output.print(report.json)
        } else {
            for damage in report.damages + report.tornTails { Output.print(Output.visible(damage.text)) }
            Output.print(
                Output.visible(Invocation.short(report.path))
                    + ": \(report.events) events in \(Text.bytes(report.sizeBytes)); \(report.lost) lost")
        }
        if !report.damages.isEmpty { throw ExitCode(1) }
    }
}
