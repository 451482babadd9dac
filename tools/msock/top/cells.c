/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a terminal. */
#include "tools/msock/top/cells.h"

#include <multisock/text.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { MARKS_MAX = 2 };

/** One thing that is shown: a character, or the escape in its place. */
struct unit {
    char text[16];
    size_t size;
    int columns;
};

/** Where in a safe text. */
struct reader {
    const char *at;
    const char *end;
    int marks; /* that may follow the last letter */
    bool ascii;
};

/* -- Characters -- */

/* Decodes a character of valid UTF-8.  Returns its size. */
static size_t decode(const char *text, uint32_t *point)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = bytes[0] < 0x80   ? 1
                  : bytes[0] < 0xE0 ? 2
                  : bytes[0] < 0xF0 ? 3
                                    : 4;

    *point = size == 1 ? bytes[0] : bytes[0] & (0xFFU >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        *point = *point << 6 | (bytes[i] & 0x3FU);
    }
    return size;
}

/* Whether terminals disagree on what becomes of the character before it. */
static bool is_modifier(uint32_t point)
{
    return (point >= 0xFE00 && point <= 0xFE0F) ||
           (point >= 0x1F3FB && point <= 0x1F3FF) ||
           (point >= 0xE0100 && point <= 0xE01EF);
}

/* Returns the columns of a character, -1: it is to be escaped. */
static int width_of(uint32_t point, bool ascii)
{
    if (point < 0x7F) {
        return 1;
    }
    return ascii || is_modifier(point) ? -1 : wcwidth((wchar_t)point);
}

/* Reads the next thing to show.  Returns whether there is one. */
static bool next(struct reader *reader, struct unit *unit)
{
    uint32_t point;

    if (reader->at == reader->end) {
        return false;
    }
    size_t size = decode(reader->at, &point);
    int columns = width_of(point, reader->ascii);
    if (columns < 0 || (columns == 0 && reader->marks == 0)) {
        columns = snprintf(unit->text, sizeof(unit->text), "\\u{%04lx}",
                           (unsigned long)point);
        unit->size = (size_t)columns;
        reader->marks = 0;
    } else {
        memcpy(unit->text, reader->at, size);
        unit->size = size;
        reader->marks = columns > 0 ? MARKS_MAX : reader->marks - 1;
    }
    unit->columns = columns;
    reader->at += size;
    return true;
}

static int measure(struct reader reader)
{
    struct unit unit;
    int columns = 0;

    while (next(&reader, &unit)) {
        columns += unit.columns;
    }
    return columns;
}

/* -- Lines -- */

void cells_begin(struct cells *line, int width, bool ascii)
{
    line->size = 0;
    line->text[0] = '\0';
    line->columns = 0;
    line->width = width < CELLS_MAX ? width : CELLS_MAX;
    line->ascii = ascii;
    line->marked = false;
}

static void append(struct cells *line, const char *text, size_t size,
                   int columns)
{
    memcpy(line->text + line->size, text, size);
    line->size += size;
    line->text[line->size] = '\0';
    line->columns += columns;
}

static void pad(struct cells *line, int end)
{
    while (line->columns < end) {
        append(line, " ", 1, 1);
    }
}

/* Returns the column behind `columns` more. */
static int end_of(const struct cells *line, int columns)
{
    int left = line->width - line->columns;

    return line->columns + (columns < left ? columns : left);
}

/* Fills up to the column `end`, and pads only if `padded`. */
static void fill(struct cells *line, const char *text, size_t size, int end,
                 bool padded)
{
    char safe[4 * CELLS_TEXT + 1];
    size = size < CELLS_TEXT ? size : CELLS_TEXT;
    size = msock_text_escape(text, size, safe, sizeof(safe));
    struct reader reader = {
        .at = safe, .end = safe + size, .ascii = line->ascii};
    bool cut = measure(reader) > end - line->columns;
    struct unit unit;

    while (end > line->columns && next(&reader, &unit) &&
           line->columns + unit.columns <= end - (cut ? 1 : 0)) {
        append(line, unit.text, unit.size, unit.columns);
    }
    if (cut && end > line->columns) {
        append(line, ">", 1, 1);
    }
    if (padded) {
        pad(line, end);
    }
}

void cells_put(struct cells *line, const char *text, size_t size, int columns)
{
    fill(line, text, size, end_of(line, columns), true);
}

void cells_right(struct cells *line, const char *text, int columns)
{
    int end = end_of(line, columns);
    int size = (int)strlen(text);

    pad(line, end - (size < columns ? size : columns));
    fill(line, text, (size_t)size, end, true);
}

void cells_add(struct cells *line, const char *text)
{
    fill(line, text, strlen(text), line->width, false);
}

void cells_item(struct cells *line, const char *text)
{
    int columns = (int)strlen(text);

    if (line->marked || line->columns + columns + 2 > line->width) {
        cells_mark(line);
    } else {
        append(line, text, strlen(text), columns);
    }
}

void cells_mark(struct cells *line)
{
    if (line->columns < line->width) {
        pad(line, line->width - 1);
        append(line, ">", 1, 1);
    }
    line->marked = true;
}

void cells_end(struct cells *line)
{
    pad(line, line->width);
}
