/* SPDX-License-Identifier: Apache-2.0 */
/* A program that runs beside us: started, asked how it does, ended.
 *
 * No call waits. Its standard input is a file in memory that holds all of its
 * input, so nobody has to feed it; its standard output is collected up to a
 * bound; its standard error is ours. It leads a process group of its own, which
 * is killed as a whole; of a program that left its group, the program alone. */
#ifndef MSOCK_PLUGINS_EXEC_CHILD_H
#define MSOCK_PLUGINS_EXEC_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum msock__child_end {
    MSOCK__CHILD_RUNS,
    MSOCK__CHILD_DONE,    /* it ended by itself */
    MSOCK__CHILD_LOST,    /* it ended, and nobody knows how */
    MSOCK__CHILD_TOO_MUCH /* it wrote more than there is room: kill it */
};

struct msock__child {
    pid_t pid;  /* 0: it has ended */
    int output; /* end of the pipe to read */
    char *bytes;
    size_t size;
    size_t capacity; /* of bytes; one more is kept for a NUL */
    int status;      /* as waitpid(2) gives it, once it is done */
    bool lost;       /* it ended, but somebody else took its status */
};

/** Starts the program at an absolute path with `size` bytes as its input and
 *  room for `capacity` bytes of output.
 *  Returns 0, or -1 with errno. */
int msock__child_start(struct msock__child *child, char *const *argv,
                       char *const *environment, const void *input, size_t size,
                       size_t capacity);

/** Collects output and looks whether it has ended. */
enum msock__child_end msock__child_poll(struct msock__child *child);

/** Kills it and its process group, if it still runs.  Does not wait until it is
 *  gone: ask for that before the close. */
void msock__child_kill(struct msock__child *child);

/** Whether it has ended; then nothing is left of it in the system. */
bool msock__child_gone(struct msock__child *child);

/** Gives back what we hold for it. */
void msock__child_close(struct msock__child *child);

#endif
