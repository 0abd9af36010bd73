/// Which requests count: those of a model, of a variant, or of both.
///
/// A fact belongs to a request, or to none: `docs/VIEWS.md` says to which, and what counts of those of none.
public struct RequestFilter: Sendable, Hashable {
    /// What requests are told apart by.
    public enum Dimension: String, Sendable, CaseIterable {
        /// `gen_ai.request.model`, else the model that the stream declares.
        case model
        /// `spanreel.variant`: the arm of an A/B comparison.
        case variant

        /// Parses `model` or `variant`.
        public init(parsing text: String) throws(ReplayError) {
            guard let dimension = Dimension(rawValue: text) else {
                throw ReplayError(.invalid, "A split is by model or by variant, not by \"\(text.prefix(40))\".")
            }
            self = dimension
        }
    }

    /// The model; nil for any.
    public var model: String?
    /// The variant; nil for any.
    public var variant: String?

    /// The value of requests that say nothing, or have not said it yet.
    public static let none = "(none)"

    /// A filter; left out: any.
    public init(model: String? = nil, variant: String? = nil) {
        self.model = model
        self.variant = variant
    }

    /// Whether every request counts.
    public var isAll: Bool { model == nil && variant == nil }

    /// What it asks of a dimension.
    public subscript(dimension: Dimension) -> String? {
        get { dimension == .model ? model : variant }
        set { if dimension == .model { model = newValue } else { variant = newValue } }
    }

    /// The requests of both filters; nil when they contradict each other.
    func narrowed(by other: RequestFilter) -> RequestFilter? {
        var result = self
        for dimension in Dimension.allCases {
            guard let value = other[dimension] else { continue }
            guard (result[dimension] ?? value) == value else { return nil }
            result[dimension] = value
        }
        return result
    }

    /// `model a, variant b`, as people read it; names are to be made visible.
    public var words: String {
        Dimension.allCases.compactMap { dimension in self[dimension].map { "\(dimension.rawValue) \($0)" } }
            .joined(separator: ", ")
    }

    /// Writes the members of its JSON object; null for any.
    func write(_ json: inout JSONWriter) {
        json.field("model", model)
        json.field("variant", variant)
    }
}

/// One value of a dimension, and how many requests have it.
public struct RequestValue: Sendable, Equatable {
    /// The value; ``RequestFilter/none`` for requests without one.
    public var value: String
    /// Requests so far.
    public var requests: Int
}
