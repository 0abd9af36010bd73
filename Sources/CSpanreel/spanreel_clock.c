#define _GNU_SOURCE
#include "spanreel_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

int sp_counter_is_safe = 0;

uint64_t sp_monotonic_nanos(void) {
#ifdef __APPLE__
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
#endif
}

int64_t sp_wall_nanos(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000ll + (int64_t)t.tv_nsec;
}

#if defined(__x86_64__) && defined(__linux__)
// The kernel checks the counters of all processors against each other and takes another clock source as soon as one
// of them disagrees or stops. Its choice is the proof that we cannot make ourselves.
static int kernel_trusts_counter(void) {
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (!file) return 0;
    char name[16] = {0};
    int trusted = fgets(name, sizeof name, file) && strcmp(name, "tsc\n") == 0;
    fclose(file);
    return trusted;
}

static int counter_is_invariant(void) {
    unsigned int a, b, c, d;
    if (!__get_cpuid(0x80000007, &a, &b, &c, &d)) return 0;
    return d >> 8 & 1;
}

__attribute__((constructor)) static void choose_clock(void) {
    const char *wish = getenv("SPANREEL_CLOCK");
    if (wish && strcmp(wish, "monotonic") == 0) return;
    sp_counter_is_safe = counter_is_invariant() && kernel_trusts_counter();
}
#endif

sp_clock_kind sp_clock(void) {
#ifdef __APPLE__
    return sp_clock_mach;
#else
    return sp_counter_is_safe ? sp_clock_tsc : sp_clock_monotonic;
#endif
}

void sp_clock_pair(int wall, uint64_t *ticks, int64_t *reference) {
    uint64_t narrowest = UINT64_MAX;
    for (int i = 0; i < 64; i++) {
        uint64_t before = sp_ticks_ordered();
        int64_t read = wall ? sp_wall_nanos() : (int64_t)sp_monotonic_nanos();
        uint64_t after = sp_ticks_ordered();
        if (after - before < narrowest) {
            narrowest = after - before;
            *ticks = before + (after - before) / 2;
            *reference = read;
        }
    }
}

uint64_t sp_clock_step(void) {
    uint64_t step = 0, last = sp_ticks();
    for (int i = 0; i < 4096; i++) {
        uint64_t now = sp_ticks(), a = now - last, b = step;
        last = now;
        while (b) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        step = a;
    }
    return step ? step : 1;
}

uint64_t sp_clock_stated_rate(void) {
#ifdef __APPLE__
    mach_timebase_info_data_t base;
    if (mach_timebase_info(&base) != 0 || base.denom == 0) return 0;
    return ((uint64_t)base.numer << 32) / base.denom;
#else
    return sp_clock() == sp_clock_monotonic ? 1ull << 32 : 0;
#endif
}
