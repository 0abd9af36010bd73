internal import ArgumentParser
internal import Foundation
internal import SpanreelReplay
internal import SpanreelServer
internal import SpanreelTracing

/// What fired in a session, by any rules.
struct Alerts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which alert rules fired in a session, and when.",
        discussion: """
            Rules are looked at once per second of the session's own time, so a saved session fires at the same instants as \
            it did while it was live, and any rules can be tried on any old recording. With --follow a live session is \
            watched and each change printed as it comes; without, the history so far is printed.

            Exit code 0: nothing fired, 1: something did.

            Example:
              spanreel alerts traces/base.reel
              spanreel alerts traces/base.reel --rules rules.json --json
              spanreel alerts run --follow --webhook http://localhost:9000/hook
            """)

    @OptionGroup var place: DirectoryOption
    @OptionGroup var options: AlertArguments
    @OptionGroup var requests: FilterArguments
    @Argument(help: "The session.") var session: String
    @Option(parsing: .unconditional, help: "The instant: 12.5s, -5s (from the end) or RFC 3339. Default: the end.")
    var at = "live"
    @Flag(help: "Watch a live session and print what fires and resolves, until it ends.") var follow = false
    @Flag(help: "Print the result as JSON; with --follow one object a line.") var json = false

    func validate() throws {
        if follow, at != "live" { throw ValidationError("Give either --at or --follow.") }
    }

    func run() async throws {
        let rules = try options.loaded()
        let webhook = try options.hook()
        let delivery = Task { await webhook?.run() }
        let engine = try SessionEngine(
            path: try place.existing(session),
            options: .init(environment: ProcessInfo.processInfo.environment, rules: rules))
        let query = ViewQuery(at: try engine.instant(at), filter: requests.filter)
        var watch = AlertWatch()
        if follow {
            let signals = Signals.stream([SIGINT, SIGTERM, SIGHUP])
            let watching = Task {
                for await _ in signals { return }
            }
            try await self.watch(engine, query, &watch, webhook, until: watching)
        } else {
            let report = try engine.alerts(query)
            for (change, alert) in watch.changes(report) { send(alert, change, engine, webhook) }
            if json {
                Output.print(try engine.alertsJSON(query))
            } else {
                let whose = requests.filter.isAll ? "" : ", \(requests.filter.words)"
                let title = "Alerts of \(engine.info.name), \(engine.state.rawValue)\(whose)"
                for line in report.text(title: title, rules: rules) { Output.print(line) }
            }
        }
        let fired = try engine.alerts(query).fired
        Output.flush()
        webhook?.finish()
        await delivery.value
        if fired > 0 { throw ExitCode(1) }
    }

    /// Prints changes once a second until the session ends or a signal comes.
    private func watch(
        _ engine: SessionEngine, _ query: ViewQuery, _ watch: inout AlertWatch, _ webhook: Webhook?,
        until signal: Task<Void, Never>
    ) async throws {
        let ended = EndFlag()
        Task {
            await signal.value
            ended.set()
        }
        while true {
            for (change, alert) in watch.changes(try engine.alerts(query)) {
                if json {
                    Output.print(alert.json(change, session: engine.info, start: engine.bounds.start))
                } else {
                    Output.print(alert.line(change))
                }
                Output.flush()
                send(alert, change, engine, webhook)
            }
            if engine.hasFinalAlerts || ended.isSet { return }
            try? await ended.wait(.seconds(1))
            try engine.refresh()
        }
    }

    private func send(_ alert: Alert, _ change: AlertWatch.Change, _ engine: SessionEngine, _ webhook: Webhook?) {
        webhook?.send(alert.json(change, session: engine.info, start: engine.bounds.start))
    }
}
