#define _GNU_SOURCE
#include "spanreel_core.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/random.h>
#endif

_Thread_local sp_thread_slot sp_current_slot;

static uint64_t generation = 1;

static void in_child(void) {
    __atomic_fetch_add(&generation, 1, __ATOMIC_RELAXED);
    sp_current_slot.recorder = 0;
    sp_current_slot.lane = 0;
}

__attribute__((constructor)) static void install_fork_guard(void) { pthread_atfork(0, 0, in_child); }

uint64_t sp_fork_generation(void) { return __atomic_load_n(&generation, __ATOMIC_RELAXED); }

#ifdef F_OFD_SETLK
static int ofd(int fd, int command, short *type) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = *type;
    lock.l_whence = SEEK_SET;
    int result = fcntl(fd, command, &lock);
    *type = lock.l_type;
    return result;
}
#endif

int sp_lock_exclusive(int fd) {
#ifdef F_OFD_SETLK
    short type = F_WRLCK;
    return ofd(fd, F_OFD_SETLK, &type) == 0 ? 0 : errno;
#else
    return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
#endif
}

int sp_lock_is_held(int fd) {
#ifdef F_OFD_SETLK
    short type = F_WRLCK;
    if (ofd(fd, F_OFD_GETLK, &type) != 0) return -1;
    return type == F_UNLCK ? 0 : 1;
#else
    if (flock(fd, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK ? 1 : -1;
    flock(fd, LOCK_UN);
    return 0;
#endif
}

void sp_populate(void *address, size_t length) {
#ifdef MADV_POPULATE_WRITE
    if (madvise(address, length, MADV_POPULATE_WRITE) == 0) return;
#endif
    volatile char *bytes = address;
    for (size_t i = 0; i < length; i += 4096) bytes[i] = bytes[i];
}

int sp_reserve_space(int fd, int64_t length) {
#ifdef __APPLE__
    fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, length, 0};
    if (fcntl(fd, F_PREALLOCATE, &store) == -1) return errno;
    return ftruncate(fd, length) == 0 ? 0 : errno;
#else
    return posix_fallocate(fd, 0, length);
#endif
}

int sp_random(void *buffer, size_t length) {
#ifdef __APPLE__
    arc4random_buf(buffer, length);
    return 0;
#else
    unsigned char *at = buffer;
    while (length > 0) {
        ssize_t n = getrandom(at, length, 0);
        if (n < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        at += n;
        length -= (size_t)n;
    }
    return 0;
#endif
}

int64_t sp_free_bytes(const char *path) {
    struct statvfs info;
    if (statvfs(path, &info) != 0) return -1;
    return (int64_t)info.f_bavail * (int64_t)info.f_frsize;
}
