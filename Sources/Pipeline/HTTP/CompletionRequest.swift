import Foundation

/// Why a request is not answered; the body has OpenAI's shape.
struct RequestRejection: Error, Equatable {
    /// 400, 404, 429 or 503.
    var status: Int
    /// One sentence.
    var message: String
    /// A stable word.
    var code: String

    /// 400.
    static func invalid(_ message: String, code: String = "invalid_request") -> RequestRejection {
        RequestRejection(status: 400, message: message, code: code)
    }

    /// The JSON body.
    func json() -> String {
        struct Body: Encodable {
            struct Detail: Encodable {
                var message: String
                var type: String
                var code: String
            }
            var error: Detail
        }
        let type = status < 500 ? "invalid_request_error" : "server_error"
        return JSONText.encode(Body(error: .init(message: message, type: type, code: code)))
    }
}

/// The body of `POST /v1/completions` (https://platform.openai.com/docs/api-reference/completions), checked.
struct CompletionRequest: Equatable {
    /// Prompt tokens, ``Tokenizer/begin`` first.
    var prompt: [Int]
    var maximumTokens = 16
    var sampling = SamplingOptions()
    var stops: [String] = []
    var stream = false
    var includesUsage = false

    private struct Body: Decodable {
        enum Prompt: Decodable {
            case text(String)
            case tokens([Int])

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let text = try? container.decode(String.self) {
                    self = .text(text)
                } else if let tokens = try? container.decode([Int].self) {
                    self = .tokens(tokens)
                } else {
                    let texts = try container.decode([String].self)
                    guard let text = texts.first, texts.count == 1 else {
                        throw DecodingError.dataCorruptedError(in: container, debugDescription: "not one prompt")
                    }
                    self = .text(text)
                }
            }
        }
        enum Stop: Decodable {
            case one(String)
            case many([String])

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let text = try? container.decode(String.self) {
                    self = .one(text)
                } else {
                    self = .many(try container.decode([String].self))
                }
            }
        }
        struct StreamOptions: Decodable { var include_usage: Bool? }

        var model: String?
        var prompt: Prompt?
        var max_tokens: Int?
        var temperature: Double?
        var top_k: Int?
        var n: Int?
        var seed: Int64?
        var stop: Stop?
        var stream: Bool?
        var stream_options: StreamOptions?
    }

    /// Parses and checks a body; what is wrong comes as one sentence.
    static func parse(
        _ bytes: [UInt8], shape: ModelShape, tokenizer: Tokenizer, seed: UInt64
    ) throws(RequestRejection) -> CompletionRequest {
        let body = try decode(bytes)
        if let model = body.model, model != shape.name {
            throw RequestRejection(
                status: 404, message: "The model '\(model)' does not exist; this server has '\(shape.name)'.",
                code: "model_not_found")
        }
        guard let prompt = body.prompt else { throw .invalid("A 'prompt' is required.", code: "missing_prompt") }
        var request = CompletionRequest(prompt: [Tokenizer.begin])
        switch prompt {
        case .text(let text): request.prompt += tokenizer.encode(text)
        case .tokens(let tokens):
            guard tokens.allSatisfy({ (0..<shape.vocabulary).contains($0) }) else {
                throw .invalid("Prompt tokens must be 0 to \(shape.vocabulary - 1).")
            }
            request.prompt += tokens
        }
        guard request.prompt.count > 1 else { throw .invalid("The 'prompt' is empty.", code: "empty_prompt") }
        request.maximumTokens = body.max_tokens ?? request.maximumTokens
        guard request.maximumTokens >= 1 else { throw .invalid("'max_tokens' must be at least 1.") }
        guard request.prompt.count <= shape.context - min(request.maximumTokens, shape.context) else {
            throw .invalid(
                "The model's context is \(shape.context) tokens, but \(request.prompt.count) of prompt and "
                    + "\(request.maximumTokens) of completion were asked for.",
                code: "context_length_exceeded")
        }
        if let n = body.n, n != 1 { throw .invalid("Only 'n': 1 is supported.") }
        try request.setSampling(body, seed: seed)
        switch body.stop {
        case .one(let text): request.stops = [text]
        case .many(let texts): request.stops = texts
        case nil: break
        }
        guard request.stops.count <= 4, request.stops.allSatisfy({ $0.utf8.count <= 256 }) else {
            throw .invalid("At most 4 'stop' strings of 256 bytes are supported.")
        }
        request.stream = body.stream ?? false
        request.includesUsage = body.stream_options?.include_usage ?? false
        return request
    }

    private mutating func setSampling(_ body: Body, seed: UInt64) throws(RequestRejection) {
        if let temperature = body.temperature {
            guard (0...2).contains(temperature) else { throw .invalid("'temperature' must be 0 to 2.") }
            sampling.temperature = Float(temperature)
        }
        if let topK = body.top_k {
            guard (1...65536).contains(topK) else { throw .invalid("'top_k' must be 1 to 65536.") }
            sampling.topK = topK
        }
        // Without a seed of its own a prompt still gives the same text each time, for the same server seed.
        sampling.seed = body.seed.map { UInt64(bitPattern: $0) } ?? seed ^ StableHash.of(prompt)
    }

    private static func decode(_ bytes: [UInt8]) throws(RequestRejection) -> Body {
        do {
            return try JSONDecoder().decode(Body.self, from: Data(bytes))
        } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
            throw .invalid("The body is not JSON.", code: "malformed_json")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.dataCorrupted(let context) {
            guard let field = context.codingPath.first?.stringValue else {
                throw .invalid("The body must be a JSON object.", code: "malformed_json")
            }
            throw .invalid("'\(field)' has a value of the wrong type.")
        } catch {
            throw .invalid("The body is not a completion request.")
        }
    }
}

/// JSON as text.
enum JSONText {
    /// The canonical text of a value: sorted keys, plain slashes.
    static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only plain structs of strings and integers come here; they always encode.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
