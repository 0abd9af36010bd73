internal import Synchronization

/// A flag that is raised once, for loops that wait in between.
final class EndFlag: Sendable {
    private let raised = Atomic(false)

    /// Whether it was raised.
    var isSet: Bool { raised.load(ordering: .acquiring) }

    /// Raises it; pairs with the load in `isSet`.
    func set() { raised.store(true, ordering: .releasing) }

    /// Waits for a while, and less when it is raised meanwhile.
    func wait(_ duration: Duration) async throws {
        let until = ContinuousClock.now + duration
        while !isSet, ContinuousClock.now < until { try await Task.sleep(for: .milliseconds(20)) }
    }
}
