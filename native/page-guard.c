/*
** page-guard: an SQLite VFS over the default one that gives every page of a database file a checksum and verifies it whenever the page is read.
**
** SQLite believes what the file system gives it. This shim stands between the two. In files whose header reserves 8 bytes a page (byte 20 of page 1), it
** - writes into the reserved bytes, at the moment when a page goes to the database file, a 64-bit checksum of the page's content and number;
** - verifies it in every xRead of a whole page. A page that does not match, one of zeros and one behind the end of the file are SQLITE_IOERR_DATA;
** - remembers the checksum of every WAL frame in memory and verifies it when the frame is read. (A frame's bytes cannot be changed on the way: SQLite chains
**   its own sums over them, which it looks at after a crash only. That is when the memory is filled anew.)
** - writes pages of zeros, with checksums, where a write would leave a gap, so that every page of a file has a checksum at all times;
** - refuses memory maps (an I/O error in one ends the process, a page in one can change after it has been verified).
** Other files (temporary ones, locks, foreign databases) pass through untouched.
**
** The VFS becomes the process's default at the first load and stays. Each load also gives its connection functions:
**   page_guard_reserve(schema)                    a database still to be written will reserve the 8 bytes
**   page_guard_verify(schema, first, count)       reads pages of the database file; answers lines 'kind page', or ''
**   page_guard_verify_wal(schema)                 reads all known frames of the WAL; the same, with frame numbers
**   page_guard_damage()                           the damage that this thread has met last: 'kind page path', then NULL until the next
**   page_guard_all_damage()                       all damage met by this process: lines 'kind page path'
**   page_guard_verify_bytes(pages, first)         the same of pages in memory, for files that nobody has open
**   page_guard_sum(page, number)                  the checksum of a page's content as 8 bytes (for tests)
** and `PRAGMA schema.page_guard` answers the page size of a guarded file, 0 of another; `PRAGMA schema.page_guard_identity` the application_id that stands in the
** file itself, whatever the WAL says.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the library's file name, so that a program never loads the library of another one: to be raised with whatever storage/integrity/page-guard.ts relies on. */
#define GUARD_VERSION 3

#define RESERVED 8
#define HEADER_BYTES 100
#define WAL_HEADER_BYTES 32
#define FRAME_HEADER_BYTES 24
#define DAMAGE_MAX 1024
#define PATH_BYTES 512
#define PENDING_BYTE 0x40000000
#define VERIFY_TRIES 5

/* ---- the checksum ---- */

static inline uint64_t rotated(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

static inline uint64_t word(const unsigned char *at) {
  uint64_t w;
  memcpy(&w, at, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  w = __builtin_bswap64(w);
#endif
  return w;
}

/*
** Eight lanes of (h ^ word) * odd, rotated: each step is one-to-one in h and in the word, so that no change of a single word can go unnoticed; the
** rotation brings the high bits, which a product only passes upwards, back to the low ones. Eight lanes keep the multiplier busy.
** bytes: a multiple of 8. Never 0, so that a page of zeros does not match.
*/
static uint64_t checksum(const unsigned char *data, int bytes, uint64_t seed) {
  static const uint64_t odd = 0x9e3779b97f4a7c15u;
  uint64_t h[8], sum = seed * odd + 0x2545f4914f6cdd1du;
  const unsigned char *end = data + bytes;
  int lane;
  for (lane = 0; lane < 8; lane++) h[lane] = sum + (uint64_t)lane * 0xd6e8feb86659fd93u;
  for (; end - data >= 64; data += 64) {
    h[0] = rotated((h[0] ^ word(data)) * odd, 29);
    h[1] = rotated((h[1] ^ word(data + 8)) * odd, 29);
    h[2] = rotated((h[2] ^ word(data + 16)) * odd, 29);
    h[3] = rotated((h[3] ^ word(data + 24)) * odd, 29);
    h[4] = rotated((h[4] ^ word(data + 32)) * odd, 29);
    h[5] = rotated((h[5] ^ word(data + 40)) * odd, 29);
    h[6] = rotated((h[6] ^ word(data + 48)) * odd, 29);
    h[7] = rotated((h[7] ^ word(data + 56)) * odd, 29);
  }
  for (lane = 0; data < end; data += 8, lane++) h[lane] = rotated((h[lane] ^ word(data)) * odd, 29);
  for (lane = 0; lane < 8; lane++) {
    sum = (sum ^ h[lane]) * odd;
    sum ^= sum >> 32;
  }
  return sum == 0 ? 1 : sum;
}

static void putWord(unsigned char *at, uint64_t w) {
  int i;
  for (i = 0; i < 8; i++) at[i] = (unsigned char)(w >> (8 * i));
}

static uint64_t pageSum(const unsigned char *page, int pageBytes, uint64_t number) { return checksum(page, pageBytes - RESERVED, number); }

static int allZero(const unsigned char *data, int bytes) {
  int i;
  for (i = 0; i < bytes; i++)
    if (data[i] != 0) return 0;
  return 1;
}

/* ---- damage met ---- */

typedef struct Damage {
  const char *kind;
  uint64_t page;
  char path[PATH_BYTES];
} Damage;

static Damage damages[DAMAGE_MAX];
static int damageCount = 0;
static __thread Damage lastDamage;
static __thread int hasLastDamage = 0;

static sqlite3_mutex *guardMutex(void) { return sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS3); }

static int noteDamage(const char *path, const char *kind, uint64_t page) {
  sqlite3_mutex *mutex = guardMutex();
  int i;
  lastDamage.kind = kind;
  lastDamage.page = page;
  snprintf(lastDamage.path, PATH_BYTES, "%s", path);
  hasLastDamage = 1;
  sqlite3_mutex_enter(mutex);
  for (i = 0; i < damageCount; i++)
    if (damages[i].page == page && strcmp(damages[i].path, lastDamage.path) == 0) break;
  if (i == damageCount && damageCount < DAMAGE_MAX) damages[damageCount++] = lastDamage;
  sqlite3_mutex_leave(mutex);
  return SQLITE_IOERR_DATA;
}

/* ---- sums of WAL frames, shared by all connections of the process ---- */

typedef struct Frames {
  struct Frames *next;
  int users;
  uint64_t *sums; /* by frame from 0; 0 = not known */
  uint64_t capacity;
  sqlite3_mutex *mutex;
  char path[1];
} Frames;

static Frames *allFrames = 0;

static Frames *framesOf(const char *path) {
  sqlite3_mutex *mutex = guardMutex();
  Frames *frames;
  sqlite3_mutex_enter(mutex);
  for (frames = allFrames; frames != 0 && strcmp(frames->path, path) != 0; frames = frames->next) {
  }
  if (frames == 0 && (frames = calloc(1, sizeof(Frames) + strlen(path))) != 0) {
    strcpy(frames->path, path);
    frames->mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST);
    frames->next = allFrames;
    allFrames = frames;
  }
  if (frames != 0) frames->users++;
  sqlite3_mutex_leave(mutex);
  return frames;
}

static void leaveFrames(Frames *frames) {
  sqlite3_mutex *mutex = guardMutex();
  Frames **at;
  sqlite3_mutex_enter(mutex);
  if (--frames->users == 0) {
    for (at = &allFrames; *at != frames; at = &(*at)->next) {
    }
    *at = frames->next;
    sqlite3_mutex_free(frames->mutex);
    free(frames->sums);
    free(frames);
  }
  sqlite3_mutex_leave(mutex);
}

static int setFrame(Frames *frames, uint64_t frame, uint64_t sum) {
  int rc = SQLITE_OK;
  sqlite3_mutex_enter(frames->mutex);
  if (frame >= frames->capacity) {
    uint64_t capacity = frames->capacity == 0 ? 1024 : frames->capacity;
    uint64_t *sums;
    while (capacity <= frame) capacity *= 2;
    sums = realloc(frames->sums, capacity * sizeof(uint64_t));
    if (sums == 0) {
      rc = SQLITE_IOERR_NOMEM;
    } else {
      memset(sums + frames->capacity, 0, (capacity - frames->capacity) * sizeof(uint64_t));
      frames->sums = sums;
      frames->capacity = capacity;
    }
  }
  if (rc == SQLITE_OK) frames->sums[frame] = sum;
  sqlite3_mutex_leave(frames->mutex);
  return rc;
}

static uint64_t getFrame(Frames *frames, uint64_t frame) {
  uint64_t sum;
  sqlite3_mutex_enter(frames->mutex);
  sum = frame < frames->capacity ? frames->sums[frame] : 0;
  sqlite3_mutex_leave(frames->mutex);
  return sum;
}

static void clearFrames(Frames *frames, uint64_t from) {
  sqlite3_mutex_enter(frames->mutex);
  if (from < frames->capacity) memset(frames->sums + from, 0, (frames->capacity - from) * sizeof(uint64_t));
  sqlite3_mutex_leave(frames->mutex);
}

/* ---- files ---- */

typedef struct Guard {
  sqlite3_file base;
  sqlite3_file *real;
  const char *path;
  int isMain;
  int isFresh;         /* the file was empty when it was opened here */
  int pageBytes;       /* of a guarded database, or of the one whose WAL this is; 0 = passes through */
  sqlite3_int64 known; /* the file is at least so long */
  unsigned char *page; /* buffer for a page with its sum */
  Frames *frames;      /* of a WAL */
} Guard;

static sqlite3_vfs *defaultVfs = 0;

#define REAL(file) (((Guard *)(file))->real)

/* Whether a header belongs to a guarded database: its page size, or 0. */
static int guardedPageBytes(const unsigned char *header) {
  int bytes = (header[16] << 8) | header[17];
  if (memcmp(header, "SQLite format 3", 16) != 0 || header[20] != RESERVED) return 0;
  if (bytes == 1) bytes = 65536;
  return bytes >= 512 && (bytes & (bytes - 1)) == 0 ? bytes : 0;
}

static int setGuarded(Guard *guard, int pageBytes) {
  if (guard->pageBytes == pageBytes) return SQLITE_OK;
  free(guard->page);
  guard->page = pageBytes == 0 ? 0 : malloc((size_t)pageBytes);
  guard->pageBytes = pageBytes;
  return pageBytes == 0 || guard->page != 0 ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int guardClose(sqlite3_file *file) {
  Guard *guard = (Guard *)file;
  int rc = guard->real->pMethods->xClose(guard->real);
  if (guard->frames != 0) leaveFrames(guard->frames);
  free(guard->page);
  guard->frames = 0;
  guard->page = 0;
  return rc;
}

/* What is wrong with a page as it was read; 0 = nothing. */
static const char *pageFault(const unsigned char *page, int pageBytes, uint64_t number) {
  if (word(page + pageBytes - RESERVED) == pageSum(page, pageBytes, number)) return 0;
  return allZero(page, pageBytes) ? "zeroed" : "checksum";
}

static int readDatabase(Guard *guard, unsigned char *data, int amount, sqlite3_int64 offset) {
  int rc = guard->real->pMethods->xRead(guard->real, data, amount, offset);
  uint64_t number;
  const char *fault;
  if (guard->pageBytes == 0 && offset == 0 && amount >= 512 && rc == SQLITE_OK) {
    int set = setGuarded(guard, guardedPageBytes(data));
    if (set != SQLITE_OK) return set;
  }
  if (guard->pageBytes == 0 || amount != guard->pageBytes || offset % amount != 0) return rc;
  number = (uint64_t)(offset / amount) + 1;
  /* SQLite would take what is missing for zeros. It never reads a page that it has not written in WAL mode. */
  if (rc == SQLITE_IOERR_SHORT_READ) return noteDamage(guard->path, "missing", number);
  if (rc != SQLITE_OK) return rc;
  fault = pageFault(data, amount, number);
  return fault == 0 ? SQLITE_OK : noteDamage(guard->path, fault, number);
}

/* Frame number (from 0) of a read or write that covers a frame's page: the page alone, or header and page. -1 = another place. */
static sqlite3_int64 frameAt(const Guard *guard, int amount, sqlite3_int64 offset, int *skip) {
  sqlite3_int64 frameBytes = guard->pageBytes + FRAME_HEADER_BYTES;
  sqlite3_int64 within = (offset - WAL_HEADER_BYTES) % frameBytes;
  if (offset < WAL_HEADER_BYTES) return -1;
  if (amount == guard->pageBytes && within == FRAME_HEADER_BYTES) *skip = 0;
  else if (amount == frameBytes && within == 0) *skip = FRAME_HEADER_BYTES;
  else return -1;
  return (offset - WAL_HEADER_BYTES) / frameBytes;
}

static int readWal(Guard *guard, unsigned char *data, int amount, sqlite3_int64 offset) {
  int rc = guard->real->pMethods->xRead(guard->real, data, amount, offset), skip;
  sqlite3_int64 frame = frameAt(guard, amount, offset, &skip);
  uint64_t known, sum;
  if (frame < 0) return rc;
  known = getFrame(guard->frames, (uint64_t)frame);
  if (rc == SQLITE_IOERR_SHORT_READ && known != 0) return noteDamage(guard->path, "missing", (uint64_t)frame + 1);
  if (rc != SQLITE_OK) return rc;
  sum = checksum(data + skip, guard->pageBytes, (uint64_t)frame);
  /* Not known: SQLite recovers the WAL, frame by frame, and checks its own sums. */
  if (known == 0) return setFrame(guard->frames, (uint64_t)frame, sum);
  return known == sum ? SQLITE_OK : noteDamage(guard->path, "checksum", (uint64_t)frame + 1);
}

static int guardRead(sqlite3_file *file, void *data, int amount, sqlite3_int64 offset) {
  Guard *guard = (Guard *)file;
  if (guard->frames != 0) return readWal(guard, data, amount, offset);
  if (guard->isMain) return readDatabase(guard, data, amount, offset);
  return guard->real->pMethods->xRead(guard->real, data, amount, offset);
}

static int writePage(Guard *guard, const unsigned char *content, sqlite3_int64 offset) {
  int bytes = guard->pageBytes, rc;
  if (content == 0) memset(guard->page, 0, (size_t)bytes);
  else memcpy(guard->page, content, (size_t)bytes);
  putWord(guard->page + bytes - RESERVED, pageSum(guard->page, bytes, (uint64_t)(offset / bytes) + 1));
  rc = guard->real->pMethods->xWrite(guard->real, guard->page, bytes, offset);
  if (rc == SQLITE_OK && offset + bytes > guard->known) guard->known = offset + bytes;
  return rc;
}

/* Pages of zeros up to `end`, where the file is shorter. */
static int fillGap(Guard *guard, sqlite3_int64 end) {
  sqlite3_int64 at;
  int rc;
  if (end <= guard->known) return SQLITE_OK;
  rc = guard->real->pMethods->xFileSize(guard->real, &guard->known);
  for (at = guard->known - guard->known % guard->pageBytes; rc == SQLITE_OK && at < end; at += guard->pageBytes) rc = writePage(guard, 0, at);
  return rc;
}

/* Pages of a new file that SQLite has written (spilled) before the first one, which says that they carry checksums. */
static int stampEarlier(Guard *guard) {
  sqlite3_int64 size = 0, at;
  int rc = guard->real->pMethods->xFileSize(guard->real, &size);
  unsigned char *page = malloc((size_t)guard->pageBytes);
  if (page == 0) return SQLITE_IOERR_NOMEM;
  for (at = guard->pageBytes; rc == SQLITE_OK && at + guard->pageBytes <= size; at += guard->pageBytes) {
    rc = guard->real->pMethods->xRead(guard->real, page, guard->pageBytes, at);
    if (rc == SQLITE_OK) rc = writePage(guard, page, at);
  }
  free(page);
  return rc;
}

static int writeDatabase(Guard *guard, const unsigned char *data, int amount, sqlite3_int64 offset) {
  int rc;
  if (offset == 0 && amount >= 512) {
    int before = guard->pageBytes;
    rc = setGuarded(guard, guardedPageBytes(data));
    if (rc == SQLITE_OK && before == 0 && guard->pageBytes != 0 && guard->isFresh) rc = stampEarlier(guard);
    if (rc != SQLITE_OK) return rc;
  }
  if (guard->pageBytes == 0 || amount != guard->pageBytes || offset % amount != 0)
    return guard->real->pMethods->xWrite(guard->real, data, amount, offset);
  rc = fillGap(guard, offset);
  return rc == SQLITE_OK ? writePage(guard, data, offset) : rc;
}

static int writeWal(Guard *guard, const unsigned char *data, int amount, sqlite3_int64 offset) {
  int skip, rc;
  sqlite3_int64 frame = frameAt(guard, amount, offset, &skip);
  if (frame >= 0) {
    rc = setFrame(guard->frames, (uint64_t)frame, checksum(data + skip, guard->pageBytes, (uint64_t)frame));
    if (rc != SQLITE_OK) return rc;
  } else if (offset == 0) {
    clearFrames(guard->frames, 0); /* the WAL begins anew */
  } else if (amount != FRAME_HEADER_BYTES) {
    /* A part of a page (a write split at a sync): what is known of the frame is over. */
    clearFrames(guard->frames, (uint64_t)((offset - WAL_HEADER_BYTES) / (guard->pageBytes + FRAME_HEADER_BYTES)));
  }
  return guard->real->pMethods->xWrite(guard->real, data, amount, offset);
}

static int guardWrite(sqlite3_file *file, const void *data, int amount, sqlite3_int64 offset) {
  Guard *guard = (Guard *)file;
  if (guard->frames != 0) return writeWal(guard, data, amount, offset);
  if (guard->isMain) return writeDatabase(guard, data, amount, offset);
  return guard->real->pMethods->xWrite(guard->real, data, amount, offset);
}

static int guardTruncate(sqlite3_file *file, sqlite3_int64 size) {
  Guard *guard = (Guard *)file;
  if (guard->frames != 0) clearFrames(guard->frames, 0);
  if (guard->isMain && guard->pageBytes != 0) {
    int rc = fillGap(guard, size);
    if (rc != SQLITE_OK) return rc;
  }
  guard->known = 0;
  return guard->real->pMethods->xTruncate(guard->real, size);
}

static int guardSync(sqlite3_file *file, int flags) { return REAL(file)->pMethods->xSync(REAL(file), flags); }
static int guardFileSize(sqlite3_file *file, sqlite3_int64 *size) { return REAL(file)->pMethods->xFileSize(REAL(file), size); }
static int guardLock(sqlite3_file *file, int lock) { return REAL(file)->pMethods->xLock(REAL(file), lock); }
static int guardUnlock(sqlite3_file *file, int lock) { return REAL(file)->pMethods->xUnlock(REAL(file), lock); }
static int guardCheckReservedLock(sqlite3_file *file, int *out) { return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out); }
static int guardSectorSize(sqlite3_file *file) { return REAL(file)->pMethods->xSectorSize(REAL(file)); }
static int guardShmMap(sqlite3_file *file, int page, int bytes, int extend, void volatile **out) {
  return REAL(file)->pMethods->xShmMap(REAL(file), page, bytes, extend, out);
}
static int guardShmLock(sqlite3_file *file, int offset, int n, int flags) { return REAL(file)->pMethods->xShmLock(REAL(file), offset, n, flags); }
static void guardShmBarrier(sqlite3_file *file) { REAL(file)->pMethods->xShmBarrier(REAL(file)); }
static int guardShmUnmap(sqlite3_file *file, int delete) { return REAL(file)->pMethods->xShmUnmap(REAL(file), delete); }

/* Sub-page reads are not to be relied upon: whole pages are what carries checksums. */
static int guardDeviceCharacteristics(sqlite3_file *file) {
  return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file)) & ~SQLITE_IOCAP_SUBPAGE_READ;
}

static int guardFileControl(sqlite3_file *file, int op, void *argument) {
  Guard *guard = (Guard *)file;
  if (op == SQLITE_FCNTL_PRAGMA && guard->isMain) {
    char **words = argument;
    if (sqlite3_stricmp(words[1], "page_guard") == 0) {
      words[0] = sqlite3_mprintf("%d", guard->pageBytes);
      return SQLITE_OK;
    }
    if (sqlite3_stricmp(words[1], "page_guard_identity") == 0) {
      unsigned char header[HEADER_BYTES];
      uint32_t identity = 0;
      int i;
      if (guard->real->pMethods->xRead(guard->real, header, HEADER_BYTES, 0) != SQLITE_OK) memset(header, 0, HEADER_BYTES);
      for (i = 68; i < 72; i++) identity = identity << 8 | header[i];
      words[0] = sqlite3_mprintf("%d", (int)(int32_t)identity);
      return SQLITE_OK;
    }
  }
  if (guard->isMain && guard->pageBytes != 0) {
    /* The hint would make the file longer by pages without checksums. */
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
    if (op == SQLITE_FCNTL_MMAP_SIZE) {
      *(sqlite3_int64 *)argument = 0;
      return SQLITE_OK;
    }
  }
  return guard->real->pMethods->xFileControl(guard->real, op, argument);
}

static int guardFetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out) {
  Guard *guard = (Guard *)file;
  if (!guard->isMain || guard->pageBytes == 0) return guard->real->pMethods->xFetch(guard->real, offset, amount, out);
  *out = 0;
  return SQLITE_OK;
}
static int guardUnfetch(sqlite3_file *file, sqlite3_int64 offset, void *page) { return REAL(file)->pMethods->xUnfetch(REAL(file), offset, page); }

static const sqlite3_io_methods guardMethods = {
    3,          guardClose,     guardRead,           guardWrite,     guardTruncate,    guardSync,
    guardFileSize, guardLock,   guardUnlock,         guardCheckReservedLock, guardFileControl, guardSectorSize,
    guardDeviceCharacteristics, guardShmMap,         guardShmLock,   guardShmBarrier,  guardShmUnmap,
    guardFetch, guardUnfetch,
};

/* ---- the VFS ---- */

static int guardOpen(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *outFlags) {
  Guard *guard = (Guard *)file;
  int rc;
  memset(guard, 0, sizeof(Guard));
  guard->real = (sqlite3_file *)(guard + 1);
  guard->path = name == 0 ? "" : name;
  rc = defaultVfs->xOpen(defaultVfs, name, guard->real, flags, outFlags);
  if (rc != SQLITE_OK) return rc;
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0 && name != 0) {
    unsigned char header[HEADER_BYTES];
    sqlite3_int64 size = 0;
    guard->isMain = 1;
    guard->isFresh = guard->real->pMethods->xFileSize(guard->real, &size) == SQLITE_OK && size == 0;
    if (guard->real->pMethods->xRead(guard->real, header, HEADER_BYTES, 0) == SQLITE_OK) rc = setGuarded(guard, guardedPageBytes(header));
  } else if ((flags & SQLITE_OPEN_WAL) != 0) {
    Guard *database = (Guard *)sqlite3_database_file_object(name);
    if (database != 0 && database->base.pMethods == &guardMethods && database->pageBytes != 0) {
      rc = setGuarded(guard, database->pageBytes);
      if (rc == SQLITE_OK && (guard->frames = framesOf(name)) == 0) rc = SQLITE_NOMEM;
    }
  }
  guard->base.pMethods = &guardMethods;
  if (rc != SQLITE_OK) {
    guardClose(file);
    guard->base.pMethods = 0;
  }
  return rc;
}

static int guardDelete(sqlite3_vfs *vfs, const char *name, int sync) { return defaultVfs->xDelete(defaultVfs, name, sync); }
static int guardAccess(sqlite3_vfs *vfs, const char *name, int flags, int *out) { return defaultVfs->xAccess(defaultVfs, name, flags, out); }
static int guardFullPathname(sqlite3_vfs *vfs, const char *name, int bytes, char *out) {
  return defaultVfs->xFullPathname(defaultVfs, name, bytes, out);
}
static void *guardDlOpen(sqlite3_vfs *vfs, const char *name) { return defaultVfs->xDlOpen(defaultVfs, name); }
static void guardDlError(sqlite3_vfs *vfs, int bytes, char *out) { defaultVfs->xDlError(defaultVfs, bytes, out); }
static void (*guardDlSym(sqlite3_vfs *vfs, void *library, const char *name))(void) { return defaultVfs->xDlSym(defaultVfs, library, name); }
static void guardDlClose(sqlite3_vfs *vfs, void *library) { defaultVfs->xDlClose(defaultVfs, library); }
static int guardRandomness(sqlite3_vfs *vfs, int bytes, char *out) { return defaultVfs->xRandomness(defaultVfs, bytes, out); }
static int guardSleep(sqlite3_vfs *vfs, int micros) { return defaultVfs->xSleep(defaultVfs, micros); }
static int guardCurrentTime(sqlite3_vfs *vfs, double *out) { return defaultVfs->xCurrentTime(defaultVfs, out); }
static int guardGetLastError(sqlite3_vfs *vfs, int bytes, char *out) { return defaultVfs->xGetLastError(defaultVfs, bytes, out); }
static int guardCurrentTimeInt64(sqlite3_vfs *vfs, sqlite3_int64 *out) { return defaultVfs->xCurrentTimeInt64(defaultVfs, out); }

static sqlite3_vfs guardVfs = {
    2, 0, 0, 0, "page-guard", 0, guardOpen, guardDelete, guardAccess, guardFullPathname, guardDlOpen, guardDlError, guardDlSym, guardDlClose,
    guardRandomness, guardSleep, guardCurrentTime, guardGetLastError, guardCurrentTimeInt64, 0, 0, 0,
};

/* Once per life of the SQLite library in this process; every thread may come. */
static int registerVfs(void) {
  sqlite3_mutex *mutex = guardMutex();
  int rc = SQLITE_OK;
  sqlite3_mutex_enter(mutex);
  if (sqlite3_vfs_find(guardVfs.zName) == 0) {
    defaultVfs = sqlite3_vfs_find(0);
    guardVfs.szOsFile = (int)sizeof(Guard) + defaultVfs->szOsFile;
    guardVfs.mxPathname = defaultVfs->mxPathname;
    rc = sqlite3_vfs_register(&guardVfs, 1);
  }
  sqlite3_mutex_leave(mutex);
  return rc;
}

/* ---- functions ---- */

/* The open file of an attached database (or its WAL), if it is one of ours. */
static Guard *guardOf(sqlite3_context *context, sqlite3_value *schema, int op) {
  sqlite3_file *file = 0;
  int rc = sqlite3_file_control(sqlite3_context_db_handle(context), (const char *)sqlite3_value_text(schema), op, &file);
  Guard *guard = (Guard *)file;
  if (rc != SQLITE_OK || file == 0 || file->pMethods != &guardMethods || guard->pageBytes == 0) return 0;
  return guard;
}

static void reserveFunction(sqlite3_context *context, int count, sqlite3_value **values) {
  int reserve = RESERVED;
  int rc = sqlite3_file_control(sqlite3_context_db_handle(context), (const char *)sqlite3_value_text(values[0]), SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  if (rc != SQLITE_OK) sqlite3_result_error_code(context, rc);
}

/* Calls `fault` for each of the numbers, again after a pause where something is wrong: a checkpoint may be writing the page just now. */
static void verify(sqlite3_context *context, Guard *guard, uint64_t first, uint64_t end, const char *(*fault)(Guard *, unsigned char *, uint64_t)) {
  sqlite3_str *found = sqlite3_str_new(0);
  unsigned char *buffer = malloc((size_t)guard->pageBytes);
  uint64_t number;
  char *text;
  for (number = first; number < end && buffer != 0; number++) {
    const char *kind = fault(guard, buffer, number);
    int tries;
    for (tries = 1; kind != 0 && tries < VERIFY_TRIES; tries++) {
      defaultVfs->xSleep(defaultVfs, 2000);
      kind = fault(guard, buffer, number);
    }
    if (kind == 0) continue;
    sqlite3_str_appendf(found, "%s %llu\n", kind, (unsigned long long)number + 1);
    noteDamage(guard->path, kind, number + 1);
  }
  if (buffer == 0) sqlite3_result_error_nomem(context);
  free(buffer);
  text = sqlite3_str_finish(found);
  hasLastDamage = 0;
  if (text == 0) sqlite3_result_text(context, "", 0, SQLITE_STATIC);
  else sqlite3_result_text(context, text, -1, sqlite3_free);
}

static const char *databaseFault(Guard *guard, unsigned char *buffer, uint64_t number) {
  sqlite3_int64 offset = (sqlite3_int64)number * guard->pageBytes;
  int rc;
  if (offset == PENDING_BYTE - PENDING_BYTE % guard->pageBytes) return 0;
  rc = guard->real->pMethods->xRead(guard->real, buffer, guard->pageBytes, offset);
  if (rc == SQLITE_IOERR_SHORT_READ) return "missing";
  if (rc != SQLITE_OK) return "unreadable";
  return pageFault(buffer, guard->pageBytes, number + 1);
}

static void verifyFunction(sqlite3_context *context, int count, sqlite3_value **values) {
  Guard *guard = guardOf(context, values[0], SQLITE_FCNTL_FILE_POINTER);
  uint64_t first = (uint64_t)sqlite3_value_int64(values[1]) - 1, end = first + (uint64_t)sqlite3_value_int64(values[2]), pages;
  sqlite3_int64 size = 0;
  if (guard == 0 || guard->real->pMethods->xFileSize(guard->real, &size) != SQLITE_OK) {
    sqlite3_result_error(context, "the file has no page checksums", -1);
    return;
  }
  pages = (uint64_t)(size + guard->pageBytes - 1) / (uint64_t)guard->pageBytes;
  verify(context, guard, first, end < pages ? end : pages, databaseFault);
}

/* 4 KB pages: a file is read from outside, its header may be what is damaged. */
static void verifyBytesFunction(sqlite3_context *context, int count, sqlite3_value **values) {
  enum { bytes = 4096 };
  const unsigned char *data = sqlite3_value_blob(values[0]);
  int length = sqlite3_value_bytes(values[0]), at;
  uint64_t number = (uint64_t)sqlite3_value_int64(values[1]);
  sqlite3_str *found = sqlite3_str_new(0);
  char *text;
  for (at = 0; at < length; at += bytes, number++) {
    const char *kind = at + bytes > length ? "missing" : pageFault(data + at, bytes, number);
    if (number == PENDING_BYTE / bytes + 1 || kind == 0) continue;
    sqlite3_str_appendf(found, "%s %llu\n", kind, (unsigned long long)number);
  }
  text = sqlite3_str_finish(found);
  if (text == 0) sqlite3_result_text(context, "", 0, SQLITE_STATIC);
  else sqlite3_result_text(context, text, -1, sqlite3_free);
}

static const char *frameFault(Guard *guard, unsigned char *buffer, uint64_t frame) {
  uint64_t known = getFrame(guard->frames, frame);
  sqlite3_int64 offset = WAL_HEADER_BYTES + (sqlite3_int64)frame * (guard->pageBytes + FRAME_HEADER_BYTES) + FRAME_HEADER_BYTES;
  int rc;
  if (known == 0) return 0;
  rc = guard->real->pMethods->xRead(guard->real, buffer, guard->pageBytes, offset);
  if (rc == SQLITE_IOERR_SHORT_READ) return "missing";
  if (rc != SQLITE_OK) return "unreadable";
  return checksum(buffer, guard->pageBytes, frame) == known ? 0 : "checksum";
}

static void verifyWalFunction(sqlite3_context *context, int count, sqlite3_value **values) {
  Guard *guard = guardOf(context, values[0], SQLITE_FCNTL_JOURNAL_POINTER);
  if (guard == 0 || guard->frames == 0) sqlite3_result_text(context, "", 0, SQLITE_STATIC);
  else verify(context, guard, 0, guard->frames->capacity, frameFault);
}

static void damageFunction(sqlite3_context *context, int count, sqlite3_value **values) {
  if (!hasLastDamage) return;
  hasLastDamage = 0;
  sqlite3_result_text(context, sqlite3_mprintf("%s %llu %s", lastDamage.kind, (unsigned long long)lastDamage.page, lastDamage.path), -1, sqlite3_free);
}

static void allDamageFunction(sqlite3_context *context, int count, sqlite3_value **values) {
  sqlite3_mutex *mutex = guardMutex();
  sqlite3_str *found = sqlite3_str_new(0);
  char *text;
  int i;
  sqlite3_mutex_enter(mutex);
  for (i = 0; i < damageCount; i++) sqlite3_str_appendf(found, "%s %llu %s\n", damages[i].kind, (unsigned long long)damages[i].page, damages[i].path);
  sqlite3_mutex_leave(mutex);
  text = sqlite3_str_finish(found);
  if (text == 0) sqlite3_result_text(context, "", 0, SQLITE_STATIC);
  else sqlite3_result_text(context, text, -1, sqlite3_free);
}

static void sumFunction(sqlite3_context *context, int count, sqlite3_value **values) {
  unsigned char bytes[8];
  int length = sqlite3_value_bytes(values[0]);
  const unsigned char *data = sqlite3_value_blob(values[0]);
  if (data == 0 || length % 8 != 0) {
    sqlite3_result_error(context, "a page of a multiple of 8 bytes is wanted", -1);
    return;
  }
  putWord(bytes, checksum(data, length, (uint64_t)sqlite3_value_int64(values[1])));
  sqlite3_result_blob(context, bytes, 8, SQLITE_TRANSIENT);
}

#ifdef _WIN32
__declspec(dllexport)
#endif
int sqlite3_pageguard_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
  int rc;
  SQLITE_EXTENSION_INIT2(api);
  rc = registerVfs();
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "page_guard_reserve", 1, SQLITE_UTF8, 0, reserveFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "page_guard_verify", 3, SQLITE_UTF8, 0, verifyFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "page_guard_verify_wal", 1, SQLITE_UTF8, 0, verifyWalFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "page_guard_damage", 0, SQLITE_UTF8, 0, damageFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "page_guard_all_damage", 0, SQLITE_UTF8, 0, allDamageFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "page_guard_verify_bytes", 2, SQLITE_UTF8, 0, verifyBytesFunction, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_create_function(db, "page_guard_sum", 2, SQLITE_UTF8, 0, sumFunction, 0, 0);
  return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
