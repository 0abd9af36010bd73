/// Gives the spans of a session this library's own ids: what an import brought costs eight bytes less a span then, and
/// ids that another system knows are gone.
public enum SessionReidentifier {
    /// Writes the session at `path` into `target` with span ids `incarnation + sequence`, and trace ids of a random half
    /// for each stream and the root's span id. Parents follow; one that is not in the session keeps its id.
    ///
    /// Reads the session twice; memory grows with the number of spans, some 50 bytes each.
    /// - Throws: `exists` when the target does, and what reading throws.
    @discardableResult
    public static func rewrite(path: String, to target: String, level: Int = 19) throws(TraceError)
        -> SessionPacker.Report
    {
        var names = try ids(of: path)
        let reader = try SessionReader(path: path)
        let before = reader.sizeBytes
        let writer = try SessionWriter(
            path: target, name: reader.session.name, sessionID: reader.session.id,
            createdUnixNanos: reader.session.createdUnixNanos, level: level, symbols: reader.symbols)
        let events = try SessionCopy.run(reader, writer, change: { names.replace($0) })
        try writer.finish()
        return SessionPacker.Report(
            events: events, sizeBytesBefore: before, sizeBytes: POSIX.fileSizeBytes(target) ?? 0,
            damages: reader.damages)
    }

    private static func ids(of path: String) throws(TraceError) -> Names {
        var names = Names()
        try SessionReader(path: path).poll { batch in
            for event in batch.events { names.note(event) }
        }
        return names
    }

    private struct Names {
        private var spans: [SpanID: SpanID] = [:]
        private var traces: [TraceID: TraceID] = [:]
        private var rooted: Set<TraceID> = []
        private var prefixes: [UInt32: UInt64] = [:]

        /// The first span of a trace gives it a name, and its root a better one.
        mutating func note(_ event: Event) {
            guard event.kind == .begin || event.kind == .span, !event.span.isNone else { return }
            let own = SpanID(event.incarnation &+ event.sequence)
            spans[event.span] = own
            guard !event.trace.isNone, event.parent.isNone || traces[event.trace] == nil,
                !rooted.contains(event.trace)
            else { return }
            if event.parent.isNone { rooted.insert(event.trace) }
            let prefix = prefixes[event.stream] ?? Random.bits()
            prefixes[event.stream] = prefix
            traces[event.trace] = TraceID(high: prefix, low: own.rawValue)
        }

        mutating func replace(_ batch: borrowing EventBatch) -> EventBatch {
            var changed = copy batch
            for index in changed.events.indices {
                let event = changed.events[index]
                changed.events[index].span = spans[event.span] ?? event.span
                changed.events[index].parent = spans[event.parent] ?? event.parent
                changed.events[index].trace = traces[event.trace] ?? event.trace
            }
            return changed
        }
    }
}
