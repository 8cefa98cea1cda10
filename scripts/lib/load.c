// Load and upstream of the measurements in one event loop, so that the other core belongs to the program that is measured.
//   load serve PORT                                   an upstream alone, until it is ended
//   load run PORT TOKENS UPSTREAM CONNECTIONS SECONDS RATE PATH [SLOW TOKEN WAIT WHERE]
// RATE 0: every connection sends its next request when it has its answer. RATE > 0: requests are due at fixed times and
// latency counts from then, so that a stall is charged to everything it delays. One line of JSON at the end.
// SLOW > 0: as many connections that send a head byte by byte and as many that send a body so, with TOKEN, opened four seconds
// before the rest and kept up until they are closed, WAIT seconds at most; a byte every two seconds each, evenly spread. They
// go to the port WHERE: the program's, or the upstream's, which shows what as many do that do not trouble the program.
// The upstream answers a kilobyte of JSON, ten megabytes where the path contains /big, and a POST never.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENT, LISTENER, SERVER, SLOW };
enum { HEAD_MAX = 16384, BIG = 10 * 1024 * 1024, CONNECTIONS_MAX = 20000, TOKENS_MAX = 30000, EVENTS = 512 };
struct connection {
  int fd, kind, filled;
  long body_left, out_left;  // of an answer being read; of one being written
  int is_answering, wants_out;
  int64_t due;
  char head[HEAD_MAX];
};

static int poll_fd;
static char *requests[TOKENS_MAX];
static int request_bytes[TOKENS_MAX], request_count;
static char small[2048], big_head[128], scratch[1 << 20];
static int small_bytes, big_head_bytes;
static int64_t *latencies;
static long latency_count, latency_max, finished, failed, received;
static struct connection *idle[CONNECTIONS_MAX];
static int idle_count, is_open_loop, is_over;
static long sent;

static struct connection **slow;
static long slow_count, slow_open, slow_sent, slow_answers[600];
static int64_t slow_since, slow_last_end;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void watch(struct connection *c, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(poll_fd, operation, c->fd, &event)) fail("epoll_ctl");
}

static struct connection *add(int fd, int kind) {
  struct connection *c = calloc(1, sizeof *c);
  int one = 1;
  c->fd = fd;
  c->kind = kind;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch(c, EPOLLIN, EPOLL_CTL_ADD);
  return c;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = loopback(port);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) fail("listen");
  add(fd, LISTENER);
}

static struct connection *open_client(int port, int kind) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = loopback(port);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  return add(fd, kind);
}

// MARK: Upstream

static void drop(struct connection *c) {
  close(c->fd);
  free(c);
}

static int go_on_writing(struct connection *c) {
  while (c->out_left > 0) {
    long count = c->out_left < (long)sizeof scratch ? c->out_left : (long)sizeof scratch;
    ssize_t written = write(c->fd, scratch, count);
    if (written < 0) {
      if (errno != EAGAIN) return -1;
      if (!c->wants_out) watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      c->wants_out = 1;
      return 0;
    }
    c->out_left -= written;
  }
  if (c->wants_out) watch(c, EPOLLIN, EPOLL_CTL_MOD);
  c->wants_out = 0;
  return 0;
}

static void serve(struct connection *c, uint32_t events) {
  if (events & EPOLLOUT) {
    if (go_on_writing(c)) return drop(c);
    if (!(events & EPOLLIN)) return;
  }
  ssize_t count = read(c->fd, c->head + c->filled, HEAD_MAX - c->filled);
  if (count == 0 || (count < 0 && errno != EAGAIN)) return drop(c);
  if (count < 0) return;
  c->filled += count;
  char *start = c->head, *end;
  while ((end = memmem(start, c->head + c->filled - start, "\r\n\r\n", 4))) {
    if (!strncmp(start, "POST", 4)) {
      c->filled = 0;
      return;
    }
    char *line = memchr(start, '\r', end - start + 1);
    int is_big = memmem(start, line - start, "/big", 4) != NULL;
    if (write(c->fd, is_big ? big_head : small, is_big ? big_head_bytes : small_bytes) < 0) return drop(c);
    if (is_big) c->out_left += BIG;
    if (go_on_writing(c)) return drop(c);
    start = end + 4;
  }
  c->filled -= start - c->head;
  memmove(c->head, start, c->filled);
}

// MARK: Load

static void send_request(struct connection *c, int64_t due) {
  int index = sent++ % request_count;
  c->due = due;
  c->is_answering = 1;
  if (write(c->fd, requests[index], request_bytes[index]) != request_bytes[index]) fail("write");
}

static void answered(struct connection *c) {
  finished++;
  if (latency_count < latency_max) latencies[latency_count++] = now_ns() - c->due;
  c->is_answering = 0;
  if (is_open_loop) {
    idle[idle_count++] = c;
  } else if (!is_over) {
    send_request(c, now_ns());
  }
}

static void read_answer(struct connection *c) {
  if (c->body_left > 0) {
    ssize_t count = read(c->fd, scratch, c->body_left < (long)sizeof scratch ? c->body_left : (long)sizeof scratch);
    if (count <= 0) {
      if (count < 0 && errno == EAGAIN) return;
      errno = ECONNRESET;
      fail("an answer was cut off");
    }
    received += count;
    if ((c->body_left -= count) == 0) answered(c);
    return;
  }
  ssize_t count = read(c->fd, c->head + c->filled, HEAD_MAX - c->filled);
  if (count <= 0) {
    if (count < 0 && errno == EAGAIN) return;
    errno = ECONNRESET;
    fail("a connection was closed");
  }
  c->filled += count;
  char *end = memmem(c->head, c->filled, "\r\n\r\n", 4);
  if (!end) return;
  *end = 0;
  char *length = strcasestr(c->head, "\r\ncontent-length:");
  if (strncmp(c->head + 9, "200", 3)) failed++;
  long body = length ? atol(length + 17) : 0, here = c->filled - (end + 4 - c->head);
  received += here;
  c->filled = 0;
  c->body_left = body - here;
  if (c->body_left <= 0) {
    c->body_left = 0;
    answered(c);
  }
}

static void read_tokens(const char *path, const char *target) {
  FILE *file = fopen(path, "r");
  static char line[16384];
  if (!file) fail(path);
  while (request_count < TOKENS_MAX && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    request_bytes[request_count] = asprintf(
        &requests[request_count],
        "GET %s HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer %s\r\nAccept: application/json\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept-Encoding: gzip, br\r\n\r\n",
        target, line);
    request_count++;
  }
  fclose(file);
  if (!request_count) fail("no tokens");
}

// MARK: Slow clients

static void open_slow(int port, int each, const char *token) {
  slow_count = 2L * each;
  slow = calloc(slow_count, sizeof *slow);
  for (int i = 0; i < slow_count; i++) {
    char head[4096];
    int bytes = sprintf(head, "POST /api/v1/orders HTTP/1.1\r\nHost: a\r\n");
    if (i % 2) bytes += sprintf(head + bytes, "Authorization: Bearer %s\r\nContent-Length: 100000\r\n\r\n", token);
    slow[i] = open_client(port, SLOW);
    if (write(slow[i]->fd, head, bytes) != bytes) fail("write");
    slow_open++;
  }
  slow_since = now_ns();
}

static void end_slow(struct connection *c) {
  close(c->fd);  // the structure stays for whoever has its turn
  c->fd = -1;
  slow_open--;
  slow_last_end = now_ns();
}

static void read_slow(struct connection *c) {
  ssize_t count = read(c->fd, scratch, 4096);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return end_slow(c);
  int status = count > 12 ? atoi(scratch + 9) : 0;
  if (status > 0 && status < 600) slow_answers[status]++;
}

static void send_slow(int64_t now) {
  while (slow_open && slow_sent < (now - slow_since) * slow_count / 2 / 1e9) {
    long index = slow_sent++ % slow_count;
    struct connection *c = slow[index];
    const char *text = index % 2 ? "x" : "X-A: a\r\n";
    if (c->fd >= 0 && write(c->fd, text, strlen(text)) < 0 && errno != EAGAIN) end_slow(c);
  }
}

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static double quantile(double share) {
  return latency_count ? latencies[(long)(share * (latency_count - 1))] / 1000.0 : 0;
}

static void turn(int timeout) {
  struct epoll_event events[EVENTS];
  int count = epoll_wait(poll_fd, events, EVENTS, timeout);
  for (int i = 0; i < count; i++) {
    struct connection *c = events[i].data.ptr;
    if (c->kind == LISTENER) {
      int fd = accept(c->fd, NULL, NULL);
      if (fd >= 0) add(fd, SERVER);
    } else if (c->kind == SERVER) {
      serve(c, events[i].events);
    } else if (c->kind == SLOW) {
      if (c->fd >= 0) read_slow(c);
    } else {
      read_answer(c);
    }
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files = {65536, 65536};
  setrlimit(RLIMIT_NOFILE, &files);
  poll_fd = epoll_create1(0);
  memset(scratch, 'x', sizeof scratch);
  char body[1200];
  int body_bytes = 0;
  for (int i = 0; i < 12; i++)
    body_bytes += sprintf(body + body_bytes, "%s{\"id\":\"%032d\",\"symbol\":\"IBM\",\"side\":\"buy\",\"qty\":\"10\"}",
                          i ? "," : "[", i);
  body[body_bytes++] = ']';
  body[body_bytes] = 0;
  small_bytes = sprintf(small,
                        "HTTP/1.1 200 OK\r\nServer: upstream\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\n"
                        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                        body_bytes, body);
  big_head_bytes = sprintf(
      big_head, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", BIG);
  if (argc == 3 && !strcmp(argv[1], "serve")) {
    listen_on(atoi(argv[2]));
    while (1) turn(-1);
  }
  if ((argc != 9 && argc != 13) || strcmp(argv[1], "run")) {
    fprintf(stderr, "usage: load serve PORT | load run PORT TOKENS UPSTREAM CONNECTIONS SECONDS RATE PATH [SLOW TOKEN WAIT WHERE]\n");
    return 64;
  }
  int port = atoi(argv[2]), upstream = atoi(argv[4]), connections = atoi(argv[5]);
  double seconds = atof(argv[6]), rate = atof(argv[7]);
  read_tokens(argv[3], argv[8]);
  is_open_loop = rate > 0;
  latency_max = 4000000;
  latencies = malloc(latency_max * sizeof *latencies);
  if (upstream) listen_on(upstream);
  if (argc == 13) open_slow(atoi(argv[12]), atoi(argv[9]), argv[10]);
  while (slow_count && now_ns() < slow_since + 4000000000) {
    send_slow(now_ns());
    turn(1);
  }
  struct connection *clients[CONNECTIONS_MAX];
  for (int i = 0; i < connections; i++) clients[i] = open_client(port, CLIENT);
  int64_t start = now_ns(), end = start + (int64_t)(seconds * 1e9);
  for (int i = 0; i < connections; i++) {
    if (is_open_loop) {
      idle[idle_count++] = clients[i];
    } else {
      send_request(clients[i], start);
    }
  }
  while (now_ns() < end) {
    if (is_open_loop) {
      int64_t now = now_ns();
      while (idle_count && start + (int64_t)(sent * 1e9 / rate) <= now)
        send_request(idle[--idle_count], start + (int64_t)(sent * 1e9 / rate));
    }
    if (slow_open) send_slow(now_ns());
    turn(is_open_loop ? 0 : 100);
  }
  double elapsed = (now_ns() - start) / 1e9;
  // What is under way is still answered: to break it off would look to the program like an upstream that fails.
  is_over = 1;
  long counted = finished;
  int64_t patience = now_ns() + 1000000000;
  while (finished < sent && now_ns() < patience) turn(10);
  while (slow_open && now_ns() < slow_since + atol(argv[11]) * 1000000000) {
    send_slow(now_ns());
    turn(1);
  }
  qsort(latencies, latency_count, sizeof *latencies, by_size);
  printf("{\"requests\": %ld, \"failed\": %ld, \"perSecond\": %.1f, \"p50us\": %.1f, \"p99us\": %.1f, \"p999us\": %.1f, "
         "\"maxus\": %.1f, \"megabytesPerSecond\": %.1f, \"slowLeft\": %ld, \"slowSeconds\": %.1f, \"slowAnswers\": {",
         counted, failed, counted / elapsed, quantile(0.5), quantile(0.99), quantile(0.999), quantile(1),
         received / elapsed / 1e6, slow_open, slow_last_end ? (slow_last_end - slow_since) / 1e9 : 0.0);
  const char *between = "";
  for (int status = 0; status < 600; status++) {
    if (!slow_answers[status]) continue;
    printf("%s\"%d\": %ld", between, status, slow_answers[status]);
    between = ", ";
  }
  printf("}}\n");
  return 0;
}
