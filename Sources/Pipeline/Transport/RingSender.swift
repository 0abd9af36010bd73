import Foundation
import SpanreelTracing

/// This device's connection to the next one: numbers messages, traces hops, injects the slow hop. One thread sends.
final class RingSender {
    private let socket: Socket
    private let recorder: Recorder
    private let roles: TraceRoles
    private let delayNanos: Int64
    private var lastMessage: UInt64 = 0

    /// A sender over a connected socket that sleeps `delayNanos` in each traced send.
    init(socket: Socket, recorder: Recorder, roles: TraceRoles, delayNanos: Int64) {
        self.socket = socket
        self.recorder = recorder
        self.roles = roles
        self.delayNanos = delayNanos
    }

    /// Sends activations or a token as a traced hop below `parent`.
    func send(_ frame: Frame, parent: SpanContext?) throws(PipelineError) {
        var frame = frame
        lastMessage += 1
        frame.messageID = lastMessage
        let role = frame.phase == .prefill ? roles.sendPrefill : roles.sendDecode
        let span = recorder.hopSend(role, messageID: lastMessage, sizeBytes: frame.payload.count, parent: parent)
        if recorder.isEnabled { frame.traceparent = span.traceparent }
        if delayNanos > 0 { Pause.sleep(nanos: delayNanos) }
        do throws(PipelineError) {
            try socket.send(FrameCodec.encode(frame))
        } catch {
            recorder.end(span, status: .error) { $0.set(.errorType, "network") }
            throw error
        }
        recorder.end(span)
    }

    /// Sends a message that carries no data of a request (hello, end): not a hop.
    func sendControl(_ frame: Frame) throws(PipelineError) {
        var frame = frame
        lastMessage += 1
        frame.messageID = lastMessage
        try socket.send(FrameCodec.encode(frame))
    }

    /// Ends the connection, which tells the next device that nothing more comes.
    func shutDown() { socket.shutDown() }
}

/// Sleeping, as the faults do.
enum Pause {
    /// Sleeps; a signal does not cut it short.
    static func sleep(nanos: Int64) {
        var rest = timespec()
        rest.tv_sec = .init(nanos / 1_000_000_000)
        rest.tv_nsec = .init(nanos % 1_000_000_000)
        while true {
            var left = timespec()
            guard nanosleep(&rest, &left) != 0, errno == EINTR else { return }
            rest = left
        }
    }
}
