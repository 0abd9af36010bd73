import Foundation
import SpanreelTracing

/// This device's connection from the previous one. Its own thread reads each message as soon as it arrives, so that
/// a hop's time is the network's and not the wait for a busy stage; the stage takes the frames from the inbox.
final class RingReceiver: Sendable {
    /// A message and the context to go on with.
    struct Delivery: Sendable {
        /// The message.
        var frame: Frame
        /// The step that it belongs to: parent of this device's stage. Nil for untraced messages.
        var step: SpanContext?
    }

    private let socket: Socket
    private let recorder: Recorder
    private let roles: TraceRoles

    /// A receiver over an accepted connection.
    init(socket: Socket, recorder: Recorder, roles: TraceRoles) {
        self.socket = socket
        self.recorder = recorder
        self.roles = roles
    }

    /// Reads until the peer closes; `deliver` gets each message, `idleSince` says since when the consumer waits.
    func run(idleSince: () -> Ticks?, deliver: (Delivery) -> Void) throws(PipelineError) {
        while let delivery = try next(idleSince: idleSince) { deliver(delivery) }
    }

    /// Whether the first message on the connection is the greeting of device `index`; waits a second for it. Anything
    /// on this machine can connect to the port, so whoever does not greet is turned away.
    func isGreeted(by index: Int) -> Bool {
        socket.setReceiveTimeout(milliseconds: 1000)
        defer { socket.setReceiveTimeout(milliseconds: 0) }
        guard let delivery = try? next(idleSince: { nil }) else { return false }
        return delivery.frame.kind == .hello && delivery.frame.request == UInt64(index)
    }

    private func next(idleSince: () -> Ticks?) throws(PipelineError) -> Delivery? {
        guard let prefix = try socket.receive(exactly: FrameCodec.prefixBytes) else { return nil }
        let start = recorder.now()
        // The consumer may have gone idle after the message came: then it did not wait for it.
        var waitNanos: Int64 = 0
        if let since = idleSince(), since < start { waitNanos = recorder.nanos(from: since, to: start) }
        let (headerBytes, payloadBytes) = try FrameCodec.lengths(prefix)
        guard let header = try socket.receive(exactly: headerBytes) else {
            throw PipelineError(.network, "The connection closed inside a message.")
        }
        var frame = try FrameCodec.decode(header: header)
        if payloadBytes > 0 {
            guard let payload = try socket.receive(exactly: payloadBytes) else {
                throw PipelineError(.network, "The connection closed inside a message.")
            }
            frame.payload = payload
        }
        guard frame.kind == .activations || frame.kind == .token else {
            return Delivery(frame: frame, step: SpanContext(traceparent: frame.traceparent))
        }
        guard let send = SpanContext(traceparent: frame.traceparent) else { return Delivery(frame: frame, step: nil) }
        let role = frame.phase == .prefill ? roles.receivePrefill : roles.receiveDecode
        _ = recorder.hopReceive(
            role, from: start, messageID: frame.messageID, sizeBytes: frame.payload.count, waitNanos: waitNanos,
            parent: send)
        var step = send
        step.span = frame.step
        return Delivery(frame: frame, step: step)
    }
}
