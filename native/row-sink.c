/*
** row-sink: the rows of a long result as the bytes that leave the thread, without a JavaScript value for any of them:
**
**   ... SELECT 1 FROM rows WHERE shoal_sink('<layout>', c1, c2, ...)
**
** appends a row to the connection's buffers and is true when the batch is full, so that the statement yields there and nowhere else.
**
**   shoal_sink_start(rows, bytes)   empties the buffers; a batch is full with so many rows (0: any number) or bytes
**   shoal_sink_rows()               rows since then
**   shoal_sink_take(part)           the bytes of a buffer, which is empty again, or NULL; -1: the buffer of each row, four little-endian bytes in the order of the rows (P)
**
** A layout is the kind of output, the delimiter, quote and escape character of COPY ('-' where there is none), for each column three characters (code, scale as '0' +
** scale, '!' for FORCE_QUOTE), and the NULL text:
**
**   D  DataRow messages in buffer 0, columns of code k as rows of the row codec in buffer 1 (sort keys)
**   T  CopyData messages with a line of COPY's text format each; C of csv; B of its binary format; k as in D
**   R  rows of the row codec (src/types/row-codec.ts) in buffer 0; without column codes
**   P  rows of the row codec in the buffer that the first column names, without that column; without column codes
**
** Codes: i integer, d integer scaled by a power of ten, t text or bytes as they are, b bool, u uuid, y date, s timestamp, z timestamptz in UTC (these three in ISO form);
** h w l big-endian integers of 2, 4, 8 bytes, o bool as a byte, g float8. storage/read/sink-layout.ts chooses them; what has none comes as bytes from JavaScript (t).
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdint.h>
#include <string.h>

/* In the library's file name: to be raised with whatever storage/read/row-sink.ts relies on. */
#define ROW_SINK_VERSION 2

#define PARTS_MAX 65536

typedef struct Buffer {
  unsigned char *bytes;
  sqlite3_int64 length, room;
} Buffer;

/* What a connection has gathered since shoal_sink_start. */
typedef struct Sink {
  Buffer *parts;
  Buffer order;
  int partCount;
  sqlite3_int64 rows, rowsMax, bytes, bytesMax;
} Sink;

typedef struct Column {
  char code, scale, forceQuote;
} Column;

typedef struct Layout {
  char kind;
  unsigned char delimiter, quote, escape;
  int fields; /* columns but for the keys behind them */
  int nullLength;
  const char *nullText;
  unsigned char mark[256];      /* what stands before a byte in an escaped or quoted field, or 0 */
  unsigned char letter[256];    /* what stands for it there */
  Column columns[];
} Layout;

/* ---- buffers ---- */

/* Room for so many more bytes; 0 when there is no memory. */
static int reserve(Buffer *buffer, sqlite3_int64 bytes) {
  sqlite3_int64 room = buffer->room;
  unsigned char *grown;
  if (buffer->length + bytes <= room) return 1;
  room = room * 2 > buffer->length + bytes ? room * 2 : buffer->length + bytes;
  if (room < 4096) room = 4096;
  grown = sqlite3_realloc64(buffer->bytes, (sqlite3_uint64)room);
  if (grown == 0) return 0;
  buffer->bytes = grown;
  buffer->room = room;
  return 1;
}

static void put(Buffer *buffer, const void *bytes, int length) {
  if (length > 0) memcpy(buffer->bytes + buffer->length, bytes, (size_t)length);
  buffer->length += length;
}

static void putBig(Buffer *buffer, uint64_t word, int bytes) {
  int i;
  for (i = bytes - 1; i >= 0; i--) {
    buffer->bytes[buffer->length + i] = (unsigned char)word;
    word >>= 8;
  }
  buffer->length += bytes;
}

static void setBig32(Buffer *buffer, sqlite3_int64 at, sqlite3_int64 word) {
  int i;
  for (i = 3; i >= 0; i--) {
    buffer->bytes[at + i] = (unsigned char)word;
    word >>= 8;
  }
}

static Buffer *part(Sink *sink, sqlite3_int64 index) {
  if (index < 0 || index >= PARTS_MAX) return 0;
  if (index >= sink->partCount) {
    int count = (int)index + 1;
    Buffer *parts = sqlite3_realloc64(sink->parts, sizeof(Buffer) * (sqlite3_uint64)count);
    if (parts == 0) return 0;
    memset(parts + sink->partCount, 0, sizeof(Buffer) * (size_t)(count - sink->partCount));
    sink->parts = parts;
    sink->partCount = count;
  }
  return &sink->parts[index];
}

/* ---- values as text; the caller has reserved 32 bytes ---- */

static uint64_t magnitude(sqlite3_int64 value) { return value < 0 ? 0 - (uint64_t)value : (uint64_t)value; }

/* At least `digits` digits. */
static void putDigits(Buffer *buffer, uint64_t value, int digits) {
  unsigned char text[20];
  int at = 20;
  do {
    text[--at] = (unsigned char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  while (20 - at < digits) text[--at] = '0';
  put(buffer, text + at, 20 - at);
}

static void putInteger(Buffer *buffer, sqlite3_int64 value) {
  if (value < 0) buffer->bytes[buffer->length++] = '-';
  putDigits(buffer, magnitude(value), 1);
}

static void putDecimal(Buffer *buffer, sqlite3_int64 value, int scale) {
  static const uint64_t powers[] = {1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL, 100000000ULL, 1000000000ULL, 10000000000ULL,
                                    100000000000ULL, 1000000000000ULL, 10000000000000ULL, 100000000000000ULL, 1000000000000000ULL, 10000000000000000ULL,
                                    100000000000000000ULL, 1000000000000000000ULL};
  uint64_t rest = magnitude(value);
  if (value < 0) buffer->bytes[buffer->length++] = '-';
  putDigits(buffer, rest / powers[scale], 1);
  if (scale == 0) return;
  buffer->bytes[buffer->length++] = '.';
  putDigits(buffer, rest % powers[scale], scale);
}

/* A day since 2000-01-01 as year-month-day, by the proleptic Gregorian calendar (eras of 400 years that begin in March). Answers whether the year is before Christ. */
static int putDay(Buffer *buffer, sqlite3_int64 day) {
  sqlite3_int64 shifted = day + 730425; /* since 0000-03-01 */
  sqlite3_int64 era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  sqlite3_int64 dayOfEra = shifted - era * 146097;
  sqlite3_int64 yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  sqlite3_int64 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  sqlite3_int64 monthFromMarch = (5 * dayOfYear + 2) / 153;
  sqlite3_int64 month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  sqlite3_int64 year = yearOfEra + era * 400 + (month <= 2);
  putDigits(buffer, (uint64_t)(year > 0 ? year : 1 - year), 4);
  buffer->bytes[buffer->length++] = '-';
  putDigits(buffer, (uint64_t)month, 2);
  buffer->bytes[buffer->length++] = '-';
  putDigits(buffer, (uint64_t)(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1), 2);
  return year <= 0;
}

static void putDate(Buffer *buffer, sqlite3_int64 day) {
  if (day == INT32_MAX) put(buffer, "infinity", 8);
  else if (day == INT32_MIN) put(buffer, "-infinity", 9);
  else if (putDay(buffer, day)) put(buffer, " BC", 3);
}

static void putTimestamp(Buffer *buffer, sqlite3_int64 micros, int isZoned) {
  const sqlite3_int64 perDay = 86400000000LL;
  sqlite3_int64 day = micros / perDay, rest = micros % perDay;
  int seconds, isBeforeChrist;
  if (micros == INT64_MAX || micros == INT64_MIN) {
    if (micros < 0) buffer->bytes[buffer->length++] = '-';
    put(buffer, "infinity", 8);
    return;
  }
  if (rest < 0) {
    rest += perDay;
    day--;
  }
  isBeforeChrist = putDay(buffer, day);
  seconds = (int)(rest / 1000000);
  rest %= 1000000;
  buffer->bytes[buffer->length++] = ' ';
  putDigits(buffer, (uint64_t)(seconds / 3600), 2);
  buffer->bytes[buffer->length++] = ':';
  putDigits(buffer, (uint64_t)(seconds / 60 % 60), 2);
  buffer->bytes[buffer->length++] = ':';
  putDigits(buffer, (uint64_t)(seconds % 60), 2);
  if (rest > 0) {
    buffer->bytes[buffer->length++] = '.';
    putDigits(buffer, (uint64_t)rest, 6);
    while (buffer->bytes[buffer->length - 1] == '0') buffer->length--;
  }
  if (isZoned) put(buffer, "+00", 3);
  if (isBeforeChrist) put(buffer, " BC", 3);
}

static void putUuid(Buffer *buffer, const unsigned char *bytes) {
  static const char hex[] = "0123456789abcdef";
  int i;
  for (i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) buffer->bytes[buffer->length++] = '-';
    buffer->bytes[buffer->length++] = (unsigned char)hex[bytes[i] >> 4];
    buffer->bytes[buffer->length++] = (unsigned char)hex[bytes[i] & 15];
  }
}

/* Whether a REAL is an integer that the codec and JavaScript write as one. */
static int isWhole(double value) {
  return value >= -9007199254740991.0 && value <= 9007199254740991.0 && value == (double)(sqlite3_int64)value && (value != 0 || 1 / value > 0);
}

/* Text and bytes as they are, numbers as text. */
static int putPlain(Buffer *buffer, sqlite3_value *value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      putInteger(buffer, sqlite3_value_int64(value));
      return SQLITE_OK;
    case SQLITE_FLOAT: {
      double number = sqlite3_value_double(value);
      char text[32];
      if (isWhole(number)) {
        putInteger(buffer, (sqlite3_int64)number);
        return SQLITE_OK;
      }
      sqlite3_snprintf(sizeof text, text, "%!.17g", number);
      put(buffer, text, (int)strlen(text));
      return SQLITE_OK;
    }
    default: {
      const void *bytes = sqlite3_value_blob(value);
      int length = sqlite3_value_bytes(value);
      if (!reserve(buffer, (sqlite3_int64)length)) return SQLITE_NOMEM;
      put(buffer, bytes, length);
      return SQLITE_OK;
    }
  }
}

/* The bytes of a value that is not null, without a length. */
static int putField(Buffer *buffer, const Column *column, sqlite3_value *value) {
  int type = sqlite3_value_type(value);
  if (!reserve(buffer, 64)) return SQLITE_NOMEM;
  switch (column->code) {
    case 'b': buffer->bytes[buffer->length++] = sqlite3_value_double(value) == 0 ? 'f' : 't'; return SQLITE_OK;
    case 'o': buffer->bytes[buffer->length++] = sqlite3_value_double(value) != 0; return SQLITE_OK;
    case 'h': putBig(buffer, (uint64_t)sqlite3_value_int64(value), 2); return SQLITE_OK;
    case 'w': putBig(buffer, (uint64_t)sqlite3_value_int64(value), 4); return SQLITE_OK;
    case 'l': putBig(buffer, (uint64_t)sqlite3_value_int64(value), 8); return SQLITE_OK;
    case 'g': {
      uint64_t word = 0x7ff8000000000000ULL; /* NaN is a text */
      double number = sqlite3_value_double(value);
      if (type != SQLITE_TEXT) memcpy(&word, &number, 8);
      putBig(buffer, word, 8);
      return SQLITE_OK;
    }
    case 'u':
      if (type == SQLITE_BLOB && sqlite3_value_bytes(value) == 16) {
        putUuid(buffer, sqlite3_value_blob(value));
        return SQLITE_OK;
      }
      break;
    case 'd':
    case 'y':
    case 's':
    case 'z': {
      sqlite3_int64 number;
      if (type != SQLITE_INTEGER && !(type == SQLITE_FLOAT && isWhole(sqlite3_value_double(value)))) break;
      number = sqlite3_value_int64(value);
      if (column->code == 'd') putDecimal(buffer, number, column->scale);
      else if (column->code == 'y') putDate(buffer, number);
      else putTimestamp(buffer, number, column->code == 'z');
      return SQLITE_OK;
    }
    default: break;
  }
  return putPlain(buffer, value);
}

/* ---- the row codec ---- */

static void putVarint(Buffer *buffer, uint32_t value) {
  while (value > 127) {
    buffer->bytes[buffer->length++] = (unsigned char)(value | 128);
    value >>= 7;
  }
  buffer->bytes[buffer->length++] = (unsigned char)value;
}

/* Little-endian. */
static void putWord(Buffer *buffer, uint64_t word, int bytes) {
  for (; bytes > 0; bytes--) {
    buffer->bytes[buffer->length++] = (unsigned char)word;
    word >>= 8;
  }
}

static void putTagged(Buffer *buffer, unsigned char tag, uint64_t word, int bytes) {
  buffer->bytes[buffer->length++] = tag;
  putWord(buffer, word, bytes);
}

static void codeInteger(Buffer *buffer, sqlite3_int64 value) {
  if (value >= -16 && value <= 143) buffer->bytes[buffer->length++] = (unsigned char)(value + 0x70);
  else if (value == (int8_t)value) putTagged(buffer, 1, (uint64_t)value, 1);
  else if (value == (int16_t)value) putTagged(buffer, 2, (uint64_t)value, 2);
  else if (value == (int32_t)value) putTagged(buffer, 3, (uint64_t)value, 4);
  else putTagged(buffer, 4, (uint64_t)value, 8);
}

static int isAscii(const unsigned char *bytes, int length) {
  unsigned char bits = 0;
  int i;
  for (i = 0; i < length; i++) bits |= bytes[i];
  return bits < 128;
}

static int codeValue(Buffer *buffer, sqlite3_value *value) {
  int type = sqlite3_value_type(value), length;
  const void *bytes;
  if (!reserve(buffer, 16)) return SQLITE_NOMEM;
  switch (type) {
    case SQLITE_NULL: buffer->bytes[buffer->length++] = 0; return SQLITE_OK;
    case SQLITE_INTEGER: codeInteger(buffer, sqlite3_value_int64(value)); return SQLITE_OK;
    case SQLITE_FLOAT: {
      double number = sqlite3_value_double(value);
      uint64_t word;
      memcpy(&word, &number, 8);
      if (isWhole(number)) codeInteger(buffer, (sqlite3_int64)number);
      else putTagged(buffer, 5, word, 8);
      return SQLITE_OK;
    }
    default: break;
  }
  bytes = type == SQLITE_BLOB ? sqlite3_value_blob(value) : (const void *)sqlite3_value_text(value);
  length = sqlite3_value_bytes(value);
  if (!reserve(buffer, (sqlite3_int64)length + 8)) return SQLITE_NOMEM;
  if (type == SQLITE_TEXT && length <= 63 && isAscii(bytes, length)) {
    buffer->bytes[buffer->length++] = (unsigned char)(0x20 + length);
  } else {
    buffer->bytes[buffer->length++] = type == SQLITE_BLOB ? 7 : 6;
    putVarint(buffer, (uint32_t)length);
  }
  put(buffer, bytes, length);
  return SQLITE_OK;
}

static int codeRow(Buffer *buffer, int count, sqlite3_value **values) {
  int i, result = SQLITE_OK;
  if (!reserve(buffer, 8)) return SQLITE_NOMEM;
  putVarint(buffer, (uint32_t)count);
  for (i = 0; i < count && result == SQLITE_OK; i++) result = codeValue(buffer, values[i]);
  return result;
}

/* ---- messages ---- */

/* Whether a field may hold a byte that must be escaped (T; control characters are taken for one) or that makes csv quote it. Plain comparisons, for the compiler to work on many bytes at once. */
static int hasSpecial(const Buffer *buffer, sqlite3_int64 from, const Layout *layout) {
  const unsigned char *bytes = buffer->bytes + from;
  sqlite3_int64 length = buffer->length - from, at;
  unsigned char delimiter = layout->delimiter, quote = layout->quote, found = 0;
  if (layout->kind == 'T')
    for (at = 0; at < length; at++) found |= (bytes[at] < ' ') | (bytes[at] == '\\') | (bytes[at] == delimiter);
  else
    for (at = 0; at < length; at++) found |= (bytes[at] == '\n') | (bytes[at] == '\r') | (bytes[at] == quote) | (bytes[at] == delimiter);
  return found;
}

/* The field from `from` on with its marks, and in quotes if there are any. */
static int escapeField(Buffer *buffer, sqlite3_int64 from, const Layout *layout, int isQuoted) {
  sqlite3_int64 read = buffer->length, write, at;
  int marks = isQuoted ? 2 : 0;
  for (at = from; at < buffer->length; at++) marks += layout->mark[buffer->bytes[at]] != 0;
  if (!reserve(buffer, marks)) return SQLITE_NOMEM;
  buffer->length = write = buffer->length + marks;
  if (isQuoted) buffer->bytes[--write] = layout->quote;
  while (read > from) {
    unsigned char byte = buffer->bytes[--read];
    buffer->bytes[--write] = layout->letter[byte];
    if (layout->mark[byte] != 0) buffer->bytes[--write] = layout->mark[byte];
  }
  if (isQuoted) buffer->bytes[--write] = layout->quote;
  return SQLITE_OK;
}

/* Whether csv must quote a field for more than its bytes: because it was asked to, or because it would be taken for NULL or for the end. */
static int looksLikeAnother(const Buffer *buffer, sqlite3_int64 from, const Layout *layout, int field) {
  const unsigned char *bytes = buffer->bytes + from;
  sqlite3_int64 length = buffer->length - from;
  if (layout->columns[field].forceQuote == '!') return 1;
  if (length == layout->nullLength && memcmp(bytes, layout->nullText, (size_t)length) == 0) return 1;
  return layout->fields == 1 && length == 2 && bytes[0] == '\\' && bytes[1] == '.';
}

static int putLine(Buffer *buffer, const Layout *layout, sqlite3_value **values) {
  int i, result = SQLITE_OK;
  for (i = 0; i < layout->fields && result == SQLITE_OK; i++) {
    sqlite3_int64 from;
    if (!reserve(buffer, (sqlite3_int64)layout->nullLength + 2)) return SQLITE_NOMEM;
    if (i > 0) buffer->bytes[buffer->length++] = layout->delimiter;
    if (sqlite3_value_type(values[i]) == SQLITE_NULL) {
      put(buffer, layout->nullText, layout->nullLength);
      continue;
    }
    from = buffer->length;
    result = putField(buffer, &layout->columns[i], values[i]);
    if (result != SQLITE_OK) return result;
    if (layout->kind == 'C' ? looksLikeAnother(buffer, from, layout, i) || hasSpecial(buffer, from, layout) : hasSpecial(buffer, from, layout))
      result = escapeField(buffer, from, layout, layout->kind == 'C');
  }
  if (!reserve(buffer, 1)) return SQLITE_NOMEM;
  buffer->bytes[buffer->length++] = '\n';
  return result;
}

static int putFields(Buffer *buffer, const Layout *layout, sqlite3_value **values) {
  int i, result = SQLITE_OK;
  if (!reserve(buffer, 2)) return SQLITE_NOMEM;
  putBig(buffer, (uint64_t)layout->fields, 2);
  for (i = 0; i < layout->fields && result == SQLITE_OK; i++) {
    sqlite3_int64 from;
    if (!reserve(buffer, 4)) return SQLITE_NOMEM;
    putBig(buffer, 0xffffffff, 4);
    if (sqlite3_value_type(values[i]) == SQLITE_NULL) continue;
    from = buffer->length;
    result = putField(buffer, &layout->columns[i], values[i]);
    if (result == SQLITE_OK) setBig32(buffer, from - 4, buffer->length - from);
  }
  return result;
}

static int putMessage(Buffer *buffer, const Layout *layout, sqlite3_value **values) {
  sqlite3_int64 start = buffer->length;
  int result;
  if (!reserve(buffer, 5)) return SQLITE_NOMEM;
  buffer->bytes[start] = layout->kind == 'D' ? 'D' : 'd';
  buffer->length += 5;
  result = layout->kind == 'D' || layout->kind == 'B' ? putFields(buffer, layout, values) : putLine(buffer, layout, values);
  if (buffer->length - start > 0x7fffffff) return SQLITE_TOOBIG;
  setBig32(buffer, start + 1, buffer->length - start - 1);
  return result;
}

/* ---- layouts ---- */

static void markText(Layout *layout) {
  static const char bytes[] = "\b\f\n\r\t\v\\", letters[] = "bfnrtv\\";
  int i;
  for (i = 0; bytes[i] != 0; i++) {
    layout->mark[(unsigned char)bytes[i]] = '\\';
    layout->letter[(unsigned char)bytes[i]] = (unsigned char)letters[i];
  }
  layout->mark[layout->delimiter] = '\\';
}

static void markCsv(Layout *layout) {
  layout->mark[layout->quote] = layout->mark[layout->escape] = layout->escape;
}

/* The layout of a call with so many columns, or 0 with the error in the context. */
static Layout *makeLayout(sqlite3_context *context, sqlite3_value *text, int columns) {
  const char *from = (const char *)sqlite3_value_text(text);
  int length = sqlite3_value_bytes(text), i;
  int described;
  Layout *layout;
  if (from == 0 || length < 4) {
    sqlite3_result_error(context, "shoal_sink: no layout", -1);
    return 0;
  }
  described = from[0] == 'R' || from[0] == 'P' ? 0 : columns;
  if (strchr("DTCBRP", from[0]) == 0 || length < 4 + 3 * described) {
    sqlite3_result_error(context, "shoal_sink: the layout has fewer columns than the row", -1);
    return 0;
  }
  layout = sqlite3_malloc64(sizeof(Layout) + sizeof(Column) * (sqlite3_uint64)described + (sqlite3_uint64)length);
  if (layout == 0) {
    sqlite3_result_error_nomem(context);
    return 0;
  }
  memset(layout, 0, sizeof(Layout));
  layout->kind = from[0];
  layout->delimiter = (unsigned char)from[1];
  layout->quote = (unsigned char)from[2];
  layout->escape = (unsigned char)from[3];
  for (i = 0; i < 256; i++) layout->letter[i] = (unsigned char)i;
  if (layout->kind == 'T') markText(layout);
  if (layout->kind == 'C') markCsv(layout);
  for (i = 0; i < described; i++) {
    const char *column = from + 4 + 3 * i;
    layout->columns[i].code = column[0];
    layout->columns[i].scale = (char)(column[1] < '0' || column[1] > '0' + 18 ? 0 : column[1] - '0');
    layout->columns[i].forceQuote = column[2];
    if (column[0] != 'k') layout->fields = i + 1;
  }
  layout->nullLength = length - 4 - 3 * described;
  memcpy((char *)(layout->columns + described), from + 4 + 3 * described, (size_t)layout->nullLength);
  layout->nullText = (const char *)(layout->columns + described);
  return layout;
}

/* ---- functions ---- */

static int addRow(Sink *sink, const Layout *layout, int count, sqlite3_value **values) {
  int at = layout->kind == 'P' ? 1 : 0, result;
  sqlite3_int64 index = at == 1 && count > 0 ? sqlite3_value_int64(values[0]) : 0;
  Buffer *buffer = part(sink, index);
  sqlite3_int64 start;
  if (buffer == 0) return index < 0 || index >= PARTS_MAX ? SQLITE_RANGE : SQLITE_NOMEM;
  start = buffer->length;
  result = layout->kind == 'R' || layout->kind == 'P' ? codeRow(buffer, count - at, values + at) : putMessage(buffer, layout, values);
  if (result == SQLITE_OK && layout->kind != 'R' && layout->kind != 'P' && layout->fields < count) {
    Buffer *keys = part(sink, 1);
    result = keys == 0 ? SQLITE_NOMEM : codeRow(keys, count - layout->fields, values + layout->fields);
    buffer = part(sink, index); /* (part may have moved it) */
  }
  if (result == SQLITE_OK && layout->kind == 'P') {
    if (reserve(&sink->order, 4)) putWord(&sink->order, (uint64_t)index, 4);
    else result = SQLITE_NOMEM;
  }
  if (result != SQLITE_OK) buffer->length = start;
  sink->bytes += buffer->length - start;
  return result;
}

static void sinkRow(sqlite3_context *context, int count, sqlite3_value **values) {
  Sink *sink = sqlite3_user_data(context);
  Layout *layout = sqlite3_get_auxdata(context, 0);
  int result;
  if (layout == 0) {
    layout = makeLayout(context, values[0], count - 1);
    if (layout == 0) return;
    sqlite3_set_auxdata(context, 0, layout, sqlite3_free);
    layout = sqlite3_get_auxdata(context, 0);
    if (layout == 0) {
      sqlite3_result_error_nomem(context);
      return;
    }
  }
  result = addRow(sink, layout, count - 1, values + 1);
  if (result != SQLITE_OK) {
    sqlite3_result_error_code(context, result);
    return;
  }
  sink->rows++;
  sqlite3_result_int(context, sink->bytes >= sink->bytesMax || (sink->rowsMax > 0 && sink->rows >= sink->rowsMax));
}

static void sinkStart(sqlite3_context *context, int count, sqlite3_value **values) {
  Sink *sink = sqlite3_user_data(context);
  int i;
  (void)count;
  for (i = 0; i < sink->partCount; i++) sink->parts[i].length = 0;
  sink->order.length = 0;
  sink->rows = sink->bytes = 0;
  sink->rowsMax = sqlite3_value_int64(values[0]);
  sink->bytesMax = sqlite3_value_int64(values[1]);
}

static void sinkRows(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count; (void)values;
  sqlite3_result_int64(context, ((Sink *)sqlite3_user_data(context))->rows);
}

static void sinkTake(sqlite3_context *context, int count, sqlite3_value **values) {
  Sink *sink = sqlite3_user_data(context);
  sqlite3_int64 index = sqlite3_value_int64(values[0]);
  Buffer *buffer = index == -1 ? &sink->order : index < 0 || index >= sink->partCount ? 0 : &sink->parts[index];
  (void)count;
  if (buffer == 0 || buffer->length == 0) return;
  sqlite3_result_blob64(context, buffer->bytes, (sqlite3_uint64)buffer->length, sqlite3_free);
  memset(buffer, 0, sizeof(Buffer));
}

static void freeSink(void *data) {
  Sink *sink = data;
  int i;
  for (i = 0; i < sink->partCount; i++) sqlite3_free(sink->parts[i].bytes);
  sqlite3_free(sink->parts);
  sqlite3_free(sink->order.bytes);
  sqlite3_free(sink);
}

#ifdef _WIN32
__declspec(dllexport)
#endif
int sqlite3_rowsink_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  static const struct {
    const char *name;
    int arguments;
    void (*function)(sqlite3_context *, int, sqlite3_value **);
  } functions[] = {{"shoal_sink_start", 2, sinkStart}, {"shoal_sink_rows", 0, sinkRows}, {"shoal_sink_take", 1, sinkTake}};
  Sink *sink;
  int result, i;
  SQLITE_EXTENSION_INIT2(api);
  (void)error;
  sink = sqlite3_malloc(sizeof(Sink));
  if (sink == 0) return SQLITE_NOMEM;
  memset(sink, 0, sizeof(Sink));
  /* The sink belongs to the function that fills it. */
  result = sqlite3_create_function_v2(db, "shoal_sink", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, sink, sinkRow, 0, 0, freeSink);
  for (i = 0; i < 3 && result == SQLITE_OK; i++)
    result = sqlite3_create_function_v2(db, functions[i].name, functions[i].arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY, sink, functions[i].function, 0, 0, 0);
  return result;
}
