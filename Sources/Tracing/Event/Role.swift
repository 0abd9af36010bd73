/// What a span does. The numbers are wire tags: append only, never reuse one.
public enum Operation: UInt8, Sendable, CaseIterable {
    /// Anything without a more exact word; the span's name says more.
    case other = 0
    /// One generation at the server, from arrival to last token (`gen_ai` server span, vLLM `llm_request`).
    case request = 1
    /// The same generation seen by its client.
    case clientRequest = 2
    /// Waiting to be scheduled.
    case queue = 3
    /// Scheduled until the first token.
    case prefill = 4
    /// First token until the last.
    case decode = 5
    /// One scheduler step: a prefill chunk or one decode iteration.
    case step = 6
    /// One pipeline stage's share of a step on one device.
    case stage = 7
    /// One transformer layer.
    case layer = 8
    /// Token embedding.
    case embed = 9
    /// Final norm and LM head.
    case head = 10
    /// Sampling one token.
    case sampling = 11
    /// Sending one message to the next device.
    case hopSend = 12
    /// Receiving one message from the previous device.
    case hopReceive = 13
    /// Looking a prompt up in the prefix cache.
    case cacheLookup = 14
    /// Inserting into the prefix cache.
    case cacheInsert = 15
    /// Evicting from the prefix cache.
    case cacheEvict = 16
    /// One memory and utilisation sample.
    case memorySample = 17
    /// One clock probe, asker's side: T0...T3 in attributes.
    case clockProbe = 18
    /// One clock probe, answerer's side.
    case clockReply = 19
    /// Tokens emitted or computed.
    case tokens = 20

    /// The span name used when none is given.
    public var defaultName: String {
        switch self {
        case .other: "span"
        case .request: "request"
        case .clientRequest: "client.request"
        case .queue: "queue"
        case .prefill: "prefill"
        case .decode: "decode"
        case .step: "step"
        case .stage: "stage"
        case .layer: "layer"
        case .embed: "embed"
        case .head: "lm_head"
        case .sampling: "sampling"
        case .hopSend: "hop.send"
        case .hopReceive: "hop.receive"
        case .cacheLookup: "cache.lookup"
        case .cacheInsert: "cache.insert"
        case .cacheEvict: "cache.evict"
        case .memorySample: "memory.sample"
        case .clockProbe: "clock.probe"
        case .clockReply: "clock.reply"
        case .tokens: "tokens"
        }
    }
}

/// The phase of a generation. Wire tags: append only.
public enum Phase: UInt8, Sendable, CaseIterable {
    /// Neither, or not known.
    case none = 0
    /// Computing the prompt.
    case prefill = 1
    /// Generating tokens.
    case decode = 2

    /// `""`, `"prefill"` or `"decode"`, as JSON and labels print it.
    public var label: String {
        switch self {
        case .none: ""
        case .prefill: "prefill"
        case .decode: "decode"
        }
    }
}

/// A directed connection between two devices.
public struct Link: Hashable, Sendable {
    /// The sending device's label.
    public var from: String
    /// The receiving device's label.
    public var to: String

    /// A link from one device's label to another's.
    public init(from: String, to: String) {
        self.from = from
        self.to = to
    }
}

/// What spans of different requests, devices and sessions are matched by: (operation, phase, layer, stage, link).
///
/// The name is what a person reads; it takes part in equality because foreign spans have nothing else.
public struct Role: Hashable, Sendable {
    /// What the span does.
    public var operation: Operation
    /// The span's name, `operation.defaultName` unless given.
    public var name: String
    /// Prefill, decode or neither.
    public var phase: Phase
    /// Absolute layer index from 0, over all stages.
    public var layer: Int?
    /// Pipeline stage from 0.
    public var stage: Int?
    /// The link of a hop.
    public var link: Link?

    /// A role; what is left out does not take part in matching.
    public init(
        _ operation: Operation, name: String? = nil, phase: Phase = .none, layer: Int? = nil, stage: Int? = nil,
        link: Link? = nil
    ) {
        self.operation = operation
        self.name = name ?? operation.defaultName
        self.phase = phase
        self.layer = layer
        self.stage = stage
        self.link = link
    }
}
