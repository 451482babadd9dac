/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a journal. */
#include "plugins/journal/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NUMBERS = 1000000, /* files of a day */
    /* NAME "_2026-11-22_000000.jsonl" and a NUL */
    PATH_SIZE = MSOCK__JOURNAL_NAME_MAX + 25
};

static const char pattern[] = "_dddd-dd-dd_dddddd.jsonl";

/* -- The directory -- */

/* Whether a file of the directory is one of this journal's. */
static bool is_ours(const struct msock__files *files, const char *file)
{
    size_t name_size = strlen(files->name);
    if (strncmp(file, files->name, name_size) != 0) {
        return false;
    }
    const char *rest = file + name_size;
    if (strlen(rest) != sizeof pattern - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof pattern - 1; i++) {
        bool digit = rest[i] >= '0' && rest[i] <= '9';
        if (pattern[i] == 'd' ? !digit : rest[i] != pattern[i]) {
            return false;
        }
    }
    return true;
}

static DIR *list_open(const struct msock__files *files)
{
    int descriptor =
        openat(files->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    if (list == NULL && descriptor >= 0) {
        close(descriptor);
    }
    return list;
}

/* What the directory holds of this journal. */
struct census {
    unsigned long count;
    char first[PATH_SIZE]; /* the oldest, or "" */
    char last[PATH_SIZE];  /* the newest, or "" */
};

static int census_take(const struct msock__files *files, struct census *census)
{
    DIR *list = list_open(files);
    if (list == NULL) {
        return -1;
    }
    *census = (struct census){0};
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        const char *file = entry->d_name;
        if (!is_ours(files, file)) {
            continue;
        }
        census->count++;
        if (census->first[0] == '\0' || strcmp(file, census->first) < 0) {
            memcpy(census->first, file, strlen(file) + 1);
        }
        if (strcmp(file, census->last) > 0) {
            memcpy(census->last, file, strlen(file) + 1);
        }
    }
    closedir(list);
    return 0;
}

static void path_of(const struct msock__files *files, const char *day,
                    unsigned number, char path[static PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s_%s_%06u.jsonl", files->name, day,
             number % NUMBERS);
}

/* Removes the oldest files, but not the open one, so that `keep` are left. */
static int prune(const struct msock__files *files)
{
    struct census census;
    char open[PATH_SIZE];
    path_of(files, files->day, files->number, open);
    do {
        if (census_take(files, &census) < 0) {
            return -1;
        }
        if (census.count <= files->keep || strcmp(census.first, open) == 0) {
            return 0;
        }
    } while (unlinkat(files->directory, census.first, 0) == 0);
    return -1;
}

/* -- The open file -- */

static void complain(const struct msock__files *files, const char *what)
{
    if (files->complain != NULL) {
        files->complain(files->user, what);
    }
}

static void file_close(struct msock__files *files)
{
    if (files->file < 0) {
        return;
    }
    if (files->sync && fdatasync(files->file) < 0) {
        complain(files, "cannot sync");
    }
    close(files->file);
    files->file = -1;
}

/* Ends a line that was torn. */
static int mend(int file, off_t size)
{
    char last = '\n';
    if (size > 0 && pread(file, &last, 1, size - 1) != 1) {
        return -1;
    }
    return last == '\n' || write(file, "\n", 1) == 1 ? 0 : -1;
}

static int lock(int file)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result = fcntl(file, F_SETLK, &all);
    if (result < 0 && (errno == EACCES || errno == EAGAIN)) {
        errno = EBUSY;
    }
    return result;
}

/* Readies a file that was just opened; *size is its bytes then. */
static int file_ready(int file, uint64_t *size)
{
    struct stat status;
    if (lock(file) < 0 || fstat(file, &status) < 0 ||
        mend(file, status.st_size) < 0 || fstat(file, &status) < 0) {
        return -1;
    }
    *size = (uint64_t)status.st_size;
    return 0;
}

/* Opens the file of this day and number, which need not exist, and only then
 * closes the one before: the journal stays locked. */
static int file_open(struct msock__files *files, const char *day,
                     unsigned number)
{
    char path[PATH_SIZE];
    uint64_t size;
    path_of(files, day, number, path);
    int file =
        openat(files->directory, path,
               O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (file < 0) {
        return -1;
    }
    if (file_ready(file, &size) < 0) {
        int reason = errno;
        close(file);
        errno = reason;
        return -1;
    }
    file_close(files);
    files->file = file;
    files->number = number;
    files->size = size;
    snprintf(files->day, sizeof files->day, "%s", day);
    return 0;
}

/* Does what is due after a file was opened. What fails here takes nothing from
 * the file, which is written all the same. */
static void settle(struct msock__files *files)
{
    if (files->sync && files->size == 0 && fsync(files->directory) < 0) {
        complain(files, "cannot sync the directory");
    }
    bool full = prune(files) < 0;
    if (full && !files->crowded) {
        complain(files, "cannot remove old files");
    }
    files->crowded = full;
}

/* Opens the newest of all files, unless it is open, so that nobody else has it;
 * one that cannot be read need not be gone on with. */
static int last_open(struct msock__files *files, const char *file)
{
    char open[PATH_SIZE];
    char day[MSOCK__JOURNAL_DAY_SIZE] = "";
    const char *last = file + strlen(files->name) + 1;
    unsigned number = (unsigned)strtoul(last + sizeof day, NULL, 10);
    path_of(files, files->day, files->number, open);
    if (files->file >= 0 && strcmp(file, open) == 0) {
        return 0;
    }
    memcpy(day, last, sizeof day - 1);
    return file_open(files, day, number);
}

/* Opens the newest file of a day, to go on with it after a restart. If there
 * are files of a later day, the clock was set back: a file of this day would
 * be older than they by its name, so it goes on with the last of them. */
static int day_open(struct msock__files *files, const char *day)
{
    struct census census;
    if (census_take(files, &census) < 0) {
        return -1;
    }
    bool begins =
        census.last[0] == '\0' || strncmp(census.last + strlen(files->name) + 1,
                                          day, MSOCK__JOURNAL_DAY_SIZE - 1) < 0;
    if (census.last[0] != '\0' && last_open(files, census.last) < 0 &&
        (!begins || errno == EBUSY)) {
        return -1;
    }
    if (begins && file_open(files, day, 0) < 0) {
        return -1;
    }
    settle(files);
    return 0;
}

static int next_open(struct msock__files *files)
{
    char day[MSOCK__JOURNAL_DAY_SIZE];
    if (files->number + 1 >= NUMBERS) {
        errno = EFBIG;
        return -1;
    }
    memcpy(day, files->day, sizeof day);
    if (file_open(files, day, files->number + 1) < 0) {
        return -1;
    }
    settle(files);
    return 0;
}

/* Whether the open file can take lines of a day; its size is then true. */
static bool is_current(struct msock__files *files, const char *day)
{
    struct stat status;
    if (files->file < 0 || strcmp(files->day, day) < 0 ||
        fstat(files->file, &status) < 0 || status.st_nlink == 0) {
        return false;
    }
    files->size = (uint64_t)status.st_size;
    return true;
}

/* -- The journal -- */

int msock__files_open(struct msock__files *files, const char *directory,
                      const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > MSOCK__JOURNAL_NAME_MAX ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789_-")] != '\0') {
        errno = EINVAL;
        return -1;
    }
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return -1;
    }
    *files = (struct msock__files){
        .directory = descriptor, .file = -1, .keep = 1, .size_max = UINT64_MAX};
    memcpy(files->name, name, size + 1);
    return 0;
}

int msock__files_writable(const struct msock__files *files)
{
    return faccessat(files->directory, ".", W_OK | X_OK, 0);
}

int msock__files_begin(struct msock__files *files, const char *day)
{
    return is_current(files, day) ? 0 : day_open(files, day);
}

int msock__files_write(struct msock__files *files, const char *day,
                       const char *line, size_t size)
{
    if (msock__files_begin(files, day) < 0) {
        return -1;
    }
    bool full = size > files->size_max || files->size > files->size_max - size;
    if (full && files->size > 0 && next_open(files) < 0) {
        return -1;
    }
    ssize_t written = write(files->file, line, size);
    if (written == (ssize_t)size) {
        files->size += size;
        return 0;
    }
    int reason = written < 0 ? errno : ENOSPC;
    if (written > 0 && ftruncate(files->file, (off_t)files->size) < 0) {
        file_close(files); /* mended when it is opened again */
    }
    errno = reason;
    return -1;
}

int msock__files_sync(const struct msock__files *files)
{
    return files->file >= 0 ? fdatasync(files->file) : 0;
}

void msock__files_close(struct msock__files *files)
{
    file_close(files);
    close(files->directory);
}
