internal import ArgumentParser
internal import Foundation
internal import SpanreelServer

/// The viewer over everything there is.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the viewer over live and saved sessions.",
        discussion: """
            Offers the sessions of the sessions' directory, of the current one, and those named. Listens on loopback only.

            Example:
              spanreel serve
              spanreel serve --dir traces --port 9000
            """)

    @OptionGroup var place: DirectoryOption
    @OptionGroup var viewer: ViewerArguments
    @Argument(help: "Sessions that lie elsewhere.") var sessions: [String] = []
    @Flag(help: "Print the address as JSON.") var json = false

    func run() async throws {
        var options = try viewer.options()
        options.paths = try sessions.map { try place.existing($0) }
        options.directories = place.directory.map { [$0] } ?? [place.path, FileManager.default.currentDirectoryPath]
        if let directory = place.directory, !FileManager.default.fileExists(atPath: directory) {
            throw Failure("unreadable", "There is no directory \(directory).")
        }
        let running = try await Viewer.start(options)
        if json {
            Output.print("{\"url\":\(Text.json(running.address.url)),\"port\":\(running.address.port)}")
            Output.flush()
        } else {
            running.announce()
            Output.print("sessions  \(options.directories.map(Invocation.short).joined(separator: ", ")); Ctrl-C ends")
            Output.flush()
        }
        await running.untilSignal()
    }
}

/// One session in the browser.
struct Open: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a saved or live session in the browser.",
        discussion: """
            Example:
              spanreel open traces/base.reel
              spanreel open traces/base.reel --no-browser --port 9000
            """)

    @OptionGroup var place: DirectoryOption
    @OptionGroup var viewer: ViewerArguments
    @Argument(help: "The session.") var session: String
    @Flag(help: "Print the address and open nothing.") var noBrowser = false
    @Flag(help: "Print the address as JSON and open nothing.") var json = false

    func run() async throws {
        try await Page(place: place, viewer: viewer, opensBrowser: !noBrowser && !json, json: json).show(
            session, at: nil)
    }
}

/// Serves one session until a signal comes.
struct Page {
    let place: DirectoryOption
    let viewer: ViewerArguments
    let opensBrowser: Bool
    let json: Bool

    func show(_ session: String, at instant: String?) async throws {
        let path = try place.existing(session)
        var options = try viewer.options()
        options.paths = [path]
        let running = try await Viewer.start(options)
        let hash = instant.map { "/#view=overview&at=\($0)" } ?? ""
        if json {
            Output.print("{\"url\":\(Text.json(running.address.url + hash)),\"port\":\(running.address.port)}")
        } else {
            running.announce(hash)
            Output.print("session   \(Output.visible(Invocation.short(path))); Ctrl-C ends")
            Self.adviseAfterCrash(path)
        }
        Output.flush()
        if opensBrowser, Browser.isPossible { Browser.open(running.address.url + hash) }
        await running.untilSignal()
    }

    private static func adviseAfterCrash(_ path: String) {
        guard let state = try? Summary.state(of: path), state == .crashed else { return }
        Output.print(
            "A process died while recording. Everything it emitted is shown; to keep it beyond a reboot: "
                + "\(Invocation.name) pack \(Invocation.quoted(Invocation.short(path)))")
    }
}
