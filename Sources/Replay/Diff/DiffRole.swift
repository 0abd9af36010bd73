public import SpanreelTracing

/// What is compared between sessions: a role without the names that a person gave to devices and spans.
///
/// Layers match by their absolute index, wherever they run. Hops match by the stages they join when both sessions
/// know their stages, so that two machines may be swapped; else by device labels.
public struct DiffRole: Hashable, Sendable {
    /// What is done; hops stand as ``SpanreelTracing/Operation/hopReceive``.
    public var operation: Operation
    /// Prefill, decode or neither.
    public var phase: Phase
    /// Absolute layer index.
    public var layer: Int?
    /// Pipeline stage.
    public var stage: Int?
    /// A hop's ends: device labels, or stages as `stage 0`.
    public var from: String?
    /// See ``from``.
    public var to: String?
    /// Where a cache operation ran: a device label, or a stage.
    public var place: String?

    /// A role to compare.
    public init(
        _ operation: Operation, phase: Phase = .none, layer: Int? = nil, stage: Int? = nil, from: String? = nil,
        to: String? = nil, place: String? = nil
    ) {
        self.operation = operation
        self.phase = phase
        self.layer = layer
        self.stage = stage
        self.from = from
        self.to = to
        self.place = place
    }

    /// The same without the phase: a layer, a link, a stage. What a person would mend.
    public var entity: DiffRole {
        var entity = self
        entity.phase = .none
        return entity
    }

    /// The words for a person: `layer 11 decode`, `hop mini1→mini2 prefill`.
    public var label: String {
        let what =
            switch operation {
            case .layer: "layer \(layer.map(String.init) ?? "?")"
            case .stage: "stage \(stage.map(String.init) ?? "?") outside layers"
            case .hopReceive: "hop \(from ?? "?")→\(to ?? "?")"
            case .head: "LM head"
            case .embed: "embedding"
            case .cacheLookup: "cache lookup"
            case .cacheInsert: "cache insert"
            case .cacheEvict: "cache eviction"
            default: operation.defaultName
            }
        return ([what] + [place ?? "", phase.label].filter { !$0.isEmpty }).joined(separator: " ")
    }

    /// Order for ties: as the data flows.
    static func precedes(_ a: DiffRole, _ b: DiffRole) -> Bool {
        let x = (a.operation.rawValue, a.layer ?? -1, a.stage ?? -1, a.from ?? "", a.to ?? "", a.place ?? "")
        let y = (b.operation.rawValue, b.layer ?? -1, b.stage ?? -1, b.from ?? "", b.to ?? "", b.place ?? "")
        return x != y ? x < y : a.phase.rawValue > b.phase.rawValue
    }
}
