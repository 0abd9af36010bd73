/// Which `Host` headers a server on loopback may answer.
///
/// A page of another site can make the browser call this server under that site's own name, by pointing the name at
/// 127.0.0.1 (DNS rebinding). The browser then believes that both are one origin; only the header gives it away. So the
/// comparison is with whole names, never with prefixes or suffixes.
struct HostRule: Sendable {
    private let names: Set<String>

    /// Loopback names, and more that the user asked for.
    init(allowing extra: [String] = []) {
        names = Set(["127.0.0.1", "localhost", "[::1]"] + extra.map { $0.lowercased() })
    }

    /// Whether `authority` is an allowed name, alone or with a port.
    func allows(_ authority: String) -> Bool {
        guard let host = Self.host(of: authority) else { return false }
        return names.contains(host)
    }

    /// The lower-case name of `name[:port]` or `[address][:port]`; nil for anything else, such as user information.
    static func host(of authority: String) -> String? {
        let text = authority.lowercased()
        let name: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = text[...end]
            rest = text[text.index(after: end)...]
        } else {
            name = text.prefix { $0 != ":" }
            rest = text.dropFirst(name.count)
        }
        guard !name.isEmpty else { return nil }
        if rest.isEmpty { return String(name) }
        let port = rest.dropFirst()
        guard rest.first == ":", (1...5).contains(port.utf8.count),
            port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(port), number <= 65535
        else { return nil }
        return String(name)
    }
}
