public import SpanreelTracing

/// Everything that the views of a session show, as one bounded value.
///
/// Total and clock-free: any event may be applied, time comes from events alone, and the same events in canonical order
/// give the same value. A copy is a checkpoint. The sub-folds are independent of each other; this type only routes.
public struct SessionFold {
    /// Numbers for names, shared with all copies.
    let directory: Directory
    private(set) var ticks = Series(channels: Tick.count, fineLimit: Tick.limit)
    private(set) var requests = RequestFold()
    private(set) var layers = LayerFold()
    private(set) var links = LinkFold()
    private(set) var cache = CacheFold()
    private(set) var memory = MemoryFold()
    private(set) var devices = DeviceFold()
    private(set) var processes = ProcessFold()
    private(set) var clocks = ClockFold()
    private(set) var alerts: AlertFold
    private(set) var spans = SpanFold()
    /// Decode steps; prefill chunks.
    private(set) var decodeSteps = Observations()
    private(set) var prefillSteps = Observations()
    private(set) var stepSequences: Int64 = 0
    private(set) var stepsWithSequences: Int64 = 0
    private var decoding = IntervalUnion()
    private var open = KeyTable<OpenSpan>(filler: OpenSpan())
    /// Probes of devices that said nothing so far: a clock that is ahead stamps its first event later than the answer.
    private var waitingProbes: [WaitingProbe] = []
    private var writers = WriterFold()
    /// Decides which requests' facts count; nil when all do.
    var selector: RequestSelector?
    /// With a selector the messages of all requests: they tie the clocks together, and what was odd is counted of all.
    private var allHops = LinkFold()

    /// Events applied.
    public private(set) var eventCount = 0
    /// Ends without a begin; begins beyond the bound on open spans.
    private(set) var orphanEnds = 0
    private(set) var droppedOpen = 0
    /// Clock probes of devices that never said anything, given up.
    private var droppedProbes = 0
    /// Start of the first and end of the last piece of work: everything but housekeeping and the client's side.
    private(set) var firstWork = Int64.max
    private(set) var lastWork = Int64.min
    /// Earliest start and latest time of any event.
    public private(set) var firstTime = Timestamp(nanos: .max)
    /// The latest time of any event.
    public private(set) var lastTime = Timestamp(nanos: .min)
    /// The last event in canonical order.
    private(set) var position: EventMerge.Position?

    /// Spans held as open at most; more are counted, not held.
    static let openLimit = 262_144
    private static let waitingProbesLimit = 64

    private struct WaitingProbe {
        /// The clock domain that asked.
        var asker: Int
        /// The name of the device that answered. Only devices with a stream get a number: names are endless.
        var peer: StringID
        var t0: Int64
        var t1: Int64
        var t2: Int64
        var t3: Int64
    }

    /// An empty fold over names of `directory`, of the requests that `filter` selects.
    public init(directory: Directory, filter: RequestFilter = RequestFilter()) {
        self.directory = directory
        alerts = AlertFold(rules: directory.rules, filter: filter)
        selector = filter.isAll ? nil : RequestSelector(filter)
    }

    /// Takes one fact. Events come in canonical order. O(1) amortised; no allocation but for the state's growth.
    public mutating func apply(_ event: Event, in batch: borrowing EventBatch) {
        if event.time.nanos > alerts.due { advanceAlerts(beyond: event.time.nanos) }
        eventCount &+= 1
        position = EventMerge.Position(event)
        note(event)
        let time = event.time.nanos
        clocks.advance(to: time, domains: directory.domains)
        switch event.kind {
        case .begin:
            guard isFirst(event) else { return }
            begin(event, in: batch)
        case .end:
            guard let begun = open.remove(event.span.rawValue) else {
                orphanEnds &+= 1
                return
            }
            let plan = directory.plan(RoleID(begun.role))
            let span = FinishedSpan(
                plan: plan, stream: directory.stream(begun.stream), role: RoleID(begun.role), start: begun.start,
                end: time, span: event.span, parent: SpanID(begun.parent), trace: begun.trace, status: event.status,
                first: begun.first, second: begun.second)
            spans.ended(span, isOwnWhole: false)
            finish(span, event, in: batch, isWhole: false)
        case .span:
            guard isFirst(event) else { return }
            let span = FinishedSpan(
                plan: directory.plan(event.role), stream: directory.stream(event.stream), role: event.role,
                start: event.start.nanos, end: time, span: event.span, parent: event.parent, trace: event.trace,
                status: event.status, first: 0, second: -1)
            spans.ended(span, isOwnWhole: event.span.rawValue == event.incarnation &+ event.sequence)
            finish(span, event, in: batch, isWhole: true)
        case .tokens: tokens(event, in: batch)
        case .sample: sample(event, in: batch)
        case .mark: mark(event)
        }
    }

    /// Whether a span that begins or comes whole is the first of its id; else it is left out.
    @inline(__always) private mutating func isFirst(_ event: Event) -> Bool {
        guard spans.isFirst(event, isOpen: { open.find($0) != nil }) else { return false }
        spans.appeared(event) { open.find($0) != nil }
        return true
    }

    /// Looks at the rules at every tick that ends before `time`. O(ticks x rules).
    mutating func advanceAlerts(beyond time: Int64) {
        // Moved out and back: they are part of what they look at.
        var moving = alerts
        alerts = AlertFold()
        moving.advance(beyond: time, self)
        alerts = moving
    }

    @inline(__always) private mutating func note(_ event: Event) {
        processes.note(event, ticks: directory.ticks)
        if event.start < firstTime { firstTime = event.start }
        if event.time > lastTime { lastTime = event.time }
        writers.note(event)
    }

    /// The events applied so far.
    public var cut: Cut { writers.cut }

    /// Events that their writers numbered and that are not there.
    var missingEvents: UInt64 { writers.missing }

    /// Events stamped before one that their writer had written earlier, by more than a millisecond.
    var reorderedEvents: Int { writers.reordered }

    /// Clock probes of devices that said nothing so far.
    var probesWithoutPeer: Int { waitingProbes.count + droppedProbes }

    /// The spans that have begun and not ended, by (start, id).
    func openSpans() -> [OpenSpan] {
        open.unorderedValues().sorted { ($0.start, $0.span) < ($1.start, $1.span) }
    }

    /// Number of open spans.
    var openCount: Int { open.count }

    /// The ticks with the requests that are in flight at `instant` counted in.
    func ticks(at instant: Int64) -> Series {
        var result = ticks
        requests.addOpen(at: instant, directory.ticks, into: &result)
        return result
    }

    /// The messages of all requests, whichever count.
    var hops: LinkFold { selector == nil ? links : allHops }

    /// Whether a fact counts: without a filter one comparison.
    @inline(__always) private mutating func counts(
        _ plan: Directory.Plan, _ event: Event, _ span: SpanID, _ parent: SpanID, _ trace: TraceID
    ) -> Bool {
        selector?.counts(
            plan.operation, trace: trace, span: span, parent: parent, stream: event.stream, at: event.time.nanos,
            directory) ?? true
    }

    /// A request may say its model and variant, at its begin or at its end.
    private func say(_ event: Event, in batch: borrowing EventBatch, start: Int64, trace: TraceID) {
        guard selector == nil else { return }
        let label = RequestLabel(
            model: batch.string(.model, of: event)?.index ?? 0, variant: batch.string(.variant, of: event)?.index ?? 0)
        guard label != RequestLabel() else { return }
        directory.labels.say(
            trace: trace, span: event.span, start: start, position: EventMerge.Position(event), label: label)
    }

    // MARK: Begin

    private mutating func begin(_ event: Event, in batch: borrowing EventBatch) {
        let plan = directory.plan(event.role)
        var span = OpenSpan(
            span: event.span.rawValue, parent: event.parent.rawValue, traceHigh: event.trace.high,
            traceLow: event.trace.low, start: event.time.nanos, role: event.role.index, stream: event.stream, first: 0,
            second: -1)
        let counts = counts(plan, event, event.span, event.parent, event.trace)
        switch plan.operation {
        case .request, .queue, .prefill, .decode:
            let stream = directory.stream(event.stream)
            let aligned = clocks.running.aligned(event.time.nanos, domain: Int(stream.domain))
            if plan.operation == .request {
                clocks.noteRequest(domain: Int(stream.domain))
                guard counts else { break }
                say(event, in: batch, start: event.time.nanos, trace: event.trace)
                requests.began(event, in: batch, stream: stream, aligned: aligned)
            } else if counts {
                requests.childBegan(plan, event, stream: stream, aligned: aligned)
            }
        case .hopSend:
            span.second = batch.int(.sizeBytes, of: event) ?? -1
            startSend(
                plan, messageKey(event, in: batch), event.span, start: event.time.nanos,
                stream: directory.stream(event.stream), counts: counts)
        case .hopReceive:
            span.first = messageKey(event, in: batch)
            span.second = batch.int(.sizeBytes, of: event) ?? -1
        case .step:
            span.second = batch.int(.batchSequences, of: event) ?? -1
        default: break
        }
        if counts, plan.operation.isWork {
            firstWork = min(firstWork, event.time.nanos)
            lastWork = max(lastWork, event.time.nanos)
        }
        if open.count < Self.openLimit {
            open.insert(event.span.rawValue, span)
        } else {
            droppedOpen &+= 1
        }
    }

    private mutating func startSend(
        _ plan: Directory.Plan, _ key: Int64, _ span: SpanID, start: Int64, stream: Directory.StreamPlan, counts: Bool
    ) {
        let running = clocks.running
        let match = join(counts) {
            $0.sendStarted(
                link: plan.link, key: key != 0 ? key : Self.spanKey(span), start: start, domain: stream.domain,
                clocks: running, isPrefill: plan.phase == .prefill)
        }
        if let match { matched(match) }
    }

    /// Shows one side of a message to the links it counts in, and to what ties the clocks together: that is all of them.
    @inline(__always) private mutating func join(
        _ counts: Bool, _ side: (inout LinkFold) -> LinkFold.Match?
    ) -> LinkFold.Match? {
        guard selector != nil else { return side(&links) }
        if counts { _ = side(&links) }
        return side(&allHops)
    }

    private mutating func matched(_ match: LinkFold.Match) {
        clocks.hop(from: match.from, to: match.to, transit: match.transit, at: match.time)
    }

    private static func spanKey(_ span: SpanID) -> Int64 { Int64(bitPattern: mixed(span.rawValue, 3) | 1) }

    // MARK: End

    private mutating func finish(_ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch, isWhole: Bool) {
        let ticksClock = directory.ticks
        let counts = counts(span.plan, event, span.span, span.parent, span.trace)
        guard counts || span.plan.operation.isHop || span.plan.operation == .request else { return }
        if counts, span.plan.operation.isWork {
            firstWork = min(firstWork, span.start)
            lastWork = max(lastWork, span.end)
        }
        if counts, alerts.isOn { alerts.finished(span, directory) }
        switch span.plan.operation {
        case .layer:
            layers.finish(span, cpuNanos: batch.int(.cpuNanos, of: event), ticks: ticksClock)
            devices.layer(span, ticks: ticksClock)
        case .stage, .embed, .head, .sampling: devices.compute(span, ticks: ticksClock)
        case .hopSend: sent(span, event, in: batch, isWhole: isWhole, counts: counts)
        case .hopReceive: received(span, event, in: batch, counts: counts)
        case .step: step(span, event, in: batch)
        case .request:
            if isWhole { clocks.noteRequest(domain: Int(span.stream.domain)) }
            if counts { requestEnded(span, event, in: batch) }
        case .queue, .prefill, .decode:
            let domain = Int(span.stream.domain)
            requests.childEnded(
                span, aligned: clocks.running.aligned(span.start, domain: domain),
                alignedEnd: clocks.running.aligned(span.end, domain: domain))
        case .clientRequest: requests.clientEnded(span, httpStatus: batch.int(.httpStatus, of: event))
        case .cacheLookup: lookup(span, event, in: batch)
        case .cacheInsert, .cacheEvict: cacheChanged(span, event, in: batch)
        case .memorySample: memory.sample(event, in: batch, stream: span.stream, ticks: ticksClock)
        case .clockProbe: probe(span, event, in: batch)
        case .other, .clockReply, .tokens: break
        }
    }

    private mutating func sent(
        _ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch, isWhole: Bool, counts: Bool
    ) {
        let ticksClock = directory.ticks
        let size = batch.int(.sizeBytes, of: event) ?? max(0, span.second)
        let interface = batch.string(.interface, of: event)?.index ?? 0
        _ = join(counts) {
            $0.sendEnded(span, size: size, interface: interface, ticks: ticksClock)
            return nil
        }
        if counts {
            devices.sent(span, ticks: ticksClock)
            ticks.add(size, bucket: ticksClock.bucket(span.end), channel: Tick.hopBytes)
        }
        guard isWhole else { return }
        startSend(
            span.plan, messageKey(event, in: batch), span.span, start: span.start, stream: span.stream, counts: counts)
    }

    private mutating func received(
        _ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch, counts: Bool
    ) {
        var key = messageKey(event, in: batch)
        if key == 0 { key = span.first }
        if key == 0, !span.parent.isNone { key = Self.spanKey(span.parent) }
        let size = batch.int(.sizeBytes, of: event) ?? max(0, span.second)
        let wait = batch.int(.waitNanos, of: event)
        let (running, ticksClock) = (clocks.running, directory.ticks)
        let match = join(counts) {
            $0.receiveEnded(span, key: key, size: size, wait: wait, clocks: running, ticks: ticksClock)
        }
        if let match { matched(match) }
    }

    private mutating func step(_ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch) {
        if let sequences = batch.int(.batchSequences, of: event) ?? (span.second > 0 ? span.second : nil), sequences > 0
        {
            stepSequences = stepSequences &+ sequences
            stepsWithSequences &+= 1
        }
        guard span.plan.phase != .prefill else {
            prefillSteps.add(span.nanos, at: span.end)
            return
        }
        decodeSteps.add(span.nanos, at: span.end)
        let clock = directory.ticks
        clock.forEachTick(span.start, span.end) { ticks.add($1, bucket: $0, channel: Tick.decodeSteps) }
        decoding.add(span.start, span.end) { from, to in
            clock.forEachTick(from, to) { ticks.add($1, bucket: $0, channel: Tick.decoding) }
        }
    }

    private mutating func requestEnded(_ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch) {
        let aligned = clocks.running.aligned(span.start, domain: Int(span.stream.domain))
        guard
            let index = requests.ended(
                span, event, in: batch, aligned: aligned, symbols: directory.symbols, ticks: directory.ticks,
                into: &ticks)
        else { return }
        say(event, in: batch, start: span.start, trace: span.trace)
        let record = requests.records[index]
        if alerts.isOn { alerts.ended(record) }
        if let lookup = record.pendingLookup, lookup.device == span.stream.device {
            if let counted = requests.lookedUp(lookup, trace: record.trace) { count(counted) }
        }
        // A pipeline that says nothing of its prompts' tokens still gives them on the request.
        if !record.promptCounted, record.state != .rejected, let input = record.inputTokens, input > 0 {
            requests.markPromptCounted(index)
            let cached = min(input, max(0, record.cachedTokens ?? 0))
            let bucket = directory.ticks.bucket(record.prefillEnd ?? span.end)
            ticks.add(input - cached, bucket: bucket, channel: Tick.prompt)
            ticks.add(cached, bucket: bucket, channel: Tick.cached)
        }
    }

    // MARK: Tokens, cache, samples, probes, marks

    private mutating func tokens(_ event: Event, in batch: borrowing EventBatch) {
        let plan = directory.plan(event.role)
        // By its kind it is one, whatever role its writer gave it.
        let fact = Directory.Plan(operation: .tokens, phase: plan.phase)
        guard counts(fact, event, .none, event.parent, event.trace) else { return }
        let stream = directory.stream(event.stream)
        let aligned = clocks.running.aligned(event.time.nanos, domain: Int(stream.domain))
        let bucket = directory.ticks.bucket(event.time.nanos)
        firstWork = min(firstWork, event.time.nanos)
        lastWork = max(lastWork, event.time.nanos)
        if plan.phase == .prefill {
            let cached = batch.int(.cachedTokens, of: event)
            let isFirst = requests.promptComputed(event, cached: cached, aligned: aligned)
            ticks.add(max(0, event.value), bucket: bucket, channel: Tick.prompt)
            if isFirst, let cached { ticks.add(max(0, cached), bucket: bucket, channel: Tick.cached) }
        } else {
            let first = requests.emitted(event, domain: stream.domain, aligned: aligned)
            ticks.add(max(0, event.value), bucket: bucket, channel: Tick.generated)
            if first > 0 { ticks.add(first, bucket: bucket, channel: Tick.firstTokens) }
        }
    }

    private mutating func lookup(_ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch) {
        let hitTokens = max(0, batch.int(.cacheHitTokens, of: event) ?? 0)
        let isHit = batch.int(.cacheHit, of: event).map { $0 != 0 } ?? (hitTokens > 0)
        cache.update(Int(span.stream.device)) {
            $0.lookups += 1
            if isHit { $0.hits += 1 }
        }
        cacheChanged(span, event, in: batch)
        let lookup = RequestRecord.Lookup(
            device: span.stream.device, isHit: isHit, hitTokens: hitTokens,
            promptTokens: max(0, batch.int(.cachePromptTokens, of: event) ?? 0), time: span.end)
        if let counted = requests.lookedUp(lookup, trace: span.trace) { count(counted) }
    }

    private mutating func count(_ lookup: RequestRecord.Lookup) {
        let bucket = directory.ticks.bucket(lookup.time)
        cache.lookups += 1
        cache.promptTokens = cache.promptTokens &+ lookup.promptTokens
        cache.hitTokens = cache.hitTokens &+ lookup.hitTokens
        cache.scheduler = Int(lookup.device)
        ticks.add(1, bucket: bucket, channel: Tick.lookups)
        ticks.add(lookup.promptTokens, bucket: bucket, channel: Tick.lookupTokens)
        ticks.add(lookup.hitTokens, bucket: bucket, channel: Tick.hitTokens)
        if lookup.isHit {
            cache.hits += 1
            ticks.add(1, bucket: bucket, channel: Tick.hits)
        }
    }

    private mutating func cacheChanged(_ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch) {
        let entries = batch.int(.cacheEntries, of: event)
        let size = batch.int(.cacheSizeBytes, of: event)
        cache.update(Int(span.stream.device)) {
            if let entries { $0.entries = entries }
            if let size { $0.sizeBytes.read(size) }
        }
        // Every device keeps its share of the same entries; they count once, at the scheduler's device.
        guard span.plan.operation != .cacheLookup, cache.scheduler < 0 || cache.scheduler == Int(span.stream.device)
        else { return }
        let bucket = directory.ticks.bucket(span.end)
        let evicted = max(0, batch.int(.cacheEvicted, of: event) ?? (span.plan.operation == .cacheEvict ? 1 : 0))
        if span.plan.operation == .cacheInsert {
            cache.inserted = cache.inserted &+ 1
            ticks.add(1, bucket: bucket, channel: Tick.inserted)
        }
        if evicted > 0 {
            cache.evicted = cache.evicted &+ evicted
            ticks.add(evicted, bucket: bucket, channel: Tick.evicted)
        }
    }

    private mutating func sample(_ event: Event, in batch: borrowing EventBatch) {
        let stream = directory.stream(event.stream)
        memory.sample(event, in: batch, stream: stream, ticks: directory.ticks)
        let entries = batch.int(.cacheEntries, of: event)
        let size = batch.int(.cacheSizeBytes, of: event)
        let kvSize = batch.int(.kvSizeBytes, of: event)
        let kvSequences = batch.int(.kvSequences, of: event)
        guard entries != nil || size != nil || kvSize != nil || kvSequences != nil else { return }
        cache.update(Int(stream.device)) {
            if let entries { $0.entries = entries }
            if let size { $0.sizeBytes.read(size) }
            if let kvSize { $0.kvSizeBytes = kvSize }
            if let kvSequences { $0.kvSequences = kvSequences }
        }
    }

    private mutating func probe(_ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch) {
        guard let peer = batch.string(.clockPeer, of: event),
            let t0 = batch.int(.clockT0, of: event), let t1 = batch.int(.clockT1, of: event),
            let t2 = batch.int(.clockT2, of: event), let t3 = batch.int(.clockT3, of: event)
        else { return }
        if waitingProbes.count >= Self.waitingProbesLimit {
            waitingProbes.removeFirst()
            droppedProbes &+= 1
        }
        waitingProbes.append(
            WaitingProbe(
                asker: Int(span.stream.domain), peer: peer, t0: t0, t1: t1, t2: t2, t3: t3))
        let waiting = waitingProbes
        waitingProbes = []
        for probe in waiting {
            if let device = directory.device(called: directory.symbols.string(probe.peer)),
                let stream = stream(ofDevice: device)
            {
                clocks.probe(
                    asker: probe.asker, answerer: Int(directory.streamPlans[stream].domain), t0: probe.t0, t1: probe.t1,
                    t2: probe.t2, t3: probe.t3)
            } else {
                waitingProbes.append(probe)
            }
        }
    }

    private mutating func mark(_ event: Event) {
        let text = directory.symbols.role(event.role).name
        if text == "gen_ai.first_token" || text == "first_token" {
            requests.clientToken(span: event.parent, at: event.time.nanos)
        } else {
            processes.mark(.mark, text, at: event.time.nanos)
        }
    }
}

extension Operation {
    /// Whether it is the engine's work: not housekeeping, not the client's side.
    var isWork: Bool {
        switch self {
        case .other, .clientRequest, .memorySample, .clockProbe, .clockReply: false
        default: true
        }
    }

    /// Whether it is one side of a message.
    var isHop: Bool { self == .hopSend || self == .hopReceive }
}
