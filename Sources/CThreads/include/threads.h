#ifndef BREAKWATER_THREADS_H
#define BREAKWATER_THREADS_H

#include <stdint.h>

/// How the system schedules the calling thread from here on. Negative: not changed, because the kernel is too old, the caller
/// may not, or whoever started the process chose another class than the ordinary one.
/// - `is_batch`: it never interrupts another thread when it has something to do (SCHED_BATCH).
/// - `niceness`: added to its own; 5 more is a third, 10 a tenth of the weight.
/// - `slice_nanoseconds`: a thread with a shorter slice runs at once when it has something to do, although another one's
///   slice is not over; 0 leaves the system's (some milliseconds). Since Linux 6.12.
int breakwater_schedule_thread(int is_batch, int niceness, uint64_t slice_nanoseconds);

#endif
