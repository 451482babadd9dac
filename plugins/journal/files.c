/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a journal. */
#include "plugins/journal/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
    unsigned next;         /* number after the last of the day, or 0 */
};

static int census_take(const struct msock__files *files, const char *day,
                       struct census *census)
{
    char prefix[PATH_SIZE];
    DIR *list = list_open(files);
    if (list == NULL) {
        return -1;
    }
    int prefix_size =
        snprintf(prefix, sizeof prefix, "%s_%s_", files->name, day);
    *census = (struct census){0};
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        const char *file = entry->d_name;
        unsigned number;
        if (!is_ours(files, file)) {
            continue;
        }
        census->count++;
        if (census->first[0] == '\0' || strcmp(file, census->first) < 0) {
            memcpy(census->first, file, strlen(file) + 1);
        }
        if (strncmp(file, prefix, (size_t)prefix_size) == 0 &&
            sscanf(file + prefix_size, "%6u", &number) == 1 &&
            number >= census->next) {
            census->next = number + 1;
        }
    }
    closedir(list);
    return 0;
}

/* Removes the oldest files, so that `keep` are left. */
static int prune(const struct msock__files *files)
{
    struct census census;
    do {
        if (census_take(files, files->day, &census) < 0) {
            return -1;
        }
        if (census.count > files->keep &&
            unlinkat(files->directory, census.first, 0) < 0) {
            return -1;
        }
    } while (census.count > files->keep);
    return 0;
}

/* -- The open file -- */

static void file_close(struct msock__files *files)
{
    if (files->file >= 0) {
        close(files->file);
        files->file = -1;
    }
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
    return fcntl(file, F_SETLK, &all);
}

/* Opens the file of this day and number, which need not exist. */
static int file_open(struct msock__files *files, const char *day,
                     unsigned number)
{
    char path[PATH_SIZE];
    struct stat status;
    snprintf(path, sizeof path, "%s_%s_%06u.jsonl", files->name, day,
             number % NUMBERS);
    file_close(files);
    int file =
        openat(files->directory, path,
               O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (file < 0) {
        return -1;
    }
    if (lock(file) < 0 || fstat(file, &status) < 0 ||
        mend(file, status.st_size) < 0 || fstat(file, &status) < 0) {
        int reason = errno;
        close(file);
        errno = reason;
        return -1;
    }
    files->file = file;
    files->number = number;
    files->size = (uint64_t)status.st_size;
    snprintf(files->day, sizeof files->day, "%s", day);
    return 0;
}

/* Opens the newest file of a day: to go on with it after a restart. */
static int day_open(struct msock__files *files, const char *day)
{
    struct census census;
    if (census_take(files, day, &census) < 0 ||
        file_open(files, day, census.next > 0 ? census.next - 1 : 0) < 0) {
        return -1;
    }
    return prune(files);
}

static int next_open(struct msock__files *files)
{
    char day[MSOCK__JOURNAL_DAY_SIZE];
    if (files->number + 1 >= NUMBERS) {
        errno = EFBIG;
        return -1;
    }
    memcpy(day, files->day, sizeof day);
    return file_open(files, day, files->number + 1) < 0 ? -1 : prune(files);
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

int msock__files_write(struct msock__files *files, const char *day,
                       const char *line, size_t size)
{
    bool open = files->file >= 0 && strcmp(files->day, day) == 0;
    if (!open && day_open(files, day) < 0) {
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
