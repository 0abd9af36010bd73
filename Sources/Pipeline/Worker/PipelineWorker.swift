import Foundation
import SpanreelTracing
import Synchronization

/// The process of one device of the pipeline. Started by ``PipelineSupervisor``, whose handshake it expects on
/// standard input and output.
public enum PipelineWorker {
    /// Runs device `index` (0 is `mini1`, which also schedules and serves HTTP) until the supervisor ends or asks for
    /// the end with SIGTERM; then ends every open request, closes the recording and returns, all within 2.5 s.
    ///
    /// Records into the session of `SPANREEL_SESSION`; without it, it works untraced.
    ///
    /// - Throws: when the device cannot join the ring, or the inference port is taken. The supervisor is told too.
    public static func run(configuration: PipelineConfiguration, index: Int) async throws(PipelineError) {
        guard (0..<configuration.devices).contains(index) else {
            throw PipelineError(.invalid, "Device \(index) is outside 0 to \(configuration.devices - 1).")
        }
        do throws(PipelineError) {
            try await work(configuration, index)
        } catch {
            Handshake.say("failed", Handshake.Failed(code: error.code.description, message: error.message))
            throw error
        }
    }

    private static func work(_ configuration: PipelineConfiguration, _ index: Int) async throws(PipelineError) {
        let lifeline = Lifeline()
        let recorder = try openRecorder(configuration, index)
        let node = try RingNode(configuration: configuration, index: index, recorder: recorder)
        let probeSocket = try Socket.datagram()
        Handshake.say("listening", Handshake.Listening(dataPort: node.port, probePort: probeSocket.port))
        guard let peers = peers(from: lifeline) else { return close(recorder) }
        lifeline.watch()
        try node.start(ports: peers.dataPorts)

        let probes = try ClockProbes(
            recorder: recorder, peers: probed(by: index, configuration, peers.probePorts), answering: probeSocket)
        probes.startAnswering()
        let housekeeping = Housekeeping(recorder: recorder, gauges: node.gauges, probes: probes)
        housekeeping.start()
        let server = index == 0 ? try await startServer(node, lifeline) : nil
        if index > 0 { Handshake.say("ready", Handshake.Ready(inferencePort: 0)) }

        await lifeline.waitForStop()
        if index == 0 { node.stop() }
        // The first device ends its requests and then the ring; the others see the end come round.
        for _ in 0..<100 where !node.isFinished { try? await Task.sleep(for: .milliseconds(10)) }
        // Handlers get a moment to send what the scheduler told them last.
        if let server {
            try? await Task.sleep(for: .milliseconds(50))
            server.cancel()
        }
        housekeeping.stop()
        close(recorder)
    }

    /// The recorder of a device, with the model's split and the clock skew asked for.
    private static func openRecorder(_ configuration: PipelineConfiguration, _ index: Int) throws(PipelineError)
        -> Recorder
    {
        let model = configuration.model
        let layers = configuration.layerRange(of: index)
        return try openRecorder(
            device: configuration.deviceNames[index], configuration: configuration, service: "spanreel-pipeline"
        ) { options in
            options.stage = index
            options.layers = layers.lowerBound...(layers.upperBound - 1)
            options.model = model.name
            // A device writes a few thousand records a second and thread: 1 MiB holds several seconds of them.
            options.laneSlots = 1 << 15
            for (name, value) in [
                ("layers", model.layers), ("hidden", model.hidden), ("heads", model.heads),
                ("kv_heads", model.keyValueHeads), ("intermediate", model.intermediate),
                ("vocabulary", model.vocabulary), ("context", model.context),
            ] {
                options.resource["spanreel.model.\(name)"] = String(value)
            }
            options.resource["spanreel.pipeline.stages"] = String(configuration.devices)
            options.resource["spanreel.pipeline.seed"] = String(configuration.seed)
        }
    }

    /// Joins the session of `SPANREEL_SESSION` as `device`.
    static func openRecorder(
        device: String, configuration: PipelineConfiguration, service: String,
        _ describe: (inout Recorder.Options) -> Void = { _ in }
    ) throws(PipelineError) -> Recorder {
        guard let session = ProcessInfo.processInfo.environment["SPANREEL_SESSION"], !session.isEmpty else {
            return .disabled
        }
        var options = Recorder.Options()
        options.path = SessionPlace.path(session)
        options.device = device
        options.resource = ["service.name": service, "service.instance.id": device]
        options.skew = configuration.faults.skews[device].map {
            ClockSkew(offsetNanos: $0.offsetNanos, driftPPM: $0.driftPPM)
        }
        options.laneSlots = 1 << 12
        describe(&options)
        do {
            return try Recorder.open(options)
        } catch {
            throw PipelineError(.process, "\(device) cannot record: \(error)")
        }
    }

    static func peers(from lifeline: Lifeline) -> Handshake.Peers? {
        lifeline.readLine().flatMap { try? JSONDecoder().decode(Handshake.Peers.self, from: Data($0.utf8)) }
    }

    static func close(_ recorder: Recorder) {
        // What cannot be written any more at the end was counted as dropped by the recorder.
        try? recorder.close()
    }

    /// The first device and the next one, without this one.
    private static func probed(
        by index: Int, _ configuration: PipelineConfiguration, _ ports: [Int]
    ) -> [(device: String, port: Int)] {
        let names = configuration.deviceNames
        let next = (index + 1) % names.count
        let targets = index == 0 ? [next] : next == 0 ? [0] : [0, next]
        return targets.filter { $0 != index && $0 < ports.count }.map { (names[$0], ports[$0]) }
    }

    /// Binds the inference port and reports it; a server that ends early ends the process.
    private static func startServer(_ node: RingNode, _ lifeline: Lifeline) async throws(PipelineError) -> Task<
        Void, Never
    > {
        let port = try freePort(node.configuration)
        let server = InferenceServer(node: node)
        return Task {
            do {
                try await server.run(port: port) { bound in
                    Handshake.say("ready", Handshake.Ready(inferencePort: bound))
                }
            } catch {
                let message = "The inference server ended: \(error)"
                Handshake.say(
                    "failed", Handshake.Failed(code: PipelineError.Code.network.description, message: message))
            }
            lifeline.stop()
        }
    }

    /// The port asked for or, where that is allowed, the next free one of the fifty after it.
    private static func freePort(_ configuration: PipelineConfiguration) throws(PipelineError) -> Int {
        let first = configuration.inferencePort
        guard first > 0 else { return 0 }
        let last = configuration.takesNextFreePort ? min(first + 50, 65535) : first
        for port in first...last {
            do throws(PipelineError) {
                _ = try Socket.listen(port: port)
                return port
            } catch {
                guard error.code == .portInUse, port < last else { throw error }
            }
        }
        throw PipelineError(.portInUse, "Ports \(first) to \(last) are used by other programs.")
    }
}
