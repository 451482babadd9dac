/* SPDX-License-Identifier: Apache-2.0 */
/* Where a recording goes: a file of JSON lines or of SQLite.
 *
 * JSON lines: a batch is written in pieces of about 1 MiB, whole lines at the
 * end of the file; of a line that a full disk took in part, that part is cut
 * off again, so that the file ends with a whole one. A program that is killed
 * leaves at most its last line torn. One program at a time writes a file. A
 * pipe whose reader takes nothing is waited for until the user wants an end
 * (until.h). SQLite: a batch is a transaction of a file in WAL mode.
 *
 * What is recorded may have been sealed: others than owner and group of a file
 * that is made cannot read it.
 *
 * Thread: any, one at a time. */
#ifndef MSOCK_TOOLS_RECORD_SINK_H
#define MSOCK_TOOLS_RECORD_SINK_H

#include "tools/msock/record/record.h"

#include <stdint.h>

struct sink;

enum { SINK_WHY = 128 };

struct sink_kind {
    /** Opens the file, made if it is not there.  Returns NULL after having
     *  written why it could not. */
    struct sink *(*open)(const char *path, char why[static SINK_WHY]);

    /** Writes a batch of `count` records (record_put()): *written says how many
     *  from its beginning; if not all, `why` is written: "" if the reader of a
     *  pipe has gone.  Returns the bytes that they took on the disk. */
    uint64_t (*write)(struct sink *sink, const struct cli_buffer *batch,
                      uint64_t count, uint64_t *written,
                      char why[static SINK_WHY]);

    /** Has the disk hold what was written.  Returns whether it does; if not,
     *  `why` is written. */
    bool (*sync)(struct sink *sink, char why[static SINK_WHY]);

    /** Closes and frees it; NULL is ignored. */
    void (*close)(struct sink *sink);
};

/** Whether a file begins as SQLite's do. */
bool sink_is_db(int fd);

extern const struct sink_kind sink_lines;
#ifdef MSOCK_TOOLS_SQLITE
extern const struct sink_kind sink_db;
#endif

#endif
