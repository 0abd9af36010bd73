/// What went wrong in the pipeline, in one sentence.
public struct PipelineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A stable code. Open: later versions may add codes.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The word printed, such as `port-in-use`.
        public let description: String
        /// A code by its word.
        public init(_ description: String) { self.description = description }

        /// An argument or a configuration makes no sense.
        public static let invalid = Code("invalid")
        /// The port asked for belongs to another program.
        public static let portInUse = Code("port-in-use")
        /// A socket failed, or the other end closed it.
        public static let network = Code("network")
        /// Bytes from the network contradict the frame format.
        public static let badFrame = Code("bad-frame")
        /// A process could not be started, or died.
        public static let process = Code("process")
    }

    /// The stable code.
    public var code: Code
    /// The sentence.
    public var message: String

    /// An error from its parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// `message [code]`.
    public var description: String { "\(message) [\(code)]" }
}
