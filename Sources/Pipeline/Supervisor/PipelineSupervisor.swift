import Foundation
import Synchronization

/// Starts the processes of a pipeline, watches them and ends them. None outlives it: each child holds the read end of
/// a pipe that only this process can write to, and ends when that closes, even after a SIGKILL of this process.
public final class PipelineSupervisor: Sendable {
    /// How to start the children.
    public struct Commands: Sendable {
        /// Path of the executable.
        public var executable: String
        /// Arguments that make it call ``PipelineWorker/run(configuration:index:)`` for that index.
        public var worker: @Sendable (Int) -> [String]
        /// Arguments that make it call ``LoadGenerator/run(configuration:)``.
        public var load: [String]
        /// The children's environment, `SPANREEL_SESSION` included; ``PipelineConfiguration/environmentName`` is added.
        /// Default: this process's.
        public var environment: [String: String]

        /// How to start the children.
        public init(
            executable: String, worker: @escaping @Sendable (Int) -> [String], load: [String],
            environment: [String: String]? = nil
        ) {
            self.executable = executable
            self.worker = worker
            self.load = load
            self.environment = environment ?? ProcessInfo.processInfo.environment
        }
    }

    /// What the person at the terminal may want to know.
    public enum Event: Sendable, Equatable {
        /// A process ended though nobody asked it to; the exit code is 128 + signal after a signal.
        case died(device: String, exitCode: Int32)
        /// The load generator has sent everything and ended.
        case loadFinished
        /// A line that a child printed.
        case output(device: String, line: String)
    }

    /// SIGKILL follows SIGTERM after this time.
    public static let killAfterSeconds = 3.0

    private struct Child {
        var device: String
        var process: ChildProcess
    }
    private struct State {
        var children: [Child] = []
        var isStopping = false
        var inferencePort = 0
        var reports: [String: [Handshake.Report]] = [:]
        var ended: Set<String> = []
    }

    private let configuration: PipelineConfiguration
    private let commands: Commands
    private let onEvent: @Sendable (Event) -> Void
    private let state = Mutex(State())

    /// A supervisor that has started nothing yet; `onEvent` is called on any thread.
    public init(
        configuration: PipelineConfiguration, commands: Commands,
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.commands = commands
        self.onEvent = onEvent
    }

    /// The port that the inference server got; 0 before ``start()`` has returned.
    public var inferencePort: Int { state.withLock { $0.inferencePort } }

    /// The running children: device label and process number.
    public var processes: [(device: String, pid: Int32)] {
        state.withLock { $0.children.filter { !$0.process.isOver }.map { ($0.device, $0.process.pid) } }
    }

    /// Starts the workers, waits until requests can be answered, then starts the load. Ends what it started when
    /// anything fails.
    public func start() async throws(PipelineError) {
        try configuration.validate()
        signal(SIGPIPE, SIG_IGN)
        do throws(PipelineError) {
            let names = configuration.deviceNames
            for (index, name) in names.enumerated() { try spawn(name, commands.worker(index)) }
            var peers = Handshake.Peers(dataPorts: [], probePorts: [], inferencePort: 0)
            for name in names {
                guard case .listening(let ports) = try await report(0, of: name) else {
                    throw PipelineError(.process, "\(name) did not say where it listens.")
                }
                peers.dataPorts.append(ports.dataPort)
                peers.probePorts.append(ports.probePort)
            }
            for name in names { write(peers, to: name) }
            for name in names {
                guard case .ready(let ready) = try await report(1, of: name) else {
                    throw PipelineError(.process, "\(name) did not become ready.")
                }
                if ready.inferencePort > 0 { peers.inferencePort = ready.inferencePort }
            }
            let port = peers.inferencePort
            state.withLock { $0.inferencePort = port }
            guard !configuration.noLoad else { return }
            try spawn(PipelineConfiguration.clientDevice, commands.load)
            write(peers, to: PipelineConfiguration.clientDevice)
        } catch {
            await stop()
            throw error
        }
    }

    /// Ends everything within 5 s: first the load, so that its requests end properly, then the workers; SIGTERM, and
    /// SIGKILL for whoever is left after 3 s. May be called at any time, and more than once.
    public func stop() async {
        let children = state.withLock { state in
            state.isStopping = true
            return state.children
        }
        // SIGCONT too: a stopped process would sleep through SIGTERM.
        func terminate(_ children: [Child]) {
            for child in children {
                child.process.send(signal: SIGTERM)
                child.process.send(signal: SIGCONT)
            }
        }
        let start = ContinuousClock.now
        terminate(children.filter { $0.device == PipelineConfiguration.clientDevice })
        while children.contains(where: { $0.device == PipelineConfiguration.clientDevice && !$0.process.isOver }),
            ContinuousClock.now - start < .milliseconds(800)
        {
            try? await Task.sleep(for: .milliseconds(10))
        }
        terminate(children)
        while children.contains(where: { !$0.process.isOver }),
            ContinuousClock.now - start < .seconds(Self.killAfterSeconds)
        {
            try? await Task.sleep(for: .milliseconds(10))
        }
        for child in children { child.process.send(signal: SIGKILL) }
        while children.contains(where: { !$0.process.isOver }), ContinuousClock.now - start < .seconds(4.5) {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func spawn(_ device: String, _ arguments: [String]) throws(PipelineError) {
        var environment = commands.environment
        environment[PipelineConfiguration.environmentName] = configuration.json()
        let process = try ChildProcess(executable: commands.executable, arguments: arguments, environment: environment)
        state.withLock { $0.children.append(Child(device: device, process: process)) }
        Task { [self] in
            for await event in process.events { handle(event, from: device) }
        }
    }

    private func handle(_ event: ChildProcess.Event, from device: String) {
        switch event {
        case .line(let line):
            guard let report = Handshake.report(line) else { return onEvent(.output(device: device, line: line)) }
            state.withLock { $0.reports[device, default: []].append(report) }
        case .exited(let code):
            let isExpected = state.withLock { state in
                state.ended.insert(device)
                return state.isStopping
            }
            if isExpected { return }
            if device == PipelineConfiguration.clientDevice, code == 0 {
                onEvent(.loadFinished)
            } else {
                onEvent(.died(device: device, exitCode: code))
            }
        }
    }

    private func write(_ peers: Handshake.Peers, to device: String) {
        let process = state.withLock { $0.children.first { $0.device == device }?.process }
        process?.write(line: JSONText.encode(peers))
    }

    /// The child's report number `index`, within 30 s.
    private func report(_ index: Int, of device: String) async throws(PipelineError) -> Handshake.Report {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let (reports, hasEnded) = state.withLock { ($0.reports[device] ?? [], $0.ended.contains(device)) }
            for case .failed(let failure) in reports {
                throw PipelineError(.init(failure.code), failure.message)
            }
            if index < reports.count { return reports[index] }
            if hasEnded { throw PipelineError(.process, "\(device) ended before it was ready.") }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw PipelineError(.process, "\(device) was not ready within 30 seconds.")
    }
}
