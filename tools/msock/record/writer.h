/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that writes a recording, so that a slow disk does not hold up who
 * listens.
 *
 * Messages wait in one buffer of at most `memory` bytes while the one before is
 * written; what there is no room for, and what the disk did not take, is
 * counted as missed, and told when that begins and when it ends.
 *
 * All files stay within about `quota` bytes: a new one begins at a quarter of
 * it at the latest. A dump is written before older ones make room for it.
 *
 * Thread: the loop's; what runs in the other one is inside. */
#ifndef MSOCK_TOOLS_RECORD_WRITER_H
#define MSOCK_TOOLS_RECORD_WRITER_H

#include "tools/msock/record/sink.h"

struct writer_options {
    const char *file;
    const struct sink_kind *kind;
    uint64_t rotate_bytes; /* a new file after so many; 0: never */
    uint64_t rotate_us;    /* a new file after so long; 0: never */
    uint64_t quota;        /* bytes of all files; 0: no end */
    uint64_t sync_us;      /* at the latest after so long; 0: at the end */
    size_t memory;         /* bytes that wait, and as many that are written */
    bool stamped;          /* files are named after when they begin */
    bool lazy;             /* none is opened before there is something */
    void (*on_gone)(void *user); /* called by the thread, once, when the reader
                                    of a pipe has gone: no more is written */
    void *user;
};

struct writer_totals {
    uint64_t messages; /* that were written */
    uint64_t bytes;    /* that they took */
    uint64_t missed;   /* that were not */
    uint64_t files;
    uint64_t deleted;
    bool unsynced; /* the disk refused to hold some of it, which was told */
    bool gone;     /* the reader of a pipe has */
};

struct writer;

/** Opens the file, or looks whether it could be, and starts the thread. *writer
 *  is given on success.  Returns CLI_OK, or CLI_FAILURE after having told why.
 */
int writer_open(struct writer **writer, const struct writer_options *options);

/** Gives it a message to write; copied. */
void writer_add(struct writer *writer, const struct record *record);

/** Gives it a buffer of messages that goes to a file of its own, and takes its
 *  memory; false if the one before is not written yet. */
bool writer_dump(struct writer *writer, struct cli_buffer *buffer);

/** Has it open its file again, which another program has moved away. */
void writer_reopen(struct writer *writer);

/** What happened so far. */
void writer_look(struct writer *writer, struct writer_totals *totals);

/** Writes what waits, has the disk hold it, and ends.  Returns CLI_OK, also if
 *  the reader has gone, or CLI_FAILURE if something is missed or not held by
 * the disk; NULL is ignored. */
int writer_close(struct writer *writer, struct writer_totals *totals);

#endif
