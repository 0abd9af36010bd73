import SpanreelTracing

@testable import SpanreelReplay

/// A seeded generator.
struct DiffRandom {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
    mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
    /// Near enough to normal: twelve uniforms.
    mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + unit() } }
}

/// Makes the events of a made-up pipeline session: three devices, requests one after the other.
struct DiffSession {
    var seed: UInt64 = 1
    var requests = 20
    var tokens = 8
    var layersPerStage = 2
    var layerNanos = 400_000.0
    var hopNanos = 300_000.0
    /// Each request is this much faster or slower as a whole (standard deviation).
    var requestNoise = 0.05
    var spanNoise = 0.05
    var slowLayer: Int?
    var slowLink: Link?
    var slowNanos = 2_000_000.0
    var model = "m"
    var devices = ["a", "b", "c"]
    /// Clock offsets of the devices, and whether probes tell them.
    var offsets: [Int64] = [0, 0, 0]
    var hasProbes = true
    /// Begin and end facts instead of whole spans.
    var pairs = false
    var name = "session"

    private final class Writer {
        let symbols = Symbols()
        var batches: [EventBatch] = []
        var batch = EventBatch()
        var sequence: UInt64 = 0
        var nextSpan: UInt64 = 1
        func id() -> SpanID {
            nextSpan += 1
            return SpanID(nextSpan)
        }
        func add(_ event: Event, _ attributes: [Attribute] = []) {
            var event = event
            sequence += 1
            event.sequence = sequence
            event.attributeStart = UInt32(batch.attributes.count)
            event.attributeCount = UInt16(attributes.count)
            batch.attributes.append(contentsOf: attributes)
            batch.events.append(event)
            if batch.events.count == 37 {
                batches.append(batch)
                batch = EventBatch()
            }
        }
    }

    /// Measures it, with the batches in the order that `shuffle` gives.
    func side(reversed: Bool = false) throws -> DiffSide {
        let writer = Writer()
        write(writer)
        if !writer.batch.events.isEmpty { writer.batches.append(writer.batch) }
        let batches = reversed ? writer.batches.reversed() : writer.batches
        let streams = devices.enumerated().map { index, device in
            var info = StreamInfo(id: StreamID(high: 1, low: UInt64(index)), device: device)
            info.clockDomain = offsets.allSatisfy { $0 == 0 } ? "one" : "domain \(index)"
            info.stage = index
            return info
        }
        return try DiffSide(name: name, symbols: writer.symbols) { take in
            for batch in batches { take(batch) }
            return streams
        }
    }

    private func write(_ writer: Writer) {
        var random = DiffRandom(state: seed)
        var now = 1_000_000_000.0
        for number in 0..<requests {
            let trace = TraceID(high: 7, low: UInt64(number + 1))
            let pace = 1 + requestNoise * random.normal()
            let request = writer.id()
            let start = now
            if hasProbes { probe(writer, at: now) }
            var firstToken = true
            for step in 0...tokens {
                let phase: Phase = step == 0 ? .prefill : .decode
                for stage in 0..<devices.count {
                    let stageSpan = writer.id()
                    let stageStart = now
                    now += 20_000
                    for index in 0..<layersPerStage {
                        let layer = stage * layersPerStage + index
                        let began = now
                        now += layerNanos * pace * max(0.2, 1 + spanNoise * random.normal())
                        if layer == slowLayer { now += slowNanos }
                        span(
                            writer, Role(.layer, phase: phase, layer: layer, stage: stage), stage, began, now,
                            writer.id(), stageSpan, trace)
                    }
                    span(
                        writer, Role(.stage, phase: phase, stage: stage), stage, stageStart, now, stageSpan, request,
                        trace)
                    let to = (stage + 1) % devices.count
                    let link = Link(from: devices[stage], to: devices[to])
                    let send = writer.id()
                    let sent = now
                    now += hopNanos * pace * max(0.2, 1 + spanNoise * random.normal())
                    if link == slowLink { now += slowNanos }
                    span(
                        writer, Role(.hopSend, phase: phase, link: link), stage, sent, sent + 50_000, send, request,
                        trace)
                    span(
                        writer, Role(.hopReceive, phase: phase, link: link), to, now - 40_000, now, writer.id(), send,
                        trace)
                }
                writer.add(
                    Event(
                        kind: .tokens, stream: 0, role: writer.symbols.intern(Role(.tokens, phase: .decode)),
                        incarnation: 1,
                        sequence: 0, time: stamp(now, 0), parent: request, trace: trace, value: 1))
                if firstToken {
                    writer.add(
                        Event(
                            kind: .tokens, stream: 0, role: writer.symbols.intern(Role(.tokens, phase: .prefill)),
                            incarnation: 1,
                            sequence: 0, time: stamp(now, 0), parent: request, trace: trace, value: 60),
                        [Attribute(key: .cachedTokens, type: .int, bits: 40)])
                    firstToken = false
                }
            }
            span(
                writer, Role(.request), 0, start, now, request, .none, trace,
                [Attribute(key: .model, type: .string, bits: UInt64(writer.symbols.intern(model).index))])
            now += 5_000_000
        }
    }

    private func span(
        _ writer: Writer, _ role: Role, _ stream: Int, _ start: Double, _ end: Double, _ id: SpanID, _ parent: SpanID,
        _ trace: TraceID, _ attributes: [Attribute] = []
    ) {
        let role = writer.symbols.intern(role)
        let (from, to) = (stamp(start, stream), stamp(end, stream))
        if pairs {
            writer.add(
                Event(
                    kind: .begin, stream: UInt32(stream), role: role, incarnation: 1, sequence: 0, time: from, span: id,
                    parent: parent, trace: trace), attributes)
            // As a writer that has forgotten what it ends.
            writer.add(
                Event(
                    kind: .end, stream: UInt32(stream), role: RoleID(0), incarnation: 1, sequence: 0, time: to, span: id
                ))
        } else {
            writer.add(
                Event(
                    kind: .span, stream: UInt32(stream), role: role, incarnation: 1, sequence: 0, time: to, start: from,
                    span: id, parent: parent, trace: trace), attributes)
        }
    }

    private func probe(_ writer: Writer, at time: Double) {
        for peer in 1..<devices.count {
            let t0 = stamp(time, 0).nanos
            let t1 = stamp(time + 30_000, peer).nanos
            let values: [(AttributeKey, Int64)] = [
                (.clockT0, t0), (.clockT1, t1), (.clockT2, t1 + 5_000), (.clockT3, t0 + 65_000),
            ]
            let name = Attribute(
                key: .clockPeer, type: .string, bits: UInt64(writer.symbols.intern(devices[peer]).index))
            writer.add(
                Event(
                    kind: .span, stream: 0, role: writer.symbols.intern(Role(.clockProbe)), incarnation: 1, sequence: 0,
                    time: Timestamp(nanos: t0 + 65_000), start: Timestamp(nanos: t0), span: writer.id(),
                    trace: TraceID(high: 9, low: UInt64(t0))),
                values.map { Attribute(key: $0.0, type: .int, bits: UInt64(bitPattern: $0.1)) } + [name])
        }
    }

    private func stamp(_ time: Double, _ stream: Int) -> Timestamp {
        Timestamp(nanos: 1_800_000_000_000_000_000 + Int64(time) + offsets[stream])
    }
}
