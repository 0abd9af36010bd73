import Foundation
import Synchronization

/// A child process's bond to its supervisor: standard input gives one line with the peers, then nothing until its end
/// of file, which ends the process; so does SIGTERM. SIGINT is ignored, because Ctrl-C reaches the whole terminal
/// group and it is the supervisor that then ends its children in order.
final class Lifeline: Sendable {
    /// Longest time between the wish to stop and the end of the process.
    static let graceNanos: Int64 = 2_500_000_000
    private let stops: AsyncStream<Void>
    private let stopping: AsyncStream<Void>.Continuation
    // Set once here and never touched again; it only has to live as long as the process listens.
    nonisolated(unsafe) private let termination: any DispatchSourceSignal
    private let stopWasAsked = Atomic<Bool>(false)

    /// Takes over the signals of this process.
    init() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        (stops, stopping) = AsyncStream.makeStream()
        termination = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        termination.setEventHandler { [weak self] in self?.stop() }
        termination.resume()
    }

    /// Reads the supervisor's line; nil when it is already gone.
    func readLine() -> String? { Swift.readLine(strippingNewline: true) }

    /// Watches for the end of file from now on.
    func watch() {
        let thread = Thread { [self] in
            while Swift.readLine() != nil {}
            stop()
        }
        thread.name = "lifeline"
        thread.start()
    }

    /// Asks for the end. Whatever hangs then, the process is over after ``graceNanos``.
    func stop() {
        guard !stopWasAsked.exchange(true, ordering: .relaxed) else { return }
        stopping.yield()
        let thread = Thread {
            Pause.sleep(nanos: Self.graceNanos)
            _exit(0)
        }
        thread.start()
    }

    /// Whether the end was asked for.
    var isStopping: Bool { stopWasAsked.load(ordering: .relaxed) }

    /// Returns once the end was asked for.
    func waitForStop() async {
        for await _ in stops { return }
    }
}
