/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a journal: NAME_2026-11-22_000000.jsonl in one directory, each
 * the continuation of the one before in the order of their names.
 *
 * A new file begins with the day, and when the next line would make the present
 * one larger than its bound; of all files only the newest are kept. A file
 * holds whole lines only: what could not be written wholly is taken back, and a
 * line that a power cut left torn is ended before the next. While a file is
 * open, no other process opens it as a journal.
 *
 * A clock that is set back begins no file: names would not be in order. */
#ifndef MSOCK_PLUGINS_JOURNAL_FILES_H
#define MSOCK_PLUGINS_JOURNAL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__JOURNAL_NAME_MAX = 63, /* bytes */
    MSOCK__JOURNAL_DAY_SIZE = 11  /* "2026-11-22" and a NUL */
};

struct msock__files {
    int directory;
    int file; /* -1: none is open */
    unsigned number;
    unsigned keep;     /* files, at least 1 */
    bool sync;         /* the disk has a file before the next one begins */
    bool crowded;      /* old files could not be removed */
    uint64_t size;     /* of the open file */
    uint64_t size_max; /* of a file that has more than one line */
    char name[MSOCK__JOURNAL_NAME_MAX + 1];
    char day[MSOCK__JOURNAL_DAY_SIZE]; /* of the open file */
    /* Is told, with errno, what failed but keeps no line from being written;
     * may be NULL. */
    void (*complain)(void *user, const char *what);
    void *user;
};

/** Opens the directory; a name has 1..MSOCK__JOURNAL_NAME_MAX letters, digits,
 *  '_' and '-'. keep, size_max, sync and complain are to be
 *  set after it.
 *  Returns 0, or -1 with errno (EINVAL: the name). */
int msock__files_open(struct msock__files *files, const char *directory,
                      const char *name);

/** Looks whether files can be made in the directory; none is.
 *  Returns 0, or -1 with errno. */
int msock__files_writable(const struct msock__files *files);

/** Opens the file that takes the lines of `day`: the newest, or a new one if
 *  that is of an earlier day or was removed.
 *  Returns 0, or -1 with errno (EBUSY: another process has it open). */
int msock__files_begin(struct msock__files *files, const char *day);

/** Appends a line, which ends with a newline, to the file that takes those of
 *  `day`, beginning a new file where one is due.
 *  Returns 0, or -1 with errno: then nothing of the line is in a file. */
int msock__files_write(struct msock__files *files, const char *day,
                       const char *line, size_t size);

/** Waits until the disk has what was written.  Returns 0, or -1 with errno. */
int msock__files_sync(const struct msock__files *files);

void msock__files_close(struct msock__files *files);

#endif
