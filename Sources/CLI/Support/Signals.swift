internal import Foundation
internal import Synchronization

/// Signals as a stream. The handler only writes a byte; an installed handler, unlike an ignored signal, is not
/// inherited by the programs that this one starts.
enum Signals {
    /// One signal.
    struct Arrival: Sendable {
        /// Its number.
        var number: Int32
        /// Whether a process sent it. The terminal's own signals reach every process of the group by themselves.
        var isFromProcess: Bool
    }

    private static let writeEnd = Atomic<Int32>(-1)

    /// Installs handlers for `numbers` and delivers what arrives, in order. To be called once.
    static func stream(_ numbers: [Int32]) -> AsyncStream<Arrival> {
        let (stream, continuation) = AsyncStream<Arrival>.makeStream()
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return stream }
        let readEnd = ends[0]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        writeEnd.store(ends[1], ordering: .releasing)
        for number in numbers { install(number) }
        let thread = Thread {
            var byte: UInt8 = 0
            while read(readEnd, &byte, 1) == 1 {
                continuation.yield(Arrival(number: Int32(byte & 0x7F), isFromProcess: byte & 0x80 != 0))
            }
        }
        thread.name = "signals"
        thread.start()
        return stream
    }

    private static func install(_ number: Int32) {
        var action = sigaction()
        action.sa_flags = SA_SIGINFO | Int32(SA_RESTART)
        let handler: @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void = {
            number, info, _ in
            let code = info?.pointee.si_code ?? 0
            #if canImport(Darwin)
                let isFromProcess = code == SI_USER
            #else
                let isFromProcess = code <= 0
            #endif
            var byte = UInt8(truncatingIfNeeded: number) | (isFromProcess ? 0x80 : 0)
            // `write` is one of the calls that a handler may make.
            let saved = errno
            _ = write(Signals.writeEnd.load(ordering: .acquiring), &byte, 1)
            errno = saved
        }
        #if canImport(Darwin)
            action.__sigaction_u.__sa_sigaction = handler
        #else
            action.__sigaction_handler.sa_sigaction = handler
        #endif
        sigaction(number, &action, nil)
    }
}
