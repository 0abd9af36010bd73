import SpanreelTracing

/// One message of the ring.
struct Frame: Sendable, Equatable {
    /// What the message asks of its receiver. Wire tags.
    enum Kind: UInt8, Sendable {
        /// Compute your layers over the payload: `rows` rows of activations.
        case activations = 1
        /// The last device's answer: the payload is a token, or -1 when more prompt is to come.
        case token = 2
        /// The request is over: drop its KV cache, after keeping the first `tokens` in the prefix cache if any.
        case end = 3
        /// First message of a connection; `request` is the sender's index in the ring.
        case hello = 4
    }

    /// What it asks.
    var kind: Kind
    /// Prefill or decode.
    var phase: Phase = .none
    /// Counts the sender's messages on this connection from 1.
    var messageID: UInt64 = 0
    /// The request's number.
    var request: UInt64 = 0
    /// Position of the first row in the sequence.
    var position = 0
    /// Rows of activations.
    var rows = 0
    /// Index of the output token that the last device samples; -1 when it shall not sample.
    var tokenIndex = -1
    /// How it samples.
    var sampling = SamplingOptions()
    /// The scheduler's step, which stages on every device are children of.
    var step: SpanID = .none
    /// W3C trace context of the span that sent the message; empty when tracing is off.
    var traceparent = ""
    /// After this step, keep so many of the sequence's first tokens in the prefix cache; 0 keeps none.
    var keepPrefix = 0
    /// The prompt (first prefill step), or the tokens to keep (end).
    var tokens: [Int] = []
    /// Activations as little-endian floats, or one little-endian Int32.
    var payload: [UInt8] = []

    /// A frame of that kind.
    init(_ kind: Kind) { self.kind = kind }
}
