/// Why the viewer does not run, in one sentence.
public struct ViewerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A stable code: `port-in-use`, `port-refused` or `invalid`.
    public var code: String
    /// The sentence.
    public var message: String

    /// `message [code]`.
    public var description: String { "\(message) [\(code)]" }
}
