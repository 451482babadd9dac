/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a recording. */
#include "tools/msock/record/files.h"

#include "tools/msock/record/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STAMP_SIZE = 24, /* 20261123T222513.123456Z, and a NUL */
    NAME_SIZE = 256,
    PATH_SIZE = FILES_PATH_SIZE + NAME_SIZE + 8
};

/* Where the name of a file begins in its path, and where its ending does. */
static const char *name_of(const char *file, size_t *stem)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');

    *stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    return name;
}

/* Writes a moment as it stands in names. */
static void stamp_of(uint64_t at_us, char stamp[static STAMP_SIZE])
{
    char time[RECORD_TIME_SIZE];
    size_t at = 0;

    record_time(at_us, time);
    for (const char *letter = time; *letter != '\0'; letter++) {
        if (*letter != '-' && *letter != ':' && at + 1 < STAMP_SIZE) {
            stamp[at++] = *letter;
        }
    }
    stamp[at] = '\0';
}

/* Reads such a moment, UINT64_MAX: it is none. */
static uint64_t moment_of(const char *stamp)
{
    char time[RECORD_TIME_SIZE];

    snprintf(time, sizeof(time), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s.%.6sZ", stamp,
             stamp + 4, stamp + 6, stamp + 9, stamp + 11, stamp + 13,
             stamp + 16);
    return record_time_read(time);
}

/* Whether a name is FILE's with a moment in it. */
static bool is_ours(const char *file, const char *name)
{
    size_t stem;
    const char *own = name_of(file, &stem);
    size_t ending = strlen(own + stem);
    size_t size = strlen(name);

    if (size != stem + STAMP_SIZE + ending || strncmp(name, own, stem) != 0 ||
        name[stem] != '-' || strcmp(name + size - ending, own + stem) != 0) {
        return false;
    }
    const char *stamp = name + stem + 1;
    return strspn(stamp, "0123456789") == 8 && stamp[8] == 'T' &&
           strspn(stamp + 9, "0123456789") == 6 && stamp[15] == '.' &&
           strspn(stamp + 16, "0123456789") == 6 && stamp[22] == 'Z';
}

struct census {
    const char *file;
    const char *kept; /* name that is not deleted */
    char folder[FILES_PATH_SIZE];
    char oldest[NAME_SIZE]; /* that is not kept */
    uint64_t newest_us;     /* moment of the newest; 0: there is none */
    uint64_t bytes;
};

/* What SQLite leaves beside a file that was not closed. */
static const char *const beside[] = {"", "-wal", "-shm"};
enum { BESIDE_COUNT = sizeof(beside) / sizeof(beside[0]) };

/* Writes the path of a file, or of one beside it. */
static void path_of(const struct census *census, const char *name, int which,
                    char path[static PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s%s", census->folder, name, beside[which]);
}

static void note(struct census *census, const char *name)
{
    char path[PATH_SIZE];
    struct stat status;

    for (int i = 0; i < BESIDE_COUNT; i++) {
        path_of(census, name, i, path);
        bool is_file = lstat(path, &status) == 0 && S_ISREG(status.st_mode);
        if (!is_file && i == 0) {
            return; /* a folder or a link is none of ours */
        }
        census->bytes += is_file ? (uint64_t)status.st_size : 0;
    }
    size_t stem;
    name_of(census->file, &stem);
    uint64_t at_us = moment_of(name + stem + 1);
    if (at_us != UINT64_MAX && at_us > census->newest_us) {
        census->newest_us = at_us;
    }
    if (strcmp(name, census->kept) != 0 &&
        (census->oldest[0] == '\0' || strcmp(name, census->oldest) < 0)) {
        snprintf(census->oldest, sizeof(census->oldest), "%s", name);
    }
}

/* Counts the files.  Returns whether the folder can be read; if not, errno says
 * why. */
static bool count(struct census *census)
{
    DIR *folder = opendir(census->folder);

    census->bytes = 0;
    census->newest_us = 0;
    census->oldest[0] = '\0';
    if (!folder) {
        return false;
    }
    for (struct dirent *entry = readdir(folder); entry;
         entry = readdir(folder)) {
        if (is_ours(census->file, entry->d_name)) {
            note(census, entry->d_name);
        }
    }
    closedir(folder);
    return true;
}

static void begin(struct census *census, const char *file, const char *kept)
{
    size_t stem;
    const char *name = name_of(file, &stem);

    *census = (struct census){.file = file, .kept = kept};
    snprintf(census->folder, sizeof(census->folder), "%.*s",
             name > file ? (int)(name - file) : 1, name > file ? file : ".");
}

/* -- The doors -- */

int files_check(const char *file)
{
    struct census census;

    begin(&census, file, "");
    return access(census.folder, W_OK | X_OK) == 0
               ? CLI_OK
               : cli_error("%s: %s", census.folder, strerror(errno));
}

void files_name(const char *file, uint64_t at_us,
                char path[static FILES_PATH_SIZE])
{
    size_t stem;
    const char *name = name_of(file, &stem);
    char stamp[STAMP_SIZE];
    struct census census;

    begin(&census, file, "");
    if (count(&census) && census.newest_us >= at_us) {
        at_us = census.newest_us + 1;
    }
    stamp_of(at_us, stamp);
    snprintf(path, FILES_PATH_SIZE, "%.*s%.*s-%s%s", (int)(name - file), file,
             (int)stem, name, stamp, name + stem);
}

/* Deletes a file and what is beside it.  Returns whether it could. */
static bool delete_one(const struct census *census, const char *name)
{
    char path[PATH_SIZE];

    for (int i = BESIDE_COUNT - 1; i > 0; i--) {
        path_of(census, name, i, path);
        (void)unlink(path); /* seldom there */
    }
    path_of(census, name, 0, path);
    if (unlink(path) < 0) {
        cli_error("%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

int files_prune(const char *file, const char *path, uint64_t quota)
{
    const char *kept = strrchr(path, '/');
    struct census census;
    int deleted = 0;

    begin(&census, file, kept ? kept + 1 : path);
    for (;;) {
        if (!count(&census)) {
            cli_error("%s: %s", census.folder, strerror(errno));
            return -1;
        }
        if (census.bytes <= quota || census.oldest[0] == '\0') {
            return deleted;
        }
        if (!delete_one(&census, census.oldest)) {
            return -1;
        }
        deleted++;
    }
}
