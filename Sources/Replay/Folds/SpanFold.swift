import SpanreelTracing

/// What is odd about spans: ids used twice, parents that never came, children that outlive them, ends before starts.
///
/// A child may come before its parent: a parent given as one fact comes at its end, and a clock that is ahead stamps it
/// later. So a parent that is not known is waited for, and counts as missing until it comes. What is remembered is
/// bounded: spans that ended lately, and parents that are waited for; one that is forgotten is missing for good.
struct SpanFold: Sendable {
    /// A span that ended.
    private struct Ended: BitwiseCopyable, Sendable {
        var end: Int64 = 0
        var device: Int32 = -1
    }

    /// Spans held in each generation, up to 48 bytes each: checkpoints hold them too.
    static let generation = 16_384

    private var lately = GenerationTable(filler: Ended(), limit: Self.generation)
    /// Parents that are waited for, with how many children ask.
    private var wanted = GenerationTable<Int32>(filler: 0, limit: Self.generation)
    // The children of one step ask for the same parent one after the other.
    private var lastParent: UInt64 = 0

    /// Spans whose parent has not come so far.
    private(set) var missingParents = 0
    /// Begins and whole spans with the id of another span; they are left out.
    private(set) var duplicates = 0
    /// Spans that ended after their parent on the same device; what another one does in the meantime is its own.
    private(set) var outlivedParents = 0
    /// Whole spans whose end lies before their start; they last 0 ns.
    private(set) var negativeDurations = 0

    /// Whether the span, which begins or comes whole, is the first of its id; else it is counted.
    ///
    /// Ids that the recorder gave are base + sequence and cannot come twice: only foreign ones are looked up.
    @inline(__always) mutating func isFirst(_ event: Event, isOpen: (UInt64) -> Bool) -> Bool {
        let span = event.span.rawValue
        guard span != 0, span != event.incarnation &+ event.sequence else { return true }
        guard isOpen(span) || lately.find(span) != nil else { return true }
        duplicates &+= 1
        return false
    }

    /// A span begins or comes whole: it is looked for among the parents that are waited for, and asks for its own.
    @inline(__always) mutating func appeared(_ event: Event, isOpen: (UInt64) -> Bool) {
        if !wanted.isEmpty, let children = wanted.remove(event.span.rawValue) { missingParents &-= Int(children) }
        if event.kind == .span, event.start > event.time { negativeDurations &+= 1 }
        let parent = event.parent.rawValue
        guard parent != 0, parent != lastParent else { return }
        if isOpen(parent) {
            lastParent = parent
        } else if lately.find(parent) == nil {
            want(parent)
        }
    }

    private mutating func want(_ parent: UInt64) {
        missingParents &+= 1
        wanted.insert(parent, (wanted.remove(parent) ?? 0) &+ 1)
    }

    /// A span ended, whole or by its end; `isOwnWhole`: as one fact, under the id that the recorder gave it.
    @inline(__always) mutating func ended(_ span: FinishedSpan, isOwnWhole: Bool) {
        if span.span.rawValue == lastParent { lastParent = 0 }
        // A receive outlives its send by its nature.
        if !span.parent.isNone, span.parent.rawValue != lastParent, span.plan.operation != .hopReceive,
            let parent = lately.find(span.parent.rawValue),
            parent.end < span.end, parent.device == span.stream.device
        {
            outlivedParents &+= 1
        }
        // Of our own recorder's frequent leaves nothing will ask.
        guard !span.span.isNone, !(isOwnWhole && span.plan.operation.isLeaf) else { return }
        lately.insert(span.span.rawValue, Ended(end: span.end, device: span.stream.device))
    }
}

extension Operation {
    /// Short and frequent, with nothing recorded inside.
    fileprivate var isLeaf: Bool {
        switch self {
        case .layer, .embed, .head, .sampling, .cacheLookup, .cacheInsert, .cacheEvict, .memorySample, .clockProbe,
            .clockReply, .tokens:
            true
        default: false
        }
    }
}
