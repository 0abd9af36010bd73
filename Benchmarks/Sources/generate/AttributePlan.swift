import SpanreelTracing

/// The attributes of a recorded session's items, prepared for being written once a repetition.
struct AttributePlan {
    /// Which of an item's attributes: those known when the span begins, those known only when it ends, or all.
    enum Part { case begin, end, whole }

    /// What is written, and the item's instants in this repetition.
    struct Moment {
        let item: Int
        let part: Part
        let start, end: Int64
    }

    private enum Value {
        case int(Int)
        case double(Double)
        case bool(Bool)
        case text(StringHandle)
        /// Processor time: keeps its share of the span's duration.
        case shareMicros(Double)
        /// How long the receiver had waited when the span began.
        case waitMicros(original: Int64, start: Int64)
        /// An instant of the original.
        case instant(Int64)
        /// A counter that goes on from repetition to repetition.
        case total(Int)
        /// A token of the vocabulary, which each repetition numbers differently: the model has random weights.
        case token(Int)
        /// The running number of a message, or of a request by which it is called.
        case message(Int)
        case request(Int)
    }

    private struct Planned {
        let key: KeyHandle
        let value: Value
        let isKnownAtEnd: Bool
    }

    private let recorders: [Recorder]
    private var planned: [[Planned]] = []
    private let streams: [Int]
    /// Names of this repetition's requests, by stream and number.
    private var requests: [[Int: StringHandle]]
    private var requestCount = 0
    private var messageCount = 0
    private var totalStep = 0
    private var repetition = 0

    init(_ original: Original, _ recorders: [Recorder]) {
        self.recorders = recorders
        streams = original.items.map { Int($0.event.stream) }
        requests = recorders.map { _ in [:] }
        for place in original.items.indices { planned.append(plan(original, place)) }
    }

    /// Gives the repetition's requests their names.
    mutating func begin(_ repetition: Int) {
        self.repetition = repetition
        for (stream, recorder) in recorders.enumerated() {
            for number in requests[stream].keys.sorted() {
                let running = String(repetition * requestCount + number)
                requests[stream][number] = recorder.name(
                    "cmpl-" + String(repeating: "0", count: max(0, 6 - running.count)) + running)
            }
        }
    }

    @inline(__always) func write(_ moment: Moment, _ warp: Warp, _ writer: inout AttributeWriter) {
        for attribute in planned[moment.item] {
            switch moment.part {
            case .begin: if attribute.isKnownAtEnd { continue }
            case .end: if !attribute.isKnownAtEnd { continue }
            case .whole: break
            }
            let key = attribute.key
            switch attribute.value {
            case .int(let number): writer.set(key, number)
            case .double(let number): writer.set(key, number)
            case .bool(let flag): writer.set(key, flag)
            case .text(let text): writer.set(key, text)
            case .shareMicros(let share): writer.set(key, Int((share * Double(moment.end - moment.start)).rounded()))
            case .waitMicros(let wait, let start):
                writer.set(key, Int((moment.start - warp.map(start - wait)) / 1000))
            case .instant(let time): writer.set(key, Int(warp.map(time)))
            case .total(let total): writer.set(key, total + repetition * totalStep)
            case .token(let token): writer.set(key, (token &* (8 * repetition + 5) &+ 3 * repetition) & 8191)
            case .message(let number): writer.set(key, number + repetition * messageCount)
            case .request(let number):
                if let name = requests[streams[moment.item]][number] { writer.set(key, name) }
            }
        }
    }

    // MARK: Once

    /// One of the two names of each value that the import gave a well-known name beside the server's. What the server
    /// measured in whole micro- or milliseconds stays under its name: in nanoseconds it would end in digits that nobody
    /// measured, and that have to be stored.
    private static let twins: Set<String> = [
        "mlx.request.id", "mlx.tokens", "mlx.kv.offset", "spanreel.cpu_nanos", "mlx.layer.barriers",
        "mlx.hop.message_id", "mlx.hop.bytes", "spanreel.hop.wait_nanos", "mlx.cache.hit", "mlx.cache.hit_tokens",
        "mlx.cache.prompt_tokens", "mlx.cache.entries", "mlx.cache.bytes", "mlx.cache.removed", "mlx.token.id",
        "mlx.token.index", "mlx.clock.peer", "mlx.clock.t0", "mlx.clock.t1", "mlx.clock.t2", "mlx.clock.t3",
        "mlx.memory.active", "mlx.memory.cache", "mlx.memory.peak", "mlx.prefix_cache.bytes",
        "mlx.prefix_cache.entries", "mlx.kv.live_requests", "mlx.queue.waiting", "mlx.queue.active",
        "process.cpu.time_nanos",
    ]
    /// What an importer adds, and what a role says.
    private static let superfluous: Set<String> = [
        "spanreel.derived", "spanreel.otlp.remainder", "mlx.layer.index", "mlx.stage", "mlx.phase", "mlx.hop.from",
        "mlx.hop.to",
    ]
    private static let knownAtEnd: Set<AttributeKey> = [
        .outputTokens, .finishReason, .httpStatus, .errorType, .statusMessage, .tokenID,
    ]
    private static let measuredAtEnd: Set<String> = ["mlx.cpu_time_us", "mlx.ttft_ms"]
    private static let instants: Set<AttributeKey> = [.clockT0, .clockT1, .clockT2, .clockT3]

    private mutating func plan(_ original: Original, _ place: Int) -> [Planned] {
        let item = original.items[place]
        let isProbe = original.role(place).operation == .clockProbe
        return item.attributes.compactMap { attribute in
            let name = original.symbols.name(of: attribute.key)
            guard !Self.twins.contains(name), !Self.superfluous.contains(name),
                let value = value(original, item, attribute, name)
            else { return nil }
            let isKnownAtEnd = isProbe || Self.knownAtEnd.contains(attribute.key) || Self.measuredAtEnd.contains(name)
            return Planned(key: recorders[Int(item.event.stream)].key(name), value: value, isKnownAtEnd: isKnownAtEnd)
        }
    }

    private mutating func value(
        _ original: Original, _ item: Original.Item, _ attribute: Attribute, _ name: String
    ) -> Value? {
        let number = Int(truncatingIfNeeded: Int64(bitPattern: attribute.bits))
        switch (attribute.type, attribute.key) {
        case (.int, _): return self.number(number, item.event, attribute.key, name)
        case (.double, _): return .double(Double(bitPattern: attribute.bits))
        case (.bool, _): return .bool(attribute.bits != 0)
        case (.string, _):
            return text(
                original.symbols.string(StringID(UInt32(truncatingIfNeeded: attribute.bits))), attribute.key,
                stream: Int(item.event.stream))
        case (.blob, _): return nil
        }
    }

    private mutating func number(_ number: Int, _ event: Event, _ key: AttributeKey, _ name: String) -> Value {
        switch name {
        case "mlx.cpu_time_us": return .shareMicros(Double(number) / Double(event.time - event.start))
        case "mlx.hop.idle_us": return .waitMicros(original: Int64(number) * 1000, start: event.start.nanos)
        case "mlx.hop.sent_unix_ns": return .instant(Int64(number))
        case "process.cpu.time_ms":
            totalStep = max(totalStep, number)
            return .total(number)
        case "spanreel.token.id": return .token(number)
        default: return Self.instants.contains(key) ? .instant(Int64(number)) : .int(number)
        }
    }

    private mutating func text(_ text: String, _ key: AttributeKey, stream: Int) -> Value {
        let running = text.lastIndex(of: "-").flatMap { Int(text[text.index(after: $0)...]) }
        if let running, key == .messageID {
            messageCount = max(messageCount, running + 1)
            return .message(running)
        }
        if let running, text.hasPrefix("cmpl-") {
            requestCount = max(requestCount, running + 1)
            requests[stream].updateValue(recorders[stream].name(text), forKey: running)
            return .request(running)
        }
        return .text(recorders[stream].name(text))
    }
}
