/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own. */
#include "tests/plugins/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_SIZE = 65536 };

static void must(int done)
{
    if (!done) {
        perror("a test's folder");
        abort();
    }
}

void folder_make(char path[static FOLDER_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, FOLDER_PATH_SIZE, "%s/multisock-XXXXXX",
             base != NULL && base[0] == '/' ? base : "/tmp");
    must(mkdtemp(path) != NULL);
}

void folder_remove(const char *path)
{
    DIR *list = opendir(path);
    must(list != NULL);
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        char inner[FOLDER_PATH_SIZE];
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        must(lstat(folder_path(inner, path, entry->d_name), &status) == 0);
        if (S_ISDIR(status.st_mode)) {
            folder_remove(inner);
        } else {
            must(unlink(inner) == 0);
        }
    }
    closedir(list);
    must(rmdir(path) == 0);
}

char *folder_path(char path[static FOLDER_PATH_SIZE], const char *folder,
                  const char *name)
{
    int size = snprintf(path, FOLDER_PATH_SIZE, "%s/%s", folder, name);
    must(size < FOLDER_PATH_SIZE);
    return path;
}

void folder_write(const char *folder, const char *name, const char *text)
{
    char path[FOLDER_PATH_SIZE];
    FILE *file = fopen(folder_path(path, folder, name), "w");
    must(file != NULL);
    must(fputs(text, file) >= 0);
    must(fclose(file) == 0);
}

void folder_add(const char *folder, const char *name)
{
    char path[FOLDER_PATH_SIZE];
    must(mkdir(folder_path(path, folder, name), 0700) == 0);
}

char *folder_read(const char *folder, const char *name, char *text,
                  size_t capacity)
{
    char path[FOLDER_PATH_SIZE];
    FILE *file = fopen(folder_path(path, folder, name), "r");
    must(file != NULL);
    size_t size = fread(text, 1, capacity - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

void folder_copy(const char *folder, const char *from, mode_t mode)
{
    static char block[BLOCK_SIZE];
    char path[FOLDER_PATH_SIZE];
    folder_path(path, folder, strrchr(from, '/') + 1);
    int input = open(from, O_RDONLY | O_CLOEXEC);
    int output = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must(input >= 0 && output >= 0);
    ssize_t size;
    while ((size = read(input, block, sizeof block)) > 0) {
        must(write(output, block, (size_t)size) == size);
    }
    must(size == 0);
    close(input);
    must(fchmod(output, mode) == 0);
    close(output);
}
