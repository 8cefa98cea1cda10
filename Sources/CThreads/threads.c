#define _GNU_SOURCE
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// From <linux/sched/types.h>, which may be older than the kernel; the C library has no call for it before 2.41.
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

// A thread that has just had a little more than its share is not picked at once when it wakes up again, and the system
// looks no sooner than at its next tick, 4 ms later: so what works in the background offers the processor itself.
// With no processor to spare the offer costs up to a tick each; then the thread keeps what it gets for a while.
enum { PIECE_NS = 30000, SCARCE_NS = 1000000, WHILE_NS = 100000000 };
static _Thread_local int gives_way;
static _Thread_local int64_t next_offer;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void breakwater_give_way(void) {
  if (!gives_way) return;
  int64_t before = now();
  if (before < next_offer) return;
  sched_yield();
  int64_t after = now();
  next_offer = after + (after - before > SCARCE_NS ? WHILE_NS : PIECE_NS);
}

int breakwater_schedule_thread(int is_batch, int niceness, uint64_t slice_nanoseconds) {
#ifdef SYS_sched_setattr
  gives_way = is_batch;
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

void breakwater_name_thread(const char *name) {
#ifdef __linux__
  char kept[16];
  strncpy(kept, name, sizeof kept - 1);
  kept[sizeof kept - 1] = 0;
  pthread_setname_np(pthread_self(), kept);
#endif
}
