internal import ArgumentParser
internal import SpanreelTracing

/// The facts themselves.
struct Dump: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a session's records as text.",
        discussion: """
            Example:
              spanreel dump run.reel --device mini2 --limit 20
              spanreel dump run.reel --json | grep layer
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Option(help: "Only this trace: thirty-two hexadecimal digits.") var trace: String?
    @Option(help: "Only streams of this device.") var device: String?
    @Option(help: "Stop after so many records.") var limit: Int?
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("The limit is at least 1, not \(limit).") }
        if let trace, TraceID(hex: trace) == nil {
            throw ValidationError("A trace id has thirty-two hexadecimal digits.")
        }
    }

    func run() throws {
        var options = SessionDump.Options()
        options.trace = trace.flatMap { TraceID(hex: $0) }
        options.device = device
        options.json = json
        if let limit { options.limit = limit }
        let count = try SessionDump.run(path: try place.existing(session), options: options) { Output.print($0) }
        if count == 0, trace != nil || device != nil {
            CommandFailure.complain("no record of the session is like that")
        }
    }
}
