/* SPDX-License-Identifier: Apache-2.0 */
/* The user's configuration, changed. */
#include "tools/msock/config_write.h"

#include "tools/msock/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

/** Where it is written. */
struct target {
    char path[CONFIG_PATH_MAX]; /* links followed */
    int folder;                 /* its folder, locked */
    mode_t mode;
    bool exists;
};

static int failed(const char *path)
{
    return cli_error("cannot write %s: %s", path, strerror(errno));
}

/* -- The place -- */

/* Makes the folders that `path` is in.  Returns whether they are there. */
static bool make_folders(const char *path)
{
    char folder[CONFIG_PATH_MAX];

    snprintf(folder, sizeof(folder), "%s", path);
    for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(folder, FOLDER_MODE) < 0 && errno != EEXIST) {
            return false;
        }
        *at = '/';
    }
    return true;
}

/* Follows links, if the file exists. */
static bool find_real(struct target *target, const char *path)
{
    char *real = realpath(path, NULL);

    if (!real && errno != ENOENT) {
        return false;
    }
    target->exists = real != NULL;
    snprintf(target->path, sizeof(target->path), "%s", real ? real : path);
    free(real);
    return true;
}

static int open_folder(const char *path)
{
    char folder[CONFIG_PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof(folder), "%.*s",
             slash ? (int)(slash + 1 - path) : 1, slash ? path : ".");
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Finds and locks it.  Returns CLI_OK or CLI_FAILURE. */
static int target_init(struct target *target, const char *path)
{
    struct stat status;

    *target = (struct target){.folder = -1, .mode = FILE_MODE};
    if (path[0] == '\0') {
        return cli_error("no place for a configuration: set HOME, or name a "
                         "file by MSOCK_CONFIG");
    }
    if (!make_folders(path) || !find_real(target, path)) {
        return failed(path);
    }
    target->folder = open_folder(target->path);
    if (target->folder < 0) {
        return failed(path);
    }
    while (flock(target->folder, LOCK_EX) < 0) {
        if (errno != EINTR) {
            return failed(path);
        }
    }
    /* It may have been made while this one waited. */
    target->exists = stat(target->path, &status) == 0;
    if (target->exists) {
        target->mode = status.st_mode & 0777;
    }
    return CLI_OK;
}

/* -- Writing -- */

static bool write_all(int fd, const char *text)
{
    size_t size = strlen(text);

    while (size > 0) {
        ssize_t written = write(fd, text, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* One name serves all, for the folder is locked: what a crash left is
 * removed. */
static int replace(const struct target *target, const char *text)
{
    const char *slash = strrchr(target->path, '/');
    const char *name = slash ? slash + 1 : target->path;
    char fresh[CONFIG_PATH_MAX + 8];

    snprintf(fresh, sizeof(fresh), ".%s.new", name);
    if (unlinkat(target->folder, fresh, 0) < 0 && errno != ENOENT) {
        return failed(target->path);
    }
    int fd =
        openat(target->folder, fresh,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return failed(target->path);
    }
    bool written =
        write_all(fd, text) && fchmod(fd, target->mode) == 0 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) < 0 && written) {
        written = false;
        error = errno;
    }
    if (written && renameat(target->folder, fresh, target->folder, name) == 0) {
        (void)fsync(target->folder);
        return CLI_OK;
    }
    error = written ? errno : error;
    (void)unlinkat(target->folder, fresh, 0);
    errno = error;
    return failed(target->path);
}

/* -- The change -- */

/* Reads the file, or makes the text of an empty one.  Returns text to be freed,
 * or NULL after having told why. */
static char *read_old(const struct target *target, const char *path)
{
    struct problems problems = {.count = 0};
    char *text =
        target->exists ? json_file_read(path, "", &problems) : strdup("{\n}\n");

    if (!text && problems.count == 0) {
        cli_error("out of memory");
    }
    return text;
}

/* Reads `text` as `file`.  Returns as config_read_text(). */
static int parse(struct config_file *file, const char *text)
{
    char *copy = strdup(text);
    int code = copy ? config_read_text(file, copy) : cli_error("out of memory");

    free(copy);
    return code;
}

/* Looks whether the new text says what a configuration may say. */
static int check(const struct config *config, const char *text)
{
    static struct config_file file;

    memcpy(file.path, config->user.path, sizeof(file.path));
    int code =
        strlen(text) > JSON_FILE_MAX
            ? cli_error("%s would have over %d bytes", file.path, JSON_FILE_MAX)
            : parse(&file, text);
    config_file_fini(&file);
    return code;
}

static int change(struct config *config, const struct target *target,
                  config_edit *edit, void *user)
{
    char *changed = NULL;
    char *text = read_old(target, config->user.path);
    int code = text ? parse(&config->user, text) : CLI_FAILURE;

    if (code == CLI_OK) {
        code = config_read(&config->system);
    }
    if (code == CLI_OK) {
        code = edit(config, text, &changed, user);
    }
    if (code == CLI_OK && !changed) {
        code = CLI_FAILURE; /* memory is short, which was told */
    }
    if (code == CLI_OK) {
        code = check(config, changed);
    }
    if (code == CLI_OK) {
        code = replace(target, changed);
    }
    free(changed);
    free(text);
    return code;
}

int config_write(config_edit *edit, void *user)
{
    static struct config config;
    struct target target = {.folder = -1};
    int code = config_paths(&config);

    if (code == CLI_OK) {
        code = target_init(&target, config.user.path);
    }
    if (code == CLI_OK) {
        code = change(&config, &target, edit, user);
    }
    if (target.folder >= 0) {
        close(target.folder); /* unlocks */
    }
    config_file_fini(&config.user);
    config_file_fini(&config.system);
    return code;
}
