import SpanreelTracing

/// What a stretch of a critical path was spent on.
public enum PathKind: String, Sendable, CaseIterable {
    /// Waiting for a turn: queued, or between two steps while others have theirs.
    case queue
    /// A device computes: stage, layer, embedding, head.
    case compute
    /// A message is on its way.
    case hop
    /// A token is chosen.
    case sampling
    /// A step is under way and nobody works on it: hand-over between stages, serialisation, scheduling.
    case bubble
    /// Anything else: cache lookups, spans without a more exact word.
    case other

    /// What a span's own time is.
    init(_ operation: Operation) {
        self =
            switch operation {
            case .queue, .request, .clientRequest, .prefill, .decode: .queue
            case .stage, .layer, .embed, .head: .compute
            case .hopSend, .hopReceive: .hop
            case .sampling: .sampling
            case .step: .bubble
            case .other, .cacheLookup, .cacheInsert, .cacheEvict, .memorySample, .clockProbe, .clockReply, .tokens:
                .other
            }
    }
}
