internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelServer
internal import SpanreelTracing

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
            throw CommandFailure("unreadable", "There is no directory \(directory).")
        }
        let running = try await Viewer.start(options)
        if json {
            Output.print("{\"url\":\(SafeText.json(running.address.url)),\"port\":\(running.address.port)}")
            Output.flush()
        } else {
            running.announce()
            Output.print("sessions  \(options.directories.map(Invocation.short).joined(separator: ", ")); Ctrl-C ends")
            Output.flush()
        }
        let start = Date()
        await running.untilSignal()
        guard !json, let path = Self.newest(options, since: start) else { return }
        for line in try Summary.lines(of: path) { Output.print(line) }
    }

    /// The newest session that was recorded while this served.
    private static func newest(_ options: ViewerOptions, since start: Date) -> String? {
        let files = FileManager.default
        let names = options.directories.flatMap { directory in
            ((try? files.contentsOfDirectory(atPath: directory)) ?? [])
                .filter { $0.hasSuffix(".reel") && !$0.hasPrefix(".") }.map { "\(directory)/\($0)" }
        }
        let sessions = (names + options.paths).compactMap { try? SessionReader(path: $0).session }
        let newest = sessions.max { $0.createdUnixNanos < $1.createdUnixNanos }
        guard let newest, Double(newest.createdUnixNanos) / 1e9 >= start.timeIntervalSince1970 else { return nil }
        return newest.path
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

    func show(_ session: String, at instant: String?, _ filter: RequestFilter = RequestFilter()) async throws {
        let path = try place.existing(session)
        var options = try viewer.options()
        options.paths = [path]
        let running = try await Viewer.start(options)
        var parts = instant.map { ["at=\($0)"] } ?? []
        for dimension in RequestFilter.Dimension.allCases {
            guard let value = filter[dimension] else { continue }
            // Only these need no escape, whatever reads the address.
            let plain = CharacterSet(charactersIn: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~")
            parts.append("\(dimension.rawValue)=\(value.addingPercentEncoding(withAllowedCharacters: plain) ?? "")")
        }
        let hash = parts.isEmpty ? "" : "/#view=overview&" + parts.joined(separator: "&")
        if json {
            Output.print("{\"url\":\(SafeText.json(running.address.url + hash)),\"port\":\(running.address.port)}")
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
