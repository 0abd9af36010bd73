// Emits LTTng-UST events and prints what they cost, one "metric value" a line; run.sh turns that into the bench's lines.
//
//   emit hot THREADS PAIRS         mean ns of an event in begin+end pairs, each thread on a core of its own
//   emit burst BURSTS              P50 and P99 ns of an event in bursts of 20 after 200 us of idling
//   emit sustained THREADS SECONDS pairs emitted, seconds it took
//
// "hot" and "sustained" are fed with what changes from event to event, so that neither the compiler nor the trace
// profits from constants.

#define _GNU_SOURCE
#include "provider.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 16, BURST = 20, IDLE_MICROS = 200, PAIRS_PER_CLOCK_CHECK = 1024 };

static uint64_t now_nanos(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline void emit_pair(uint64_t i) {
    lttng_ust_tracepoint(spanreel_peer, begin, 1000 + i, i, i >> 1, (uint32_t)i & 31, 4096);
    lttng_ust_tracepoint(spanreel_peer, end, 1000 + i, i, i >> 1, (uint32_t)i & 31, 4096);
}

struct work {
    long index;
    uint64_t pairs_wanted;    // 0: until the deadline
    uint64_t deadline_nanos;  // relative to the thread's start
    uint64_t pairs_done;
    uint64_t elapsed_nanos;
};

static pthread_barrier_t start;

static void *run(void *argument) {
    struct work *work = argument;
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET((int)(work->index % sysconf(_SC_NPROCESSORS_ONLN)), &core);
    pthread_setaffinity_np(pthread_self(), sizeof core, &core);
    for (uint64_t i = 0; i < 1000; i++) emit_pair(i);  // maps the buffers before the clock starts
    pthread_barrier_wait(&start);

    uint64_t began = now_nanos(), done = 0;
    for (;;) {
        for (int i = 0; i < PAIRS_PER_CLOCK_CHECK; i++) emit_pair(done++);
        if (work->pairs_wanted ? done >= work->pairs_wanted : now_nanos() - began >= work->deadline_nanos) break;
    }
    work->elapsed_nanos = now_nanos() - began;
    work->pairs_done = done;
    return NULL;
}

/// Runs `threads` copies of `model`; the results land in `works`.
static void run_threads(struct work *works, long threads, struct work model) {
    pthread_t handles[MAX_THREADS];
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (long i = 0; i < threads; i++) {
        works[i] = model;
        works[i].index = i;
        pthread_create(&handles[i], NULL, run, &works[i]);
    }
    for (long i = 0; i < threads; i++) pthread_join(handles[i], NULL);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bursts(long count) {
    double *nanos = malloc(sizeof(double) * (size_t)count);
    for (uint64_t i = 0; i < 1000; i++) emit_pair(i);
    for (long burst = 0; burst < count; burst++) {
        usleep(IDLE_MICROS);
        uint64_t began = now_nanos();
        for (uint64_t i = 0; i < BURST / 2; i++) emit_pair((uint64_t)burst * BURST + i);
        nanos[burst] = (double)(now_nanos() - began) / BURST;
    }
    qsort(nanos, (size_t)count, sizeof(double), by_size);
    printf("burst20_p50_ns %.3f\nburst20_p99_ns %.3f\n", nanos[count / 2], nanos[count * 99 / 100]);
    free(nanos);
}

int main(int count, char **arguments) {
    const char *mode = count > 2 ? arguments[1] : "";
    struct work works[MAX_THREADS];
    if (!strcmp(mode, "burst")) {
        bursts(atol(arguments[2]));
    } else if (count == 4 && (!strcmp(mode, "hot") || !strcmp(mode, "sustained"))) {
        long threads = atol(arguments[2]);
        if (threads < 1 || threads > MAX_THREADS) return 2;
        int hot = !strcmp(mode, "hot");
        uint64_t amount = strtoull(arguments[3], NULL, 10);
        run_threads(works, threads, (struct work){.pairs_wanted = hot ? amount : 0,
                                                  .deadline_nanos = hot ? 0 : amount * 1000000000u});
        double nanos = 0, pairs = 0, longest = 0;
        for (long i = 0; i < threads; i++) {
            nanos += (double)works[i].elapsed_nanos / (double)works[i].pairs_done / 2 / (double)threads;
            pairs += (double)works[i].pairs_done + 1000;
            if ((double)works[i].elapsed_nanos / 1e9 > longest) longest = (double)works[i].elapsed_nanos / 1e9;
        }
        printf("event_ns %.3f\npairs %.0f\nseconds %.6f\n", nanos, pairs, longest);
    } else {
        fprintf(stderr, "usage: emit hot THREADS PAIRS | emit burst BURSTS | emit sustained THREADS SECONDS\n");
        return 2;
    }
    return 0;
}
