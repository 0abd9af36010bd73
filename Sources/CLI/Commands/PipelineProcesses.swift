internal import ArgumentParser
internal import SpanreelPipeline

/// One device of the demo's pipeline; started by `spanreel demo`.
struct PipelineWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline-worker", abstract: "Run one device of the demo's pipeline.", shouldDisplay: false)

    @Option(help: "Which device, from 0.") var index: Int

    func run() async throws { try await PipelineWorker.run(configuration: try .parse(), index: index) }
}

/// The load of the demo; started by `spanreel demo`.
struct PipelineLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline-load", abstract: "Run the demo's load.", shouldDisplay: false)

    func run() async throws { try await LoadGenerator.run(configuration: try .parse()) }
}
