internal import Hummingbird
internal import ServiceLifecycle
internal import SpanreelReplay
internal import SpanreelTracing

/// Server-sent events: snapshots of a session as it grows, or as it is played again.
extension ViewerRoutes {
    func stream(_ session: String, _ parameters: Parameters, _ request: Request) async throws -> Response {
        let names = try ViewName.parse(try parameters.text("views") ?? "overview")
        let snapshot = try parameters.snapshot(splits: true)
        let interval = Duration.milliseconds(try parameters.integer("interval", 250...5000) ?? 1000)
        let speed = try parameters.number("speed", 0.01...1000) ?? 1
        let handle = try await catalog.find(session)
        // The first answer comes before the headers: what is wrong with the request is still a status.
        var player = Player(handle: handle, names: names, parameters: snapshot, speed: speed)
        let first = try await player.next()
        let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        let started = player
        return Response(
            status: .ok, headers: headers,
            body: .init { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    var player = started
                    var frame = first
                    var heartbeat = ContinuousClock.now
                    try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
                    try await writer.write(frame.text)
                    guard !frame.isLast else { return }
                    // A reader that does not read suspends `write`; what it missed meanwhile is never computed.
                    for await _ in Ticks(interval: interval).cancelOnGracefulShutdown() {
                        frame = await player.nextOrError()
                        try await writer.write(frame.text)
                        if frame.isLast { break }
                        if ContinuousClock.now - heartbeat >= .seconds(15) {
                            heartbeat = .now
                            try await writer.write(ByteBuffer(string: ": heartbeat\n\n"))
                        }
                    }
                }
                try? await writer.finish(nil)
            })
    }
}

/// One client's position in a session and what to send next.
private struct Player: Sendable {
    /// Bytes of one or more events.
    struct Chunk: Sendable {
        var text: ByteBuffer
        var isLast: Bool
    }

    let handle: SessionHandle
    let names: [ViewName]
    let parameters: SnapshotParameters
    let speed: Double
    /// Where and when playing began; nil while it follows the live end.
    private var origin: (at: Timestamp, clock: ContinuousClock.Instant)?

    init(handle: SessionHandle, names: [ViewName], parameters: SnapshotParameters, speed: Double) {
        self.handle = handle
        self.names = names
        self.parameters = parameters
        self.speed = speed
    }

    mutating func next() async throws -> Chunk {
        var query = try await handle.resolve(parameters)
        let extent = try await handle.extent()
        var isLast = extent.state != .live
        if let start = query.at {
            let now = ContinuousClock.now
            if origin == nil { origin = (start, now) }
            if let origin {
                let elapsed = (now - origin.clock) / .seconds(1) * 1e9 * speed
                // Beyond the end of Int64 lies no session.
                let position = origin.at.nanos.addingReportingOverflow(Int64(min(elapsed, 9e18)))
                let at = position.overflow ? extent.end.nanos : position.partialValue
                isLast = at >= extent.end.nanos
                query.at = Timestamp(nanos: min(at, max(extent.end.nanos, start.nanos)))
            }
        }
        var text = Self.event("snapshot", try await handle.views(names, query))
        if isLast { text.writeImmutableBuffer(Self.event("end", ByteBuffer(string: "{}"))) }
        return Chunk(text: text, isLast: isLast)
    }

    mutating func nextOrError() async -> Chunk {
        do {
            return try await next()
        } catch {
            return Chunk(text: Self.event("error", ByteBuffer(string: APIError(error).json)), isLast: true)
        }
    }

    /// `data` is canonical JSON: one line, since line breaks inside strings are escaped.
    private static func event(_ name: String, _ data: ByteBuffer) -> ByteBuffer {
        var text = ByteBuffer(string: "event: \(name)\ndata: ")
        text.writeImmutableBuffer(data)
        text.writeString("\n\n")
        return text
    }
}

/// Ticks at a fixed pace; those that nobody awaited are left out, not made up for.
private struct Ticks: AsyncSequence, Sendable {
    let interval: Duration

    struct AsyncIterator: AsyncIteratorProtocol {
        let interval: Duration
        var due: ContinuousClock.Instant

        mutating func next() async -> Void? {
            let now = ContinuousClock.now
            if due < now { due = now }
            do {
                try await Task.sleep(until: due, clock: .continuous)
            } catch {
                return nil
            }
            due = due.advanced(by: interval)
            return ()
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(interval: interval, due: .now.advanced(by: interval)) }
}
