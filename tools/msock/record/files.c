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

enum { STAMP_SIZE = 24 }; /* 20261123T222513.123456Z, and a NUL */

/* Where the name of a file begins in its path, and where its ending does. */
static const char *name_of(const char *file, size_t *stem)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');

    *stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    return name;
}

void files_name(const char *file, uint64_t at_us,
                char path[static FILES_PATH_SIZE])
{
    size_t stem;
    const char *name = name_of(file, &stem);
    char time[RECORD_TIME_SIZE];
    char stamp[STAMP_SIZE];
    size_t at = 0;

    record_time(at_us, time);
    for (const char *letter = time; *letter != '\0'; letter++) {
        if (*letter != '-' && *letter != ':' && at + 1 < sizeof(stamp)) {
            stamp[at++] = *letter;
        }
    }
    stamp[at] = '\0';
    snprintf(path, FILES_PATH_SIZE, "%.*s%.*s-%s%s", (int)(name - file), file,
             (int)stem, name, stamp, name + stem);
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
    char oldest[256];
    uint64_t bytes;
};

static void note(struct census *census, const char *name)
{
    char path[FILES_PATH_SIZE + 256];
    struct stat status;

    snprintf(path, sizeof(path), "%s/%s", census->folder, name);
    if (stat(path, &status) < 0) {
        return;
    }
    census->bytes += (uint64_t)status.st_size;
    if (strcmp(name, census->kept) != 0 &&
        (census->oldest[0] == '\0' || strcmp(name, census->oldest) < 0)) {
        snprintf(census->oldest, sizeof(census->oldest), "%s", name);
    }
}

/* Counts the files.  Returns CLI_OK, or CLI_FAILURE after having told why. */
static int count(struct census *census)
{
    DIR *folder = opendir(census->folder);

    census->bytes = 0;
    census->oldest[0] = '\0';
    if (!folder) {
        return cli_error("%s: %s", census->folder, strerror(errno));
    }
    for (struct dirent *entry = readdir(folder); entry;
         entry = readdir(folder)) {
        if (is_ours(census->file, entry->d_name)) {
            note(census, entry->d_name);
        }
    }
    closedir(folder);
    return CLI_OK;
}

int files_prune(const char *file, const char *path, uint64_t quota)
{
    size_t stem;
    const char *name = name_of(file, &stem);
    const char *kept = strrchr(path, '/');
    struct census census = {.file = file, .kept = kept ? kept + 1 : path};
    int deleted = 0;

    snprintf(census.folder, sizeof(census.folder), "%.*s",
             name > file ? (int)(name - file) : 1, name > file ? file : ".");
    for (;;) {
        char victim[FILES_PATH_SIZE + 256];
        if (count(&census) != CLI_OK) {
            return -1;
        }
        if (census.bytes <= quota || census.oldest[0] == '\0') {
            return deleted;
        }
        snprintf(victim, sizeof(victim), "%s/%s", census.folder, census.oldest);
        if (unlink(victim) < 0) {
            cli_error("%s: %s", victim, strerror(errno));
            return -1;
        }
        deleted++;
    }
}
