/*
** row-table: rows of Shoal's row codec (src/types/row-codec.ts says what the bytes mean) as a table of SQLite, so that
**
**   INSERT INTO t(_rowid, a, b) SELECT ? + rowid, c0, c1 FROM shoal_rows(?)
**
** moves a whole portion of rows into a table within one statement, without a JavaScript value for any of them. shoal_rows(bytes) has the columns c0, c1, ... (NULL
** beyond a row's last value) and a rowid that counts from 0. shoal_real(x) makes REAL of INTEGER, for columns of floats: the codec does not tell 2.0 from 2. Bytes that are not rows end the statement with an error that says where.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* In the library's file name: to be raised with whatever storage/files/row-table.ts relies on. */
#define ROW_TABLE_VERSION 1

/* As many as a PostgreSQL table may have, and then some. */
#define COLUMNS_MAX 1664

enum { TAG_NULL, TAG_INT8, TAG_INT16, TAG_INT32, TAG_INT64, TAG_FLOAT64, TAG_TEXT, TAG_BLOB };
#define TAG_SHORT_TEXT 0x20
#define TAG_SMALL_INT 0x60
#define SMALL_INT_BIAS 0x70

typedef struct Value {
  unsigned char tag; /* one of the enum; short text is TAG_TEXT, small integers are TAG_INT64 */
  int length;
  union {
    sqlite3_int64 integer;
    double real;
    const unsigned char *bytes;
  } is;
} Value;

/* Bytes that a cursor has been given. Values point into them, and SQLite may hold on to a value until the statement ends. */
typedef struct Bytes {
  struct Bytes *before;
  sqlite3_value *value;
} Bytes;

typedef struct RowCursor {
  sqlite3_vtab_cursor base;
  Bytes *held;
  const unsigned char *start, *at, *end;
  sqlite3_int64 row;
  int isEnd;
  int columns, room;
  Value *values;
} RowCursor;

static uint64_t little(const unsigned char *at, int bytes) {
  uint64_t word = 0;
  int i;
  for (i = bytes - 1; i >= 0; i--) word = (word << 8) | at[i];
  return word;
}

/* A varint below 2^31, or -1. */
static int varint(RowCursor *cursor) {
  uint32_t value = 0;
  int shift;
  for (shift = 0; shift < 35; shift += 7) {
    unsigned char byte;
    if (cursor->at >= cursor->end) return -1;
    byte = *cursor->at++;
    if (shift == 28 && byte > 7) return -1;
    value |= (uint32_t)(byte & 127) << shift;
    if (byte < 128) return (int)value;
  }
  return -1;
}

/* One value; 0 when the bytes make no sense. */
static int readValue(RowCursor *cursor, Value *value) {
  static const signed char widths[] = {0, 1, 2, 4, 8, 8};
  unsigned char tag;
  if (cursor->at >= cursor->end) return 0;
  tag = *cursor->at++;
  if (tag >= TAG_SMALL_INT) {
    value->tag = TAG_INT64;
    value->is.integer = (int)tag - SMALL_INT_BIAS;
    return 1;
  }
  if (tag <= TAG_FLOAT64) {
    int width = widths[tag];
    uint64_t word;
    if (cursor->end - cursor->at < width) return 0;
    word = little(cursor->at, width);
    cursor->at += width;
    switch (tag) {
      case TAG_NULL: value->tag = TAG_NULL; return 1;
      case TAG_INT8: value->is.integer = (int8_t)word; break;
      case TAG_INT16: value->is.integer = (int16_t)word; break;
      case TAG_INT32: value->is.integer = (int32_t)word; break;
      case TAG_INT64: value->is.integer = (int64_t)word; break;
      default:
        memcpy(&value->is.real, &word, 8);
        value->tag = TAG_FLOAT64;
        return 1;
    }
    value->tag = TAG_INT64;
    return 1;
  }
  if (tag >= TAG_SHORT_TEXT) {
    value->tag = TAG_TEXT;
    value->length = tag - TAG_SHORT_TEXT;
  } else {
    if (tag > TAG_BLOB) return 0;
    value->tag = tag;
    value->length = varint(cursor);
  }
  if (value->length < 0 || cursor->end - cursor->at < value->length) return 0;
  value->is.bytes = cursor->at;
  cursor->at += value->length;
  return 1;
}

static int damaged(RowCursor *cursor) {
  sqlite3_vtab *table = cursor->base.pVtab;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("row bytes are damaged near byte %d", (int)(cursor->at - cursor->start));
  return SQLITE_ERROR;
}

static int readRow(RowCursor *cursor) {
  int column;
  if (cursor->at >= cursor->end) {
    cursor->isEnd = 1;
    return SQLITE_OK;
  }
  cursor->columns = varint(cursor);
  if (cursor->columns < 0 || cursor->columns > COLUMNS_MAX) return damaged(cursor);
  if (cursor->columns > cursor->room) {
    Value *values = sqlite3_realloc64(cursor->values, sizeof(Value) * (uint64_t)cursor->columns);
    if (values == 0) return SQLITE_NOMEM;
    cursor->values = values;
    cursor->room = cursor->columns;
  }
  for (column = 0; column < cursor->columns; column++)
    if (!readValue(cursor, &cursor->values[column])) return damaged(cursor);
  return SQLITE_OK;
}

static int rowsConnect(sqlite3 *db, void *data, int count, const char *const *words, sqlite3_vtab **table, char **error) {
  sqlite3_str *text = sqlite3_str_new(db);
  char *sql;
  int i, result;
  (void)data; (void)count; (void)words; (void)error;
  sqlite3_str_appendall(text, "CREATE TABLE x(bytes HIDDEN");
  for (i = 0; i < COLUMNS_MAX; i++) sqlite3_str_appendf(text, ",c%d", i);
  sqlite3_str_appendall(text, ")");
  sql = sqlite3_str_finish(text);
  if (sql == 0) return SQLITE_NOMEM;
  result = sqlite3_declare_vtab(db, sql);
  sqlite3_free(sql);
  if (result != SQLITE_OK) return result;
  *table = sqlite3_malloc(sizeof(sqlite3_vtab));
  if (*table == 0) return SQLITE_NOMEM;
  memset(*table, 0, sizeof(sqlite3_vtab));
  return SQLITE_OK;
}

static int rowsDisconnect(sqlite3_vtab *table) {
  sqlite3_free(table);
  return SQLITE_OK;
}

static int rowsBestIndex(sqlite3_vtab *table, sqlite3_index_info *info) {
  int i;
  (void)table;
  for (i = 0; i < info->nConstraint; i++) {
    if (info->aConstraint[i].iColumn != 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
    return SQLITE_OK;
  }
  return SQLITE_CONSTRAINT;
}

static int rowsOpen(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
  RowCursor *opened = sqlite3_malloc(sizeof(RowCursor));
  (void)table;
  if (opened == 0) return SQLITE_NOMEM;
  memset(opened, 0, sizeof(RowCursor));
  *cursor = &opened->base;
  return SQLITE_OK;
}

static int rowsClose(sqlite3_vtab_cursor *base) {
  RowCursor *cursor = (RowCursor *)base;
  while (cursor->held != 0) {
    Bytes *held = cursor->held;
    cursor->held = held->before;
    sqlite3_value_free(held->value);
    sqlite3_free(held);
  }
  sqlite3_free(cursor->values);
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static int rowsFilter(sqlite3_vtab_cursor *base, int number, const char *name, int count, sqlite3_value **values) {
  RowCursor *cursor = (RowCursor *)base;
  Bytes *held = sqlite3_malloc(sizeof(Bytes));
  (void)number; (void)name; (void)count;
  if (held == 0) return SQLITE_NOMEM;
  held->value = sqlite3_value_dup(values[0]);
  if (held->value == 0) {
    sqlite3_free(held);
    return SQLITE_NOMEM;
  }
  held->before = cursor->held;
  cursor->held = held;
  cursor->start = cursor->at = sqlite3_value_blob(held->value);
  cursor->end = cursor->start == 0 ? 0 : cursor->start + sqlite3_value_bytes(held->value);
  cursor->row = 0;
  cursor->isEnd = 0;
  return readRow(cursor);
}

static int rowsNext(sqlite3_vtab_cursor *base) {
  RowCursor *cursor = (RowCursor *)base;
  cursor->row++;
  return readRow(cursor);
}

static int rowsEof(sqlite3_vtab_cursor *base) { return ((RowCursor *)base)->isEnd; }

static int rowsColumn(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  RowCursor *cursor = (RowCursor *)base;
  const Value *value;
  if (column < 1 || column > cursor->columns) return SQLITE_OK;
  value = &cursor->values[column - 1];
  switch (value->tag) {
    case TAG_INT64: sqlite3_result_int64(context, value->is.integer); break;
    case TAG_FLOAT64: sqlite3_result_double(context, value->is.real); break;
    case TAG_TEXT: sqlite3_result_text(context, (const char *)value->is.bytes, value->length, SQLITE_STATIC); break;
    case TAG_BLOB: sqlite3_result_blob(context, value->is.bytes, value->length, SQLITE_STATIC); break;
    default: break;
  }
  return SQLITE_OK;
}

static int rowsRowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = ((RowCursor *)base)->row;
  return SQLITE_OK;
}

static void real(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  if (sqlite3_value_type(values[0]) == SQLITE_INTEGER) sqlite3_result_double(context, (double)sqlite3_value_int64(values[0]));
  else sqlite3_result_value(context, values[0]);
}

/* Without xCreate: the table is there by itself, on every connection. */
static const sqlite3_module rowsModule = {
  .iVersion = 0,
  .xConnect = rowsConnect,
  .xBestIndex = rowsBestIndex,
  .xDisconnect = rowsDisconnect,
  .xOpen = rowsOpen,
  .xClose = rowsClose,
  .xFilter = rowsFilter,
  .xNext = rowsNext,
  .xEof = rowsEof,
  .xColumn = rowsColumn,
  .xRowid = rowsRowid,
};

#ifdef _WIN32
__declspec(dllexport)
#endif
int sqlite3_rowtable_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  int result;
  SQLITE_EXTENSION_INIT2(api);
  (void)error;
  result = sqlite3_create_function_v2(db, "shoal_real", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, 0, real, 0, 0, 0);
  return result != SQLITE_OK ? result : sqlite3_create_module_v2(db, "shoal_rows", &rowsModule, 0, 0);
}
