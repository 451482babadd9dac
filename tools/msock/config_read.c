/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the command line as a file. */
#include "tools/msock/config.h"

#include "tools/msock/json_file.h"

#include <errno.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TEXT_SIZE = CONFIG_PATH_MAX };

/* Members of the file that its contexts do not have. */
enum { CONTEXT = CONFIG_KEYS, CONTEXTS, MEMBERS };

struct reader {
    struct json_file source;
    struct config_file *file;
};

static bool is_word(const struct json_slice *value, const char *word)
{
    return value->size == strlen(word) &&
           memcmp(value->text, word, value->size) == 0;
}

/* -- Values -- */

/* Reads a text of 1 byte or more.  Returns whether it is one. */
static bool read_text(struct reader *reader, const struct json_slice *value,
                      const char *key, char text[static TEXT_SIZE])
{
    if (msock_json_text(value->text, value->size, text, TEXT_SIZE) > 0) {
        return true;
    }
    json_file_problem(&reader->source, value->text,
                      "\"%s\" must be a text of 1 to %d bytes, or null", key,
                      TEXT_SIZE - 1);
    return false;
}

/* Notes a text, to be freed; without it the default would seem to be meant. */
static char *keep(struct reader *reader, char *text)
{
    if (!text) {
        problem_tell(reader->source.problems, "out of memory");
    }
    return text;
}

/* A relative path is one beside the file, but for ~/, the home of who runs
 * this. */
static char *beside(const char *file, const char *path)
{
    const char *home = strncmp(path, "~/", 2) == 0 ? getenv("HOME") : NULL;
    const char *slash = strrchr(file, '/');
    int folder_size = path[0] != '/' && slash ? (int)(slash + 1 - file) : 0;
    char whole[2 * CONFIG_PATH_MAX];

    int size =
        home && home[0] == '/'
            ? snprintf(whole, sizeof(whole), "%s%s", home, path + 1)
            : snprintf(whole, sizeof(whole), "%.*s%s", folder_size, file, path);
    /* A home that is too long leads to no file. */
    return strdup(size < (int)sizeof(whole) ? whole : path);
}

static void read_quiet(struct reader *reader, const struct json_slice *value,
                       struct config_value *into)
{
    if (is_word(value, "true") || is_word(value, "false")) {
        into->text = keep(reader, strndup(value->text, value->size));
    } else if (!is_word(value, "null")) {
        json_file_problem(&reader->source, value->text,
                          "\"quiet\" must be true, false or null");
    }
}

/* Looks whether a key stands where its file is to be named: it is not shown. */
static bool is_file_name(struct reader *reader, const char *at, const char *key,
                         const char *text)
{
    char where[CONFIG_PATH_MAX + 64];

    snprintf(where, sizeof(where), "%s:%u: \"%s\"", reader->file->path,
             json_file_line(&reader->source, at), key);
    if (cli_check_file(where, text) == CLI_OK) {
        return true;
    }
    reader->source.problems->count++; /* it was told */
    return false;
}

static void read_value(struct reader *reader, const struct json_slice *value,
                       int key, struct config_value *into)
{
    const char *name = key == CONTEXT ? "context" : config_words[key].key;
    bool path = key != CONTEXT && config_words[key].path;
    char text[TEXT_SIZE];

    into->line = json_file_line(&reader->source, value->text);
    if (key == CONFIG_QUIET) {
        read_quiet(reader, value, into);
    } else if (is_word(value, "null") ||
               !read_text(reader, value, name, text)) {
        return;
    } else if (!path) {
        into->text = keep(reader, strdup(text));
    } else if (is_file_name(reader, value->text, name, text)) {
        into->text = keep(reader, beside(reader->file->path, text));
    }
}

/* -- Objects -- */

/* Walks over the members of an object whose keys are the first `known` of all;
 * each is given to `read`. */
static void read_members(struct reader *reader, const struct json_slice *value,
                         const char *what, size_t known,
                         void (*read)(struct reader *reader,
                                      const struct json_slice *value, int key,
                                      void *user),
                         void *user)
{
    const char *words[MEMBERS] = {
        [CONTEXT] = "context", [CONTEXTS] = "contexts"};
    size_t cursor = 0;
    unsigned seen = 0; /* a bit for each key */

    for (int i = 0; i < CONFIG_KEYS; i++) {
        words[i] = config_words[i].key;
    }
    if (value->text[0] != '{') {
        json_file_problem(&reader->source, value->text,
                          "%s must be an object, such as {\"channel\": "
                          "\"" MSOCK_DEFAULT_URL "\"}",
                          what);
        return;
    }
    for (;;) {
        struct json_slice key, member;
        char name[TEXT_SIZE] = "";
        size_t i = 0;
        int size = msock_json_member(value->text, value->size, &cursor,
                                     &key.text, &key.size, &member.text);
        if (size < 0) {
            return;
        }
        member.size = (size_t)size;
        msock_json_text(key.text, key.size, name, sizeof(name));
        while (i < known && strcmp(name, words[i]) != 0) {
            i++;
        }
        if (i == known) {
            json_file_unknown(&reader->source, &key, words, known);
        } else if ((seen & 1u << i) != 0) {
            json_file_problem(&reader->source, key.text, "\"%s\" comes twice",
                              name);
        } else {
            seen |= 1u << i;
            read(reader, &member, (int)i, user);
        }
    }
}

static void read_in_context(struct reader *reader,
                            const struct json_slice *value, int key, void *user)
{
    struct config_context *context = user;

    read_value(reader, value, key, &context->values[key]);
}

static void read_context(struct reader *reader, const struct json_slice *key,
                         const struct json_slice *value)
{
    struct config_file *file = reader->file;
    char name[TEXT_SIZE];
    char what[TEXT_SIZE + 16];

    if (msock_json_text(key->text, key->size, name, sizeof(name)) <= 0) {
        json_file_problem(&reader->source, key->text,
                          "a context needs a name of 1 to %d bytes",
                          TEXT_SIZE - 1);
    } else if (config_find(file, name)) {
        json_file_problem(&reader->source, key->text,
                          "context \"%.64s\" comes twice", name);
    } else if (file->context_count == CONFIG_CONTEXTS_MAX) {
        json_file_problem(&reader->source, key->text, "over %d contexts",
                          CONFIG_CONTEXTS_MAX);
    } else {
        struct config_context *context = &file->contexts[file->context_count];
        context->name = strdup(name);
        context->line = json_file_line(&reader->source, key->text);
        if (!context->name) {
            problem_tell(reader->source.problems, "out of memory");
            return;
        }
        file->context_count++;
        snprintf(what, sizeof(what), "context \"%.64s\"", name);
        read_members(reader, value, what, CONFIG_KEYS, read_in_context,
                     context);
    }
}

static void read_contexts(struct reader *reader, const struct json_slice *value)
{
    size_t cursor = 0;

    if (value->text[0] != '{') {
        json_file_problem(&reader->source, value->text,
                          "\"contexts\" must be an object, such as {\"home\": "
                          "{\"channel\": \"" MSOCK_DEFAULT_URL "\"}}");
        return;
    }
    reader->file->contexts =
        calloc(CONFIG_CONTEXTS_MAX, sizeof(*reader->file->contexts));
    if (!reader->file->contexts) {
        problem_tell(reader->source.problems, "out of memory");
        return;
    }
    for (;;) {
        struct json_slice key, member;
        int size = msock_json_member(value->text, value->size, &cursor,
                                     &key.text, &key.size, &member.text);
        if (size < 0) {
            return;
        }
        member.size = (size_t)size;
        read_context(reader, &key, &member);
    }
}

static void read_in_file(struct reader *reader, const struct json_slice *value,
                         int key, void *user)
{
    struct config_file *file = user;

    if (key == CONTEXTS) {
        read_contexts(reader, value);
    } else {
        read_value(reader, value, key,
                   key == CONTEXT ? &file->context : &file->values[key]);
    }
}

int config_read_text(struct config_file *file, char *text)
{
    struct problems problems = {.count = 0};
    struct reader reader = {
        .source = {.file = file->path, .problems = &problems}, .file = file};

    if (json_file_check(&reader.source, text)) {
        size_t space = strspn(text, " \t\r\n");
        struct json_slice whole = {text + space, strlen(text) - space};
        file->found = true;
        read_members(&reader, &whole, "the configuration", MEMBERS,
                     read_in_file, file);
    }
    return problems.count == 0 ? CLI_OK : CLI_FAILURE;
}

int config_read(struct config_file *file)
{
    struct problems problems = {.count = 0};
    struct stat status;

    if (!file->named && stat(file->path, &status) < 0 &&
        (errno == ENOENT || errno == ENOTDIR)) {
        return CLI_OK;
    }
    char *text = json_file_read(
        file->path,
        "; make it with msock context add, or unset the variable "
        "that names it",
        &problems);
    if (!text) {
        return problems.count > 0 ? CLI_FAILURE : cli_error("out of memory");
    }
    int code = config_read_text(file, text);
    free(text);
    return code;
}

/* -- The end -- */

static void values_fini(struct config_value values[static CONFIG_KEYS])
{
    for (int i = 0; i < CONFIG_KEYS; i++) {
        free(values[i].text);
    }
}

void config_file_fini(struct config_file *file)
{
    for (size_t i = 0; i < file->context_count; i++) {
        free(file->contexts[i].name);
        values_fini(file->contexts[i].values);
    }
    free(file->contexts);
    free(file->context.text);
    values_fini(file->values);
}
