import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelPipeline

/// A ring of devices inside this process: the real threads, sockets and frames.
private struct Ring {
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
        for _ in 0..<500 where nodes.contains(where: { !$0.isFinished }) { try? await Task.sleep(for: .milliseconds(10)) }
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

private func temporarySession() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("pipeline-\(UUID().uuidString).reel").path
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct PipelineEndToEndTests {
    private let prompts = ["hello there, general", "hello there, general and more", "the water of the house", "x"]

    @Test func anyNumberOfDevicesWritesTheSameText() async throws {
        var texts: [[String]] = []
        for devices in [1, 2, 3, 4] {
            let ring = try Ring(devices: devices)
            // All four at once: their steps interleave in the ring.
            let generations = prompts.enumerated().map { ring.submit($1, number: UInt64($0 + 1)) }
            var answers: [String] = []
            for generation in generations {
                let (text, end) = await ring.answer(generation)
                answers.append(text)
                guard case .finished = end else { Issue.record("no end but \(String(describing: end))"); continue }
            }
            await ring.stop()
            texts.append(answers)
        }
        #expect(texts.allSatisfy { $0 == texts[0] })
        #expect(texts[0].allSatisfy { !$0.isEmpty })
    }

    @Test func aCachedPromptGivesTheSameTextAndSaysWhatItSaved() async throws {
        let ring = try Ring(devices: 3)
        let first = await ring.answer(ring.submit(prompts[0], number: 1))
        let second = await ring.answer(ring.submit(prompts[0], number: 2))
        #expect(first.text == second.text)
        guard case .finished(_, let prompt, let cached, _) = second.end else { Issue.record("not finished"); return }
        #expect(cached == prompt - 1)
        await ring.stop()
    }

    @Test func cancellingGivesThePlaceBack() async throws {
        let ring = try Ring(devices: 2) { $0.maxActive = 1; $0.maxWaiting = 1; $0.faults.slowLayers = [0: 5_000_000] }
        let running = try #require(ring.submit("hello", number: 1, tokens: 40))
        let waiting = try #require(ring.submit("hello", number: 2))
        #expect(ring.nodes[0].gate.enter() == .full)
        ring.nodes[0].cancel(waiting)
        ring.nodes[0].cancel(running)
        var third: Generation?
        for _ in 0..<200 where third == nil {
            try await Task.sleep(for: .milliseconds(10))
            third = ring.submit("hello", number: 3)
        }
        guard case .finished = await ring.answer(third).end else { Issue.record("not finished"); return }
        await ring.stop()
    }

    @Test func aDeadDeviceFailsRequestsAndHangsNone() async throws {
        let ring = try Ring(devices: 3) { $0.faults.slowLayers = [0: 5_000_000] }
        let generation = ring.submit("hello", number: 1, tokens: 40)
        let stray = try Socket.connect(port: ring.nodes[1].port)
        stray.shutDown()
        // What a killed neighbour looks like: a message that is none, then the end of the connection.
        ring.nodes[0].inbox.put(.broken("A device of the pipeline is gone."))
        #expect(await ring.answer(generation).end == .failed("A device of the pipeline is gone."))
        #expect(ring.nodes[0].gate.enter() == .down("A device of the pipeline is gone."))
        await ring.stop()
        #expect(ring.nodes.allSatisfy { $0.isFinished })
    }

    @Test func everySpanEndsHasItsParentAndEveryTraceIsOnEveryDevice() async throws {
        let session = temporarySession()
        defer { try? FileManager.default.removeItem(atPath: session) }
        let ring = try Ring(devices: 3, session: session)
        let generations = prompts.enumerated().map { ring.submit($1, number: UInt64($0 + 1)) }
        for generation in generations { _ = await ring.answer(generation) }
        await ring.stop()

        let reader = try SessionReader(path: session)
        var open: Set<SpanID> = [], ended: Set<SpanID> = [], known: Set<SpanID> = [], parents: Set<SpanID> = []
        var devices: [TraceID: Set<UInt32>] = [:]
        var layers: [SpanID: [(start: Timestamp, end: Timestamp)]] = [:]
        var sent: Set<String> = [], received: Set<String> = []
        var emitted: [TraceID: Int64] = [:]
        _ = try reader.poll { batch in
            for event in batch.events {
                let role = reader.symbols.role(event.role)
                if event.kind == .begin { open.insert(event.span) }
                if event.kind == .end { ended.insert(event.span) }
                if event.kind == .begin || event.kind == .span {
                    known.insert(event.span)
                    if !event.parent.isNone { parents.insert(event.parent) }
                    devices[event.trace, default: []].insert(event.stream)
                }
                if role.operation == .layer { layers[event.parent, default: []].append((event.start, event.time)) }
                if event.kind == .tokens, role.phase == .decode { emitted[event.trace, default: 0] += event.value }
                if let link = role.link, let id = batch.int(.messageID, of: event) {
                    let key = "\(link.from) \(link.to) \(id)"
                    if role.operation == .hopSend { sent.insert(key) } else { received.insert(key) }
                }
            }
        }
        #expect(open == ended)
        #expect(parents.isSubset(of: known))
        #expect(devices.count == prompts.count && devices.values.allSatisfy { $0.count == 3 })
        #expect(emitted.count == prompts.count && emitted.values.allSatisfy { $0 >= Int64(Sampler.shortestText) })
        #expect(sent.subtracting(received) == [])
        #expect(received.subtracting(sent) == [])
        #expect(!sent.isEmpty)
        // Layers are chained: one's end is the next one's begin.
        #expect(!layers.isEmpty)
        for chain in layers.values {
            let sorted = chain.sorted { $0.start < $1.start }
            #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.end == $1.start })
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct InferenceServerTests {
    /// Serves a small ring over real HTTP while `body` runs on a thread of its own.
    private func serve(
        session: String? = nil, _ change: @escaping (inout PipelineConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (Int) throws -> Void
    ) async throws {
        let ring = try Ring(devices: 2, session: session) { configuration in
            configuration.viewerURL = "http://localhost:8888/"
            change(&configuration)
        }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let server = Task { try? await InferenceServer(node: ring.nodes[0]).run(port: 0) { found.yield($0) } }
        for await port in ports {
            await withCheckedContinuation { done in
                Thread {
                    do { try body(port) } catch { Issue.record("\(error)") }
                    done.resume()
                }.start()
            }
            break
        }
        server.cancel()
        await ring.stop()
    }

    private struct Answer: Decodable {
        struct Choice: Decodable { var text: String; var finish_reason: String? }
        struct Usage: Decodable { var prompt_tokens: Int; var completion_tokens: Int; var total_tokens: Int }
        var choices: [Choice]
        var usage: Usage?
    }

    @Sendable private static func post(_ port: Int, _ body: String, traceparent: String? = nil) throws -> HTTPExchange {
        // curl's content type, on purpose.
        var headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if let traceparent { headers.append(("traceparent", traceparent)) }
        return try HTTPExchange(
            socket: Socket.connect(port: port), port: port, method: "POST", path: "/v1/completions", headers: headers,
            body: body)
    }

    @Sendable private static func get(_ port: Int, _ path: String) throws -> HTTPExchange {
        try HTTPExchange(
            socket: Socket.connect(port: port), port: port, method: "GET", path: path, headers: [], body: "")
    }

    @Test func aCompletionIsAnsweredWithUsageAndTrace() async throws {
        let session = temporarySession()
        defer { try? FileManager.default.removeItem(atPath: session) }
        try await serve(session: session) { port in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let exchange = try Self.post(
                port, #"{"prompt":"hello","max_tokens":4}"#, traceparent: "00-\(trace)-00f067aa0ba902b7-01")
            #expect(exchange.status == 200)
            #expect(exchange.headers["traceresponse"]?.hasPrefix("00-\(trace)-") == true)
            #expect(exchange.headers["x-spanreel-url"] == "http://localhost:8888/#s=current&view=waterfall&trace=\(trace)")
            let answer = try JSONDecoder().decode(Answer.self, from: Data(try exchange.body()))
            #expect(answer.choices.first?.finish_reason == "length")
            #expect(answer.usage?.completion_tokens == 4)
            #expect(answer.usage?.total_tokens == 4 + (answer.usage?.prompt_tokens ?? 0))
        }
    }

    @Test func aStreamBringsTheSameTextAndEndsWithDone() async throws {
        try await serve { port in
            let body = #"{"prompt":"hello","max_tokens":8"#
            let whole = try JSONDecoder().decode(Answer.self, from: Data(try Self.post(port, body + "}").body()))
            let stream = try Self.post(port, body + #","stream":true}"#)
            #expect(stream.headers["content-type"] == "text/event-stream")
            var text = "", last = ""
            while let line = try stream.line() {
                guard line.hasPrefix("data: ") else { continue }
                last = String(line.dropFirst(6))
                if let chunk = try? JSONDecoder().decode(Answer.self, from: Data(last.utf8)) {
                    text += chunk.choices.first?.text ?? ""
                }
            }
            #expect(last == "[DONE]")
            #expect(text == whole.choices.first?.text)
        }
    }

    @Test func mistakesGetTheirStatusAndASentence() async throws {
        try await serve { port in
            for (body, status) in [("{", 400), (#"{"prompt":""}"#, 400), (#"{"prompt":"a","model":"b"}"#, 404)] {
                let exchange = try Self.post(port, body)
                #expect(exchange.status == status)
                #expect(String(decoding: try exchange.body(), as: UTF8.self).hasPrefix(#"{"error":{"#))
            }
            let large = try Self.post(port, String(repeating: " ", count: 300_000))
            #expect(large.status == 413)
        }
    }

    @Test func whenAllPlacesAreTakenOneMoreIsRejectedAndHangingUpFreesOne() async throws {
        try await serve { configuration in
            configuration.maxActive = 1
            configuration.maxWaiting = 0
            configuration.faults.slowLayers = [0: 20_000_000]
        } _: { port in
            let open = try Self.post(port, #"{"prompt":"hello","max_tokens":50,"stream":true}"#)
            #expect(open.status == 200)
            #expect(try Self.post(port, #"{"prompt":"hello"}"#).status == 429)
            open.hangUp()
            var status = 0
            for _ in 0..<200 where status != 200 {
                Thread.sleep(forTimeInterval: 0.01)
                status = try Self.post(port, #"{"prompt":"hello","max_tokens":1}"#).status
            }
            #expect(status == 200)
        }
    }

    @Test func healthAndModelsAnswer() async throws {
        try await serve { (port: Int) throws in
            for path in ["/healthz", "/v1/models"] {
                #expect(try Self.get(port, path).status == 200)
            }
            #expect(try Self.get(port, "/nothing").status == 404)
        }
    }
}

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
        for line in ["", "hello", "spanreel-pipeline ", "spanreel-pipeline ready", "spanreel-pipeline ready {", "spanreel-pipeline what {}"] {
            #expect(Handshake.report(line) == nil)
        }
    }
}
