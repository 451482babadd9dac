/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the plugin `exec`, as its configuration lists them. The host
 * has checked keys, types and ranges. */
#define _XOPEN_SOURCE 700 /* realpath, S_ISVTX */
#include "plugins/exec/command.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NOTE_SIZE = 512,
    WORD_SIZE = MSOCK__WORD_MAX + 1,
    TIMEOUT_MS = 10000,
    OUTPUT_MOST = 1 << 20
};

static const msock_config_key command_keys[] = {
    {.name = "filter",
     .types = MSOCK_CONFIG_TEXT,
     .required = true,
     .help = "messages that run it"},
    {.name = "program",
     .types = MSOCK_CONFIG_TEXT,
     .required = true,
     .help = "absolute path"},
    {.name = "arguments",
     .types = MSOCK_CONFIG_LIST,
     .help = "its arguments, as they are"},
    {.name = "environment",
     .types = MSOCK_CONFIG_LIST,
     .help = "further variables, NAME=VALUE"},
    {.name = "reply",
     .types = MSOCK_CONFIG_TEXT,
     .help = "topic of its output [nowhere]"},
    {.name = "timeout_ms",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "it is killed after that [10000]",
     .least = 1,
     .most = 3600000},
    {.name = NULL}};

const msock_config_key msock__exec_keys[] = {
    {.name = "commands",
     .types = MSOCK_CONFIG_LIST,
     .required = true,
     .help = "what runs when",
     .members = command_keys},
    {.name = "parallel",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "programs at a time [4]",
     .least = 1,
     .most = 64},
    {.name = "queue",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "messages that wait [64]",
     .most = 1024},
    {.name = "input_max",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "bytes of a message [64 KiB]",
     .most = OUTPUT_MOST},
    {.name = "output_max",
     .types = MSOCK_CONFIG_WHOLE,
     .help = "bytes of a program's output [64 KiB]",
     .most = OUTPUT_MOST},
    {.name = NULL}};

/* A command as the configuration has it. */
struct source {
    const msock_services *services;
    const char *json;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static int
refuse(const msock_services *services, const char *format, ...)
{
    char note[NOTE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    services->log(services->host, MSOCK_ERROR, note);
    return MSOCK_EINVAL;
}

uint64_t msock__config_number(const msock_services *services, const char *json,
                              size_t size, const char *key, uint64_t otherwise)
{
    const char *value;
    return services->json_get(json, size, key, &value) < 0
               ? otherwise
               : strtoull(value, NULL, 10);
}

/* Copies a JSON string.  Returns 0, or a code. */
static int copy_text(const struct source *source, const char *what,
                     const char *json, size_t size, char **copy)
{
    char text[WORD_SIZE];
    if (source->services->json_text(json, size, text, sizeof text) < 0) {
        return refuse(source->services,
                      "\"%s\" must be text of at most %d bytes", what,
                      MSOCK__WORD_MAX);
    }
    *copy = strdup(text);
    return *copy != NULL ? 0 : MSOCK_ENOMEM;
}

/* Copies a member of the command; leaves NULL if there is none. */
static int copy_member(const struct source *source, const char *key,
                       char **copy)
{
    const char *value;
    int size =
        source->services->json_get(source->json, source->size, key, &value);
    return size < 0 ? 0 : copy_text(source, key, value, (size_t)size, copy);
}

/* Copies a list of at most MSOCK__WORDS_MAX texts; the rest stays NULL. */
static int copy_list(const struct source *source, const char *key, char **words)
{
    const msock_services *services = source->services;
    const char *list;
    const char *item;
    size_t cursor = 0;
    size_t count = 0;
    int result = 0;
    int item_size;
    int size = services->json_get(source->json, source->size, key, &list);

    while (size >= 0 && result == 0 &&
           (item_size =
                services->json_next(list, (size_t)size, &cursor, &item)) >= 0) {
        if (count == MSOCK__WORDS_MAX) {
            return refuse(services, "\"%s\" has over %d elements", key,
                          MSOCK__WORDS_MAX);
        }
        result =
            copy_text(source, key, item, (size_t)item_size, &words[count++]);
    }
    return result;
}

/* Who may write to the folder of a program can put another in its place. */
static bool folder_safe(const char *path)
{
    char folder[PATH_MAX];
    struct stat status;
    int size = (int)(strrchr(path, '/') - path);
    if (snprintf(folder, sizeof folder, "%.*s/", size, path) >=
        (int)sizeof folder) {
        return false;
    }
    return stat(folder, &status) == 0 &&
           (status.st_uid == 0 || status.st_uid == geteuid()) &&
           ((status.st_mode & S_IWOTH) == 0 || (status.st_mode & S_ISVTX) != 0);
}

/* Both where the path lies and where, through links, the file lies. */
static bool folders_safe(const char *path)
{
    char *real = realpath(path, NULL);
    bool safe = real != NULL && folder_safe(path) && folder_safe(real);
    free(real);
    return safe;
}

static int check_program(const struct source *source, const char *path)
{
    const msock_services *services = source->services;
    struct stat status;
    if (path[0] != '/') {
        return refuse(services, "the program \"%s\" must be an absolute path",
                      path);
    }
    if (stat(path, &status) < 0 || access(path, X_OK) < 0) {
        return refuse(services, "cannot run the program %s: %s", path,
                      strerror(errno));
    }
    if (!S_ISREG(status.st_mode) ||
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
        (status.st_uid != 0 && status.st_uid != geteuid())) {
        return refuse(services,
                      "the program %s must be a file of root or of this user "
                      "that others may not write",
                      path);
    }
    if (!folders_safe(path)) {
        return refuse(services,
                      "the program %s must lie in a folder of root or of this "
                      "user that not everybody may write",
                      path);
    }
    return 0;
}

static int check_environment(const struct source *source,
                             const struct msock__command *command)
{
    for (size_t i = 0; command->environment[i] != NULL; i++) {
        const char *equals = strchr(command->environment[i], '=');
        if (equals == NULL || equals == command->environment[i]) {
            return refuse(source->services,
                          "\"environment\" must be a list of NAME=VALUE, not "
                          "\"%s\"",
                          command->environment[i]);
        }
    }
    return 0;
}

static int check_reply(const struct source *source, const char *reply)
{
    const msock_services *services = source->services;
    /* Any topic matches itself as a filter; what is no topic matches nothing.
     */
    if (reply != NULL && (!services->topic_match(reply, reply) ||
                          services->topic_match("$ms/#", reply))) {
        return refuse(services,
                      "the reply \"%s\" is no topic to publish on: it has "
                      "wildcards, control characters, too many levels or $ms",
                      reply);
    }
    return 0;
}

static int command_read(struct msock__command *command,
                        const struct source *source)
{
    int result = copy_member(source, "filter", &command->filter);
    if (result == 0) {
        result = copy_member(source, "reply", &command->reply);
    }
    if (result == 0) {
        result = copy_member(source, "program", &command->argv[0]);
    }
    if (result == 0) {
        result = copy_list(source, "arguments", &command->argv[1]);
    }
    if (result == 0) {
        result = copy_list(source, "environment", command->environment);
    }
    if (result == 0) {
        result = check_program(source, command->argv[0]);
    }
    if (result == 0) {
        result = check_environment(source, command);
    }
    if (result == 0) {
        result = check_reply(source, command->reply);
    }
    command->timeout_ms = msock__config_number(
        source->services, source->json, source->size, "timeout_ms", TIMEOUT_MS);
    return result;
}

/* An answer that is an order too would go round for ever, from node to node. */
static int check_rounds(const struct msock__commands *commands,
                        const msock_services *services)
{
    for (size_t i = 0; i < commands->count; i++) {
        for (size_t j = 0; j < commands->count; j++) {
            const char *reply = commands->items[i].reply;
            const char *filter = commands->items[j].filter;
            if (reply != NULL && services->topic_match(filter, reply)) {
                return refuse(services,
                              "the reply \"%s\" would run the command of "
                              "\"%s\": choose another topic",
                              reply, filter);
            }
        }
    }
    return 0;
}

int msock__commands_read(struct msock__commands *commands,
                         const msock_services *services)
{
    const char *list;
    const char *item;
    size_t cursor = 0;
    int item_size;
    int size = services->json_get(services->config, strlen(services->config),
                                  "commands", &list);

    while (size >= 0 && (item_size = services->json_next(
                             list, (size_t)size, &cursor, &item)) >= 0) {
        const struct source source = {services, item, (size_t)item_size};
        if (commands->count == MSOCK__COMMANDS_MAX) {
            return refuse(services, "over %d commands", MSOCK__COMMANDS_MAX);
        }
        int result = command_read(&commands->items[commands->count++], &source);
        if (result < 0) {
            return result;
        }
    }
    if (commands->count == 0) {
        return refuse(services, "\"commands\" has no command");
    }
    return check_rounds(commands, services);
}

static void free_words(char **words)
{
    for (; *words != NULL; words++) {
        free(*words);
    }
}

void msock__commands_fini(struct msock__commands *commands)
{
    for (size_t i = 0; i < commands->count; i++) {
        struct msock__command *command = &commands->items[i];
        free(command->filter);
        free(command->reply);
        /* A program that was not read leaves its arguments unread too. */
        free_words(command->argv);
        free_words(command->environment);
    }
}
