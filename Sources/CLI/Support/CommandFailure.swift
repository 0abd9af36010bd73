internal import ArgumentParser
internal import Foundation
internal import SpanreelPipeline
internal import SpanreelReplay
internal import SpanreelServer
internal import SpanreelTracing

/// Trouble that no library has a word for: a stable code and one sentence.
struct CommandFailure: Error {
    /// The stable code.
    var code: String
    /// The sentence.
    var message: String

    init(_ code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Says on standard error what went wrong in a command of `root`, and returns the exit code: 2 for trouble, or what the
    /// command asked for.
    static func report(_ error: any Error, of root: any ParsableArguments.Type) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        // Help and version arrive as errors too.
        if root.exitCode(for: error) == .success {
            Output.print(root.fullMessage(for: error))
            Output.flush()
            return 0
        }
        complain(sentence(error, root))
        return 2
    }

    /// Prints a line on standard error, behind the program's name.
    static func complain(_ text: String) {
        FileHandle.standardError.write(Data("spanreel: \(Output.visible(text))\n".utf8))
    }

    private static func sentence(_ error: any Error, _ root: any ParsableArguments.Type) -> String {
        switch error {
        case let error as CommandFailure: "\(error.message) [\(error.code)]"
        case let error as TraceError: upperFirst(error.description)
        case let error as ReplayError: error.description
        case let error as ViewerError: error.description
        case let error as PipelineError: error.description
        default: usage(error, root)
        }
    }

    /// ArgumentParser's sentence, with the way to the manual.
    private static func usage(_ error: any Error, _ root: any ParsableArguments.Type) -> String {
        let message = root.message(for: error).split(separator: "\n").joined(separator: " ")
        let usage = root.fullMessage(for: error)
        let command = usage.split(separator: "\n").first { $0.contains("Usage: ") }?.split(separator: " ").dropFirst(2)
            .first
        let name = command.map { $0.hasPrefix("-") || $0.hasPrefix("[") || $0.hasPrefix("<") ? "" : " \($0)" } ?? ""
        let end = message.hasSuffix(".") || message.hasSuffix("?") ? "" : "."
        return "\(message)\(end) See `spanreel\(name) --help`. [usage]"
    }

    private static func upperFirst(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

/// Ends the process. A free function, because commands have an `exit` of ArgumentParser's.
func endProcess(_ code: Int32) -> Never { exit(code) }
