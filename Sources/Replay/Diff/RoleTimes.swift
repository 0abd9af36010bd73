internal import SpanreelTracing

/// Collects one session's leaf times, per request and role, from event batches in any order.
///
/// What is kept: a sum and a count per (trace, role), which grows with requests times roles and not with tokens; and
/// what still waits for its other half: begun spans, sends without receive. Self time needs no tree: a layer's time is
/// taken off its stage's sum when it is met.
struct RoleTimes {
    /// Time and number of one role's spans in one trace.
    struct Cell {
        var sum: Int64 = 0
        var count: Int64 = 0

        mutating func add(_ nanos: Int64, _ number: Int64) {
            sum &+= nanos
            count += number
        }
    }

    /// Transits of one role in one trace within one second, between two streams: the clocks' offset is applied later.
    struct HopKey: Hashable {
        var trace: UInt32
        var role: UInt32
        var from: UInt32
        var to: UInt32
        var second: Int64
    }

    struct HopCell {
        var sum: Int64 = 0
        var count: Int64 = 0
        var least = Int64.max

        mutating func add(_ transit: Int64) {
            sum &+= transit
            count += 1
            least = min(least, transit)
        }
    }

    /// One clock probe, as the asker recorded it.
    struct Probe {
        var stream: UInt32
        var peer: String
        var t0: Int64
        var t1: Int64
        var t2: Int64
        var t3: Int64
    }

    private(set) var traces: [TraceID: UInt32] = [:]
    private(set) var roles: [DiffRole] = []
    /// The stream that a role's first span came from: where it runs, for a person.
    private(set) var streamOfRole: [UInt32] = []
    private(set) var cells: [UInt64: Cell] = [:]
    private(set) var hops: [HopKey: HopCell] = [:]
    private(set) var probes: [Probe] = []
    private(set) var requests = RequestTimes()

    private static let probeMax = 100_000
    private static let waitingMax = 500_000

    private var roleIndex: [DiffRole: UInt32] = [:]
    private var kinds: [Kind] = []
    private var perStream: [UInt64: UInt32] = [:]
    private var open: [SpanID: Event] = [:]
    private var earlyEnds: [SpanID: Event] = [:]
    private var sends: [SpanID: Half] = [:]
    private var receives: [SpanID: Half] = [:]
    private var orphans: [Half] = []

    /// What to do with a role, decided once per role.
    private enum Kind {
        case skip, request, tokens, send, probe
        case receive(UInt32)
        case leaf(UInt32)
        /// The layer's role and that of its stage's rest.
        case layer(UInt32, stage: UInt32?)
        /// A role per stream: caches.
        case placed(Operation)
    }

    /// One end of a hop.
    private struct Half {
        var time: Int64
        var stream: UInt32
        var role: UInt32
        var trace: TraceID
        var link: Link?
        var message: UInt64?
    }

    /// Adds a batch of the session that `symbols` belongs to.
    mutating func add(_ batch: borrowing EventBatch, symbols: Symbols) {
        while kinds.count < symbols.roles.count { kinds.append(kind(of: symbols.roles[kinds.count])) }
        for event in batch.events {
            let index = Int(event.role.index)
            let kind = index < kinds.count ? kinds[index] : .skip
            switch event.kind {
            case .tokens:
                if case .tokens = kind { requests.tokens(event, batch, symbols.role(event.role).phase) }
            case .span:
                guard !isSkipped(kind) else { continue }
                finished(kind, event, begin: event, batch, symbols)
            case .begin:
                guard !isSkipped(kind) else {
                    if !earlyEnds.isEmpty { earlyEnds[event.span] = nil }
                    continue
                }
                begin(kind, event, batch, symbols)
            case .end: end(kind, event, batch, symbols)
            case .mark, .sample: break
            }
        }
    }

    /// Joins the hops whose halves only their message ids tell. Call once, after the last batch.
    mutating func finish() {
        struct Key: Hashable {
            var link: Link
            var message: UInt64
        }
        var byMessage: [Key: Half] = [:]
        for half in sends.values {
            if let link = half.link, let message = half.message { byMessage[Key(link: link, message: message)] = half }
        }
        for half in orphans + Array(receives.values) {
            guard let link = half.link, let message = half.message,
                let send = byMessage.removeValue(forKey: Key(link: link, message: message))
            else { continue }
            hop(send, half)
        }
        sends = [:]
        receives = [:]
        orphans = []
    }

    // MARK: Spans

    private func isSkipped(_ kind: Kind) -> Bool {
        if case .skip = kind { return true }
        return false
    }

    private mutating func begin(_ kind: Kind, _ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols) {
        if case .request = kind { requests.begin(event, batch, symbols) }
        if case .send = kind {
            // Only its start matters.
            finished(kind, event, begin: event, batch, symbols)
            return
        }
        var waiting = event
        // Attributes of a batch cannot be reached once it is gone: the message's id travels as the value.
        if case .receive = kind { waiting.value = Int64(bitPattern: message(of: event, batch) ?? 0) }
        if let end = earlyEnds.removeValue(forKey: event.span) {
            if case .request = kind { requests.lateEnd(event.span, end) }
            var whole = waiting
            whole.kind = .end
            whole.start = event.time
            whole.time = end.time
            finished(kind, whole, begin: waiting, batch, symbols)
        } else if open.count < Self.waitingMax {
            open[event.span] = waiting
        }
    }

    private mutating func end(_ kind: Kind, _ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols) {
        if case .send = kind { return }
        requests.end(event, batch, symbols, known: { if case .request = kind { true } else { false } }())
        guard let begin = open.removeValue(forKey: event.span) else {
            if earlyEnds.count >= Self.waitingMax { earlyEnds.removeAll(keepingCapacity: true) }
            // An end need not know its role, so whatever may still find its begin is kept.
            if !isSkipped(kind) || symbols.role(event.role).operation == .other { earlyEnds[event.span] = event }
            return
        }
        let index = Int(begin.role.index)
        guard index < kinds.count else { return }
        var whole = event
        whole.start = begin.time
        finished(kinds[index], whole, begin: begin, batch, symbols)
    }

    /// A span is complete: `event.start` to `event.time`; identity and place are those of `begin`.
    private mutating func finished(
        _ kind: Kind, _ event: Event, begin: Event, _ batch: borrowing EventBatch, _ symbols: Symbols
    ) {
        let duration = event.time.nanos &- event.start.nanos
        switch kind {
        case .skip, .tokens: break
        case .request: if event.kind == .span { requests.whole(event, batch, symbols) }
        case .leaf(let role): add(role, begin, duration, 1)
        case .layer(let role, let stage):
            add(role, begin, duration, 1)
            if let stage { add(stage, begin, 0 &- duration, 0) }
        case .placed(let operation):
            let key = UInt64(operation.rawValue) << 32 | UInt64(begin.stream)
            let role = perStream[key] ?? self.role(DiffRole(operation, place: "stream \(begin.stream)"))
            perStream[key] = role
            add(role, begin, duration, 1)
        case .probe: probe(event, batch, symbols)
        case .send:
            let half = Half(
                time: event.start.nanos, stream: begin.stream, role: 0, trace: begin.trace,
                link: symbols.role(begin.role).link, message: message(of: begin, batch))
            if let receive = receives.removeValue(forKey: begin.span) {
                hop(half, receive)
            } else if sends.count < Self.waitingMax {
                sends[begin.span] = half
            }
        case .receive(let role):
            let message = begin.kind == .begin ? UInt64(bitPattern: begin.value) : message(of: event, batch)
            let half = Half(
                time: event.time.nanos, stream: begin.stream, role: role, trace: begin.trace,
                link: symbols.role(begin.role).link, message: message)
            if let send = sends.removeValue(forKey: begin.parent) {
                hop(send, half)
            } else if begin.parent.isNone {
                if orphans.count < Self.waitingMax { orphans.append(half) }
            } else if receives.count < Self.waitingMax {
                receives[begin.parent] = half
            }
        }
    }

    private mutating func hop(_ send: Half, _ receive: Half) {
        let trace = receive.trace.isNone ? send.trace : receive.trace
        guard !trace.isNone else { return }
        note(receive.role, receive.stream)
        let key = HopKey(
            trace: index(of: trace), role: receive.role, from: send.stream, to: receive.stream,
            second: receive.time / 1_000_000_000)
        let transit = receive.time &- send.time
        hops[key, default: HopCell()].add(transit)
    }

    private mutating func add(_ role: UInt32, _ event: Event, _ duration: Int64, _ count: Int64) {
        guard !event.trace.isNone else { return }
        if count > 0 { note(role, event.stream) }
        let key = UInt64(index(of: event.trace)) << 32 | UInt64(role)
        cells[key, default: Cell()].add(duration, count)
    }

    private mutating func probe(_ event: Event, _ batch: borrowing EventBatch, _ symbols: Symbols) {
        guard probes.count < Self.probeMax, let peer = batch.string(.clockPeer, of: event),
            let t0 = batch.int(.clockT0, of: event), let t1 = batch.int(.clockT1, of: event),
            let t2 = batch.int(.clockT2, of: event), let t3 = batch.int(.clockT3, of: event)
        else { return }
        probes.append(Probe(stream: event.stream, peer: symbols.string(peer), t0: t0, t1: t1, t2: t2, t3: t3))
    }

    // MARK: Names

    private func message(of event: Event, _ batch: borrowing EventBatch) -> UInt64? {
        batch.attribute(.messageID, of: event)?.bits
    }

    private mutating func note(_ role: UInt32, _ stream: UInt32) {
        if streamOfRole[Int(role)] == .max { streamOfRole[Int(role)] = stream }
    }

    private mutating func index(of trace: TraceID) -> UInt32 {
        if let index = traces[trace] { return index }
        let index = UInt32(traces.count)
        traces[trace] = index
        return index
    }

    private mutating func role(_ role: DiffRole) -> UInt32 {
        if let index = roleIndex[role] { return index }
        let index = UInt32(roles.count)
        roles.append(role)
        streamOfRole.append(.max)
        roleIndex[role] = index
        return index
    }

    private mutating func kind(of role: Role) -> Kind {
        switch role.operation {
        case .request: return .request
        case .tokens: return .tokens
        case .clockProbe: return .probe
        case .hopSend: return .send
        case .hopReceive:
            return .receive(
                self.role(DiffRole(.hopReceive, phase: role.phase, from: role.link?.from, to: role.link?.to)))
        case .layer:
            let stage = role.stage.map { DiffRole(.stage, phase: role.phase, stage: $0) }
            return .layer(
                self.role(DiffRole(.layer, phase: role.phase, layer: role.layer)), stage: stage.map { self.role($0) })
        case .stage: return .leaf(self.role(DiffRole(.stage, phase: role.phase, stage: role.stage)))
        case .embed, .head, .sampling: return .leaf(self.role(DiffRole(role.operation, phase: role.phase)))
        case .queue: return .leaf(self.role(DiffRole(.queue)))
        case .cacheLookup, .cacheInsert, .cacheEvict: return .placed(role.operation)
        case .other, .clientRequest, .prefill, .decode, .step, .memorySample, .clockReply: return .skip
        }
    }
}
