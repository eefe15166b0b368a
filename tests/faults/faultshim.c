/* A library to preload into a server: what a bad clock and a bad disk would do to it, on command.
 *
 * FAULT_FILE names a file of 64-bit numbers, mapped by the tests and by every process that preloads this:
 *   0  microseconds added to the wall clock (the monotonic clock stays true)
 *   1  microseconds that each fsync takes longer
 *   2  fsyncs until one fails with EIO, and every one after it (0: none fails)
 *   3  bytes that may still be written to files before ENOSPC (0: no bound)
 *   4  when not 0, the next write to a file is cut in half, once
 *   5  when not 0, an fsync does nothing and says that it did
 *   6  fsyncs counted (written here, read by the tests)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CLOCK_US, DELAY_US, SYNCS_LEFT, BYTES_LEFT, CUT_ONE, LIE, SYNCS_SEEN, SLOTS };
enum { FAULT_FILE_BYTES = 4096 };

static int64_t harmless[SLOTS];
static volatile int64_t *slot = harmless;

__attribute__((constructor)) static void map_the_faults(void)
{
    const char *path = getenv("FAULT_FILE");
    if (!path)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *where = mmap(NULL, FAULT_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (where != MAP_FAILED)
        slot = where;
}

/* ---- the clock ---- */

static int64_t nanoseconds(clockid_t clock)
{
    struct timespec t;
    syscall(SYS_clock_gettime, clock, &t);
    int64_t all = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        all += slot[CLOCK_US] * 1000;
    return all;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int64_t all = nanoseconds(clock);
    out->tv_sec = all / 1000000000;
    out->tv_nsec = all % 1000000000;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    (void)zone;
    int64_t all = nanoseconds(CLOCK_REALTIME);
    out->tv_sec = all / 1000000000;
    out->tv_usec = all % 1000000000 / 1000;
    return 0;
}

time_t time(time_t *out)
{
    time_t now = nanoseconds(CLOCK_REALTIME) / 1000000000;
    if (out)
        *out = now;
    return now;
}

/* ---- the disk ---- */

/* Counts `slot[which]` down; true once it is used up. It stays at 1 then, so that all later calls fail too. */
static int used_up(int which, int64_t by)
{
    if (!slot[which])
        return 0;
    if (__sync_sub_and_fetch(&slot[which], by) > 0)
        return 0;
    slot[which] = 1;
    return 1;
}

static int flush_to_disk(long call, int fd)
{
    __sync_fetch_and_add(&slot[SYNCS_SEEN], 1);
    if (slot[DELAY_US])
        usleep(slot[DELAY_US]);
    if (used_up(SYNCS_LEFT, 1)) {
        errno = EIO;
        return -1;
    }
    return slot[LIE] ? 0 : syscall(call, fd);
}

int fsync(int fd) { return flush_to_disk(SYS_fsync, fd); }
int fdatasync(int fd) { return flush_to_disk(SYS_fdatasync, fd); }

static int is_file(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

/* How much of `wanted` bytes may be written, or -1 where the disk is full. */
static int64_t allowance(int fd, int64_t wanted)
{
    if ((!slot[BYTES_LEFT] && !slot[CUT_ONE]) || !is_file(fd))
        return wanted;
    if (slot[CUT_ONE] && wanted > 1) {
        slot[CUT_ONE] = 0;
        return wanted / 2;
    }
    if (used_up(BYTES_LEFT, wanted)) {
        errno = ENOSPC;
        return -1;
    }
    return wanted;
}

ssize_t write(int fd, const void *from, size_t wanted)
{
    int64_t count = allowance(fd, wanted);
    return count < 0 ? -1 : syscall(SYS_write, fd, from, (size_t)count);
}

ssize_t pwrite(int fd, const void *from, size_t wanted, off_t at)
{
    int64_t count = allowance(fd, wanted);
    return count < 0 ? -1 : syscall(SYS_pwrite64, fd, from, (size_t)count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int number, off_t at)
{
    int64_t wanted = 0;
    for (int i = 0; i < number; i++)
        wanted += parts[i].iov_len;
    /* cut short only between parts: the caller must go on in either case */
    if (allowance(fd, wanted) < 0)
        return -1;
    return syscall(SYS_pwritev, fd, parts, number, at, 0L);
}
