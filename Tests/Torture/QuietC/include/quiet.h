// Counts allocations by thread, and forbids system calls to one.
#pragma once
#include <stdint.h>

// Allocations of the calling thread so far.
uint64_t quiet_allocations(void);
// From now on any system call of the calling thread but its own exit kills the process, by a seccomp filter. 0, or -1
// where the system has none.
int quiet_forbid_system_calls(void);
// Ends the calling thread by the one call that is still allowed.
_Noreturn void quiet_exit_thread(void);
