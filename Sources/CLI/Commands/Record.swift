internal import ArgumentParser
internal import Foundation
internal import SpanreelTracing

/// Any command with recording on.
struct Record: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command with recording on for it and its children.",
        discussion: """
            Sets SPANREEL_SESSION for the command, passes signals on, and ends with its exit code. When it has ended, what dead \
            processes left is taken over and the session becomes one file.

            Example:
              spanreel record -o run.reel -- ./my-server --port 8000
            """)

    @OptionGroup var place: DirectoryOption
    @Option(name: .shortAndLong, help: "The session to write; must not exist. A name goes to the sessions' directory.")
    var output: String
    @Option(help: "How much a process keeps: 2GiB, 24h. The oldest goes first.") var keep: String?
    @Flag(help: "Print the result as JSON.") var json = false
    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments, after --.")
    var command: [String]

    func run() async throws {
        let arguments = command.first == "--" ? Array(command.dropFirst()) : command
        guard !arguments.isEmpty else { throw ValidationError("Name the command to run after --.") }
        if let keep { _ = try Retention(parsing: keep) }
        let path = Self.absolute(try place.vacant(output))
        var environment = ProcessInfo.processInfo.environment
        environment["SPANREEL_SESSION"] = path
        if let keep { environment["SPANREEL_KEEP"] = keep }

        let signals = Signals.stream([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
        let child = try SpawnedCommand(arguments, environment: environment)
        let forwarding = Task {
            for await signal in signals where signal.isFromProcess { child.send(signal.number) }
        }
        let status = await child.wait()
        forwarding.cancel()
        try finish(path)
        guard status == 0 else { throw ExitCode(status) }
    }

    /// Seals and packs what was recorded, and says what it is.
    private func finish(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            return CommandFailure.complain(
                "the command recorded nothing: no process of it opened the session that SPANREEL_SESSION names [empty]")
        }
        try Packing.finish(path)
        if json {
            let size = (try? SessionReader(path: path).sizeBytes) ?? 0
            Output.print("{\"path\":\(SafeText.json(path)),\"sizeBytes\":\(size)}")
        } else {
            for line in try Summary.lines(of: path) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
        }
    }

    private static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }
}

/// The end of a recording.
enum Packing {
    /// Makes one file of the session at `path`, with what dead processes left. Leaves it as it is while a process that
    /// was started by the recorded ones still writes.
    static func finish(_ path: String) throws {
        try SessionSealer.seal(path: path)
        do throws(TraceError) {
            let report = try SessionPacker.pack(path: path)
            for damage in report.damages {
                CommandFailure.complain("missing: byte \(damage.offsetBytes) of \(damage.path): \(damage.message)")
            }
        } catch {
            guard error.code == .busy else { throw error }
            CommandFailure.complain("\(error.message); pack it later with `spanreel pack` [busy]")
        }
    }
}

/// A program that runs in this one's place: same terminal, same process group.
final class SpawnedCommand: Sendable {
    private let process: pid_t

    init(_ arguments: [String], environment: [String: String]) throws {
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        // This may run on a thread of the pool, which blocks every signal; a child would inherit that.
        #if canImport(Darwin)
            var attributes: posix_spawnattr_t?
        #else
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var process: pid_t = 0
        let status = posix_spawnp(&process, arguments[0], nil, &attributes, argv, envp)
        guard status == 0 else {
            throw CommandFailure("unreadable", "\(arguments[0]) cannot be run: \(String(cString: strerror(status))).")
        }
        self.process = process
    }

    /// Passes a signal on.
    func send(_ signal: Int32) { kill(process, signal) }

    /// The exit code, or 128 + signal as shells say it.
    func wait() async -> Int32 {
        let process = process
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(process, &status, 0) < 0 && errno == EINTR {}
                let signal = status & 0x7F
                continuation.resume(returning: signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
            }
        }
    }
}
