internal import ArgumentParser
internal import SpanreelTracing

/// Proof of every byte.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prove a session: every header, hash and event.",
        discussion: """
            Exit code 0 when the session is whole, 1 when something is damaged or lost, 2 when nothing of it can be read. \
            Each loss is printed with its file, offset, sequences and level: A0 emitted, A1 sealed, A2 synced, A3 shipped. \
            What a crash leaves at the end of a file that was not closed is normal and no damage.

            Example:
              spanreel verify traces/base.reel
              spanreel verify run.reel --json
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        // Not `existing`: damaged headers are a finding here.
        let report = try SessionVerifier.verify(path: place.locate(session))
        if json { printJSON(report) } else { printText(report) }
        if !report.isSound { throw ExitCode(1) }
    }

    private func printText(_ report: SessionVerifier.Report) {
        for damage in report.damages + report.tornTails { Output.print(Output.visible(damage.text)) }
        let dropped = report.dropped.values.reduce(0, +)
        Output.print(
            "\(report.isSound ? "sound" : "damaged"): \(report.events) events in \(report.blocks) blocks of \(report.streams) streams, "
                + "\(Text.bytes(report.sizeBytes)) in \(report.files) file\(report.files == 1 ? "" : "s")"
                + (report.unsealed > 0 ? ", \(report.unsealed) not sealed yet" : "")
                + (dropped > 0 ? ", \(dropped) dropped while recording" : "")
                + (report.isSound
                    ? ""
                    : "; \(report.damages.count) damage\(report.damages.count == 1 ? "" : "s"), \(report.lost) events lost")
        )
    }

    private func printJSON(_ report: SessionVerifier.Report) {
        let dropped = report.dropped.sorted { $0.key.label < $1.key.label }.map { "\"\($0.key.label)\":\($0.value)" }
        func list(_ damages: [Damage]) -> String { damages.map(\.json).joined(separator: ",") }
        Output.print(
            "{\"sound\":\(report.isSound),\"events\":\(report.events),\"unsealed\":\(report.unsealed),\"lost\":\(report.lost),\"blocks\":\(report.blocks),"
                + "\"streams\":\(report.streams),\"files\":\(report.files),\"sizeBytes\":\(report.sizeBytes),"
                + "\"dropped\":{\(dropped.joined(separator: ","))},\"damages\":[\(list(report.damages))],"
                + "\"tornTails\":[\(list(report.tornTails))]}")
    }
}
