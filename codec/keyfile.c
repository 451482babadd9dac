/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: whose they must be, who may read them, and what they hold. This is
 * the one file of codec/ that needs an operating system. */
#include "codec/keyring.h"

#include "codec/error.h"
#include "codec/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <multisock/multisock.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MAX = 4096,
    BASE64_SIZE = MSOCK_KEY_TEXT_SIZE - 1,
    OTHERS = S_IRWXG | S_IRWXO,
    CREDENTIAL_MODE = S_IRUSR | S_IRGRP
};

/* -- Text -- */

/* A part of a key file's text. */
struct part {
    const char *text;
    size_t size;
};

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Takes the next line off the text, without comment and blanks around. */
static struct part take_line(struct part *rest)
{
    const char *newline = memchr(rest->text, '\n', rest->size);
    size_t size = newline ? (size_t)(newline - rest->text) : rest->size;
    const char *comment = memchr(rest->text, '#', size);
    struct part line = {rest->text,
                        comment ? (size_t)(comment - rest->text) : size};

    rest->text += size + (newline != NULL);
    rest->size -= size + (newline != NULL);
    while (line.size > 0 && blank(line.text[0])) {
        line.text++;
        line.size--;
    }
    while (line.size > 0 && blank(line.text[line.size - 1])) {
        line.size--;
    }
    return line;
}

/* Adds the key of one line.  Returns as msock__keyring_parse(). */
static int add_line(struct msock__keyring *ring, const struct part *line,
                    const char *source, int number)
{
    uint8_t key[MSOCK__KEY_SIZE];
    size_t size = 0;
    int result = -1;

    if (line->size == BASE64_SIZE) {
        result =
            sodium_base642bin(key, sizeof key, line->text, line->size, NULL,
                              &size, NULL, sodium_base64_VARIANT_ORIGINAL);
    }
    if (result != 0 || size != sizeof key) {
        result = msock__fail(MSOCK_EKEY,
                             "%s:%d: not 32 bytes in base64 (%d characters): "
                             "make a key with msock key gen",
                             source, number, BASE64_SIZE);
        goto out;
    }
    result = msock__keyring_add(ring, key);
    if (result < 0) {
        msock__fail(result, "%s:%d: %s", source, number, msock_error_detail());
    }
out:
    sodium_memzero(key, sizeof key);
    return result;
}

int msock__keyring_parse(struct msock__keyring *ring, const char *text,
                         size_t size, const char *source)
{
    struct part rest = {text, size};
    size_t found = 0;

    for (int number = 1; rest.size > 0; number++) {
        struct part line = take_line(&rest);
        int result = line.size > 0 ? add_line(ring, &line, source, number) : 0;
        if (result < 0) {
            return result;
        }
        found += line.size > 0;
    }
    if (found == 0) {
        return msock__fail(MSOCK_EKEY,
                           "%s: holds no key: make one with msock key gen",
                           source);
    }
    return 0;
}

/* -- Files -- */

/* Fails with the system's reason. */
static int fail_errno(const char *path, const char *what)
{
    char reason[128] = "unknown reason";
    int number = errno;

    strerror_r(number, reason, sizeof reason);
    return msock__fail(MSOCK_EKEY, "%s: %s: %s", path, what, reason);
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
    if (file->st_size > FILE_MAX) {
        return msock__fail(MSOCK_EKEY,
                           "%s: larger than %d bytes: not a key file", path,
                           FILE_MAX);
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

/* Checks what was opened, not what the path may name by now. */
static int load(struct msock__keyring *ring, const char *path, int fd)
{
    char text[FILE_MAX];
    struct stat file;

    if (fstat(fd, &file) < 0) {
        return fail_errno(path, "cannot be examined");
    }
    int result = check_file(path, &file);
    if (result < 0) {
        return result;
    }
    ssize_t size = read_all(fd, text, sizeof text);
    if (size < 0) {
        result = fail_errno(path, "cannot be read");
    } else {
        result = msock__keyring_parse(ring, text, (size_t)size, path);
    }
    sodium_memzero(text, sizeof text);
    return result;
}

int msock__keyring_load(struct msock__keyring *ring, const char *path)
{
    /* Not blocking, lest a FIFO keep us waiting before it can be refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT) {
        return msock__fail(MSOCK_EKEY,
                           "%s: there is no such file: make a key with "
                           "(umask 077; msock key gen > %s)",
                           path, path);
    }
    if (fd < 0) {
        return fail_errno(path, "cannot be opened");
    }
    int result = load(ring, path, fd);
    close(fd);
    return result;
}

int msock_key_generate(char text[MSOCK_KEY_TEXT_SIZE])
{
    uint8_t key[MSOCK__KEY_SIZE];
    int result = msock__crypto_init();

    if (result < 0) {
        return result;
    }
    do {
        msock__random(key, sizeof key);
    } while (msock__key_id(key) == 0);
    sodium_bin2base64(text, MSOCK_KEY_TEXT_SIZE, key, sizeof key,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof key);
    return 0;
}
