// Loaded before libc (LD_PRELOAD): makes the disk fail and the clocks step, as words in a shared file say.
// Only files below the folders of POSTLUDE_FAULTS_BELOW (prefixes, divided by `:`) are touched.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

// The words of the file, in the order of `Fault` in mod.rs.
enum { WALL_MS, BOOT_MS, WRITE, SYNC, SYNC_HANGS, OPEN, RENAME, FOLDER_SYNC, WRITE_HANGS, INJECTED, WORDS };

static volatile int64_t *words;
static const char *below;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("POSTLUDE_FAULTS");
  below = getenv("POSTLUDE_FAULTS_BELOW");
  if (!path) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (file < 0) return;
  void *mapped = mmap(NULL, WORDS * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  if (mapped != MAP_FAILED) words = mapped;
}

static int64_t word(int number) { return words ? __atomic_load_n(&words[number], __ATOMIC_SEQ_CST) : 0; }

static int is_below(const char *path) {
  if (!below) return 0;
  for (const char *at = below; *at;) {
    size_t length = strcspn(at, ":");
    if (length && strncmp(path, at, length) == 0) return 1;
    at += length;
    if (*at) at++;
  }
  return 0;
}

static int file_is_below(int file) {
  char link[64] = "/proc/self/fd/", path[PATH_MAX], digits[16];
  int at = 0, number = file;
  if (file < 0) return 0;
  do digits[at++] = (char)('0' + number % 10); while ((number /= 10) > 0);
  size_t end = strlen(link);
  while (at > 0) link[end++] = digits[--at];
  link[end] = 0;
  ssize_t length = syscall(SYS_readlink, link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_below(path);
}

static int is_folder(int file) {
  struct stat about;
  return fstat(file, &about) == 0 && S_ISDIR(about.st_mode);
}

// Whether a call fails now: then errno is set.
static int fails(int number) {
  int64_t error = word(number);
  if (!error) return 0;
  __atomic_add_fetch(&words[INJECTED], 1, __ATOMIC_SEQ_CST);
  errno = (int)error;
  return 1;
}

static void hang(int number) {
  if (!word(number)) return;
  __atomic_add_fetch(&words[INJECTED], 1, __ATOMIC_SEQ_CST);
  while (word(number)) {
    struct timespec moment = {0, 2000000};
    syscall(SYS_nanosleep, &moment, NULL);
  }
}

#define REAL(name, ...) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); \
  return real(__VA_ARGS__)

static int write_fails(int file) {
  if (!words || (!word(WRITE) && !word(WRITE_HANGS)) || !file_is_below(file)) return 0;
  hang(WRITE_HANGS);
  return fails(WRITE);
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (write_fails(file)) return -1;
  REAL(write, file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  if (write_fails(file)) return -1;
  REAL(pwrite, file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  if (write_fails(file)) return -1;
  REAL(pwrite64, file, bytes, count, offset);
}

int ftruncate64(int file, off64_t length) {
  if (write_fails(file)) return -1;
  REAL(ftruncate64, file, length);
}

static int sync_fails(int file) {
  if (!words || (!word(SYNC) && !word(SYNC_HANGS) && !word(FOLDER_SYNC)) || !file_is_below(file)) return 0;
  if (is_folder(file)) return fails(FOLDER_SYNC);
  hang(SYNC_HANGS);
  return fails(SYNC);
}

int fsync(int file) {
  if (sync_fails(file)) return -1;
  REAL(fsync, file);
}

int fdatasync(int file) {
  if (sync_fails(file)) return -1;
  REAL(fdatasync, file);
}

int sync_file_range(int file, off64_t offset, off64_t count, unsigned int flags) {
  if (sync_fails(file)) return -1;
  REAL(sync_file_range, file, offset, count, flags);
}

static int open_fails(const char *path) { return word(OPEN) && is_below(path) && fails(OPEN); }

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (open_fails(path)) return -1;
  REAL(open64, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (open_fails(path)) return -1;
  REAL(open, path, flags, mode);
}

int rename(const char *from, const char *to) {
  if (word(RENAME) && is_below(to) && fails(RENAME)) return -1;
  REAL(rename, from, to);
}

static void shift(struct timespec *time, int64_t ms) {
  int64_t nanos = (int64_t)time->tv_nsec + (ms % 1000) * 1000000;
  time->tv_sec += ms / 1000 + nanos / 1000000000;
  time->tv_nsec = nanos % 1000000000;
  if (time->tv_nsec < 0) {
    time->tv_nsec += 1000000000;
    time->tv_sec -= 1;
  }
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  static __typeof__(clock_gettime) *real;
  if (!real) real = (__typeof__(clock_gettime) *)dlsym(RTLD_NEXT, "clock_gettime");
  int done = real(clock, time);
  if (done == 0 && words) {
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) shift(time, word(WALL_MS));
    if (clock == CLOCK_BOOTTIME) shift(time, word(BOOT_MS));
  }
  return done;
}
