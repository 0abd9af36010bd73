/// What went wrong with a session, in one sentence: what, where, expected, found, what to do.
public struct TraceError: Error, Sendable, CustomStringConvertible {
    /// A stable code, as printed and in JSON. Open: later versions may add codes.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The word printed, such as `not-a-session`.
        public let description: String
        /// A code by its word.
        public init(_ description: String) { self.description = description }

        /// The path does not exist or may not be read.
        public static let unreadable = Code("unreadable")
        /// The path exists but is no session.
        public static let notASession = Code("not-a-session")
        /// The format version is newer than this program.
        public static let unsupportedVersion = Code("unsupported-version")
        /// Bytes contradict the format.
        public static let corrupt = Code("corrupt")
        /// The session is written by a live process.
        public static let busy = Code("busy")
        /// The target exists already.
        public static let exists = Code("exists")
        /// The system refused: no space, no permission, no memory.
        public static let system = Code("system")
        /// An argument makes no sense.
        public static let invalid = Code("invalid")
        /// The thing asked for is not in the session.
        public static let notFound = Code("not-found")
    }

    /// The stable code.
    public var code: Code
    /// The sentence.
    public var message: String
    /// The file concerned.
    public var path: String?
    /// The offset in that file.
    public var offsetBytes: Int?

    /// An error from its parts.
    public init(_ code: Code, _ message: String, path: String? = nil, offsetBytes: Int? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.offsetBytes = offsetBytes
    }

    /// `code: message (path, at byte N)`.
    public var description: String {
        var place = ""
        if let path {
            place = " (\(path)" + (offsetBytes.map { ", at byte \($0)" } ?? "") + ")"
        }
        return "\(message)\(place) [\(code)]"
    }
}
