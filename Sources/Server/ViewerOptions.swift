public import SpanreelReplay

/// How the viewer is served.
public struct ViewerOptions: Sendable {
    /// Which port of 127.0.0.1.
    public enum Port: Sendable, Equatable {
        /// This one, or the next free one: for a default that nobody asked for.
        case preferred(Int)
        /// This one or none; 0 takes any free one.
        case exactly(Int)
    }

    /// The port.
    public var port = Port.preferred(8888)
    /// Directories whose `NAME.reel` sessions are offered.
    public var directories: [String] = []
    /// Sessions offered beside those, by path. The first is `current` while none is live.
    public var paths: [String] = []
    /// Names that `Host` may have besides the loopback ones.
    public var allowedHosts: [String] = []
    /// Where the page's files are; nil means beside the executable.
    public var pageDirectory: String?
    /// The alert rules that sessions are looked at with.
    public var rules = AlertRules.standard
    /// Is told what fires and resolves in live sessions.
    public var webhook: Webhook?

    /// The defaults: port 8888 and no session.
    public init() {}
}

/// Where a viewer listens.
public struct ViewerAddress: Sendable, Equatable {
    /// The port of 127.0.0.1.
    public var port: Int
    /// The port that was preferred and taken; nil when `port` is the one wished for.
    public var takenPort: Int?

    /// The page.
    public var url: String { "http://localhost:\(port)" }

    /// The line that reaches this page from the machine one came from by ssh; nil when not in an ssh session.
    ///
    /// - Parameter connection: the value of `SSH_CONNECTION`: client address and port, server address and port.
    public func sshHint(connection: String?, user: String?) -> String? {
        guard let parts = connection?.split(separator: " "), parts.count == 4 else { return nil }
        let host = parts[2].contains(":") ? "[\(parts[2])]" : String(parts[2])
        let target = user.map { "\($0)@\(host)" } ?? host
        let sshPort = parts[3] == "22" ? "" : "-p \(parts[3]) "
        return "ssh \(sshPort)-L \(port):127.0.0.1:\(port) \(target)"
    }
}
