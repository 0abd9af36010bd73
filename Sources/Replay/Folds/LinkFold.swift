import SpanreelTracing

/// Bytes, transfers, transits and receiver waits per link; joins each send to its receive.
///
/// Transits are kept as the difference of the two raw stamps and aligned when they are read, so a better estimate of
/// the clocks improves the past too. With several clocks a receive can sort before its send; both sides wait.
struct LinkFold: Sendable {
    struct State: Sendable {
        /// The link's number in the directory.
        var link: Int
        var transfers = 0
        var receives = 0
        var sizeBytes: Int64 = 0
        var receivedBytes: Int64 = 0
        var fromDomain = -1
        var toDomain = -1
        /// By phase: 0 decode (and unknown), 1 prefill. Raw: receive end less send start.
        var transits = [Observations(), Observations()]
        var wait = Observations()
        /// Durations of the two sides' own spans, by phase as `transits`: each lies on one clock.
        var sends = [Observations(), Observations()]
        var takes = [Observations(), Observations()]
        var interface: UInt32 = 0
        /// Channel 0: bytes, channel 1: transfers.
        var series = Series(channels: 2)
    }

    /// One side of a message that waits for the other.
    private struct Half: BitwiseCopyable, Sendable {
        var time: Int64 = 0
        var domain: Int32 = 0
        var isSend = false
        var isPrefill = false
    }

    /// A joined message: what the clocks and the link statistics take from it.
    struct Match {
        var from: Int
        var to: Int
        var transit: Int64
        var time: Int64
    }

    private static let waitingLimit = 65_536
    /// Links held; messages over further ones are counted, not held.
    static let linkLimit = 4096
    private(set) var links: ContiguousArray<State> = []
    private var slots = KeyTable<Int32>(filler: -1)
    /// Sides of messages that came, joined or not.
    private(set) var sends = 0
    private(set) var receives = 0
    /// Messages of which both sides came.
    private(set) var matches = 0
    /// Second sends or receives of one message: the later one counts.
    private(set) var duplicates = 0
    /// Messages received before they were sent, on one clock: their transit counts as 0.
    private(set) var negativeTransits = 0
    /// Sides of messages over links beyond the bound, or that name none.
    private(set) var notHeld = 0
    /// Sides that wait for their other one; the oldest are given up.
    private var waiting = GenerationTable(filler: Half(), limit: Self.waitingLimit)

    /// The place of a link, in the order in which links were first used.
    private mutating func slot(_ link: Int32) -> Int? {
        guard link >= 0 else { return nil }
        if let slot = slots.find(UInt64(link)) { return Int(slot) }
        guard links.count < Self.linkLimit else { return nil }
        slots.insert(UInt64(link), Int32(links.count))
        links.append(State(link: Int(link)))
        return links.count - 1
    }

    /// A send that ended (or was one fact).
    mutating func sendEnded(_ span: FinishedSpan, size: Int64, interface: UInt32, ticks: TickClock) {
        guard let link = slot(span.plan.link) else {
            notHeld &+= 1
            return
        }
        links[link].transfers += 1
        links[link].sizeBytes = links[link].sizeBytes &+ size
        links[link].sends[span.plan.phase == .prefill ? 1 : 0].add(span.nanos, at: span.end)
        links[link].fromDomain = Int(span.stream.domain)
        if interface != 0 { links[link].interface = interface }
        let bucket = ticks.bucket(span.end)
        links[link].series.add(size, bucket: bucket, channel: 0)
        links[link].series.add(1, bucket: bucket, channel: 1)
    }

    /// A send whose start is known; `key` joins it to its receive.
    mutating func sendStarted(
        link: Int32, key: Int64, start: Int64, domain: Int32, clocks: ClockAlignment, isPrefill: Bool
    ) -> Match? {
        sends &+= 1
        return join(link, key, Half(time: start, domain: domain, isSend: true, isPrefill: isPrefill), clocks)
    }

    /// A receive that ended; `key` joins it to its send.
    mutating func receiveEnded(
        _ span: FinishedSpan, key: Int64, size: Int64, wait: Int64?, clocks: ClockAlignment, ticks: TickClock
    ) -> Match? {
        receives &+= 1
        guard let link = slot(span.plan.link) else {
            notHeld &+= 1
            return nil
        }
        links[link].receives += 1
        links[link].receivedBytes = links[link].receivedBytes &+ size
        links[link].takes[span.plan.phase == .prefill ? 1 : 0].add(span.nanos, at: span.end)
        links[link].toDomain = Int(span.stream.domain)
        if let wait { links[link].wait.add(wait, at: span.end) }
        let half = Half(
            time: span.end, domain: span.stream.domain, isSend: false, isPrefill: span.plan.phase == .prefill)
        return join(span.plan.link, key, half, clocks)
    }

    private mutating func join(_ link: Int32, _ key: Int64, _ half: Half, _ clocks: ClockAlignment) -> Match? {
        guard key != 0, let slot = slot(link) else { return nil }
        let key = mixed(UInt64(bitPattern: key), UInt64(UInt32(bitPattern: link)))
        guard let other = waiting.remove(key) else {
            waiting.insert(key, half)
            return nil
        }
        guard other.isSend != half.isSend else {
            duplicates &+= 1
            waiting.insert(key, half)
            return nil
        }
        let send = half.isSend ? half : other
        let receive = half.isSend ? other : half
        let match = Match(
            from: Int(send.domain), to: Int(receive.domain), transit: receive.time &- send.time, time: receive.time)
        matches &+= 1
        if match.from == match.to, match.transit < 0 { negativeTransits &+= 1 }
        links[slot].fromDomain = match.from
        links[slot].toDomain = match.to
        let phase = receive.isPrefill || send.isPrefill ? 1 : 0
        links[slot].transits[phase].add(match.transit, at: receive.time) { observation in
            LinkFold.aligned(observation, from: match.from, to: match.to, clocks: clocks).transit
        }
        return match
    }

    /// A raw transit on aligned clocks, never negative, and the width of its uncertainty.
    static func aligned(
        _ raw: Observation, from: Int, to: Int, clocks: ClockAlignment
    ) -> (transit: Int64, error: Int64?) {
        guard from != to, !clocks.isIdentity else { return (max(0, raw.value), from == to ? 0 : nil) }
        let receiver = clocks.offset(domain: to, at: raw.time)
        let sender = clocks.offset(domain: from, at: raw.time &- raw.value)
        let transit = raw.value &- receiver.offset &+ sender.offset
        guard let a = receiver.error, let b = sender.error else { return (max(0, transit), nil) }
        return (max(0, transit), a &+ b)
    }
}
