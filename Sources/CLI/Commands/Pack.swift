internal import ArgumentParser
internal import SpanreelTracing

/// One file of a session.
struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn a session directory into one file.",
        discussion: """
            Without -o the directory is replaced by the file, atomically. What dead processes left in memory is taken over.

            Example:
              spanreel pack run.reel
              spanreel pack run.reel -o archive/run.reel --level 19
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Option(name: .shortAndLong, help: "The file to write; must not exist.") var output: String?
    @Option(help: "zstd's level, 1 to 19.") var level = 9
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        guard (1...19).contains(level) else { throw ValidationError("The level is 1 to 19, not \(level).") }
    }

    func run() throws {
        let path = try place.existing(session)
        let target = try output.map { try place.vacant($0) }
        let report = try SessionPacker.pack(path: path, to: target, level: level)
        PackReport.packed(report, path: target ?? path, json: json)
    }
}

/// A session that may leave the house.
struct Share: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pack a copy without host names, arguments and content.",
        discussion: """
            The copy keeps what the views need. Look at it with `spanreel dump` before you send it.

            Example:
              spanreel share run.reel -o run-shared.reel
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Option(name: .shortAndLong, help: "The file to write; must not exist.") var output: String
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        let path = try place.existing(session)
        let target = try place.vacant(output)
        let report = try SessionSharer.share(path: path, to: target)
        PackReport.packed(report, path: target, json: json)
    }
}

/// What dead processes left.
struct Seal: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Move what dead processes left in memory into the session.",
        discussion: """
            Processes that still write are left alone. A packed file has nothing to seal.

            Example:
              spanreel seal run.reel
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The session.") var session: String
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        let report = try SessionSealer.seal(path: try place.existing(session))
        if json {
            Output.print(
                "{\"adopted\":\(report.adopted),\"events\":\(report.events),\"live\":\(report.live),"
                    + "\"unreadable\":[\(report.unreadable.map { SafeText.json($0.description) }.joined(separator: ","))]}"
            )
        } else {
            Output.print(
                "sealed \(report.events) events of \(report.adopted) dead processes; \(report.live) still write")
        }
        for error in report.unreadable { CommandFailure.complain(error.description) }
        if !report.unreadable.isEmpty { throw ExitCode(1) }
    }
}
