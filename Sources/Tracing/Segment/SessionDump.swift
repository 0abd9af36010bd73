/// Records as text, one line each: for eyes, grep and bug reports.
public enum SessionDump {
    /// What to show.
    public struct Options: Sendable {
        /// Only events of this trace.
        public var trace: TraceID?
        /// Only streams of this device.
        public var device: String?
        /// JSON lines instead of columns.
        public var json = false
        /// Stop after so many events.
        public var limit = Int.max
        /// All defaults.
        public init() {}
    }

    /// Hands every selected event to `line`, by block, each incarnation in order. Control characters are escaped.
    ///
    /// - Returns: the number of lines.
    @discardableResult
    public static func run(
        path: String, options: Options = Options(), _ line: (String) -> Void
    ) throws(TraceError) -> Int {
        let reader = try SessionReader(path: path)
        var count = 0
        try reader.poll { batch in
            for event in batch.events where count < options.limit {
                if let trace = options.trace, event.trace != trace { continue }
                let device = reader.streams[Int(event.stream)].device
                if let wanted = options.device, device != wanted { continue }
                line(options.json ? json(event, batch, reader, device) : text(event, batch, reader, device))
                count += 1
            }
        }
        return count
    }

    /// `unix-nanos device incarnation/sequence kind name [phase layer link] span<parent trace duration attributes`
    private static func text(
        _ event: Event, _ batch: borrowing EventBatch, _ reader: SessionReader, _ device: String
    ) -> String {
        let role = reader.symbols.role(event.role)
        var parts = [
            String(event.time.nanos), escape(device), "\(Hex.string(event.incarnation).prefix(8))/\(event.sequence)",
            "\(event.kind)", escape(role.name),
        ]
        if role.phase != .none { parts.append(role.phase.label) }
        if let layer = role.layer { parts.append("layer=\(layer)") }
        if let stage = role.stage { parts.append("stage=\(stage)") }
        if let link = role.link { parts.append("link=\(escape(link.from))>\(escape(link.to))") }
        if !event.span.isNone { parts.append("span=\(event.span)") }
        if !event.parent.isNone { parts.append("parent=\(event.parent)") }
        if !event.trace.isNone { parts.append("trace=\(event.trace)") }
        if event.kind == .span { parts.append("dur=\(event.time - event.start)ns") }
        if event.kind == .tokens { parts.append("tokens=\(event.value)") }
        if event.status != .unset { parts.append("status=\(event.status)") }
        for attribute in batch.attributes(of: event) {
            parts.append(
                "\(escape(reader.symbols.name(of: attribute.key)))=\(escape(value(attribute, reader.symbols)))")
        }
        return parts.joined(separator: " ")
    }

    private static func json(
        _ event: Event, _ batch: borrowing EventBatch, _ reader: SessionReader, _ device: String
    ) -> String {
        let role = reader.symbols.role(event.role)
        var fields = [
            "\"timeUnixNanos\":\"\(event.time.nanos)\"", "\"device\":\(SafeText.json(device))",
            "\"incarnation\":\"\(Hex.string(event.incarnation))\"", "\"sequence\":\(event.sequence)",
            "\"kind\":\"\(event.kind)\"", "\"name\":\(SafeText.json(role.name))", "\"operation\":\"\(role.operation)\"",
        ]
        if role.phase != .none { fields.append("\"phase\":\"\(role.phase.label)\"") }
        if let layer = role.layer { fields.append("\"layer\":\(layer)") }
        if let stage = role.stage { fields.append("\"stage\":\(stage)") }
        if let link = role.link { fields.append("\"link\":\(SafeText.json("\(link.from)>\(link.to)"))") }
        if !event.span.isNone { fields.append("\"span\":\"\(event.span)\"") }
        if !event.parent.isNone { fields.append("\"parent\":\"\(event.parent)\"") }
        if !event.trace.isNone { fields.append("\"trace\":\"\(event.trace)\"") }
        if event.kind == .span { fields.append("\"durationNanos\":\(event.time - event.start)") }
        if event.kind == .tokens { fields.append("\"tokens\":\(event.value)") }
        if event.status != .unset { fields.append("\"status\":\"\(event.status)\"") }
        let attributes = batch.attributes(of: event).map { attribute in
            let text = value(attribute, reader.symbols)
            let isText =
                attribute.type == .string || attribute.type == .blob
                || attribute.type == .double && !Double(bitPattern: attribute.bits).isFinite
            return "\(SafeText.json(reader.symbols.name(of: attribute.key))):\(isText ? SafeText.json(text) : text)"
        }
        if !attributes.isEmpty { fields.append("\"attributes\":{\(attributes.joined(separator: ","))}") }
        return "{\(fields.joined(separator: ","))}"
    }

    private static func value(_ attribute: Attribute, _ symbols: Symbols) -> String {
        switch attribute.type {
        case .int: "\(Int64(bitPattern: attribute.bits))"
        case .double: number(Double(bitPattern: attribute.bits))
        case .bool: attribute.bits == 0 ? "false" : "true"
        case .string: symbols.string(StringID(UInt32(truncatingIfNeeded: attribute.bits)))
        case .blob: "<blob \(Hex.string(symbols.blobs[Int(attribute.bits)]))>"
        }
    }

    /// Swift writes the bits of an unusual NaN, `-snan(0x12d8)`: nothing that a reader of JSON lines knows.
    private static func number(_ value: Double) -> String { value.isNaN ? "nan" : "\(value)" }

    /// A word of a line: safe for a terminal, and quoted when it holds blanks.
    private static func escape(_ text: String) -> String {
        let visible = SafeText.visible(text)
        return text.contains(" ") ? "\"\(visible)\"" : visible
    }
}
