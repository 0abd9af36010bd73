import SpanreelTracing

/// The state machine of every request, and the latencies of those that finished.
///
/// A request is known by its span. Its children (queue, prefill, decode), its tokens and its cache lookup may come
/// before its own fact, since an import gives a request as one fact at its end; then the record is provisional.
struct RequestFold: Sendable {
    static let limit = 16_384

    private(set) var records: ContiguousArray<RequestRecord> = []
    /// Number of the first record held.
    private var base = 0
    private var bySpan = KeyTable<Int32>(filler: -1)
    private var byTrace = KeyTable<Int32>(filler: -1)
    private var clientFirstToken = KeyTable<Int64>(filler: 0)
    private var working = IntervalUnion()
    /// Numbers of the requests that have not ended, and of some that have: swept when it doubled.
    private var unended: ContiguousArray<Int32> = []
    private var unendedLimit = 64

    private(set) var ttft = Observations()
    private(set) var ttftRaw = Observations()
    private(set) var tpot = Observations()
    private(set) var itl = Observations()
    private(set) var e2e = Observations()
    private(set) var queue = Observations()
    private(set) var prefill = Observations()
    private(set) var clientTtft = Observations()
    private(set) var clientE2e = Observations()
    /// Ended requests by state, over the whole session.
    private(set) var endedCounts: [RequestState: Int] = [:]
    /// All requests seen.
    private(set) var total = 0
    /// Ended requests, newest last, with the reason counted in `endedCounts`.
    private(set) var endedTotal = 0
    /// Requests by what they say of themselves so far; those beyond ``labelLimit`` labels are counted together.
    private(set) var labelCounts: [RequestLabel: Int] = [:]
    private(set) var labelsNotHeld = 0
    /// Labels that are told apart.
    static let labelLimit = 1024

    private func slot(_ number: Int32?) -> Int? {
        guard let number, Int(number) >= base, Int(number) - base < records.count else { return nil }
        return Int(number) - base
    }

    /// The record of a request span.
    private func slot(span: SpanID) -> Int? {
        guard !span.isNone, let slot = slot(bySpan.find(span.rawValue)), records[slot].span == span else { return nil }
        return slot
    }

    /// The newest record of a trace.
    func slot(trace: TraceID) -> Int? {
        guard !trace.isNone, let slot = slot(byTrace.find(mixed(trace.high, trace.low))),
            records[slot].trace == trace
        else { return nil }
        return slot
    }

    private mutating func create(span: SpanID, trace: TraceID, start: Int64, aligned: Int64) -> Int {
        if records.count >= Self.limit + 1024 {
            for old in records.prefix(1024) {
                if let slot = slot(span: old.span), slot < 1024 { _ = bySpan.remove(old.span.rawValue) }
                if let slot = slot(trace: old.trace), slot < 1024 {
                    _ = byTrace.remove(mixed(old.trace.high, old.trace.low))
                }
            }
            records.removeFirst(1024)
            base += 1024
        }
        total += 1
        count(RequestLabel(), 1)
        let number = Int32(truncatingIfNeeded: base + records.count)
        records.append(
            RequestRecord(span: span, trace: trace, start: start, startAligned: aligned, lastActivity: start))
        if unended.count >= unendedLimit {
            unended = unended.filter { slot($0).map { !records[$0].hasEnded } ?? false }
            unendedLimit = max(64, 2 * unended.count)
        }
        unended.append(number)
        if !span.isNone { bySpan.insert(span.rawValue, number) }
        if !trace.isNone { byTrace.insert(mixed(trace.high, trace.low), number) }
        return records.count - 1
    }

    /// The request that a child or a token belongs to: by parent span, by trace, else a provisional one.
    private mutating func owner(parent: SpanID, trace: TraceID, start: Int64, aligned: Int64) -> Int? {
        if let slot = slot(span: parent) { return slot }
        if let slot = slot(trace: trace) { return slot }
        guard !parent.isNone, !trace.isNone else { return nil }
        return create(span: parent, trace: trace, start: start, aligned: aligned)
    }

    /// Calls `body` with every request held that has not ended. O(requests in flight).
    func forEachUnended(_ body: (RequestRecord) -> Void) {
        for number in unended {
            if let slot = slot(number), !records[slot].hasEnded { body(records[slot]) }
        }
    }

    // MARK: The request itself

    mutating func began(_ event: Event, in batch: borrowing EventBatch, stream: Directory.StreamPlan, aligned: Int64) {
        let index =
            slot(span: event.span)
            ?? create(
                span: event.span, trace: event.trace, start: event.time.nanos, aligned: aligned)
        arrive(index, start: event.time.nanos, aligned: aligned, stream: stream)
        read(event, in: batch, stream, into: index)
    }

    private mutating func arrive(_ index: Int, start: Int64, aligned: Int64, stream: Directory.StreamPlan) {
        records[index].start = start
        records[index].startAligned = aligned
        records[index].hasStart = true
        records[index].device = stream.device
        records[index].domain = stream.domain
        records[index].lastActivity = max(records[index].lastActivity, start)
    }

    private mutating func count(_ label: RequestLabel, _ change: Int) {
        guard let number = labelCounts[label] else {
            if labelCounts.count < Self.labelLimit { labelCounts[label] = change } else { labelsNotHeld += change }
            return
        }
        labelCounts[label] = number + change
    }

    /// A request's label may have become known or changed.
    private mutating func relabel(_ index: Int, from old: RequestLabel) {
        guard records[index].label != old else { return }
        count(old, -1)
        count(records[index].label, 1)
    }

    /// The request ended. Returns the record's slot for the caller's counts; nil for a second end.
    mutating func ended(
        _ span: FinishedSpan, _ event: Event, in batch: borrowing EventBatch, aligned: Int64, symbols: Symbols,
        ticks clock: TickClock, into ticks: inout Series
    ) -> Int? {
        let index =
            slot(span: span.span)
            ?? create(
                span: span.span, trace: span.trace, start: span.start, aligned: aligned)
        guard !records[index].hasEnded else { return nil }
        arrive(index, start: span.start, aligned: aligned, stream: span.stream)
        read(event, in: batch, span.stream, into: index)
        records[index].status = span.status
        records[index].end = span.end
        records[index].lastActivity = max(records[index].lastActivity, span.end)
        let state = Self.outcome(records[index], symbols)
        records[index].state = state
        endedCounts[state, default: 0] += 1
        endedTotal += 1

        let record = records[index]
        let bucket = clock.bucket(span.end)
        ticks.add(1, bucket: bucket, channel: Tick.ended)
        addFlight(record, until: span.end, clock, &ticks, &working)
        if let nanos = record.queueNanos, state == .finished { queue.add(nanos, at: span.end) }
        guard state == .finished else { return index }
        ticks.add(1, bucket: bucket, channel: Tick.finished)
        if let nanos = record.e2e {
            ticks.add(nanos, bucket: bucket, channel: Tick.endToEnd)
            e2e.add(nanos, at: span.end)
        }
        if let nanos = record.prefillNanos { prefill.add(nanos, at: span.end) }
        if let nanos = record.ttft(raw: false) { ttft.add(nanos, at: span.end) }
        if let nanos = record.ttft(raw: true) { ttftRaw.add(nanos, at: span.end) }
        if let nanos = record.tpot { tpot.add(nanos, at: span.end) }
        return index
    }

    private func addFlight(
        _ record: RequestRecord, until end: Int64, _ clock: TickClock, _ ticks: inout Series,
        _ union: inout IntervalUnion
    ) {
        clock.forEachTick(record.start, end) { ticks.add($1, bucket: $0, channel: Tick.inFlight) }
        if let queueStart = record.queueStart {
            let queueEnd = record.queueNanos.map { queueStart &+ $0 } ?? end
            clock.forEachTick(queueStart, min(queueEnd, end)) { ticks.add($1, bucket: $0, channel: Tick.queued) }
        }
        union.add(record.start, end) { from, to in
            clock.forEachTick(from, to) { ticks.add($1, bucket: $0, channel: Tick.working) }
        }
    }

    /// Adds the requests that are still in flight at `instant` to a copy of the ticks.
    func addOpen(at instant: Int64, _ clock: TickClock, into ticks: inout Series) {
        var union = working
        for record in records where !record.hasEnded {
            let until = min(instant, record.lastActivity.addingReportingOverflow(30_000_000_000).partialValue)
            addFlight(record, until: until, clock, &ticks, &union)
        }
    }

    private mutating func read(
        _ event: Event, in batch: borrowing EventBatch, _ stream: Directory.StreamPlan, into index: Int
    ) {
        let label = records[index].label
        defer { relabel(index, from: label) }
        if records[index].model == 0 { records[index].model = stream.model }
        for attribute in batch.attributes(of: event) {
            switch attribute.type {
            case .int:
                let value = Int64(bitPattern: attribute.bits)
                switch attribute.key {
                case .inputTokens: records[index].inputTokens = value
                case .outputTokens: records[index].outputTokens = value
                case .cachedTokens: records[index].cachedTokens = value
                case .httpStatus: records[index].httpStatus = value
                default: break
                }
            case .string:
                let value = UInt32(truncatingIfNeeded: attribute.bits)
                switch attribute.key {
                case .requestID: records[index].requestID = value
                case .model: records[index].model = value
                case .finishReason: records[index].finishReason = value
                case .errorType: records[index].errorType = value
                case .variant: records[index].variant = value
                default: break
                }
            case .double, .bool, .blob: break
            }
        }
    }

    /// What became of a request, from its status code, finish reason and error type. Strings once per request.
    private static func outcome(_ record: RequestRecord, _ symbols: Symbols) -> RequestState {
        let reason = symbols.string(StringID(record.finishReason)).lowercased()
        if reason == "cancelled" || reason == "canceled" || reason == "abort" || reason == "aborted" {
            return .cancelled
        }
        if reason == "rejected" { return .rejected }
        if let code = record.httpStatus {
            if code == 499 { return .cancelled }
            if code >= 500 { return .failed }
            if code >= 400 { return .rejected }
        }
        guard record.status == .error || record.errorType != 0 else { return .finished }
        let error = symbols.string(StringID(record.errorType)).lowercased()
        for word in ["cancel", "brokenpipe", "disconnect", "connectionreset", "abort"] where error.contains(word) {
            return .cancelled
        }
        return .failed
    }

    // MARK: Children

    /// A queue, prefill or decode span began.
    mutating func childBegan(_ plan: Directory.Plan, _ event: Event, stream: Directory.StreamPlan, aligned: Int64) {
        let time = event.time.nanos
        guard let index = owner(parent: event.parent, trace: event.trace, start: time, aligned: aligned) else { return }
        guard !records[index].hasEnded else { return }
        knowScheduler(index, stream)
        records[index].lastActivity = max(records[index].lastActivity, time)
        switch plan.operation {
        case .queue: records[index].queueStart = time
        case .prefill: if records[index].state == .queued { records[index].state = .prefill }
        default: records[index].state = .decode
        }
    }

    /// A queue, prefill or decode span ended, or is one fact.
    mutating func childEnded(_ span: FinishedSpan, aligned: Int64, alignedEnd: Int64) {
        guard let index = owner(parent: span.parent, trace: span.trace, start: span.start, aligned: aligned) else {
            return
        }
        guard !records[index].hasEnded else { return }
        knowScheduler(index, span.stream)
        if !records[index].hasStart, span.start < records[index].start {
            records[index].start = span.start
            records[index].startAligned = aligned
        }
        records[index].lastActivity = max(records[index].lastActivity, span.end)
        switch span.plan.operation {
        case .queue:
            records[index].queueStart = span.start
            records[index].queueNanos = span.nanos
            if records[index].state == .queued { records[index].state = .prefill }
        case .prefill:
            records[index].prefillNanos = span.nanos
            records[index].prefillEnd = span.end
            records[index].state = .decode
            if records[index].firstToken == nil, span.status != .error {
                // Used only until the first token's own fact comes.
                records[index].firstToken = span.end
                records[index].firstTokenAligned = alignedEnd
                records[index].firstTokenDomain = span.stream.domain
                records[index].lastToken = span.end
            }
        default: break
        }
    }

    private mutating func knowScheduler(_ index: Int, _ stream: Directory.StreamPlan) {
        if records[index].device < 0 {
            records[index].device = stream.device
            records[index].domain = stream.domain
            let label = records[index].label
            records[index].model = stream.model
            relabel(index, from: label)
        }
    }

    /// Tokens of a request came out; returns how many of them were its first emission.
    mutating func emitted(_ event: Event, domain: Int32, aligned: Int64) -> Int64 {
        let time = event.time.nanos
        guard let index = owner(parent: event.parent, trace: event.trace, start: time, aligned: aligned) else {
            return 0
        }
        let count = max(0, event.value)
        let isFirst = records[index].emittedTokens == 0
        if isFirst {
            records[index].firstToken = time
            records[index].firstTokenAligned = aligned
            records[index].firstTokenDomain = domain
        } else if time >= records[index].lastToken {
            let gap = time &- records[index].lastToken
            itl.add(gap, at: time)
            records[index].itl.add(gap)
        }
        records[index].lastToken = max(time, isFirst ? time : records[index].lastToken)
        records[index].emittedTokens = records[index].emittedTokens &+ count
        if !records[index].hasEnded {
            records[index].state = .decode
            records[index].lastActivity = max(records[index].lastActivity, time)
        }
        return isFirst ? count : 0
    }

    /// The prompt of a request was computed; false when it had been counted already.
    mutating func promptComputed(_ event: Event, cached: Int64?, aligned: Int64) -> Bool {
        guard
            let index = owner(
                parent: event.parent, trace: event.trace, start: event.time.nanos, aligned: aligned)
        else { return true }
        if let cached { records[index].cachedTokens = records[index].cachedTokens ?? cached }
        let isFirst = !records[index].promptCounted
        records[index].promptCounted = true
        return isFirst
    }

    // MARK: Cache

    /// A lookup: the request's record and whether its device is the scheduler's. Nil while that is not known.
    mutating func lookedUp(_ lookup: RequestRecord.Lookup, trace: TraceID) -> RequestRecord.Lookup? {
        guard let index = slot(trace: trace) else { return nil }
        guard !records[index].lookupCounted else { return nil }
        guard records[index].device >= 0 else {
            if records[index].pendingLookup == nil { records[index].pendingLookup = lookup }
            return nil
        }
        guard records[index].device == lookup.device else { return nil }
        records[index].lookupCounted = true
        return lookup
    }

    // MARK: The client's side

    mutating func clientToken(span: SpanID, at time: Int64) {
        guard !span.isNone, clientFirstToken.find(span.rawValue) == nil else { return }
        if clientFirstToken.count >= 65_536 { clientFirstToken = KeyTable(filler: 0) }
        clientFirstToken.insert(span.rawValue, time)
    }

    mutating func clientEnded(_ span: FinishedSpan, httpStatus: Int64?) {
        let first = clientFirstToken.remove(span.span.rawValue)
        guard span.status != .error, (httpStatus ?? 200) < 400 else { return }
        clientE2e.add(span.nanos, at: span.end)
        if let first, first >= span.start { clientTtft.add(first &- span.start, at: span.end) }
    }

    mutating func markPromptCounted(_ index: Int) { records[index].promptCounted = true }
}
