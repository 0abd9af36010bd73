internal import ArgumentParser
internal import SpanreelReplay

/// The options of every command that shows a session: which requests count.
struct FilterArguments: ParsableArguments {
    @Option(help: "Only requests of this model; (none): of those that name none.") var model: String?
    @Option(help: "Only requests of this variant; (none): of those that name none.") var variant: String?

    /// The requests that count.
    var filter: RequestFilter { RequestFilter(model: model, variant: variant) }
}
