import SpanreelTracing
import Synchronization

/// Why a generation ended well.
enum FinishReason: String, Sendable {
    /// The model ended the text, or a stop string came.
    case stop
    /// `max_tokens` were generated.
    case length
}

/// What the scheduler tells the HTTP side about one request.
enum GenerationEvent: Sendable, Equatable {
    /// More text, from one token; empty while a possible stop string is held back.
    case text(String)
    /// The end, with the counts for the usage block.
    case finished(FinishReason, promptTokens: Int, cachedTokens: Int, outputTokens: Int)
    /// The pipeline broke or stops; the request cannot be answered.
    case failed(String)
}

/// One request between its HTTP handler and the scheduler.
final class Generation: Sendable {
    /// Counts requests of this server from 1.
    let number: UInt64
    /// The id in API and trace, `cmpl-00042`.
    let id: String
    /// Prompt tokens, ``Tokenizer/begin`` included.
    let prompt: [Int]
    /// Most tokens to generate.
    let maximumTokens: Int
    /// How to sample.
    let sampling: SamplingOptions
    /// Texts that end the generation.
    let stops: [String]
    /// The request's server span.
    let span: SpanContext
    /// Its waiting time.
    let queueSpan: SpanContext
    /// What happens to it, in order.
    let events: AsyncStream<GenerationEvent>
    private let continuation: AsyncStream<GenerationEvent>.Continuation

    /// A request that is about to be submitted.
    init(
        number: UInt64, prompt: [Int], maximumTokens: Int, sampling: SamplingOptions, stops: [String],
        span: SpanContext, queueSpan: SpanContext
    ) {
        self.number = number
        id = Self.id(number)
        self.prompt = prompt
        self.maximumTokens = maximumTokens
        self.sampling = sampling
        self.stops = stops
        self.span = span
        self.queueSpan = queueSpan
        (events, continuation) = AsyncStream.makeStream()
    }

    /// `cmpl-00042`.
    static func id(_ number: UInt64) -> String {
        let digits = String(number)
        return "cmpl-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// Tells the handler something; the end and a failure are the last thing told.
    func send(_ event: GenerationEvent) {
        continuation.yield(event)
        if case .text = event { return }
        continuation.finish()
    }
}
