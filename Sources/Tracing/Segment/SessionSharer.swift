/// Makes a copy that may leave the house: numbers stay, who and what was said goes.
public enum SessionSharer {
    /// Attribute names whose strings are words of the field, not of a user.
    private static let keptStrings: Set<String> = [
        "gen_ai.request.id", "gen_ai.request.model", "gen_ai.response.finish_reasons", "gen_ai.operation.name",
        "gen_ai.provider.name", "error.type", "spanreel.variant", "network.transport", "spanreel.clock.peer",
        "http.request.method", "url.path", "mlx.phase", "mlx.hop.from", "mlx.hop.to", "mlx.hop.message_id",
        "mlx.clock.peer", "mlx.cache.type", "mlx.request.id", "spanreel.hop.message_id",
    ]

    private static let keptResources: Set<String> = [
        "service.name", "service.version", "telemetry.sdk.name", "telemetry.sdk.language", "mlx.rank", "mlx.world_size",
        "mlx.version", "mlx.backend", "model.layers", "model.hidden_size",
    ]

    /// Packs the session at `path` into `target` without host names, process ids, addresses, free text and content.
    ///
    /// Device labels, model, roles, times, counts and ids stay: they are what the trace is for.
    public static func share(path: String, to target: String) throws(TraceError) -> SessionPacker.Report {
        let reader = try SessionReader(path: path)
        let before = reader.sizeBytes
        let writer = try SessionWriter(
            path: target, name: reader.session.name, sessionID: reader.session.id,
            createdUnixNanos: reader.session.createdUnixNanos, symbols: reader.symbols)
        var hosts: [String: String] = [:]
        var domains: [String: String] = [:]
        func alias(_ text: String, _ prefix: String, _ table: inout [String: String]) -> String {
            if text.isEmpty { return text }
            if let known = table[text] { return known }
            let new = "\(prefix)-\(table.count + 1)"
            table[text] = new
            return new
        }
        let events = try SessionCopy.run(reader, writer) { info in
            var shared = info
            shared.host = alias(info.host, "host", &hosts)
            shared.clockDomain = alias(info.clockDomain, "clock", &domains)
            shared.pid = 0
            shared.resource = info.resource.filter { keptResources.contains($0.key) }
            return shared
        } change: { batch in
            strip(batch, reader.symbols)
        }
        try writer.finish()
        return SessionPacker.Report(
            events: events, sizeBytesBefore: before, sizeBytes: POSIX.fileSizeBytes(target) ?? 0,
            damages: reader.damages)
    }

    private static func strip(_ batch: borrowing EventBatch, _ symbols: Symbols) -> EventBatch {
        var stripped = EventBatch()
        let redacted = UInt64(symbols.intern("redacted").index)
        for event in batch.events {
            var copy = event
            copy.attributeStart = UInt32(stripped.attributes.count)
            var count: UInt16 = 0
            for attribute in batch.attributes(of: event) {
                var kept = attribute
                switch attribute.type {
                case .blob: continue
                case .string:
                    if !keptStrings.contains(symbols.name(of: attribute.key)) { kept.bits = redacted }
                case .int, .double, .bool: break
                }
                stripped.attributes.append(kept)
                count += 1
            }
            copy.attributeCount = count
            stripped.events.append(copy)
        }
        return stripped
    }
}
