import Foundation
import SpanreelTracing
import Synchronization

/// Plays planned requests against the server, each as one client span whose `traceparent` it sends.
final class LoadClient: Sendable {
    private let recorder: Recorder
    private let role: RoleHandle
    private let kindKey: KeyHandle
    private let port: Int
    private let configuration: PipelineConfiguration
    /// The newest finished conversations: prompt and answer. Bounded.
    private let conversations = Mutex<[String]>([])
    /// The connections of the requests that are being played.
    private let connections = Mutex<[Int: Socket]>([:])

    /// A client of the server on that port.
    init(recorder: Recorder, configuration: PipelineConfiguration, port: Int) {
        self.recorder = recorder
        self.configuration = configuration
        self.port = port
        role = recorder.role(Role(.clientRequest, name: "text_completion \(configuration.model.name)"))
        kindKey = recorder.key("spanreel.load.kind")
    }

    private struct Outcome {
        var status = 0
        var tokens = 0
        var text = ""
        var error: String?
    }

    /// Sends one request and reads its answer, or hangs up. Blocks the thread.
    func play(_ request: PlannedRequest) {
        let body = body(of: request)
        let variants = configuration.variants
        let variant = variants.isEmpty ? nil : variants[request.index % variants.count]
        let span = recorder.begin(role, kind: .client) { attributes in
            attributes.set(.model, configuration.model.name)
            attributes.set(.maxTokens, request.maximumTokens)
            attributes.set(kindKey, request.kind.rawValue)
            if let variant { attributes.set(.variant, variant) }
        }
        var outcome = Outcome()
        do throws(PipelineError) {
            outcome = try exchange(request, body.json, span, variant)
        } catch {
            outcome.error = error.code.description
        }
        if outcome.error == nil, outcome.status >= 400 { outcome.error = String(outcome.status) }
        recorder.end(span, status: outcome.error == nil ? .unset : .error) { attributes in
            attributes.set(.httpStatus, outcome.status)
            attributes.set(.outputTokens, outcome.tokens)
            if let error = outcome.error { attributes.set(.errorType, error) }
        }
        guard outcome.error == nil, !outcome.text.isEmpty else { return }
        conversations.withLock { list in
            list.append(body.prompt + outcome.text)
            if list.count > 6 { list.removeFirst() }
        }
    }

    /// Hangs up every open request: its span ends as an error, and the server sees a client that went away.
    func hangUpAll() { connections.withLock { $0.values.forEach { $0.shutDown() } } }

    private func exchange(
        _ request: PlannedRequest, _ body: String, _ span: SpanContext, _ variant: String?
    ) throws(PipelineError) -> Outcome {
        var headers = [("Content-Type", "application/json"), ("User-Agent", "spanreel-load/1")]
        if recorder.isEnabled { headers.append(("traceparent", span.traceparent)) }
        if let variant { headers.append(("x-spanreel-variant", variant)) }
        let socket = try Socket.connect(port: port)
        connections.withLock { $0[request.index] = socket }
        defer { connections.withLock { $0[request.index] = nil } }
        let exchange = try HTTPExchange(
            socket: socket, port: port, method: "POST", path: "/v1/completions", headers: headers, body: body)
        var outcome = Outcome(status: exchange.status)
        guard exchange.status == 200, exchange.headers["content-type"] == "text/event-stream" else {
            let bytes = try exchange.body()
            if let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) {
                outcome.text = answer.choices.first?.text ?? ""
                outcome.tokens = answer.usage?.completion_tokens ?? 0
            }
            return outcome
        }
        while let line = try exchange.line() {
            guard line.hasPrefix("data: ") else { continue }
            let data = line.dropFirst(6)
            if data == "[DONE]" { return outcome }
            guard let chunk = try? JSONDecoder().decode(Answer.self, from: Data(data.utf8)) else { continue }
            outcome.text += chunk.choices.first?.text ?? ""
            // The chunk with the finish reason brings no token.
            if chunk.choices.first?.finish_reason == nil { outcome.tokens += 1 }
            if request.kind == .cancelled, outcome.tokens >= request.hangUpAfter {
                exchange.hangUp()
                outcome.error = "cancelled"
                return outcome
            }
        }
        outcome.error = "incomplete"
        return outcome
    }

    private struct Answer: Decodable {
        struct Choice: Decodable {
            var text: String
            var finish_reason: String?
        }
        struct Usage: Decodable { var completion_tokens: Int }
        var choices: [Choice]
        var usage: Usage?
    }

    private struct Body: Encodable {
        var model: String
        var prompt: String
        var max_tokens: Int
        var stream: Bool
    }

    private func body(of request: PlannedRequest) -> (json: String, prompt: String) {
        var prompt = request.prompt
        if request.kind == .followUp {
            let earlier = conversations.withLock { $0.isEmpty ? nil : $0[request.choice % $0.count] }
            // A conversation that grows too long for the model starts anew.
            if let earlier, earlier.utf8.count < configuration.model.context * 2 {
                prompt = earlier + " " + request.question
            }
        }
        let limit = request.kind == .invalid ? configuration.model.context * 10 : request.maximumTokens
        let body = Body(
            model: configuration.model.name, prompt: prompt, max_tokens: limit,
            stream: request.streams || request.kind == .cancelled)
        return (JSONText.encode(body), prompt)
    }
}
