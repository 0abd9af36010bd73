// The clock that stamps events: the processor's invariant counter where the system trusts it, else the monotonic clock.
#pragma once
#include <stdint.h>
#ifdef __APPLE__
#include <mach/mach_time.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

// Monotonic nanoseconds; does not jump with the wall clock.
uint64_t sp_monotonic_nanos(void);
// Nanoseconds since the Unix epoch.
int64_t sp_wall_nanos(void);

// What `sp_ticks` reads. Fixed for the process's life.
typedef enum {
    // CLOCK_MONOTONIC: a tick is a nanosecond.
    sp_clock_monotonic = 0,
    // x86-64's time-stamp counter, where CPUID calls it invariant and Linux itself keeps time by it.
    sp_clock_tsc = 1,
    // mach_absolute_time; its rate is exact (mach_timebase_info).
    sp_clock_mach = 2,
} sp_clock_kind;

// Set before main; `SPANREEL_CLOCK=monotonic` in the environment forbids the counter.
extern int sp_counter_is_safe;
sp_clock_kind sp_clock(void);

// One stamp. Not ordered against the code around it: the processor may read the counter some tens of nanoseconds early
// or late, which is nothing for spans of a microsecond and more.
static inline __attribute__((always_inline)) uint64_t sp_ticks(void) {
#if defined(__x86_64__) && defined(__linux__)
    if (__builtin_expect(sp_counter_is_safe, 1)) return __builtin_ia32_rdtsc();
    return sp_monotonic_nanos();
#elif defined(__APPLE__)
    return mach_absolute_time();
#else
    return sp_monotonic_nanos();
#endif
}

// A stamp that waits for the code before it and holds back the code after it. Twice the cost; for spans under 1 us.
static inline __attribute__((always_inline)) uint64_t sp_ticks_ordered(void) {
#if defined(__x86_64__) && defined(__linux__)
    if (__builtin_expect(sp_counter_is_safe, 1)) {
        unsigned int processor;
        uint64_t ticks = __builtin_ia32_rdtscp(&processor);
        __builtin_ia32_lfence();
        return ticks;
    }
#endif
    return sp_ticks();
}

// Reads ticks and another clock together: of some tries the one with the narrowest window. `reference` is in
// nanoseconds, of the wall clock when `wall` is not 0, else monotonic.
void sp_clock_pair(int wall, uint64_t *ticks, int64_t *reference);
// The steps in which the clock advances: the greatest common divisor of many differences, at least 1.
uint64_t sp_clock_step(void);
// Nanoseconds a tick times 2^32 where the system states it exactly, else 0: then it is measured.
uint64_t sp_clock_stated_rate(void);

#ifdef __cplusplus
}
#endif
