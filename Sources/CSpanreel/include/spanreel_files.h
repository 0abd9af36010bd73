// System calls on files that Swift's C library modules do not show.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// Two paths of one file system change places at once. 0 or errno; ENOSYS where the system cannot.
int sp_exchange_paths(const char *a, const char *b);

#ifdef __cplusplus
}
#endif
