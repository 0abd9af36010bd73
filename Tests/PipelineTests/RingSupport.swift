import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelPipeline

/// A ring of devices inside this process: the real threads, sockets and frames.
struct Ring {
    let nodes: [RingNode]
    let recorders: [Recorder]

    init(devices: Int, session: String? = nil, _ change: (inout PipelineConfiguration) -> Void = { _ in }) throws {
        var configuration = PipelineConfiguration()
        configuration.devices = devices
        configuration.model = tinyShape
        configuration.chunkTokens = 8
        change(&configuration)
        let settled = configuration
        recorders = try settled.deviceNames.map { name in
            guard let session else { return .disabled }
            var options = Recorder.Options()
            options.path = session
            options.device = name
            options.laneSlots = 1 << 12
            return try Recorder.open(options)
        }
        nodes = try recorders.enumerated().map { try RingNode(configuration: settled, index: $0, recorder: $1) }
        let ports = nodes.map(\.port)
        // Each waits for its neighbours, so all start at once.
        DispatchQueue.concurrentPerform(iterations: devices) { [nodes] in try? nodes[$0].start(ports: ports) }
    }

    func stop() async {
        nodes[0].stop()
        for _ in 0..<500 where nodes.contains(where: { !$0.isFinished }) {
            try? await Task.sleep(for: .milliseconds(10))
        }
        for recorder in recorders { try? recorder.close() }
    }

    func submit(_ text: String, number: UInt64, tokens: Int = 12) -> Generation? {
        guard nodes[0].gate.enter() == .admitted else { return nil }
        let tokenizer = Tokenizer(vocabulary: tinyShape.vocabulary)
        let span = recorders[0].begin(nodes[0].roles.request, kind: .server)
        let generation = Generation(
            number: number, prompt: [Tokenizer.begin] + tokenizer.encode(text), maximumTokens: tokens,
            sampling: SamplingOptions(seed: 5), stops: [], span: span,
            queueSpan: recorders[0].begin(nodes[0].roles.queue, parent: span))
        nodes[0].submit(generation)
        return generation
    }

    func answer(_ generation: Generation?) async -> (text: String, end: GenerationEvent?) {
        var text = ""
        guard let generation else { return (text, nil) }
        for await event in generation.events {
            guard case .text(let piece) = event else { return (text, event) }
            text += piece
        }
        return (text, nil)
    }
}

/// A path for a session that does not exist yet.
func temporarySession() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("pipeline-\(UUID().uuidString).reel").path
}
