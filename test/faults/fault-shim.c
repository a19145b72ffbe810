/*
 * Faults of a disk, for tests: preloaded (LD_PRELOAD) into a server, it makes file operations fail while a file in the directory SHOAL_FAULTS says so.
 * The file's first line is a part of the paths that are concerned. A second line is the path of a file that stands for the last free space: writes to it fail too,
 * and once it is gone nothing else does.
 *   no-space   writes that would make a file longer fail with ENOSPC
 *   no-sync    fsync and fdatasync fail with EIO
 *   no-write   all writes fail with EIO
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether the fault is switched on for the file. */
static int concerns(const char *fault, int fd) {
  const char *directory = getenv("SHOAL_FAULTS");
  char path[4096], part[512], link[64];
  if (directory == NULL) return 0;
  snprintf(path, sizeof path, "%s/%s", directory, fault);
  int flag = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (flag < 0) return 0;
  ssize_t length = syscall(SYS_read, flag, part, sizeof part - 1);
  syscall(SYS_close, flag);
  if (length < 0) return 0;
  part[length] = 0;
  char *reserve = strchr(part, '\n');
  if (reserve != NULL) *reserve++ = 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  if (reserve != NULL && strcmp(path, reserve) == 0) return 1;
  if (reserve != NULL && access(reserve, F_OK) != 0) return 0;
  return path[0] == '/' && strstr(path, part) != NULL;
}

/* errno for a write of `count` bytes at `offset` (-1: at the file's position), or 0. */
static int write_fault(int fd, size_t count, off_t offset) {
  int saved = errno, fault = 0;
  struct stat file;
  if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) {
    if (offset < 0) offset = lseek(fd, 0, SEEK_CUR);
    if (concerns("no-write", fd)) fault = EIO;
    else if (offset + (off_t)count > file.st_size && concerns("no-space", fd)) fault = ENOSPC;
  }
  errno = saved;
  return fault;
}

#define FAIL_IF(fault)          \
  do {                          \
    int code = (fault);         \
    if (code != 0) {            \
      errno = code;             \
      return -1;                \
    }                           \
  } while (0)
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static size_t total(const struct iovec *parts, int count) {
  size_t bytes = 0;
  for (int at = 0; at < count; at++) bytes += parts[at].iov_len;
  return bytes;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  if (fd > 2) FAIL_IF(write_fault(fd, count, -1));
  return syscall(SYS_write, fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  FAIL_IF(write_fault(fd, count, offset));
  return NEXT(pwrite)(fd, bytes, count, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  FAIL_IF(write_fault(fd, count, offset));
  return NEXT(pwrite64)(fd, bytes, count, offset);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  FAIL_IF(write_fault(fd, total(parts, count), offset));
  return NEXT(pwritev)(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  FAIL_IF(write_fault(fd, total(parts, count), offset));
  return NEXT(pwritev64)(fd, parts, count, offset);
}
int fsync(int fd) {
  FAIL_IF(concerns("no-sync", fd) ? EIO : 0);
  return syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
  FAIL_IF(concerns("no-sync", fd) ? EIO : 0);
  return syscall(SYS_fdatasync, fd);
}
