import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import SpanreelTracing
import Synchronization

/// The OpenAI-compatible HTTP edge of the pipeline, on the first device. It parses, asks the gate, and waits for the
/// scheduler's events; it computes nothing, so `/healthz` answers even while the pipeline stands still.
final class InferenceServer: Sendable {
    /// The largest body accepted.
    static let maximumBodyBytes = 256 * 1024
    private let node: RingNode
    private let tokenizer: Tokenizer
    private let lastNumber = Atomic<UInt64>(0)
    private let startedSeconds = Int(Date().timeIntervalSince1970)

    /// A server in front of the first device.
    init(node: RingNode) {
        self.node = node
        tokenizer = Tokenizer(vocabulary: node.configuration.model.vocabulary)
    }

    /// Serves on that loopback port until the task is cancelled; `onRunning` gets the port once it is bound.
    func run(port: Int, onRunning: @escaping @Sendable (Int) -> Void) async throws {
        var logger = Logger(label: "spanreel.pipeline")
        logger.logLevel = .critical
        let application = Application(
            router: makeRouter(),
            server: .http1(configuration: .init(idleTimeout: .seconds(75))),
            configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: "spanreel"),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
        try await application.run()
    }

    private func makeRouter() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("healthz") { [self] _, _ in
            guard let reason = node.gate.down else { return Self.json(200, #"{"status":"ok"}"#) }
            return Self.json(503, JSONText.encode(["status": "down", "reason": reason]))
        }
        router.get("v1/models") { [self] _, _ in
            let model = CompletionResponse.ModelList.Model(
                id: node.configuration.model.name, created: startedSeconds)
            return Self.json(200, JSONText.encode(CompletionResponse.ModelList(data: [model])))
        }
        router.post("v1/completions") { [self] request, _ in try await complete(request) }
        return router
    }

    /// One completion, from arrival to answer.
    private func complete(_ request: Request) async throws -> Response {
        let arrival = node.recorder.now()
        let caller = caller(of: request)
        let number = lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
        var request = request
        let body: [UInt8]
        do {
            body = Array((try await request.collectBody(upTo: Self.maximumBodyBytes)).readableBytesView)
        } catch {
            let rejection = RequestRejection(
                status: 413, message: "The body is longer than \(Self.maximumBodyBytes) bytes.", code: "body_too_large")
            return reject(rejection, number: number, arrival: arrival, from: caller)
        }
        let parsed: CompletionRequest
        do throws(RequestRejection) {
            parsed = try CompletionRequest.parse(
                body, shape: node.configuration.model, tokenizer: tokenizer, seed: node.configuration.seed)
        } catch {
            return reject(error, number: number, arrival: arrival, from: caller)
        }
        switch node.gate.enter() {
        case .full:
            let message = "All places are taken; try again in a moment."
            let rejection = RequestRejection(status: 429, message: message, code: "queue_full")
            return reject(rejection, number: number, arrival: arrival, from: caller, prompt: parsed.prompt)
        case .down(let reason):
            let rejection = RequestRejection(status: 503, message: reason, code: "unavailable")
            return reject(rejection, number: number, arrival: arrival, from: caller, prompt: parsed.prompt)
        case .admitted:
            let generation = admit(parsed, number: number, arrival: arrival, from: caller)
            node.submit(generation)
            return try await answer(parsed, generation, request)
        }
    }

    /// What a request's head says of who asks.
    private struct Caller {
        /// The client's span.
        var span: SpanContext?
        /// The arm of an A/B comparison.
        var variant: String?
    }

    private func caller(of request: Request) -> Caller {
        // A variant is a label, not a text: what is too long for one is none.
        let variant = header("x-spanreel-variant", of: request.headers).flatMap {
            (1...PipelineConfiguration.longestVariant).contains($0.utf8.count) ? $0 : nil
        }
        return Caller(
            span: header("traceparent", of: request.headers).flatMap { SpanContext(traceparent: $0) },
            variant: variant ?? node.configuration.variant)
    }

    private func admit(
        _ parsed: CompletionRequest, number: UInt64, arrival: Ticks, from caller: Caller
    ) -> Generation {
        let recorder = node.recorder
        let span = recorder.begin(node.roles.request, kind: .server, parent: caller.span, at: arrival) { attributes in
            attributes.set(.requestID, Generation.id(number))
            attributes.set(.model, node.configuration.model.name)
            attributes.set(.maxTokens, parsed.maximumTokens)
            attributes.set(.temperature, Double(parsed.sampling.temperature))
            attributes.set(.promptHash, Int64(bitPattern: StableHash.of(parsed.prompt)))
            if let variant = caller.variant { attributes.set(.variant, variant) }
        }
        return Generation(
            number: number, prompt: parsed.prompt, maximumTokens: parsed.maximumTokens, sampling: parsed.sampling,
            stops: parsed.stops, span: span, queueSpan: recorder.begin(node.roles.queue, parent: span))
    }

    private func answer(
        _ parsed: CompletionRequest, _ generation: Generation, _ request: Request
    ) async throws -> Response {
        if parsed.stream {
            var response = stream(parsed, generation, request)
            mark(&response, generation.span)
            return response
        }
        var text = ""
        let node = node
        let last = try await withTaskCancellationHandler {
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                var pieces = ""
                for await event in generation.events {
                    guard case .text(let piece) = event else { return (pieces, Optional(event)) }
                    pieces += piece
                }
                return (pieces, nil)
            }
        } onCancel: {
            node.cancel(generation)
        }
        text = last.0
        var response: Response
        switch last.1 {
        case .finished(let reason, let prompt, let cached, let output):
            let body = CompletionResponse(
                id: generation.id, created: Int(Date().timeIntervalSince1970), model: node.configuration.model.name,
                text: text, finishReason: reason, usage: .init(prompt: prompt, cached: cached, output: output))
            response = Self.json(200, JSONText.encode(body))
        case .failed(let reason):
            response = Self.json(
                503, RequestRejection(status: 503, message: reason, code: "unavailable").json())
        case .text, nil:
            node.cancel(generation)
            response = Self.json(499, RequestRejection(status: 499, message: "Cancelled.", code: "cancelled").json())
        }
        mark(&response, generation.span)
        return response
    }

    /// Server-sent events, one per token; the client's going away cancels the generation.
    private func stream(_ parsed: CompletionRequest, _ generation: Generation, _ request: Request) -> Response {
        let created = Int(Date().timeIntervalSince1970)
        let model = node.configuration.model.name
        let node = node
        var response = Response(status: .ok)
        set("content-type", "text/event-stream", in: &response.headers)
        set("cache-control", "no-cache", in: &response.headers)
        response.body = ResponseBody { writer in
            func send(_ text: String) async throws {
                try await writer.write(ByteBuffer(string: "data: \(text)\n\n"))
            }
            func chunk(_ text: String, _ reason: FinishReason? = nil, _ usage: CompletionResponse.Usage? = nil)
                -> String
            {
                JSONText.encode(
                    CompletionResponse(
                        id: generation.id, created: created, model: model, text: text, finishReason: reason,
                        usage: usage))
            }
            do {
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    for await event in generation.events {
                        switch event {
                        case .text(let text):
                            if !text.isEmpty { try await send(chunk(text)) }
                        case .finished(let reason, let prompt, let cached, let output):
                            let usage = CompletionResponse.Usage(prompt: prompt, cached: cached, output: output)
                            try await send(chunk("", reason, parsed.includesUsage ? usage : nil))
                            try await send("[DONE]")
                        case .failed(let reason):
                            // The status line is long gone: the error comes as an event, without [DONE].
                            try await send(RequestRejection(status: 503, message: reason, code: "unavailable").json())
                        }
                    }
                    try Task.checkCancellation()
                }
            } catch {
                node.cancel(generation)
                throw error
            }
            try await writer.finish(nil)
        }
        return response
    }
}

// Rejections and headers.
extension InferenceServer {
    /// Answers without computing, as one request span.
    private func reject(
        _ rejection: RequestRejection, number: UInt64, arrival: Ticks, from caller: Caller, prompt: [Int] = []
    ) -> Response {
        let recorder = node.recorder
        let span = recorder.begin(node.roles.request, kind: .server, parent: caller.span, at: arrival) {
            $0.set(.requestID, Generation.id(number))
            $0.set(.model, node.configuration.model.name)
            if let variant = caller.variant { $0.set(.variant, variant) }
            if !prompt.isEmpty { $0.set(.promptHash, Int64(bitPattern: StableHash.of(prompt))) }
        }
        // A client's mistake is no failure of the server (OpenTelemetry's rule for HTTP servers).
        recorder.end(span, status: rejection.status >= 500 ? .error : .unset) {
            $0.set(.httpStatus, rejection.status)
            $0.set(.errorType, rejection.code)
            if !prompt.isEmpty { $0.set(.inputTokens, prompt.count) }
            if rejection.status == 429 { $0.set(.finishReason, "rejected") }
        }
        var response = Self.json(rejection.status, rejection.json())
        if rejection.status == 429 { set("retry-after", "1", in: &response.headers) }
        mark(&response, span)
        return response
    }

    /// Tells the client where its trace is.
    private func mark(_ response: inout Response, _ span: SpanContext) {
        guard node.recorder.isEnabled else { return }
        set("traceresponse", span.traceparent, in: &response.headers)
        if let viewer = node.configuration.viewerURL {
            let base = viewer.hasSuffix("/") ? String(viewer.dropLast()) : viewer
            set("x-spanreel-url", "\(base)/#s=current&view=waterfall&trace=\(span.trace)", in: &response.headers)
        }
    }

    private static func json(_ status: Int, _ text: String) -> Response {
        var response = Response(status: .init(code: status), body: .init(byteBuffer: ByteBuffer(string: text + "\n")))
        response.headers[.contentType] = "application/json"
        return response
    }

    private func set(_ name: String, _ value: String, in headers: inout HTTPFields) {
        if let field = HTTPField.Name(name) { headers[field] = value }
    }

    private func header(_ name: String, of headers: HTTPFields) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }
}
