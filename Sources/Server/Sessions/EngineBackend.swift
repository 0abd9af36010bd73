internal import SpanreelTracing

extension SessionSource {
    /// The real thing: sessions on disk.
    static let engine = SessionSource(
        describe: { path in try describe(path) },
        open: { _ in throw APIError(.serviceUnavailable, "unavailable", "Views are not built into this program.") },
        diff: { _, _ in throw APIError(.serviceUnavailable, "unavailable", "Diff is not built into this program.") })

    private static func describe(_ path: String) throws(TraceError) -> SessionDescription {
        let reader = try SessionReader(path: path)
        let states = reader.streams.map(\.state)
        let phase: SessionPhase = states.contains(.live) ? .live : states.contains(.dead) ? .crashed : .saved
        return SessionDescription(
            id: "\(reader.session.id)", name: reader.session.name, state: phase,
            createdUnixNanos: reader.session.createdUnixNanos, sizeBytes: reader.sizeBytes)
    }
}
