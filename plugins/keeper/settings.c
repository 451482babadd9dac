/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a keeper. */
#include "plugins/keeper/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUOTA_DEFAULT = 16 << 20, NOTE_SIZE = 1200 };

__attribute__((format(printf, 3, 4))) static int
refuse(const msock_services *services, int result, const char *format, ...)
{
    char note[NOTE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    services->log(services->host, MSOCK_ERROR, note);
    return result;
}

static int get(const msock_services *services, const char *key,
               const char **value)
{
    return services->json_get(services->config, strlen(services->config), key,
                              value);
}

/* Reads a list of texts.  Returns how many there are; 0: none, too many, or
 * others than texts that fit. */
static size_t read_list(struct msock__settings *settings,
                        const msock_services *services, const char *list,
                        size_t size)
{
    const char *item;
    size_t cursor = 0;
    size_t count = 0;
    int item_size;
    while ((item_size = services->json_next(list, size, &cursor, &item)) >= 0) {
        if (count == MSOCK__FILTERS_MAX ||
            services->json_text(item, (size_t)item_size,
                                settings->filters[count],
                                sizeof settings->filters[0]) < 0) {
            return 0;
        }
        count++;
    }
    return count;
}

static int read_filters(struct msock__settings *settings,
                        const msock_services *services)
{
    const char *list;
    int size = get(services, "filters", &list);
    settings->confirms = size >= 0;
    if (size < 0) {
        strcpy(settings->filters[0], "#");
        settings->filter_count = 1;
        return 0;
    }
    settings->filter_count = read_list(settings, services, list, (size_t)size);
    return settings->filter_count > 0
               ? 0
               : refuse(services, MSOCK_EINVAL,
                        "\"filters\" must be a list of 1 to %d texts",
                        MSOCK__FILTERS_MAX);
}

int msock__settings_read(struct msock__settings *settings,
                         const msock_services *services)
{
    const char *value;
    int size = get(services, "file", &value);
    if (size < 0 || services->json_text(value, (size_t)size, settings->path,
                                        sizeof settings->path) < 0) {
        return refuse(services, MSOCK_EINVAL, "\"file\" has over %d bytes",
                      MSOCK__PATH_SIZE - 1);
    }
    settings->quota = get(services, "quota", &value) < 0
                          ? QUOTA_DEFAULT
                          : strtoull(value, NULL, 10);
    return read_filters(settings, services);
}

int msock__settings_look(const struct msock__settings *settings,
                         const msock_services *services)
{
    char folder[MSOCK__PATH_SIZE];
    struct stat status;
    strcpy(folder, settings->path);
    char *name = strrchr(folder, '/');
    name = name != NULL ? name : strcpy(folder, ".");
    name[name == folder] = '\0'; /* "/" and "." stay */
    if (access(folder, W_OK | X_OK) < 0) {
        return refuse(services, MSOCK_ESYSTEM, "%s: %s", folder,
                      strerror(errno));
    }
    if (lstat(settings->path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return refuse(services, MSOCK_EINVAL, "%s is no file", settings->path);
    }
    return 0;
}
