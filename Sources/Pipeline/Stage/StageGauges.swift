import Synchronization

/// Numbers that the computing thread publishes for the memory samples. Each is a gauge of its own: a sampler may see
/// one step's KV bytes beside another step's queue length, which no view minds, so every access is relaxed.
final class StageGauges: Sendable {
    let weightSizeBytes = Atomic<Int>(0)
    let kvSizeBytes = Atomic<Int>(0)
    let kvSequences = Atomic<Int>(0)
    let cacheEntries = Atomic<Int>(0)
    let cacheSizeBytes = Atomic<Int>(0)
    let waiting = Atomic<Int>(0)
    let running = Atomic<Int>(0)
}
