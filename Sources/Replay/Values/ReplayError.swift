/// Why a question to a session has no answer: a stable code and one sentence.
public struct ReplayError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A stable word, as JSON prints it.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The word.
        public let description: String
        /// A code by its word.
        public init(_ description: String) { self.description = description }

        /// An argument makes no sense.
        public static let invalid = Code("invalid-argument")
        /// What was asked for is not in the session.
        public static let notFound = Code("not-found")
        /// The session cannot be read.
        public static let unreadable = Code("unreadable")
    }

    /// The stable code.
    public var code: Code
    /// One sentence.
    public var message: String

    /// An error from its parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence and the code.
    public var description: String { "\(message) [\(code)]" }
}
