// What Swift cannot say itself: a thread-local slot, atomic access to mapped memory, and file locks.
#pragma once
#include <stdint.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// What an emit reads of its recorder, on one cache line that is written at open and close only.
typedef struct {
    // 0: records nothing. 1: closed. Else unique in the process; a thread's slot repeats it.
    uint64_t id;
    // Of every lane of the recorder: slots - 1, and log2(slots).
    uint64_t slot_mask;
    uint64_t lap_shift;
    // The mapped table of contexts.
    const void *contexts;
} sp_recorder;

// One cache entry a thread: which recorder it emitted for last, and through which lane.
typedef struct {
    uint64_t recorder;
    void *lane;
} sp_thread_slot;

// Initial-exec: one load relative to the thread pointer, without a call, in a shared library too.
extern _Thread_local sp_thread_slot sp_current_slot __attribute__((tls_model("initial-exec")));

static inline __attribute__((always_inline)) void *sp_thread_lane(uint64_t recorder) {
    return sp_current_slot.recorder == recorder ? sp_current_slot.lane : (void *)0;
}

// Whose lane the thread's slot holds: after a lane was found, the emitting recorder's id.
static inline __attribute__((always_inline)) uint64_t sp_thread_recorder(void) { return sp_current_slot.recorder; }

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
// Asks for a cache line that will be read soon.
static inline __attribute__((always_inline)) void sp_prefetch(const void *p) { __builtin_prefetch(p, 0, 3); }
static inline __attribute__((always_inline)) uint64_t sp_fetch_add(void *p, uint64_t v) {
    return __atomic_fetch_add((uint64_t *)p, v, __ATOMIC_RELAXED);
}
static inline __attribute__((always_inline)) int sp_compare_exchange(void *p, uint64_t expected, uint64_t desired) {
    return __atomic_compare_exchange_n((uint64_t *)p, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// The table of contexts is a ring: a head of 64 bytes, then 2^16 entries of 32 bytes that begin with their number.
enum { sp_contexts_head_bytes = 64, sp_context_bytes = 32, sp_contexts = 1 << 16 };
// Whether the entry still is this context's. It is taken over after 65,536 further traces.
static inline __attribute__((always_inline)) int sp_context_is_current(const void *contexts, uint32_t context) {
    const char *entry = (const char *)contexts + sp_contexts_head_bytes + (context % sp_contexts) * sp_context_bytes;
    return sp_load_relaxed(entry) == context;
}

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
