public import SpanreelTracing

/// Whether a session grows, ended well, or was cut off.
public enum SessionState: String, Sendable {
    /// At least one process still writes.
    case live
    /// Every process ended its stream.
    case saved
    /// No process writes, and at least one died without ending its stream.
    case crashed
}

/// Answers every question to one session, live or saved, with the same code.
///
/// ```
/// refresh: reader.poll -> merge -> watermark -> head fold (+ a checkpoint now and then)
/// views(at: T): nearest checkpoint before T -> the events up to T through the index -> views -> JSON
/// ```
/// The part of an answer under `data` is a pure function of (cut, T, parameters): asked again with the `cut` and the
/// `atNanos` of a live answer's envelope, the saved session gives the same bytes. The envelope's `session.state`,
/// `endNanos`, `revision` and `watermarkNanos` say how the recording stands now and may differ; so does the
/// view `processes`, which is about the recording itself and is never marked final while it runs.
///
/// Not thread-safe and not `Sendable`: one owner, such as an actor.
public final class SessionEngine {
    /// Who the session is.
    public var info: SessionInfo { reader.session }
    /// Whether it grows.
    public private(set) var state: SessionState = .saved
    /// Counts how often late events changed what had been published.
    public private(set) var revision = 0
    /// Up to where all live streams are complete; nil for a saved session.
    public private(set) var watermark: Watermark?

    private(set) var reader: SessionReader
    private(set) var directory: Directory
    private(set) var head: SessionFold
    private var merge = EventMerge()
    private var delivered = KeyTable<UInt64>(filler: 0)
    private(set) var checkpoints: [SessionFold] = []
    private var checkpointSpacing: Int
    private var sinceCheckpoint = 0
    private var cursor: SessionFold?
    var filtered = FilteredFolds()
    private var hasOrigin = false
    private var limit = Timestamp(nanos: .min)
    private let path: String
    let now: () -> Timestamp
    private let options: Options

    /// At most so many checkpoints, of 2 to 10 MB each; then every other one goes and the spacing doubles. With the first
    /// spacing that is 12 million events, of which any instant is then about a tenth of a second away at most.
    private static let checkpointLimit = 112

    /// How ticks and windows are cut.
    public struct Options: Sendable {
        /// A tick's length, `MONITOR_UPDATE_INTERVAL`.
        public var tickNanos: Int64
        /// Samples of the default window, `MONITOR_WINDOW_SIZE`.
        public var windowSamples: Int
        /// Events between two checkpoints, at first.
        var checkpointEvents = 114_688
        /// The alert rules to look at once per tick; none unless asked for.
        public var rules: AlertRules

        /// Options; left out: ticks of one second, 100 samples, no rules.
        public init(tickNanos: Int64 = 1_000_000_000, windowSamples: Int = 100, rules: AlertRules = AlertRules()) {
            self.tickNanos = tickNanos
            self.windowSamples = windowSamples
            self.rules = rules
        }

        /// From `MONITOR_UPDATE_INTERVAL` (seconds) and `MONITOR_WINDOW_SIZE`; what makes no sense is ignored.
        public init(environment: [String: String], rules: AlertRules = AlertRules()) {
            self.init(rules: rules)
            if let text = environment["MONITOR_UPDATE_INTERVAL"], let nanos = TimeText.duration(text),
                nanos >= 10_000_000, nanos <= 3_600_000_000_000
            {
                tickNanos = nanos
            }
            if let text = environment["MONITOR_WINDOW_SIZE"], let size = Int(text), (1...100_000).contains(size) {
                windowSamples = size
            }
        }
    }

    /// Opens a session and takes in its whole past.
    ///
    /// - Throws: ``TraceError`` as the reader does.
    public convenience init(path: String, options: Options = Options()) throws(TraceError) {
        try self.init(path: path, options: options, now: WallClock.now)
    }

    init(path: String, options: Options = Options(), now: @escaping () -> Timestamp) throws(TraceError) {
        self.path = path
        self.now = now
        self.options = options
        checkpointSpacing = options.checkpointEvents
        reader = try SessionReader(path: path)
        directory = Directory(
            symbols: reader.symbols, origin: Timestamp(nanos: reader.session.createdUnixNanos),
            tickNanos: options.tickNanos, windowSamples: options.windowSamples, rules: options.rules)
        head = SessionFold(directory: directory)
        try refresh()
    }

    // MARK: Taking in

    /// Takes in what was written since the last call and moves the watermark. Cheap when nothing is new.
    public func refresh() throws(TraceError) {
        if reader.isSuperseded { try reopen() }
        let reader = reader
        // The heartbeats that the poll sees are at least as old as the lanes it reads.
        try reader.poll { batch in
            note(batch)
            merge.ingest(batch)
            // What ended since the last poll must be known before its ticks are looked at.
            if !options.rules.rules.isEmpty { updateStreams() }
            if let floor = reader.pendingFloor { drain(upTo: Timestamp(nanos: floor.nanos &- 1)) }
        }
        updateStreams()
        let writers = reader.streams.map { stream in
            Watermark.Writer(
                device: stream.device, host: stream.host, isLive: stream.state == .live,
                lastHeartbeat: stream.lastHeartbeat, silentNanos: stream.silentNanos)
        }
        watermark = Watermark(writers, now: now())
        let isCrashed = !reader.session.isPacked && reader.streams.contains { $0.state == .dead }
        state = watermark != nil ? .live : isCrashed ? .crashed : .saved
        drain(upTo: watermark?.time ?? Timestamp(nanos: .max))
        if let late = merge.earliestLate {
            merge.clearLate()
            try refold(from: late)
        }
    }

    /// The directory became one file: names are numbered anew, so everything is folded again.
    private func reopen() throws(TraceError) {
        let fresh = try SessionReader(path: path)
        reader = fresh
        directory = Directory(
            symbols: fresh.symbols, origin: Timestamp(nanos: fresh.session.createdUnixNanos),
            tickNanos: options.tickNanos, windowSamples: options.windowSamples, rules: options.rules)
        head = SessionFold(directory: directory)
        merge = EventMerge()
        delivered = KeyTable(filler: 0)
        checkpoints = []
        checkpointSpacing = options.checkpointEvents
        sinceCheckpoint = 0
        cursor = nil
        filtered = FilteredFolds()
        hasOrigin = false
        limit = Timestamp(nanos: .min)
    }

    private func note(_ batch: borrowing EventBatch) {
        guard let last = batch.events.last else { return }
        delivered.insert(last.incarnation, last.sequence)
        if Int(last.stream) >= directory.streams.count { updateStreams() }
        guard !hasOrigin else { return }
        hasOrigin = true
        // An import is created long after its events: then the first event is the start.
        let created = reader.session.createdUnixNanos
        let first = batch.events.reduce(Int64.max) { min($0, $1.start.nanos) }
        let isPlausible = created > 0 && created &- first < 60_000_000_000 && first &- created < 86_400_000_000_000
        directory.begin(at: Timestamp(nanos: isPlausible ? created : first))
    }

    private func updateStreams() {
        directory.update(
            streams: reader.streams.map { stream in
                StreamFact(
                    id: "\(stream.id)-\(stream.epoch)", device: stream.device, host: stream.host, pid: stream.pid,
                    clockDomain: stream.clockDomain.isEmpty ? nil : stream.clockDomain, stage: stream.stage,
                    firstLayer: stream.firstLayer, lastLayer: stream.lastLayer, model: stream.model,
                    ending: stream.state == .live
                        ? nil
                        : .init(
                            time: stream.lastHeartbeat, isDeath: stream.state == .dead,
                            dropped: stream.dropped.values.reduce(0, &+)))
            })
    }

    private func drain(upTo time: Timestamp) {
        guard merge.pendingCount > 0 || time > limit else { return }
        limit = max(limit, time)
        // Moved out and back: a copy would share its storage, and a property is checked at each access.
        var fold = SessionFold(directory: directory)
        swap(&fold, &head)
        var left = checkpointSpacing - sinceCheckpoint
        merge.flush(upTo: time) { event, batch in
            fold.apply(event, in: batch)
            left -= 1
            if left <= 0 {
                checkpoint(fold)
                left = checkpointSpacing
            }
        }
        sinceCheckpoint = checkpointSpacing - left
        swap(&fold, &head)
    }

    private func checkpoint(_ fold: SessionFold) {
        checkpoints.append(fold)
        guard checkpoints.count > Self.checkpointLimit else { return }
        checkpoints = checkpoints.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        checkpointSpacing *= 2
    }

    /// Folds kept of earlier instants.
    var checkpointCount: Int { checkpoints.count }

    /// Forgets what only saves time: the answers do not depend on it.
    func dropCheckpoints() {
        checkpoints = []
        cursor = nil
        filtered = FilteredFolds()
    }

    /// Folds again from before `time`, because events came behind the watermark.
    private func refold(from time: Timestamp) throws(TraceError) {
        revision += 1
        cursor = nil
        filtered = FilteredFolds()
        directory.labels.forget(from: time)
        checkpoints.removeAll { ($0.position?.time ?? Timestamp(nanos: .min)) >= time }
        guard let frontier = merge.frontier else { return }
        head = try advanced(checkpoints.last ?? SessionFold(directory: directory), to: frontier.time, cut: nil)
        sinceCheckpoint = 0
    }

    /// A fold with the events after its own position up to `time`, of those delivered so far and inside `cut`. A filter
    /// takes labels as they are known at `seen`.
    func advanced(
        _ fold: consuming SessionFold, to time: Timestamp, cut: Cut?, seen: Timestamp? = nil
    ) throws(TraceError) -> SessionFold {
        var fold = fold
        fold.selector?.look(until: seen ?? time, cut: cut)
        var merge = EventMerge(after: fold.position)
        let frontier = self.merge.frontier
        try reader.scan(from: fold.position?.time ?? Timestamp(nanos: .min), to: time) { batch in
            // Of one incarnation, as batches are; what no writer made is found out event by event all the same.
            let incarnation = batch.events.first?.incarnation ?? 0
            let seen = min(
                delivered.find(incarnation) ?? 0, cut.map { $0.sequence(of: incarnation) ?? 0 } ?? .max)
            func isWanted(_ event: Event) -> Bool {
                let place = EventMerge.Position(event)
                return event.time <= time && event.incarnation == incarnation && event.sequence <= seen
                    && !(frontier.map { $0 < place } ?? false) && (fold.position.map { $0 < place } ?? true)
            }
            guard let first = batch.events.firstIndex(where: isWanted),
                let last = batch.events.lastIndex(where: isWanted)
            else { return }
            if !batch.events[first...last].allSatisfy(isWanted) {
                var kept = EventBatch()
                for event in batch.events[first...last] where isWanted(event) { kept.append(event, from: batch) }
                merge.ingest(kept)
            } else if last - first + 1 == batch.events.count {
                merge.ingest(batch)
            } else {
                // The end or the beginning of a block: its attributes are shared, not copied.
                var kept = EventBatch()
                kept.events = ContiguousArray(batch.events[first...last])
                kept.attributes = batch.attributes
                merge.ingest(kept)
            }
        }
        merge.flush(upTo: time) { event, batch in fold.apply(event, in: batch) }
        return fold
    }

    // MARK: Folds of an instant

    /// The fold over every event of `cut` (or every event so far) stamped at or before `time`.
    func fold(at time: Timestamp, cut: Cut?) throws(TraceError) -> SessionFold {
        func fits(_ fold: SessionFold) -> Bool {
            guard let position = fold.position else { return true }
            return position.time <= time && (cut.map { $0.covers(fold.cut) } ?? true)
        }
        if fits(head) { return head }
        var base = SessionFold(directory: directory)
        if let near = checkpoints.last(where: fits) { base = near }
        if let cursor, fits(cursor), cursor.eventCount > base.eventCount { base = cursor }
        let result = try advanced(base, to: time, cut: cut)
        if cut == nil { cursor = result }
        return result
    }

    /// The session's start and the newest instant: the watermark of a live session, the last event of a saved one.
    public var bounds: (start: Timestamp, end: Timestamp) {
        let start = Timestamp(nanos: directory.ticks.origin)
        guard head.eventCount > 0 else { return (start, max(start, watermark?.time ?? start)) }
        return (start, max(start, max(head.lastTime, watermark?.time ?? head.lastTime)))
    }

    /// An instant as people type it: `live`, `12.5s`, `-5s`, RFC 3339.
    public func instant(_ text: String) throws(ReplayError) -> ViewQuery.Instant {
        try TimeText.instant(text, start: bounds.start, end: bounds.end)
    }

    /// The instant that a query is about.
    func instant(of query: ViewQuery) -> Timestamp {
        guard case .instant(let asked) = query.at else { return bounds.end }
        // Without a cut nothing is known of the future; with one the answer was given at exactly that instant.
        return query.cut == nil ? min(asked, bounds.end) : asked
    }

    /// Everything that views of this query are computed from.
    func input(_ query: ViewQuery) throws(ReplayError) -> SnapshotInput {
        try check(query.filter)
        let end = bounds.end
        let instant = instant(of: query)
        let fold: SessionFold
        do throws(TraceError) {
            fold = try self.fold(at: instant, cut: query.cut, filter: query.filter)
        } catch {
            throw ReplayError(.unreadable, error.description)
        }
        let isLiveEnd = query.cut == nil && watermark != nil && instant == end
        let silent = query.cut?.silent ?? (isLiveEnd ? watermark?.silent : nil) ?? silences(of: fold, at: instant)
        return SnapshotInput(
            fold: fold, instant: instant, window: query.window, clock: query.clock,
            dropped: query.cut?.dropped ?? droppedTotal, silent: silent, states: query.states)
    }

    /// The events that all streams dropped so far.
    var droppedTotal: UInt64 {
        reader.streams.reduce(0) { sum, stream in stream.dropped.values.reduce(sum) { $0 &+ $1 } }
    }

    /// The streams that sampled regularly and had not been heard of for two seconds at `instant`, by the log.
    private func silences(of fold: SessionFold, at instant: Timestamp) -> [Watermark.Silence] {
        var least: [String: Int64] = [:]
        for (index, stream) in fold.processes.streams.enumerated() where index < reader.streams.count {
            guard stream.samples >= 3, index < head.processes.streams.count else { continue }
            let goesOn = head.processes.streams[index].lastTime > instant.nanos || reader.streams[index].state != .ended
            let age = instant.nanos &- stream.lastTime
            let device = reader.streams[index].device
            least[device] = min(least[device] ?? .max, goesOn ? age : 0)
        }
        return least.filter { $0.value > Watermark.silenceNanos }
            .map { Watermark.Silence(device: $0.key, silentNanos: $0.value) }
            .sorted { ($0.device, $0.silentNanos) < ($1.device, $1.silentNanos) }
    }
}
