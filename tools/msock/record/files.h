/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a recording: one, or one after the other when it rotates.
 *
 * Those that rotate are called after FILE and the moment they begin,
 * home.jsonl as home-20261123T222513.123456Z.jsonl: their names order them, and
 * only such names are counted and deleted for a quota.
 *
 * Thread: any, one at a time. */
#ifndef MSOCK_TOOLS_RECORD_FILES_H
#define MSOCK_TOOLS_RECORD_FILES_H

#include "tools/msock/cli.h"

#include <stdint.h>

enum {
    FILES_PATH_SIZE = 4096,
    FILES_STAMP_MAX = 32 /* that a moment takes in a name, at most */
};

/** Looks whether files can be made where `file` would be.  Returns CLI_OK, or
 *  CLI_FAILURE after having told why not. */
int files_check(const char *file);

/** Writes what a file is called that begins at this moment, or a little after
 *  the newest that is there: a clock that was set back shall not make a new
 *  file the oldest one. `file` is FILES_STAMP_MAX shorter than the path may
 *  be. */
void files_name(const char *file, uint64_t at_us,
                char path[static FILES_PATH_SIZE]);

/** Deletes the oldest files of such names, with what SQLite left beside them,
 *  but not `path`, until all of them have at most `quota` bytes.  Returns how
 *  many, or -1 after having told why one could not be. */
int files_prune(const char *file, const char *path, uint64_t quota);

#endif
