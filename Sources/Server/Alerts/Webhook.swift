internal import Foundation
internal import SpanreelTracing
internal import Synchronization

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Sends JSON to a URL, one message after the other, and tries again when that fails.
///
/// ``send(_:)`` never waits: messages lie in a queue of ``queueLimit``. A message is tried ``attempts`` times, with pauses
/// that double from half a second; then it is given up, counted, and said. An answer in the 400s other than 408 and 429
/// is no matter of trying again.
public final class Webhook: Sendable {
    /// Messages that may wait.
    public static let queueLimit = 256
    /// How often a message is tried.
    public static let attempts = 6

    /// What became of messages so far.
    public struct Counts: Sendable, Equatable {
        /// Answered with a status in the 200s.
        public var delivered = 0
        /// Tried in vain, or come when the queue was full.
        public var givenUp = 0
    }

    /// Posts a body; the status of the answer. Throws when there was none.
    typealias Transport = @Sendable (_ body: [UInt8]) async throws -> Int

    private let state = Mutex(Counts())
    private let queue: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let transport: Transport
    private let firstPause: Duration
    private let report: @Sendable (String) -> Void

    /// A webhook to an `http` or `https` address; `report` is told what was given up.
    ///
    /// - Throws: ``ViewerError`` `invalid` for anything else.
    public convenience init(
        _ address: String, report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(ViewerError) {
        guard let url = URL(string: address), url.scheme == "http" || url.scheme == "https",
            let host = url.host, !host.isEmpty
        else {
            throw ViewerError(
                code: "invalid",
                message:
                    "A webhook is an http or https address, not \"\(SafeText.visible(String(address.prefix(80))))\".")
        }
        self.init(transport: Self.post(to: url), report: report)
    }

    init(
        transport: @escaping Transport, firstPause: Duration = .milliseconds(500), limit: Int = queueLimit,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.transport = transport
        self.firstPause = firstPause
        self.report = report
        (queue, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(limit))
    }

    /// What became of messages so far.
    public var counts: Counts { state.withLock { $0 } }

    /// Puts a message into the queue. Never waits; a full queue gives the message up.
    public func send(_ body: [UInt8]) {
        if case .dropped = continuation.yield(body) { giveUp("\(Self.queueLimit) others wait") }
    }

    /// No more messages; ``run()`` ends when those that wait are through.
    public func finish() { continuation.finish() }

    /// Delivers until ``finish()`` and the last message, or until cancelled. To be called once.
    public func run() async {
        for await body in queue { await deliver(body) }
    }

    private func deliver(_ body: [UInt8]) async {
        var pause = firstPause
        var failure = ""
        for attempt in 1...Self.attempts {
            do {
                let status = try await transport(body)
                if (200..<300).contains(status) { return state.withLock { $0.delivered += 1 } }
                failure = "status \(status)"
                if (400..<500).contains(status), status != 408, status != 429 { break }
            } catch {
                failure = "no answer"
            }
            guard attempt < Self.attempts else { break }
            do { try await Task.sleep(for: pause) } catch { break }
            pause *= 2
        }
        giveUp(failure)
    }

    private func giveUp(_ reason: String) {
        let count = state.withLock { counts in
            counts.givenUp += 1
            return counts.givenUp
        }
        report("a message to the webhook was given up: \(reason); \(count) so far [webhook]")
    }

    private static func post(to url: URL) -> Transport {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 10
        configuration.timeoutIntervalForResource = 10
        let session = URLSession(configuration: configuration)
        return { body in
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = Data(body)
            let (_, response) = try await session.data(for: request)
            return (response as? HTTPURLResponse)?.statusCode ?? 0
        }
    }
}
