internal import ArgumentParser
internal import Foundation
internal import SpanreelInterop
internal import SpanreelTracing

/// Recordings of other tools.
struct ImportTrace: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn another tool's trace into a session.",
        discussion: """
            Reads OpenTelemetry's OTLP: protobuf or JSON, plain or compressed with zstd; the content tells which. What cannot \
            be read is counted, and makes the exit code 1.

            Example:
              spanreel import trace.otlp.pb.zst --metrics metrics.otlp.jsonl.zst -o mlx.reel
            """)

    @OptionGroup var place: DirectoryOption
    @Argument(help: "The file.") var file: String
    @Option(name: .shortAndLong, help: "The session to write; must not exist.") var output: String
    @Option(help: "Metrics of the same processes.") var metrics: String?
    @Option(help: "The session's name; that of the output unless given.") var name: String?
    @Option(help: "The file's format; `otlp` is the only one, and found by itself.") var format: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        if let format, format != "otlp" { throw ValidationError("The format is otlp, not \(format).") }
    }

    func run() throws {
        let target = try place.vacant(output)
        var bar = ProgressLine(what: "importing")
        let report = try Importer.importFile(at: file, metrics: metrics, to: target, name: name) { progress in
            bar.show(progress.fraction, "\(progress.spans) spans")
        }
        bar.clear()
        if json { printJSON(report, target) } else { printText(report, target) }
        if report.problemCount > 0 { throw ExitCode(1) }
    }

    private func printText(_ report: ImportReport, _ target: String) {
        Output.print(
            Output.visible(
                "\(Invocation.short(target)): \(report.spans) spans, \(report.samples) metric samples, \(report.events) events; "
                    + "\(report.requests) requests, \(report.tokens) tokens; devices \(report.devices.joined(separator: ", "))"
            ))
        if report.duplicates > 0 { Output.print("\(report.duplicates) spans came twice; the first was kept") }
        if report.unreadMetrics > 0 {
            Output.print("\(report.unreadMetrics) histograms and summaries have no place in a session")
        }
        for problem in report.problems {
            CommandFailure.complain("document \(problem.document), byte \(problem.offsetBytes): \(problem.what)")
        }
        if report.problemCount > report.problems.count {
            CommandFailure.complain("\(report.problemCount) problems in all")
        }
    }

    private func printJSON(_ report: ImportReport, _ target: String) {
        let problems = report.problems.map {
            "{\"document\":\($0.document),\"offsetBytes\":\($0.offsetBytes),\"what\":\(SafeText.json($0.what))}"
        }
        Output.print(
            "{\"path\":\(SafeText.json(target)),\"spans\":\(report.spans),\"samples\":\(report.samples),\"derived\":\(report.derived),"
                + "\"events\":\(report.events),\"devices\":[\(report.devices.map(SafeText.json).joined(separator: ","))],"
                + "\"requests\":\(report.requests),\"tokens\":\(report.tokens),\"duplicates\":\(report.duplicates),"
                + "\"unreadMetrics\":\(report.unreadMetrics),\"problemCount\":\(report.problemCount),"
                + "\"problems\":[\(problems.joined(separator: ","))]}")
    }
}

/// Progress on standard error, when a person looks and it takes more than a second.
struct ProgressLine {
    let what: String
    private let start = ContinuousClock.now
    private var shown = ContinuousClock.now
    private var isDrawn = false

    init(what: String) { self.what = what }

    mutating func show(_ fraction: Double, _ detail: String) {
        let now = ContinuousClock.now
        guard isatty(2) == 1, now - start > .seconds(1), now - shown > .milliseconds(100) else { return }
        shown = now
        isDrawn = true
        FileHandle.standardError.write(Data("\r\(what): \(Int(fraction * 100)) %, \(detail)   ".utf8))
    }

    mutating func clear() {
        if isDrawn { FileHandle.standardError.write(Data("\r\(String(repeating: " ", count: 60))\r".utf8)) }
    }
}
