#define _GNU_SOURCE
#include "spanreel_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

int sp_exchange_paths(const char *a, const char *b) {
#if defined(__APPLE__)
    return renamex_np(a, b, RENAME_SWAP) == 0 ? 0 : errno;
#elif defined(SYS_renameat2)
    // RENAME_EXCHANGE = 2. By number, because older C libraries lack the function.
    return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2) == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}
