/* SPDX-License-Identifier: Apache-2.0 */
/* journal: writes the messages that match its filters to files, one JSON object
 * a line. Configuration, files and what a crash can take are in
 * docs/plugins.md.
 *
 * Memory: one line, allocated at the start. Each message is one write(2) to a
 * regular file; the plugin waits for the disk only if `sync_s` says so. */
#include <multisock/plugin.h>

#include "plugins/journal/files.h"
#include "plugins/journal/line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILTERS_MAX = 32,
    PATH_SIZE = 1024,
    NOTE_SIZE = 512,
    SIZE_DEFAULT = 16 << 20,
    KEEP_DEFAULT = 14,
    DATA_DEFAULT = 64 << 10
};

struct journal {
    const msock_services *services;
    struct msock__files files;
    char *line;
    size_t capacity;  /* of the line */
    uint64_t sync_ms; /* 0: never */
    int timer;        /* of the next sync; 0: nothing to do */
    uint64_t lost;    /* messages since writing failed */
};

__attribute__((format(printf, 3, 4))) static void
say(const struct journal *journal, enum msock_level level, const char *format,
    ...)
{
    char note[NOTE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    journal->services->log(journal->services->host, level, note);
}

/* -- Writing -- */

static void sync_now(struct journal *journal)
{
    if (journal->sync_ms > 0 && msock__files_sync(&journal->files) < 0) {
        say(journal, MSOCK_ERROR, "cannot sync: %s", strerror(errno));
    }
}

static void on_trouble(void *user, const char *what)
{
    say(user, MSOCK_ERROR, "%s: %s", what, strerror(errno));
}

static void on_sync(void *user)
{
    struct journal *journal = user;
    journal->timer = 0;
    sync_now(journal);
}

static void sync_later(struct journal *journal)
{
    const msock_services *services = journal->services;
    if (journal->sync_ms > 0 && journal->timer == 0) {
        int id = services->timer_start(services->host, journal->sync_ms, 0,
                                       on_sync, journal);
        journal->timer = id > 0 ? id : 0;
    }
}

/* A full disk is no fault of this code, and passes: one line when it begins,
 * one when it is over. */
static int lose(struct journal *journal)
{
    if (journal->lost++ == 0) {
        say(journal, MSOCK_ERROR, "cannot write: %s", strerror(errno));
    }
    return MSOCK_EAGAIN;
}

/* Writes the time, which begins with the day. */
static void now(char time[static MSOCK__LINE_TIME_SIZE],
                char day[static MSOCK__JOURNAL_DAY_SIZE])
{
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    msock__line_time(&clock, time);
    snprintf(day, MSOCK__JOURNAL_DAY_SIZE, "%.10s", time);
}

static int on_message(const msock_message *message, void *user)
{
    struct journal *journal = user;
    char time[MSOCK__LINE_TIME_SIZE];
    char day[MSOCK__JOURNAL_DAY_SIZE];

    now(time, day);
    size_t size = msock__line_write(journal->services, time, message,
                                    journal->line, journal->capacity);
    if (msock__files_write(&journal->files, day, journal->line, size) < 0) {
        return lose(journal);
    }
    if (journal->lost > 0) {
        say(journal, MSOCK_WARNING, "writes again; %llu messages are lost",
            (unsigned long long)journal->lost);
        journal->lost = 0;
    }
    sync_later(journal);
    return 0;
}

/* -- Configuration: the host has checked keys, types and ranges -- */

static int config_get(const struct journal *journal, const char *key,
                      const char **value)
{
    const char *config = journal->services->config;
    return journal->services->json_get(config, strlen(config), key, value);
}

static uint64_t config_number(const struct journal *journal, const char *key,
                              uint64_t otherwise)
{
    const char *value;
    return config_get(journal, key, &value) < 0 ? otherwise
                                                : strtoull(value, NULL, 10);
}

/* Reads a text; leaves `out`, the default, if there is none. */
static int config_text(const struct journal *journal, const char *key,
                       char *out, size_t capacity)
{
    const char *value;
    int size = config_get(journal, key, &value);
    if (size < 0) {
        return 0;
    }
    if (journal->services->json_text(value, (size_t)size, out, capacity) < 0) {
        say(journal, MSOCK_ERROR, "\"%s\" has over %zu bytes", key,
            capacity - 1);
        return MSOCK_EINVAL;
    }
    return 0;
}

static int add_filter(struct journal *journal, const char *filter)
{
    const msock_services *services = journal->services;
    int id =
        services->subscribe(services->host, filter, on_message, journal, NULL);
    if (id < 0) {
        say(journal, MSOCK_ERROR, "cannot subscribe to \"%s\": error %d",
            filter, id);
        return id;
    }
    return 0;
}

static int add_filters(struct journal *journal)
{
    const msock_services *services = journal->services;
    const char *list;
    const char *item;
    size_t cursor = 0;
    size_t count = 0;
    int item_size;
    int result = 0;
    int size = config_get(journal, "filters", &list);
    if (size < 0) {
        return add_filter(journal, "#");
    }
    while (result == 0 && (item_size = services->json_next(
                               list, (size_t)size, &cursor, &item)) >= 0) {
        char filter[MSOCK_TOPIC_MAX + 1];
        if (count++ == FILTERS_MAX ||
            services->json_text(item, (size_t)item_size, filter,
                                sizeof filter) < 0) {
            count = 0;
            break;
        }
        result = add_filter(journal, filter);
    }
    if (count == 0) {
        say(journal, MSOCK_ERROR, "\"filters\" must be a list of 1 to %d texts",
            FILTERS_MAX);
        return MSOCK_EINVAL;
    }
    return result;
}

static int cannot_keep(const struct journal *journal, const char *name,
                       const char *directory)
{
    say(journal, MSOCK_ERROR, "cannot keep a journal \"%s\" in %s: %s", name,
        directory,
        errno == EBUSY ? "another program writes it" : strerror(errno));
    return MSOCK_ESYSTEM;
}

/* Opens the file of today. */
static int begin(struct journal *journal)
{
    char time[MSOCK__LINE_TIME_SIZE];
    char day[MSOCK__JOURNAL_DAY_SIZE];

    journal->files.keep =
        (unsigned)config_number(journal, "keep", KEEP_DEFAULT);
    journal->files.size_max = config_number(journal, "size", SIZE_DEFAULT);
    journal->files.sync = journal->sync_ms > 0;
    journal->files.complain = on_trouble;
    journal->files.user = journal;
    now(time, day);
    return msock__files_begin(&journal->files, day);
}

/* Looks whether today's file could be opened. */
static int look(struct journal *journal)
{
    return msock__files_writable(&journal->files);
}

/* Opens the directory that the configuration names, and in it `what`: a journal
 * that cannot be written says so at once. */
static int open_files(struct journal *journal,
                      int (*what)(struct journal *journal))
{
    char directory[PATH_SIZE] = "";
    char name[MSOCK__JOURNAL_NAME_MAX + 1] = "journal";
    int result = config_text(journal, "directory", directory, sizeof directory);
    if (result == 0) {
        result = config_text(journal, "name", name, sizeof name);
    }
    if (result < 0) {
        return result;
    }
    if (msock__files_open(&journal->files, directory, name) < 0) {
        return cannot_keep(journal, name, directory);
    }
    if (what(journal) < 0) {
        result = cannot_keep(journal, name, directory);
        msock__files_close(&journal->files);
    }
    return result;
}

static int set_up(struct journal *journal)
{
    journal->sync_ms = 1000 * config_number(journal, "sync_s", 0);
    journal->capacity =
        MSOCK__LINE_HEAD_MAX +
        (size_t)config_number(journal, "message_max", DATA_DEFAULT);
    journal->line = malloc(journal->capacity);
    if (journal->line == NULL) {
        return MSOCK_ENOMEM;
    }
    int result = open_files(journal, begin);
    if (result < 0) {
        return result;
    }
    result = add_filters(journal);
    if (result < 0) {
        msock__files_close(&journal->files);
    }
    return result;
}

/* -- The plugin -- */

static int start(const msock_services *services, void **state)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return MSOCK_ENOMEM;
    }
    journal->services = services;
    int result = set_up(journal);
    if (result < 0) {
        free(journal->line);
        free(journal);
        return result;
    }
    *state = journal;
    return 0;
}

static void stop(void *state)
{
    struct journal *journal = state;
    if (journal->timer > 0) {
        journal->services->timer_stop(journal->services->host, journal->timer);
    }
    msock__files_close(&journal->files);
    free(journal->line);
    free(journal);
}

/* To start begins a file; this only looks. */
static int check(const msock_services *services)
{
    struct journal journal = {.services = services};
    int result = open_files(&journal, look);
    if (result == 0) {
        result = add_filters(&journal);
        msock__files_close(&journal.files);
    }
    return result;
}

static const msock_config_key keys[] = {
    {.name = "directory",
     .types = MSOCK_CONFIG_TEXT,
     .required = true,
     .help = "where the files are"},
    {.name = "name",
     .types = MSOCK_CONFIG_TEXT,
     .help = "how their names begin [journal]"},
    {.name = "filters",
     .types = MSOCK_CONFIG_LIST,
     .help = "what is written [all]"},
    {.name = "size",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "bytes of a file [16 MiB]",
     .least = 4096,
     .most = UINT64_C(1) << 40},
    {.name = "keep",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "files that are kept [14]",
     .least = 1,
     .most = 10000},
    {.name = "message_max",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "bytes of data as written [64 KiB]",
     .least = 64,
     .most = 8 << 20},
    {.name = "sync_s",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "seconds until the disk must have it [0: no promise]",
     .most = 3600},
    {.name = NULL}};

MSOCK_PLUGIN_EXPORT const msock_plugin_descriptor msock_plugin = {
    .abi = MSOCK_PLUGIN_ABI,
    .struct_size = sizeof(msock_plugin_descriptor),
    .name = "journal",
    .description = "writes messages to files, as JSON lines",
    .start = start,
    .stop = stop,
    .config = keys,
    .check = check,
};
