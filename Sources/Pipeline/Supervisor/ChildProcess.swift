import Foundation
import Synchronization

#if canImport(Darwin)
    import Darwin
#endif

/// One spawned process: its standard input is a pipe that only this process can write to, its standard output comes
/// here line by line, its standard error is shared.
final class ChildProcess: Sendable {
    /// What happens to a child; the end is the last thing.
    enum Event: Sendable, Equatable {
        case line(String)
        /// Exit code, or 128 + signal as shells say it.
        case exited(Int32)
    }

    let pid: pid_t
    let events: AsyncStream<Event>
    /// The write end of the child's input; nil once closed.
    private let input: Mutex<Int32?>
    private let hasExited = Mutex(false)

    /// Starts `executable` (a path) with those arguments and environment.
    init(executable: String, arguments: [String], environment: [String: String]) throws(PipelineError) {
        let toChild = try Self.makePipe()
        let fromChild = try Self.makePipe()
        var actions = Self.emptyActions()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // dup2 clears close-on-exec on the copies; every other descriptor of ours closes by itself.
        posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, executable, &actions, nil, argv, envp)
        close(toChild.read)
        close(fromChild.write)
        guard status == 0 else {
            close(toChild.write)
            close(fromChild.read)
            throw PipelineError(.process, "\(executable) cannot be started: \(String(cString: strerror(status))).")
        }
        self.pid = pid
        input = Mutex(toChild.write)
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        let output = fromChild.read
        let thread = Thread { [self] in
            Self.readLines(output) { continuation.yield(.line($0)) }
            close(output)
            continuation.yield(.exited(wait()))
            continuation.finish()
        }
        thread.name = "child-\(pid)"
        thread.start()
    }

    deinit { closeInput() }

    /// Closes the child's standard input, which is its sign to end.
    func closeInput() {
        input.withLock { input in
            if let descriptor = input { close(descriptor) }
            input = nil
        }
    }

    /// Writes one line to the child's standard input; a child that is gone gets nothing.
    func write(line: String) {
        let bytes = Array((line + "\n").utf8)
        input.withLock { input in
            guard let input else { return }
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Foundation.write(input, $0.baseAddress.map { $0 + written }, bytes.count - written)
                }
                guard count > 0 else { return }
                written += count
            }
        }
    }

    /// Sends a signal, unless the process has been waited for and its number may belong to another.
    func send(signal: Int32) {
        hasExited.withLock { exited in
            if !exited { kill(pid, signal) }
        }
    }

    /// Whether the process has ended.
    var isOver: Bool { hasExited.withLock { $0 } }

    private func wait() -> Int32 {
        // First wait without reaping, so that nobody signals a reused number in between.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return hasExited.withLock { exited in
            exited = true
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            return signal == 0 ? (status >> 8) & 0xff : 128 + signal
        }
    }

    private static func readLines(_ descriptor: Int32, _ body: (String) -> Void) {
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            pending += chunk[..<count]
            while let end = pending.firstIndex(of: 0x0a) {
                body(String(decoding: pending[..<end], as: UTF8.self))
                pending.removeSubrange(...end)
            }
            // A child that never ends its line shall not fill this process.
            if pending.count > 1 << 16 { pending = [] }
        }
    }

    private static func makePipe() throws(PipelineError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw PipelineError(.process, "No pipe: \(String(cString: strerror(errno))).") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    #if canImport(Darwin)
        private static func emptyActions() -> posix_spawn_file_actions_t? { nil }
    #else
        private static func emptyActions() -> posix_spawn_file_actions_t { posix_spawn_file_actions_t() }
    #endif
}
