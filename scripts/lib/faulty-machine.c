// A machine whose disk is slow or fails to sync and whose wall clock jumps, for `make faults`: preloaded into a process and told
// what to do by two files, read again ten times a second. BREAKWATER_DISK names one with a word and a number: `slow 300` delays
// each sync by so many milliseconds, `fail 0` fails each with EIO. BREAKWATER_CLOCK names one with the seconds the wall clock is
// ahead. No file, or anything else in it: a machine that works. Clocks that only count stay as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static _Atomic long read_at = -1000, ahead, slow, fails;

static void load(const char *variable, char text[32]) {
  const char *path = getenv(variable);
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  memset(text, 0, 32);
  if (file < 0) return;
  if (read(file, text, 31) < 0) text[0] = 0;
  close(file);
}

static void look(void) {
  if (!real_clock) real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  struct timespec now;
  real_clock(CLOCK_MONOTONIC, &now);
  long milliseconds = now.tv_sec * 1000 + now.tv_nsec / 1000000, before = atomic_load(&read_at);
  if (milliseconds - before < 100 || !atomic_compare_exchange_strong(&read_at, &before, milliseconds)) return;
  char text[32];
  load("BREAKWATER_CLOCK", text);
  atomic_store(&ahead, atol(text));
  load("BREAKWATER_DISK", text);
  atomic_store(&slow, strncmp(text, "slow ", 5) ? 0 : atol(text + 5));
  atomic_store(&fails, !strncmp(text, "fail", 4));
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  look();
  int result = real_clock(clock, now);
  if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += atomic_load(&ahead);
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec time;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  if (now) *now = time.tv_sec;
  return time.tv_sec;
}

static int disturbed(void) {
  look();
  long pause = atomic_load(&slow);
  if (pause) nanosleep(&(struct timespec){pause / 1000, pause % 1000 * 1000000L}, NULL);
  return atomic_load(&fails) ? (errno = EIO) : 0;
}

int fsync(int file) {
  if (!real_fsync) real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return disturbed() ? -1 : real_fsync(file);
}

int fdatasync(int file) {
  if (!real_fdatasync) real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return disturbed() ? -1 : real_fdatasync(file);
}
