import Foundation
import Testing

@testable import SpanreelPipeline

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
    @Test func aChildSpeaksInLinesAndEndsWhenItsInputCloses() async throws {
        let events: AsyncStream<ChildProcess.Event>
        do {
            let child = try ChildProcess(executable: "/bin/cat", arguments: [], environment: [:])
            child.write(line: "hello")
            child.write(line: "spanreel-pipeline ready {\"inferencePort\":8000}")
            events = child.events
            try await Task.sleep(for: .milliseconds(100))
            child.closeInput()
        }
        var seen: [ChildProcess.Event] = []
        for await event in events { seen.append(event) }
        #expect(seen == [.line("hello"), .line("spanreel-pipeline ready {\"inferencePort\":8000}"), .exited(0)])
    }

    @Test func exitCodesAndSignalsAreTold() async throws {
        let failing = try ChildProcess(executable: "/bin/sh", arguments: ["-c", "exit 7"], environment: [:])
        for await event in failing.events { #expect(event == .exited(7)) }
        let killed = try ChildProcess(executable: "/bin/cat", arguments: [], environment: [:])
        killed.send(signal: SIGKILL)
        for await event in killed.events { #expect(event == .exited(137)) }
        #expect(killed.isOver)
        #expect(throws: PipelineError.self) {
            try ChildProcess(executable: "/does/not/exist", arguments: [], environment: [:])
        }
    }

    @Test func reportsOfChildrenAreRead() {
        #expect(
            Handshake.report("spanreel-pipeline listening {\"dataPort\":1,\"probePort\":2}")
                == .listening(.init(dataPort: 1, probePort: 2)))
        #expect(Handshake.report("spanreel-pipeline ready {\"inferencePort\":0}") == .ready(.init(inferencePort: 0)))
        for line in [
            "", "hello", "spanreel-pipeline ", "spanreel-pipeline ready", "spanreel-pipeline ready {",
            "spanreel-pipeline what {}",
        ] {
            #expect(Handshake.report(line) == nil)
        }
    }
}
