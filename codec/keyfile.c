/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold secrets, of which nothing is read but into guarded memory.
 * This is the one file of codec/ that needs an operating system. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "codec/keyfile.h"

#include "codec/error.h"
#include "codec/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 200, LOCK_WAIT_NS = 10000000, STACK_SIZE = 4096 };
enum { OTHERS = S_IRWXG | S_IRWXO, CREDENTIAL_MODE = S_IRUSR | S_IRGRP };

/* -- Text -- */

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Leaves out the blanks before and behind. */
static void trim(struct msock__part *part)
{
    while (part->size > 0 && blank(part->text[0])) {
        part->text++;
        part->size--;
    }
    while (part->size > 0 && blank(part->text[part->size - 1])) {
        part->size--;
    }
}

bool msock__keyline_next(struct msock__part *rest, struct msock__keyline *line)
{
    if (rest->size == 0) {
        return false;
    }
    const char *newline = memchr(rest->text, '\n', rest->size);
    size_t size = newline ? (size_t)(newline - rest->text) : rest->size;
    const char *comment = memchr(rest->text, '#', size);
    size_t word = comment ? (size_t)(comment - rest->text) : size;

    line->word = (struct msock__part){rest->text, word};
    line->note = (struct msock__part){rest->text + word, size - word};
    trim(&line->word);
    trim(&line->note);
    rest->text += size + (newline != NULL);
    rest->size -= size + (newline != NULL);
    return true;
}

/* -- Reading -- */

/* Whether it is the system that lacks something, perhaps for a moment. */
static bool is_passing(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOMEM ||
           number == EIO || number == ESTALE;
}

/* Fails with the system's reason. */
static int fail_errno(int code, const char *path, const char *what)
{
    char reason[128] = "unknown reason";
    int number = errno;

    strerror_r(number, reason, sizeof reason);
    return msock__fail(is_passing(number) ? MSOCK_ESYSTEM : code, "%s: %s: %s",
                       path, what, reason);
}

/* Whether the path is a file directly in $CREDENTIALS_DIRECTORY, where the
 * service manager keeps secrets readable by the service's group. */
static bool is_credential(const char *path)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");

    if (directory == NULL || directory[0] != '/') {
        return false;
    }
    size_t size = strlen(directory);
    while (size > 1 && directory[size - 1] == '/') {
        size--;
    }
    return strncmp(path, directory, size) == 0 && path[size] == '/' &&
           strchr(path + size + 1, '/') == NULL;
}

/* Whether nobody else may have read or written the file. */
static int check_file(const char *path, const struct stat *file)
{
    unsigned mode = (unsigned)file->st_mode & 07777;

    if (!S_ISREG(file->st_mode)) {
        return msock__fail(MSOCK_EKEY,
                           "%s: not a regular file: name a key file", path);
    }
    if (file->st_uid != geteuid() && file->st_uid != 0) {
        return msock__fail(
            MSOCK_EACCESS, "%s: belongs to user %lu: run chown %lu %s", path,
            (unsigned long)file->st_uid, (unsigned long)geteuid(), path);
    }
    if ((mode & OTHERS) != 0 &&
        !(mode == CREDENTIAL_MODE && is_credential(path))) {
        return msock__fail(MSOCK_EACCESS,
                           "%s: open to group or others (mode %04o): run "
                           "chmod 600 %s",
                           path, mode, path);
    }
    if (file->st_size > MSOCK__KEYFILE_MAX) {
        return msock__fail(MSOCK_EKEY,
                           "%s: larger than %d bytes: not a key file", path,
                           MSOCK__KEYFILE_MAX);
    }
    return 0;
}

/* Reads until the end or until the buffer is full.  Returns the size, -1. */
static ssize_t read_all(int fd, char *buffer, size_t capacity)
{
    size_t size = 0;

    while (size < capacity) {
        ssize_t got = read(fd, buffer + size, capacity - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
    }
    return (ssize_t)size;
}

/* Reads what was opened into guarded memory. */
static int read_secret(const char *path, int fd, char **text, size_t *size)
{
    char *bytes = sodium_malloc(MSOCK__KEYFILE_MAX);

    if (bytes == NULL) {
        return msock__fail(MSOCK_ENOMEM, "%s: no memory to read it", path);
    }
    ssize_t got = read_all(fd, bytes, MSOCK__KEYFILE_MAX);
    if (got < 0) {
        int result = fail_errno(MSOCK_EKEY, path, "cannot be read");
        sodium_free(bytes);
        return result;
    }
    *text = bytes;
    *size = (size_t)got;
    return 0;
}

/* Checks what was opened, not what the path may name by now. */
static int read_checked(const char *path, int fd, char **text, size_t *size)
{
    struct stat file;

    if (fstat(fd, &file) < 0) {
        return fail_errno(MSOCK_EKEY, path, "cannot be examined");
    }
    int result = check_file(path, &file);
    return result < 0 ? result : read_secret(path, fd, text, size);
}

int msock__keyfile_read(const char *path, const char *maker, char **text,
                        size_t *size)
{
    int result = msock__crypto_init();

    if (result < 0) {
        return result;
    }
    /* Not blocking, lest a FIFO keep us waiting before it can be refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT) {
        return msock__fail(MSOCK_EKEY,
                           "%s: there is no such file: make a key with "
                           "(umask 077; %s > %s)",
                           path, maker, path);
    }
    if (fd < 0) {
        return fail_errno(MSOCK_EKEY, path, "cannot be opened");
    }
    result = read_checked(path, fd, text, size);
    close(fd);
    return result;
}

/* Whether nobody else may have written the file, which may be read by all. */
static int check_public(const char *path, const struct stat *file, size_t max)
{
    unsigned mode = (unsigned)file->st_mode & 07777;

    if (!S_ISREG(file->st_mode) || (uintmax_t)file->st_size > max) {
        return msock__fail(MSOCK_EKEY,
                           "%s: not a regular file of at most %zu bytes", path,
                           max);
    }
    if (file->st_uid != geteuid() && file->st_uid != 0) {
        return msock__fail(
            MSOCK_EACCESS, "%s: belongs to user %lu: run chown %lu %s", path,
            (unsigned long)file->st_uid, (unsigned long)geteuid(), path);
    }
    if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
        return msock__fail(MSOCK_EACCESS,
                           "%s: group or others may write it (mode %04o): run "
                           "chmod go-w %s",
                           path, mode, path);
    }
    return 0;
}

/* Checks and reads what was opened. */
static int read_public(const char *path, int fd, size_t max, char **text,
                       size_t *size)
{
    struct stat file;

    if (fstat(fd, &file) < 0) {
        return fail_errno(MSOCK_EKEY, path, "cannot be examined");
    }
    int result = check_public(path, &file, max);
    if (result < 0) {
        return result;
    }
    size_t capacity = (size_t)file.st_size + 1;
    char *bytes = malloc(capacity);
    if (bytes == NULL) {
        return msock__fail(MSOCK_ENOMEM, "%s: no memory to read it", path);
    }
    ssize_t got = read_all(fd, bytes, capacity);
    if (got < 0 || (size_t)got == capacity) {
        free(bytes);
        return got < 0 ? fail_errno(MSOCK_EKEY, path, "cannot be read")
                       : msock__fail(MSOCK_EKEY, "%s: it grows", path);
    }
    *text = bytes;
    *size = (size_t)got;
    return 0;
}

int msock__trustfile_read(const char *path, size_t max, char **text,
                          size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        return fail_errno(MSOCK_EKEY, path, "cannot be opened");
    }
    int result = read_public(path, fd, max, text, size);
    close(fd);
    return result;
}

/* -- Writing -- */

/* The path, or what it links to; for free(), NULL with errno. */
static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);

    return real == NULL && errno == ENOENT ? strdup(path) : real;
}

/* Where a file is written before it takes its place: a new name in the same
 * folder; for free(). */
static char *temporary_path(const char *real)
{
    static const char ending[] = ".XXXXXX";
    size_t size = strlen(real);
    char *temporary = malloc(size + sizeof ending);

    if (temporary != NULL) {
        memcpy(temporary, real, size);
        memcpy(temporary + size, ending, sizeof ending);
    }
    return temporary;
}

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, text, size);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return false;
        }
        text += put;
        size -= (size_t)put;
    }
    return fsync(fd) == 0;
}

/* Has the folder itself remember its new entry. */
static bool sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    const char *folder = slash == path ? "/" : path;

    if (slash == NULL) {
        folder = ".";
    } else {
        *slash = '\0';
    }
    int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return synced;
}

/* Writes to `temporary`, a pattern, and puts that in the place of `real`.
 * Returns whether it could, with errno. */
static bool replace(char *temporary, char *real, const char *text, size_t size)
{
    int fd = mkstemp(temporary); /* mode 0600 */

    if (fd < 0) {
        return false;
    }
    bool written = write_all(fd, text, size);
    bool done = close(fd) == 0 && written && rename(temporary, real) == 0;
    if (!done) {
        int number = errno;
        unlink(temporary);
        errno = number;
    }
    return done && sync_folder(real);
}

/* -- Two writers -- */

void msock__keyfile_digest(const char *text, size_t size,
                           uint8_t digest[static MSOCK__KEYFILE_DIGEST])
{
    crypto_generichash(digest, MSOCK__KEYFILE_DIGEST, (const uint8_t *)text,
                       size, NULL, 0);
    sodium_stackzero(STACK_SIZE); /* BLAKE2b leaves parts of the text there */
}

/* Opens what is to be locked: for writing, as NFS wants it, if we may.  Returns
 * a descriptor, -1 with errno. */
static int open_to_lock(const char *real)
{
    const int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(real, O_RDWR | flags);

    return fd < 0 && errno != ENOENT ? open(real, O_RDONLY | flags) : fd;
}

/* Whether the path still names the file that was opened. */
static bool is_at(int fd, const char *real)
{
    struct stat opened, named;

    return fstat(fd, &opened) == 0 && stat(real, &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

#ifdef LOCK_EX
/* Locks an open file.  Returns whether another program holds it, after having
 * waited for a moment. */
static bool is_held(int fd)
{
    const struct timespec moment = {.tv_nsec = LOCK_WAIT_NS};
    bool held = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;

    if (held) {
        nanosleep(&moment, NULL);
    }
    return held;
}
#else
/* Where there are files but no locks, there is one program. */
static bool is_held(int fd)
{
    (void)fd;
    return false;
}
#endif

/* Locks the file itself: whoever could open it to keep us waiting may write it
 * as well. Closing unlocks. *fd is -1 if there is no file.  Returns 0,
 * MSOCK_EBUSY. */
static int lock_file(const char *path, const char *real, int *fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        *fd = open_to_lock(real);
        if (*fd < 0) {
            return 0;
        }
        if (!is_held(*fd) && is_at(*fd, real)) {
            return 0; /* or there are no locks here */
        }
        close(*fd);
        *fd = -1;
    }
    return msock__fail(MSOCK_EBUSY, "%s: another program is changing it", path);
}

/* Looks whether the locked file holds what it did; a longer one does not. */
static int check_unchanged(const char *path, int fd, const uint8_t *was)
{
    uint8_t digest[MSOCK__KEYFILE_DIGEST] = {0};
    char *text = sodium_malloc(MSOCK__KEYFILE_MAX + 1);

    if (text == NULL) {
        return msock__fail(MSOCK_ENOMEM, "%s: no memory to write it", path);
    }
    ssize_t size = fd < 0 ? -1 : read_all(fd, text, MSOCK__KEYFILE_MAX + 1);
    if (size >= 0) {
        msock__keyfile_digest(text, (size_t)size, digest);
    }
    sodium_free(text); /* wipes */
    return memcmp(digest, was, sizeof digest) == 0
               ? 0
               : msock__fail(MSOCK_EBUSY,
                             "%s: somebody else changed it meanwhile", path);
}

/* Replaces the locked file. */
static int write_locked(const char *path, char *real, int fd,
                        const struct msock__part *text, const uint8_t *was)
{
    int result = was == NULL ? 0 : check_unchanged(path, fd, was);

    if (result < 0) {
        return result;
    }
    char *temporary = temporary_path(real);
    if (temporary == NULL ||
        !replace(temporary, real, text->text, text->size)) {
        result = fail_errno(MSOCK_ESYSTEM, path, "cannot be written");
    }
    free(temporary);
    return result;
}

int msock__keyfile_write(const char *path, const char *text, size_t size,
                         const uint8_t *was)
{
    struct msock__part page = {text, size};
    char *real = real_path(path);
    int fd = -1;

    if (real == NULL) {
        return fail_errno(MSOCK_ESYSTEM, path, "cannot be written");
    }
    int result = lock_file(path, real, &fd);
    if (result == 0) {
        result = write_locked(path, real, fd, &page, was);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(real);
    return result;
}
