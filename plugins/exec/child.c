/* SPDX-License-Identifier: Apache-2.0 */
/* A program that runs beside us. */
#define _GNU_SOURCE /* memfd_create, pipe2, addclosefrom_np */
#include "plugins/exec/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Without it, a host must mark its descriptors close-on-exec itself. */
#if defined(__GLIBC__)
#define MSOCK__CLOSEFROM __GLIBC_PREREQ(2, 34)
#else
#define MSOCK__CLOSEFROM 0
#endif

/* Returns a descriptor from which all of the input can be read, or -1. */
static int input_open(const char *bytes, size_t size)
{
    int file = memfd_create("input", MFD_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written <= 0) {
            close(file);
            return -1;
        }
        bytes += written;
        size -= (size_t)written;
    }
    if (lseek(file, 0, SEEK_SET) < 0) {
        close(file);
        return -1;
    }
    return file;
}

/* A process group of its own, and signals as a program expects them.
 * Returns 0, or an error number. */
static int attributes_init(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int error = posix_spawnattr_init(attributes);
    if (error != 0) {
        return error;
    }
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
    return 0;
}

/* Standard input and output; its standard error is ours, and nothing else of
 * the host's is, whether the host marked it close-on-exec or not.
 * Returns 0, or an error number. */
static int add_descriptors(posix_spawn_file_actions_t *actions, int input,
                           int output)
{
    int error = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
    if (error == 0) {
        error =
            posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    }
#if MSOCK__CLOSEFROM
    if (error == 0) {
        error = posix_spawn_file_actions_addclosefrom_np(actions,
                                                         STDERR_FILENO + 1);
    }
#endif
    return error;
}

/* Returns 0, or an error number. */
static int spawn(pid_t *pid, char *const *argv, char *const *environment,
                 int input, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = attributes_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    error = add_descriptors(&actions, input, output);
    if (error == 0) {
        error =
            posix_spawn(pid, argv[0], &actions, &attributes, argv, environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Only our end of the pipe does not block. */
static int pipe_open(int ends[static 2])
{
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return -1;
    }
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    return 0;
}

int msock__child_start(struct msock__child *child, char *const *argv,
                       char *const *environment, const void *input, size_t size,
                       size_t capacity)
{
    assert(argv[0][0] == '/');
    int ends[2];
    struct msock__child made = {.capacity = capacity,
                                .bytes = malloc(capacity + 1)};
    int file = made.bytes != NULL ? input_open(input, size) : -1;
    int error = errno;
    if (file >= 0 && pipe_open(ends) == 0) {
        error = spawn(&made.pid, argv, environment, file, ends[1]);
        close(ends[1]);
        made.output = ends[0];
        if (error == 0) {
            close(file);
            *child = made;
            return 0;
        }
        close(ends[0]);
    }
    if (file >= 0) {
        close(file);
    }
    free(made.bytes);
    errno = error;
    return -1;
}

/* Takes what there is to read.  Returns whether there was room. */
static bool collect(struct msock__child *child)
{
    for (;;) {
        char *end = child->bytes + child->size;
        /* One byte more than fits shows that there is more. */
        ssize_t size =
            read(child->output, end, child->capacity + 1 - child->size);
        if (size <= 0) {
            return true;
        }
        child->size += (size_t)size;
        if (child->size > child->capacity) {
            return false;
        }
    }
}

/* Whether it has ended; then it is reaped, and what it left running in its
 * group is killed first, while its number is surely still its own. */
static bool reap(struct msock__child *child)
{
    siginfo_t info = {0};
    int result =
        waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (result == 0 && info.si_pid == 0) {
        return false;
    }
    if (result == 0) {
        kill(-child->pid, SIGKILL);
        result = waitpid(child->pid, &child->status, 0) < 0 ? -1 : 0;
    }
    /* Who ignores SIGCHLD, or waits for any child, takes the status away. */
    child->lost = result < 0;
    child->pid = 0;
    return true;
}

enum msock__child_end msock__child_poll(struct msock__child *child)
{
    assert(child->pid > 0);
    bool ended = reap(child); /* first: then all it wrote is in the pipe */
    if (!collect(child)) {
        return MSOCK__CHILD_TOO_MUCH;
    }
    child->bytes[child->size] = '\0';
    if (!ended) {
        return MSOCK__CHILD_RUNS;
    }
    return child->lost ? MSOCK__CHILD_LOST : MSOCK__CHILD_DONE;
}

void msock__child_kill(struct msock__child *child)
{
    if (child->pid > 0) {
        kill(-child->pid, SIGKILL);
        kill(child->pid, SIGKILL); /* it may have left its group */
    }
}

bool msock__child_gone(struct msock__child *child)
{
    return child->pid == 0 || reap(child);
}

void msock__child_close(struct msock__child *child)
{
    close(child->output);
    free(child->bytes);
}
