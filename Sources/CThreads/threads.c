#define _GNU_SOURCE
#include "threads.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// From <linux/sched/types.h>, which may be older than the kernel; the C library has no call for it before 2.41.
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

int breakwater_schedule_thread(int is_batch, int niceness, uint64_t slice_nanoseconds) {
#ifdef SYS_sched_setattr
  if (sched_getscheduler(0) != SCHED_OTHER) return -1;
  struct attributes attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes;
  attributes.policy = is_batch ? SCHED_BATCH : SCHED_OTHER;
  attributes.nice = getpriority(PRIO_PROCESS, 0) + niceness;  // of the calling thread, on Linux
  attributes.runtime = slice_nanoseconds;
  return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
#else
  return -1;
#endif
}
