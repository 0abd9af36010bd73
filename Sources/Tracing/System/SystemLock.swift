#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A lock of the system's, for the sealer's side of a stream: held over file calls, never on an emit path.
///
/// Not `Mutex`: that one lives in a library that the thread sanitizer does not see into, so that everything guarded by it
/// would be reported as a race.
// @unchecked: the mutex is allocated once and used only through the system's calls.
final class SystemLock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() { pthread_mutex_init(mutex, nil) }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
