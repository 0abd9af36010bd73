internal import ArgumentParser
internal import Foundation
internal import SpanreelTracing

/// The option `--dir` of every command that takes a session by name.
struct DirectoryOption: ParsableArguments {
    @Option(name: .customLong("dir"), help: "Where sessions given by name lie.")
    var directory: String?

    /// Where sessions given by name lie.
    var path: String { directory ?? SessionPlace.defaultDirectory }

    /// The path of a session that has to be there. Opens its headers and changes nothing.
    func existing(_ nameOrPath: String) throws -> String {
        let path = locate(nameOrPath)
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(
                "unreadable",
                "There is no session at \(path)\(nameOrPath == path ? "" : ", which is where the name \(nameOrPath) stands for")."
            )
        }
        _ = try SessionReader(path: path)
        return path
    }

    /// A path as given when something is there, else what the name stands for.
    func locate(_ nameOrPath: String) -> String {
        if FileManager.default.fileExists(atPath: nameOrPath) { return nameOrPath }
        return SessionPlace.path(nameOrPath, in: path)
    }

    /// A path that nothing lies at yet; the folder above it has to exist unless the session is given by name.
    func vacant(_ nameOrPath: String) throws -> String {
        let path = SessionPlace.path(nameOrPath, in: path)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure("exists", "There is something at \(path) already; choose another name or remove it.")
        }
        return path
    }
}

/// How this program is called, for commands that it prints and processes that it starts.
enum Invocation {
    /// What to type.
    static var name: String {
        let files = FileManager.default
        if let path = ProcessInfo.processInfo.environment["PATH"],
            path.split(separator: ":").contains(where: { files.isExecutableFile(atPath: "\($0)/spanreel") })
        {
            return "spanreel"
        }
        if files.isExecutableFile(atPath: "spanreel") { return "./spanreel" }
        return CommandLine.arguments.first ?? "spanreel"
    }

    /// The executable itself.
    static var executable: String { Bundle.main.executablePath ?? CommandLine.arguments.first ?? "spanreel" }

    /// An argument as a shell takes it.
    static func quoted(_ argument: String) -> String {
        let plain = argument.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || "/._-+=:,@%~".unicodeScalars.contains($0)
        }
        return plain && !argument.isEmpty ? argument : "'" + argument.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }

    /// A path as short as it can be said from here.
    static func short(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }
}
