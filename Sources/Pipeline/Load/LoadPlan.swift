/// What one client does: when it arrives, what it asks, and whether it stays.
struct PlannedRequest: Equatable, Sendable {
    enum Kind: String, Sendable {
        /// Asks and reads the whole answer.
        case normal
        /// Goes on with an earlier conversation, so that most of its prompt is cached.
        case followUp = "follow-up"
        /// Hangs up after some tokens.
        case cancelled
        /// Asks for something that no server can do.
        case invalid
    }

    /// Counts from 0.
    var index: Int
    /// Seconds after the load began.
    var dueSeconds: Double
    var kind: Kind
    /// System prompt and question.
    var prompt: String
    /// The question alone, for a follow-up.
    var question: String
    var maximumTokens: Int
    /// Streams the answer; every third request does not.
    var streams: Bool
    /// Tokens after which a cancelling client hangs up.
    var hangUpAfter: Int
    /// Chooses the conversation that a follow-up continues.
    var choice: Int
}

/// An endless, seeded stream of requests: Poisson arrivals, a few shared system prompts, mostly short answers.
struct LoadPlan: Sequence, IteratorProtocol {
    private var generator: SeededGenerator
    private let rate: Double
    private var index = 0
    private var seconds = 0.0

    /// A plan with `rate` arrivals per second.
    init(seed: UInt64, rate: Double) {
        generator = SeededGenerator(seed, 0x10ad)
        self.rate = rate
    }

    mutating func next() -> PlannedRequest? {
        seconds += generator.exponential(mean: 1 / rate)
        let draw = generator.unitDouble()
        let kind: PlannedRequest.Kind =
            draw < 0.04 ? .invalid : draw < 0.10 ? .cancelled : draw < 0.22 ? .followUp : .normal
        // The first system prompt is the most popular one, as in real traffic.
        let popularity = generator.unitDouble()
        let system = Self.systems[
            Swift.min(Self.systems.count - 1, Int(popularity * popularity * Double(Self.systems.count)))]
        let isLong = generator.unitDouble() < 0.3
        let words = generator.integer(in: isLong ? 12...32 : 4...10)
        let question = (0..<words).map { _ in Self.words[generator.integer(in: 0...(Self.words.count - 1))] }
            .joined(separator: " ")
        defer { index += 1 }
        return PlannedRequest(
            index: index, dueSeconds: seconds, kind: kind, prompt: system + " " + question + "?",
            question: question + "?",
            maximumTokens: generator.integer(in: isLong ? 40...72 : 12...32),
            streams: index % 3 != 2, hangUpAfter: generator.integer(in: 2...8),
            choice: generator.integer(in: 0...1023))
    }

    private static let systems = [
        "You are a helpful assistant. Give a short answer to the question of the user, and say so when you do not know "
            + "it. Never make up a number. The question is:",
        "Translate the text that follows into plain words that a child of ten years would use. Keep every number and "
            + "every name as it is. The text is:",
        "You write code. Answer with the code alone, without any word about it, and keep it as small as you can. What "
            + "the code has to do:",
        "Summarize the story below in one line. Do not add anything that is not in the story, and do not give your own "
            + "opinion of it. The story:",
        "You are the host of an old house near the water, and you answer every guest in the way of the house. A guest "
            + "asks:",
    ]

    private static let words = """
        what where when who how why is are the a of and to in it that you can which system world life people time night \
        water light house story number small great old new long place work part keep find give make take use write \
        think know begin end before after between under over again always never token layer model cache stage hop queue
        """.split(separator: " ").map(String.init)
}
