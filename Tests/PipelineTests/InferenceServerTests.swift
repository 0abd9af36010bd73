import Foundation
import SpanreelTracing
import Testing

@testable import SpanreelPipeline

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

    @Sendable private static func post(
        _ port: Int, _ body: String, traceparent: String? = nil, variant: String? = nil
    ) throws -> HTTPExchange {
        // curl's content type, on purpose.
        var headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if let traceparent { headers.append(("traceparent", traceparent)) }
        if let variant { headers.append(("x-spanreel-variant", variant)) }
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
            #expect(
                exchange.headers["x-spanreel-url"] == "http://localhost:8888/#s=current&view=waterfall&trace=\(trace)")
            let answer = try JSONDecoder().decode(Answer.self, from: Data(try exchange.body()))
            #expect(answer.choices.first?.finish_reason == "length")
            #expect(answer.usage?.completion_tokens == 4)
            #expect(answer.usage?.total_tokens == 4 + (answer.usage?.prompt_tokens ?? 0))
        }
    }

    @Test func aRequestIsOfTheVariantThatItNames() async throws {
        let session = temporarySession()
        defer { try? FileManager.default.removeItem(atPath: session) }
        try await serve(session: session, { $0.variant = "standard" }) { port in
            for variant in ["a", "b", nil, String(repeating: "x", count: 65)] {
                let exchange = try Self.post(port, #"{"prompt":"hello","max_tokens":1}"#, variant: variant)
                #expect(exchange.status == 200)
                _ = try exchange.body()
            }
            // What is refused is of its variant too.
            #expect(try Self.post(port, #"{"max_tokens":1}"#, variant: "b").status == 400)
        }
        let reader = try SessionReader(path: session)
        var variants: [String] = []
        try reader.poll { batch in
            for event in batch.events where reader.symbols.role(event.role).operation == .request {
                if let variant = batch.string(.variant, of: event) { variants.append(reader.symbols.string(variant)) }
            }
        }
        #expect(variants.sorted() == ["a", "b", "b", "standard", "standard"])
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
