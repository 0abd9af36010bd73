import Foundation
import SpanreelTracing

/// Measures clocks against each other the way NTP does (RFC 5905, section 8), over datagrams:
///
///     ask     u64 number                        T0 asker's clock, just before
///     answer  u64 number, i64 T1, i64 T2        T3 asker's clock, just after
///
/// Each device asks the first one and its next one; the load generator asks the first one. A stopped peer does not
/// answer: the probe times out and the next round tries again.
final class ClockProbes: Sendable {
    /// A process that may be asked.
    struct Peer: Sendable {
        var name: StringHandle
        var port: Int
    }

    private let recorder: Recorder
    private let role: RoleHandle
    private let peers: [Peer]
    private let asking: Socket
    private let answering: Socket?

    /// Probes of `peers`; with an `answering` socket, `answer()` replies to others.
    init(recorder: Recorder, peers: [(device: String, port: Int)], answering: Socket?) throws(PipelineError) {
        self.recorder = recorder
        role = recorder.role(Role(.clockProbe))
        self.peers = peers.map { Peer(name: recorder.name($0.device), port: $0.port) }
        self.answering = answering
        asking = try Socket.datagram()
        asking.setReceiveTimeout(milliseconds: 100)
    }

    /// Asks every peer once.
    func ask() {
        for (index, peer) in peers.enumerated() {
            let t0 = recorder.now()
            let number = t0.rawValue &+ UInt64(index)
            asking.send(datagram: Self.bytes([number]), to: peer.port)
            while let (bytes, port) = asking.receiveDatagram() {
                let t3 = recorder.now()
                // An answer to an earlier question may still come in: it is passed over.
                guard port == peer.port, let words = Self.words(bytes), words.count == 3, words[0] == number else {
                    if recorder.nanos(from: t0, to: t3) > 200_000_000 { break }
                    continue
                }
                recorder.clockProbe(
                    role, peer: peer.name, t0: t0, t1UnixNanos: Int64(bitPattern: words[1]),
                    t2UnixNanos: Int64(bitPattern: words[2]), t3: t3)
                break
            }
        }
    }

    /// Starts the thread that answers others, if there is a socket to answer on.
    func startAnswering() {
        guard let answering else { return }
        let recorder = recorder
        let thread = Thread {
            while true {
                guard let (bytes, port) = answering.receiveDatagram() else { return }
                let t1 = recorder.unixNanos(recorder.now())
                guard let words = Self.words(bytes), words.count == 1 else { continue }
                let t2 = recorder.unixNanos(recorder.now())
                let answer = [words[0], UInt64(bitPattern: t1), UInt64(bitPattern: t2)]
                answering.send(datagram: Self.bytes(answer), to: port)
            }
        }
        thread.name = "clock-answers"
        thread.start()
    }

    /// Little-endian bytes of the words.
    static func bytes(_ words: [UInt64]) -> [UInt8] {
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
    }

    /// The words of little-endian bytes; nil for a length that is no multiple of 8.
    static func words(_ bytes: [UInt8]) -> [UInt64]? {
        guard bytes.count % 8 == 0 else { return nil }
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
    }
}
