internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelServer

/// The options of every command that looks at alert rules.
struct AlertArguments: ParsableArguments {
    @Option(help: "A JSON file of alert rules (docs/VIEWS.md). Default: the standard ones.") var rules: String?
    @Option(help: "POST what fires and resolves to this http or https address.") var webhook: String?

    /// The rules of the file, else the standard ones.
    func loaded() throws -> AlertRules {
        guard let rules else { return .standard }
        // One byte more than a file may have: what is too long is refused, not read.
        guard let file = FileHandle(forReadingAtPath: rules), let data = try? file.read(upToCount: (1 << 20) + 1) else {
            throw CommandFailure("unreadable", "There is no file of rules at \(rules).")
        }
        return try AlertRules.parse(Array(data), file: rules)
    }

    /// The webhook, whose failures are said on standard error; nil when none was asked for.
    func hook() throws -> Webhook? {
        guard let webhook else { return nil }
        return try Webhook(webhook) { CommandFailure.complain($0) }
    }
}
