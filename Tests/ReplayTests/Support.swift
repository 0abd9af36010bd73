import SpanreelTracing

@testable import SpanreelReplay

/// A seeded generator (SplitMix64), so that a failing test can be run again with the seed it printed.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Builds the events of one stream with sequences and attributes.
struct StreamBuilder {
    let symbols: Symbols
    let stream: UInt32
    let incarnation: UInt64
    /// Added to every stamp: the stream's clock less the true one.
    var skew: (Int64) -> Int64 = { _ in 0 }
    private(set) var batch = EventBatch()
    private var sequence: UInt64 = 0

    init(symbols: Symbols, stream: UInt32, incarnation: UInt64) {
        self.symbols = symbols
        self.stream = stream
        self.incarnation = incarnation
    }

    /// Takes out what was written under these sequences.
    mutating func remove(sequences: ClosedRange<UInt64>) {
        batch.events.removeAll { sequences.contains($0.sequence) }
    }

    enum Value {
        case int(Int64)
        case text(String)
        case bool(Bool)
        case double(Double)
    }

    mutating func add(
        _ kind: EventKind, _ role: Role, at time: Int64, from start: Int64? = nil, span: UInt64 = 0, parent: UInt64 = 0,
        trace: UInt64 = 0, value: Int64 = 0, status: SpanStatus = .unset, _ attributes: [(AttributeKey, Value)] = []
    ) {
        sequence += 1
        let first = UInt32(batch.attributes.count)
        for (key, value) in attributes {
            switch value {
            case .int(let number):
                batch.attributes.append(Attribute(key: key, type: .int, bits: UInt64(bitPattern: number)))
            case .text(let text):
                batch.attributes.append(Attribute(key: key, type: .string, bits: UInt64(symbols.intern(text).index)))
            case .bool(let flag): batch.attributes.append(Attribute(key: key, type: .bool, bits: flag ? 1 : 0))
            case .double(let number):
                batch.attributes.append(Attribute(key: key, type: .double, bits: number.bitPattern))
            }
        }
        batch.events.append(
            Event(
                kind: kind, status: status, stream: stream, role: symbols.intern(role), incarnation: incarnation,
                sequence: sequence, time: Timestamp(nanos: time &+ skew(time)),
                start: start.map { Timestamp(nanos: $0 &+ skew($0)) }, span: SpanID(span), parent: SpanID(parent),
                trace: trace == 0 ? .none : TraceID(high: 7, low: trace), value: value, attributeStart: first,
                attributeCount: UInt16(attributes.count)))
    }
}

/// A small pipeline session whose truth is known: two devices, requests with tokens, layers, hops and lookups.
struct Sample {
    static let origin: Int64 = 1_700_000_000_000_000_000
    let symbols = Symbols()
    var streams: [StreamFact]
    var batches: [EventBatch] = []
    // The truth.
    var tokens = 0
    var finished = 0
    var cancelled = 0
    var rejected = 0
    var ttft: [Int64] = []
    var tpot: [Int64] = []
    var gaps: [Int64] = []
    var layerTimes: [Int: [Int64]] = [:]
    var transits: [Int64] = []
    var hopBytes: Int64 = 0
    var hits = 0
    var lookups = 0
    var end: Int64 = 0

    /// `skew` belongs to the second device, which then has a clock domain of its own.
    init(seed: UInt64, requests: Int = 12, skew: ((Int64) -> Int64)? = nil, probes: Bool = false, whole: Bool = false) {
        var random = Seeded(seed)
        streams = [
            StreamFact(id: "a", device: "mini1", host: "h", clockDomain: "one", stage: 0, firstLayer: 0, lastLayer: 1),
            StreamFact(
                id: "b", device: "mini2", host: "h", clockDomain: skew == nil ? "one" : "two", stage: 1, firstLayer: 2,
                lastLayer: 3),
        ]
        var one = StreamBuilder(symbols: symbols, stream: 0, incarnation: 0x1111_0000_0000_0000)
        var two = StreamBuilder(symbols: symbols, stream: 1, incarnation: 0x2222_0000_0000_0000)
        if let skew { two.skew = skew }
        let link = Link(from: "mini1", to: "mini2")
        var clock = Self.origin + 5_000_000
        var id: UInt64 = 100
        var message: Int64 = 0
        func next() -> UInt64 {
            id += 1
            return id
        }
        for number in 0..<requests {
            clock += Int64.random(in: 1_000_000...400_000_000, using: &random)
            let trace = UInt64(number + 1)
            let request = next()
            let start = clock
            let queue = next()
            if !whole {
                one.add(
                    .begin, Role(.request), at: start, span: request, trace: trace, [(.requestID, .text("r\(number)"))])
            }
            if number % 7 == 3 {
                clock += 200_000
                rejected += 1
                one.add(
                    whole ? .span : .end, Role(.request), at: clock, from: whole ? start : nil, span: request,
                    trace: trace, status: .error, [(.httpStatus, .int(400)), (.errorType, .text("400"))])
                continue
            }
            let queued = Int64.random(in: 10_000...30_000_000, using: &random)
            one.add(
                .span, Role(.queue), at: clock + queued, from: clock, span: queue, parent: request, trace: trace)
            clock += queued
            let isHit = Bool.random(using: &random)
            lookups += 1
            if isHit { hits += 1 }
            let prefill = next()
            let prefillStart = clock
            one.add(
                .span, Role(.cacheLookup), at: clock + 50_000, from: clock, span: next(), parent: prefill, trace: trace,
                [(.cacheHit, .bool(isHit)), (.cacheHitTokens, .int(isHit ? 48 : 0)), (.cachePromptTokens, .int(96))])
            let count = Int.random(in: 1...12, using: &random)
            var first: Int64 = 0
            var last: Int64 = 0
            for token in 0..<count {
                let phase = token == 0 ? Phase.prefill : .decode
                let step = next()
                let stepStart = clock
                for layer in 0..<2 {
                    let nanos = Int64.random(in: 800_000...1_200_000, using: &random)
                    one.add(
                        .span, Role(.layer, phase: phase, layer: layer, stage: 0), at: clock + nanos, from: clock,
                        span: next(), parent: step, trace: trace)
                    clock += nanos
                    if phase == .decode { layerTimes[layer, default: []].append(nanos) }
                }
                let send = next()
                message += 1
                let transit = Int64.random(in: 150_000...900_000, using: &random)
                one.add(
                    .begin, Role(.hopSend, phase: phase, link: link), at: clock, span: send, parent: step, trace: trace,
                    [(.messageID, .int(message)), (.sizeBytes, .int(2048))])
                one.add(.end, Role(.hopSend, phase: phase, link: link), at: clock + 40_000, span: send)
                two.add(
                    .span, Role(.hopReceive, phase: phase, link: link), at: clock + transit,
                    from: clock + transit - 60_000,
                    span: next(), parent: send, trace: trace,
                    [(.messageID, .int(message)), (.sizeBytes, .int(2048)), (.waitNanos, .int(5_000_000))])
                hopBytes += 2048
                if phase == .decode { transits.append(transit) }
                clock += transit
                for layer in 2..<4 {
                    let nanos = Int64.random(in: 800_000...1_200_000, using: &random)
                    two.add(
                        .span, Role(.layer, phase: phase, layer: layer, stage: 1), at: clock + nanos, from: clock,
                        span: next(), parent: step, trace: trace)
                    clock += nanos
                    if phase == .decode { layerTimes[layer, default: []].append(nanos) }
                }
                clock += 300_000
                one.add(
                    .span, Role(.step, phase: phase), at: clock, from: stepStart, span: step, parent: request,
                    trace: trace)
                if token == 0 {
                    one.add(
                        .span, Role(.prefill, phase: .prefill), at: clock, from: prefillStart, span: prefill,
                        parent: request, trace: trace)
                }
                one.add(
                    .tokens, Role(.tokens, phase: .decode), at: clock, parent: request, trace: trace, value: 1)
                tokens += 1
                if token == 0 { first = clock } else { gaps.append(clock - last) }
                last = clock
            }
            clock += 100_000
            let isCancelled = number % 7 == 5
            one.add(
                whole ? .span : .end, Role(.request), at: clock, from: whole ? start : nil, span: request, trace: trace,
                status: isCancelled ? .error : .ok,
                [
                    (.finishReason, .text(isCancelled ? "cancelled" : "length")), (.httpStatus, .int(200)),
                    (.inputTokens, .int(96)), (.cachedTokens, .int(isHit ? 48 : 0)),
                    (.outputTokens, .int(Int64(count))),
                ])
            if isCancelled {
                cancelled += 1
            } else {
                finished += 1
                ttft.append(first - start)
                if count > 1 { tpot.append((last - first) / Int64(count - 1)) }
            }
        }
        end = clock
        batches = [one.batch, two.batch]
        if probes { batches.append(Self.probes(until: clock, skew: skew ?? { _ in 0 }, &random, symbols)) }
    }

    /// One clock probe per second from the first device to the second.
    private static func probes(
        until end: Int64, skew: (Int64) -> Int64, _ random: inout Seeded, _ symbols: Symbols
    ) -> EventBatch {
        var probes = StreamBuilder(symbols: symbols, stream: 0, incarnation: 0x3333_0000_0000_0000)
        var time = origin + 1_000_000
        while time < end {
            let there = Int64.random(in: 60_000...400_000, using: &random)
            let back = Int64.random(in: 60_000...400_000, using: &random)
            let t1 = time + there
            let t3 = t1 + 10_000 + back
            probes.add(
                .span, Role(.clockProbe), at: t3, from: time,
                [
                    (.clockPeer, .text("mini2")), (.clockT0, .int(time)), (.clockT1, .int(t1 + skew(t1))),
                    (.clockT2, .int(t1 + 10_000 + skew(t1 + 10_000))), (.clockT3, .int(t3)),
                ])
            time += 1_000_000_000
        }
        return probes.batch
    }

    /// The fold over all events, brought in as `chunks` decides.
    func fold(chunk: (inout Seeded) -> Int = { _ in .max }, shuffle: Bool = false, seed: UInt64 = 1) -> SessionFold {
        var random = Seeded(seed)
        var pieces: [EventBatch] = []
        for batch in batches {
            var index = 0
            while index < batch.events.count {
                let length = min(batch.events.count - index, max(1, chunk(&random)))
                var piece = EventBatch()
                for event in batch.events[index..<index + length] { piece.append(event, from: batch) }
                pieces.append(piece)
                index += length
            }
        }
        if shuffle { pieces.shuffle(using: &random) }
        let directory = Directory(symbols: symbols, origin: Timestamp(nanos: Self.origin))
        directory.update(streams: streams)
        var fold = SessionFold(directory: directory)
        var merge = EventMerge()
        for piece in pieces { merge.ingest(piece) }
        merge.flush(upTo: Timestamp(nanos: .max)) { event, batch in fold.apply(event, in: batch) }
        return fold
    }
}

/// The JSON of one view.
func json(_ name: ViewName, _ input: SnapshotInput) -> String {
    var writer = JSONWriter()
    writer.object { json in
        switch name {
        case .overview: OverviewView(input: input).write(&json)
        case .throughput: ThroughputView(input: input).write(&json)
        case .latency: LatencyView(input: input).write(&json)
        case .layers: LayersView(input: input).write(&json)
        case .links: LinksView(input: input).write(&json)
        case .cache: CacheView(input: input).write(&json)
        case .memory: MemoryView(input: input).write(&json)
        case .devices: DevicesView(input: input).write(&json)
        case .requests: RequestsView(input: input).write(&json)
        case .density: DensityView(input: input).write(&json)
        case .processes: break
        }
    }
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// Writes batches of one stream each as a packed session.
func saveSession(
    _ batches: [EventBatch], _ streams: [StreamFact], _ symbols: Symbols, name: String, to path: String
) throws {
    let writer = try SessionWriter(path: path, name: name, createdUnixNanos: Sample.origin, symbols: symbols)
    var numbers: [UInt32] = []
    for (index, fact) in streams.enumerated() {
        var info = StreamInfo(id: StreamID(high: 1, low: UInt64(index + 1)), device: fact.device)
        info.host = fact.host
        info.clockDomain = fact.clockDomain
        info.stage = fact.stage
        info.firstLayer = fact.firstLayer
        info.lastLayer = fact.lastLayer
        info.model = fact.model
        numbers.append(try writer.addStream(info))
    }
    for batch in batches {
        guard let first = batch.events.first else { continue }
        try writer.append(batch, stream: numbers[Int(first.stream)])
    }
    try writer.finish()
}
