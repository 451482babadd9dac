/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that writes to a store, so that the loop never waits for the disk.
 *
 * It is given one batch of jobs at a time, a transaction, and gives it back
 * with a result for each. Invariant: a job's result is 0 only if the disk has
 * what it says. Between start and stop the store is the thread's alone; all
 * calls here belong to one other thread. */
#ifndef MSOCK_PLUGINS_KEEPER_WRITER_H
#define MSOCK_PLUGINS_KEEPER_WRITER_H

#include "plugins/keeper/store.h"

/** A state to store; made by msock__job_new(), freed by msock__jobs_free(). */
struct msock__job {
    struct msock__job *next;
    int result;     /* 0; MSOCK_ELIMIT: no room in the store; MSOCK_ESYSTEM,
                       MSOCK_ENOMEM: it is not on the disk */
    bool asked;     /* the giver's own: somebody wants to know, ... */
    uint64_t token; /* ... known by this */
    struct msock__kept state; /* its texts and session are in `text` */
    char text[];
};

struct msock__jobs {
    struct msock__job *first, *last;
    size_t bytes;
};

/** Copies a state into a job.  Returns NULL if there is no memory.
 */
struct msock__job *msock__job_new(const struct msock__kept *state);

/** Appends a job, which may be NULL: then nothing happens. */
void msock__jobs_add(struct msock__jobs *jobs, struct msock__job *job);
void msock__jobs_free(struct msock__jobs *jobs);

/** Does them all in one transaction, waits for the disk, and sets the results;
 *  why some failed is written to `reason`, which stays if none did. */
void msock__jobs_run(const struct msock__jobs *jobs, struct msock__store *store,
                     char reason[static MSOCK__STORE_REASON_SIZE]);

struct msock__writer;

/** Starts the thread, which owns the store from now on.
 *  Returns 0, MSOCK_ENOMEM, MSOCK_ESYSTEM: then the store is still the
 *  caller's. */
int msock__writer_start(struct msock__writer **writer,
                        struct msock__store *store);

/** Gives it a batch, which is empty then; only when it has none, not even a
 *  finished one that was not taken. */
void msock__writer_give(struct msock__writer *writer, struct msock__jobs *jobs);

/** Takes the batch that it has finished, with results, and why the last
 *  one failed that did.  Returns whether there was one. */
bool msock__writer_take(struct msock__writer *writer, struct msock__jobs *jobs,
                        char reason[static MSOCK__STORE_REASON_SIZE]);

/** Waits until it has finished what it has, and ends the thread; then the
 *  batch can be taken, and the store, which is returned, is the caller's. */
struct msock__store *msock__writer_stop(struct msock__writer *writer);

/** Frees one that was stopped, with a batch that was not taken. */
void msock__writer_free(struct msock__writer *writer);

#endif
