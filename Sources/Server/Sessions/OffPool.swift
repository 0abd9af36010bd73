internal import Dispatch

/// Work that takes a core for long, away from the shared pool.
enum OffPool {
    private static let queue = DispatchQueue(label: "spanreel.work")

    /// Runs `work` on a queue of its own, one piece at a time.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
