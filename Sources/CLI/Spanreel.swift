internal import ArgumentParser
internal import Foundation

/// The command `spanreel`: arguments and printing. What it does is done by the libraries.
@main
struct Spanreel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spanreel",
        abstract: "Records, replays and compares traces of distributed LLM inference.",
        discussion: """
            A session is given by path, or by name when it lies in the sessions' directory: --dir, else SPANREEL_DIR, else \
            ~/.local/share/spanreel (macOS: ~/Library/Application Support/spanreel).

            Exit codes: 0 fine, 1 the command's finding (a regression, damage), 2 trouble, 3 no verdict.

            Example:
              spanreel demo
            """,
        version: "spanreel 0.1.0",
        subcommands: [
            Demo.self, Serve.self, Record.self, Open.self, Replay.self, Stats.self, Top.self, Alerts.self, Diff.self,
            Scan.self, CriticalPaths.self, ImportTrace.self,
            Pack.self, Merge.self, Seal.self, Verify.self, Repair.self, Dump.self, Share.self,
            PipelineWorkerCommand.self, PipelineLoadCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Output.flush()
            endProcess(0)
        } catch {
            Output.flush()
            endProcess(CommandFailure.report(error, of: Self.self))
        }
    }
}
