/* SPDX-License-Identifier: Apache-2.0 */
/* What a folder of a journal's files holds. */
#include "tests/plugins/books.h"

#include "tests/plugins/folder.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 65536 };

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t books_names(const char *folder,
                   char names[static BOOKS_MAX][BOOKS_NAME_SIZE])
{
    size_t count = 0;
    DIR *list = opendir(folder);
    const struct dirent *entry;
    cr_assert(list != NULL);
    while ((entry = readdir(list)) != NULL && count < BOOKS_MAX) {
        if (entry->d_name[0] != '.') {
            snprintf(names[count++], BOOKS_NAME_SIZE, "%s", entry->d_name);
        }
    }
    closedir(list);
    qsort(names, count, sizeof names[0], by_name);
    return count;
}

const char *books_text(const char *folder)
{
    static char text[TEXT_SIZE];
    static char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    size_t count = books_names(folder, names);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        folder_read(folder, names[i], text + used, sizeof text - used);
        used += strlen(text + used);
    }
    return text;
}
