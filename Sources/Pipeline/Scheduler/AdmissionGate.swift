import Synchronization

/// Decides at once, on any thread, whether a request may enter. The scheduler's own queue can then never outgrow the
/// limits, however long the pipeline stands still.
final class AdmissionGate: Sendable {
    /// The answer to a request that wants to enter.
    enum Decision: Equatable {
        /// It may, and counts from now on.
        case admitted
        /// As many as allowed are inside: 429.
        case full
        /// The pipeline cannot work: 503, with the reason.
        case down(String)
    }

    private struct State {
        var inside = 0
        var down: String?
    }

    private let limit: Int
    private let state = Mutex(State())

    /// A gate that lets `limit` requests be inside, running or waiting.
    init(limit: Int) { self.limit = limit }

    /// Asks to enter.
    func enter() -> Decision {
        state.withLock { state in
            if let reason = state.down { return .down(reason) }
            guard state.inside < limit else { return .full }
            state.inside += 1
            return .admitted
        }
    }

    /// A request that had entered is over.
    func leave() { state.withLock { $0.inside -= 1 } }

    /// Lets nobody in any more; the first reason stays.
    func shut(_ reason: String) { state.withLock { $0.down = $0.down ?? reason } }

    /// Why nobody may enter, if so.
    var down: String? { state.withLock { $0.down } }
}
