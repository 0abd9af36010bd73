// What Swift cannot say itself: a thread-local slot, atomic access to mapped memory, and file locks.
#pragma once
#include <stdint.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// One cache entry a thread: which recorder it emitted for last, and through which lane.
typedef struct {
    uint64_t recorder;
    void *lane;
} sp_thread_slot;

extern _Thread_local sp_thread_slot sp_current_slot;

static inline __attribute__((always_inline)) void *sp_thread_lane(uint64_t recorder) {
    return sp_current_slot.recorder == recorder ? sp_current_slot.lane : (void *)0;
}

static inline __attribute__((always_inline)) void sp_set_thread_lane(uint64_t recorder, void *lane) {
    sp_current_slot.recorder = recorder;
    sp_current_slot.lane = lane;
}

static inline __attribute__((always_inline)) uint64_t sp_load_acquire(const void *p) {
    return __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE);
}
static inline __attribute__((always_inline)) uint64_t sp_load_relaxed(const void *p) {
    return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
}
static inline __attribute__((always_inline)) void sp_store_release(void *p, uint64_t v) {
    __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELEASE);
}
static inline __attribute__((always_inline)) void sp_store_relaxed(void *p, uint64_t v) {
    __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELAXED);
}
// Keeps the compiler, and the processor, from moving copies of ring memory past the check that follows them.
static inline __attribute__((always_inline)) void sp_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
// Keeps stores of a signal handler's view in program order on the same thread.
static inline __attribute__((always_inline)) void sp_signal_fence(void) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
static inline __attribute__((always_inline)) uint64_t sp_fetch_add(void *p, uint64_t v) {
    return __atomic_fetch_add((uint64_t *)p, v, __ATOMIC_RELAXED);
}
static inline __attribute__((always_inline)) int sp_compare_exchange(void *p, uint64_t expected, uint64_t desired) {
    return __atomic_compare_exchange_n((uint64_t *)p, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// Monotonic nanoseconds; does not jump with the wall clock.
uint64_t sp_monotonic_nanos(void);
// Nanoseconds since the Unix epoch.
int64_t sp_wall_nanos(void);
// Counts fork(): a child sees another number than its parent, so that it never writes into the parent's lanes.
uint64_t sp_fork_generation(void);
// 0 when an exclusive lock on the whole file was taken, else errno. Held by the open file description.
int sp_lock_exclusive(int fd);
// 1 when some other open file description holds the lock, 0 when free, -1 on error.
int sp_lock_is_held(int fd);
// Touches every page of the mapping so that the first emit of each page does not fault. Best effort.
void sp_populate(void *address, size_t length);
// Reserves space so that a store to the mapping can never end in SIGBUS. 0 or errno.
int sp_reserve_space(int fd, int64_t length);
// Fills `buffer` with random bytes. 0 or errno.
int sp_random(void *buffer, size_t length);
// Free bytes on the file system that holds `path`, or -1.
int64_t sp_free_bytes(const char *path);

#ifdef __cplusplus
}
#endif
