internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelServer

/// The options of every command that serves the page.
struct ViewerArguments: ParsableArguments {
    @Option(help: "Port of 127.0.0.1. Default: DASHBOARD_PORT, else 8888 or the next free one. 0: any free one.")
    var port: Int?
    @Option(help: "Answer to this host name too; may be repeated.")
    var allowHost: [String] = []
    @OptionGroup var alerts: AlertArguments

    func validate() throws {
        if let port, !(0...65535).contains(port) { throw ValidationError("The port is 0 to 65535, not \(port).") }
    }

    /// What the server is to do, without sessions.
    func options() throws -> ViewerOptions {
        var options = ViewerOptions()
        options.allowedHosts = allowHost
        options.rules = try alerts.loaded()
        options.webhook = try alerts.hook()
        if let port {
            options.port = .exactly(port)
        } else if let text = ProcessInfo.processInfo.environment["DASHBOARD_PORT"] {
            guard let port = Int(text), (0...65535).contains(port) else {
                throw CommandFailure("invalid", "DASHBOARD_PORT must be a port from 0 to 65535, not \(text).")
            }
            options.port = .exactly(port)
        }
        return options
    }
}

/// A viewer that runs beside what the command does.
struct Viewer {
    /// Where it listens.
    let address: ViewerAddress
    private let task: Task<Void, any Error>

    /// Starts it and returns when it listens.
    static func start(_ options: ViewerOptions) async throws -> Viewer {
        let (addresses, continuation) = AsyncStream<ViewerAddress>.makeStream()
        let task = Task {
            defer { continuation.finish() }
            try await ViewerServer(options) { continuation.yield($0) }.run()
        }
        for await address in addresses { return Viewer(address: address, task: task) }
        try await task.value
        throw CommandFailure("internal", "The viewer ended before it listened.")
    }

    /// Says where the page is; loudly when that is not where it was expected.
    func announce(_ path: String = "") {
        if let taken = address.takenPort {
            Output.print("PORT \(taken) IS TAKEN by another program: this viewer listens on \(address.port).")
        }
        Output.print("viewer    \(address.url)\(path)")
        let environment = ProcessInfo.processInfo.environment
        if let hint = address.sshHint(connection: environment["SSH_CONNECTION"], user: environment["USER"]) {
            Output.print("over ssh  \(hint)")
        }
        Output.flush()
    }

    /// Ends it, and with it every stream; waits at most two seconds for clients that do not read.
    func stop() async {
        task.cancel()
        let (ended, continuation) = AsyncStream<Void>.makeStream()
        Task {
            _ = try? await task.value
            continuation.finish()
        }
        Task {
            try? await Task.sleep(for: .seconds(2))
            continuation.finish()
        }
        for await _ in ended {}
    }

    /// Serves until SIGINT, SIGTERM or SIGHUP. A second signal ends the process at once.
    func untilSignal() async {
        let signals = Signals.stream([SIGINT, SIGTERM, SIGHUP])
        for await _ in signals { break }
        Task {
            for await signal in signals { endProcess(128 + signal.number) }
        }
        await stop()
    }
}

/// Opens a page in the browser of the person at this machine.
enum Browser {
    /// Whether there is a display to open it on.
    static var isPossible: Bool {
        let environment = ProcessInfo.processInfo.environment
        if environment["SSH_CONNECTION"] != nil { return false }
        #if os(macOS)
            return true
        #else
            return environment["DISPLAY"] != nil || environment["WAYLAND_DISPLAY"] != nil
        #endif
    }

    /// Asks the system to show `url`. That nothing happens is no error: the address was printed.
    static func open(_ url: String) {
        let process = Process()
        #if os(macOS)
            process.executableURL = URL(fileURLWithPath: "/usr/bin/open")
            process.arguments = [url]
        #else
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["xdg-open", url]
        #endif
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try? process.run()
    }
}
