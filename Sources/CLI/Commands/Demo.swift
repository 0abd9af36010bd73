internal import ArgumentParser
internal import Foundation
internal import SpanreelPipeline
internal import SpanreelServer
internal import SpanreelTracing

/// The viewer, a real pipeline and a load, in one command.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a real distributed inference, recorded, with the viewer beside it.",
        discussion: """
            Ctrl-C ends everything within five seconds and leaves one session file; a second Ctrl-C ends at once. Faults sleep \
            inside their span, and may be repeated.

            Example:
              spanreel demo
              spanreel demo --slow-layer 11=2ms --slow-hop mini1-mini2=2ms --duration 60
              spanreel demo --variants a,b
            """)

    @OptionGroup var place: DirectoryOption
    @OptionGroup var viewer: ViewerArguments
    @Option(help: "Worker processes, mini1 to miniN.") var devices = 3
    @Option(help: "Layers of the model, split over the devices.") var layers = 24
    @Option(help: "Seconds until the load ends, and the demo with it.") var duration: Double?
    @Option(help: "Requests that the load sends before it ends, and the demo with it.") var requests: Int?
    @Option(help: "Mean arrivals of requests per second.") var rate: Double?
    @Option(help: "Seeds weights, sampling and load.") var seed: UInt64 = 1
    @Option(help: "The session to write; must not exist. Default: demo-<time> in the sessions' directory.") var record:
        String?
    @Option(help: "Port of the inference server. Default: 8000 or the next free one.") var inferencePort: Int?
    @Option(help: "Arms of an A/B comparison that the load's requests name in turn: a,b.") var variants: String?
    @Flag(help: "Send no requests.") var noLoad = false
    @Option(help: "Slow a layer: 11=2ms.") var slowLayer: [String] = []
    @Option(help: "Slow a hop: mini1-mini2=2ms.") var slowHop: [String] = []
    @Option(help: "Slow every layer of a device: mini2=500us.") var slowDevice: [String] = []
    @Flag(help: "Switch the prompt-prefix cache off.") var noPrefixCache = false
    @Option(help: "Give a device a clock of its own: mini2=37.5ms,40ppm.") var skew: [String] = []
    @Option(help: "How much a process keeps: 2GiB, 24h. The oldest goes first.") var keep: String?
    @Flag(help: "Print addresses and result as JSON, one object a line.") var json = false

    func run() async throws {
        var configuration = try self.configuration()
        if let keep { _ = try Retention(parsing: keep) }
        let path = try sessionPath()
        var options = try viewer.options()
        options.paths = [path]
        options.directories = [place.path]
        let signals = Signals.stream([SIGINT, SIGTERM, SIGHUP])
        let page = try await Viewer.start(options)
        configuration.viewerURL = page.address.url

        let (ends, end) = AsyncStream<Void>.makeStream()
        let supervisor = PipelineSupervisor(configuration: configuration, commands: commands(path)) { event in
            switch event {
            case .died(let device, let code):
                CommandFailure.complain("\(device) died with exit code \(code); the recording goes on [process]")
            case .loadFinished: if duration != nil || requests != nil { end.yield() }
            case .output(let device, let line): CommandFailure.complain("\(device): \(line)")
            }
        }
        let watcher = Task { await watch(signals, end) }
        let timer = Task {
            // Without a load nothing else knows of the duration.
            guard noLoad, let duration else { return }
            try await Task.sleep(for: .seconds(duration))
            end.yield()
        }
        do {
            try await supervisor.start()
        } catch {
            await page.stop()
            if FileManager.default.fileExists(atPath: path) { try? FileManager.default.removeItem(atPath: path) }
            throw error
        }
        announce(page, supervisor.inferencePort, path)
        for await _ in ends { break }
        timer.cancel()
        await supervisor.stop()
        try finish(path)
        await page.stop()
        watcher.cancel()
    }

    /// The first signal ends the demo, the second this process: its children end with it.
    private func watch(_ signals: AsyncStream<Signals.Arrival>, _ end: AsyncStream<Void>.Continuation) async {
        var isEnding = false
        for await signal in signals {
            if isEnding { endProcess(128 + signal.number) }
            isEnding = true
            end.yield()
        }
    }

    private func configuration() throws -> PipelineConfiguration {
        var configuration = PipelineConfiguration()
        configuration.devices = devices
        configuration.layers = layers
        configuration.durationSeconds = duration
        configuration.requests = requests
        if let rate { configuration.rate = rate }
        configuration.seed = seed
        configuration.noLoad = noLoad
        configuration.variants =
            variants?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
        if let inferencePort {
            configuration.inferencePort = inferencePort
            configuration.takesNextFreePort = false
        }
        for text in slowLayer { try configuration.faults.addSlowLayer(text) }
        for text in slowHop { try configuration.faults.addSlowHop(text) }
        for text in slowDevice { try configuration.faults.addSlowDevice(text) }
        for text in skew { try configuration.faults.addSkew(text) }
        configuration.faults.noPrefixCache = noPrefixCache
        try configuration.validate()
        return configuration
    }

    private func sessionPath() throws -> String {
        let name: String
        if let record {
            name = record
        } else {
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.dateFormat = "yyyyMMdd-HHmmss"
            name = "demo-" + format.string(from: Date())
        }
        return URL(fileURLWithPath: try place.vacant(name)).standardizedFileURL.path
    }

    private func commands(_ path: String) -> PipelineSupervisor.Commands {
        var environment = ProcessInfo.processInfo.environment
        environment["SPANREEL_SESSION"] = path
        if let keep { environment["SPANREEL_KEEP"] = keep }
        return .init(
            executable: Invocation.executable, worker: { ["pipeline-worker", "--index", "\($0)"] },
            load: ["pipeline-load"],
            environment: environment)
    }

    private func announce(_ page: Viewer, _ inferencePort: Int, _ path: String) {
        if json {
            Output.print(
                "{\"url\":\(SafeText.json(page.address.url)),\"inferenceURL\":\"http://localhost:\(inferencePort)\",\"path\":\(SafeText.json(path))}"
            )
        } else {
            page.announce()
            if self.inferencePort == nil, inferencePort != 8000 {
                Output.print("PORT 8000 IS TAKEN by another program: the inference server listens on \(inferencePort).")
            }
            Output.print(
                "inference curl -i localhost:\(inferencePort)/v1/completions -d '{\"prompt\":\"hello\",\"max_tokens\":16}'"
            )
            Output.print("session   \(Output.visible(Invocation.short(path)))")
            Output.print("\(devices) processes, \(layers) layers\(noLoad ? ", no load" : ""); Ctrl-C ends")
        }
        Output.flush()
    }

    private func finish(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure("empty", "Nothing was recorded at \(path).")
        }
        try Packing.finish(path)
        if json {
            let size = (try? SessionReader(path: path).sizeBytes) ?? 0
            Output.print("{\"path\":\(SafeText.json(path)),\"sizeBytes\":\(size)}")
        } else {
            for line in try Summary.lines(of: path) { Output.print(line) }
        }
        Output.flush()
    }
}
