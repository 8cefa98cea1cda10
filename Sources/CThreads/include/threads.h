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

/// Between two pieces of work: lets another thread have the processor, at most every few ten microseconds. Nothing on a thread
/// that is not scheduled as a batch, and nothing for a while where processors are scarce and the others took long.
void breakwater_give_way(void);

/// Names the calling thread, in as many of the first letters as the system keeps (15).
void breakwater_name_thread(const char *name);

#endif
