/* SPDX-License-Identifier: Apache-2.0 */
/* A message as one line of JSON, in a buffer of fixed size.
 *
 *     {"time":"2026-11-22T10:11:12.345Z","topic":…,"sender":…,"data":…}
 *
 * Raw bytes are "raw" (base64) instead of "data", with "type" if they have one.
 * Data for which there is no room is left out, and "omitted" says how many
 * bytes it had. What could harm a terminal is escaped. */
#ifndef MSOCK_PLUGINS_JOURNAL_LINE_H
#define MSOCK_PLUGINS_JOURNAL_LINE_H

#include <multisock/plugin.h>

#include <time.h>

enum {
    /* Room for all but the data: three texts whose bytes may become six each */
    MSOCK__LINE_HEAD_MAX =
        6 * (MSOCK_TOPIC_MAX + MSOCK_NAME_MAX + MSOCK_TYPE_MAX) + 256,
    MSOCK__LINE_TIME_SIZE = 25 /* with a NUL; its first ten are the day */
};

/** Writes a time (UTC, milliseconds). */
void msock__line_time(const struct timespec *time,
                      char text[static MSOCK__LINE_TIME_SIZE]);

/** Writes the line with its newline; `capacity` is at least
 *  MSOCK__LINE_HEAD_MAX, and what it is larger is room for data.
 *  Returns the line's bytes. */
size_t msock__line_write(const msock_services *services, const char *time,
                         const msock_message *message, char *out,
                         size_t capacity);

#endif
