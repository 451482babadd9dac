/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the hub's configuration. */
#include "tools/msock/hub_fields.h"

#include "tools/msock/cli.h"

#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_SIZE = 4096, /* of a text, its NUL included */
    KEY_SIZE = 64,    /* of a key, its NUL included: longer ones are unknown */
    DAY_S = 86400
};

enum kind {
    TEXT,
    PATH,
    KEY_FILE,
    NUMBER,
    LEVEL,
    OBJECT,
    PLUGINS,
    STATUS,
    FILTERS
};

struct field {
    const char *name;
    enum kind kind;
    size_t offset;        /* in what the table describes */
    unsigned least, most; /* of a number */
};

static const struct field hub_fields[] = {
    {"channel", TEXT, offsetof(struct hub_config, channel), 0, 0},
    {"name", TEXT, offsetof(struct hub_config, name), 0, 0},
    {"key_file", KEY_FILE, offsetof(struct hub_config, key_file), 0, 0},
    {"plugins_directory", PATH, offsetof(struct hub_config, plugins_directory),
     0, 0},
    {"plugins", PLUGINS, 0, 0, 0},
    {"slow_ms", NUMBER, offsetof(struct hub_config, slow_ms), 1, 60000},
    {"slow_max", NUMBER, offsetof(struct hub_config, slow_max), 1, 1000000},
    {"fail_max", NUMBER, offsetof(struct hub_config, fail_max), 1, 1000000},
    {"subscriptions_max", NUMBER,
     offsetof(struct hub_config, subscriptions_max), 1, 65536},
    {"timers_max", NUMBER, offsetof(struct hub_config, timers_max), 1, 4096},
    {"log_level", LEVEL, offsetof(struct hub_config, log_level), 0, 0},
    {"status", STATUS, 0, 0, 0},
};

static const struct field status_fields[] = {
    {"file", PATH, offsetof(struct hub_config, status_file), 0, 0},
    {"every_s", NUMBER, offsetof(struct hub_config, status_every_s), 1, DAY_S},
    {"filters", FILTERS, 0, 0, 0},
};

static const struct field plugin_fields[] = {
    {"name", TEXT, offsetof(struct hub_plugin, name), 0, 0},
    {"config", OBJECT, offsetof(struct hub_plugin, config), 0, 0},
};

/* A table of members, the struct that they are read into, and what to call the
 * object, with an example, when it is none. */
struct shape {
    const struct field *fields;
    size_t count;
    void *base;
    const char *name;
    const char *example;
};

#define SHAPE(table, into, called, such_as)                                    \
    (struct shape)                                                             \
    {                                                                          \
        .fields = (table), .count = sizeof(table) / sizeof((table)[0]),        \
        .base = (into), .name = (called), .example = (such_as)                 \
    }

/* -- Values -- */

/* Reads a JSON string into *text, to be freed.  Returns whether it is one. */
static bool read_string(const struct json_slice *value, char **text)
{
    char buffer[TEXT_SIZE];

    if (msock_json_text(value->text, value->size, buffer, sizeof(buffer)) < 0) {
        return false;
    }
    *text = strdup(buffer);
    return *text != NULL;
}

static void read_text(struct hub_reader *reader, const struct json_slice *value,
                      const struct field *field, char **text)
{
    bool path = field->kind == PATH || field->kind == KEY_FILE;

    if (!read_string(value, text) || (*text)[0] == '\0') {
        json_file_problem(&reader->source, value->text,
                          "\"%s\" must be a text of 1 to %d bytes", field->name,
                          TEXT_SIZE - 1);
    } else if (path && (*text)[0] != '/') {
        json_file_problem(&reader->source, value->text,
                          "\"%s\" must be an absolute path, not \"%s\"",
                          field->name, *text);
    } else {
        return;
    }
    reader->config->doubtful |= path;
    free(*text);
    *text = NULL;
}

static bool is_word(const struct json_slice *value, const char *word)
{
    return value->size == strlen(word) &&
           memcmp(value->text, word, value->size) == 0;
}

static void read_key_file(struct hub_reader *reader,
                          const struct json_slice *value,
                          const struct field *field, char **text)
{
    if (is_word(value, "null")) {
        reader->config->open = true;
    } else {
        read_text(reader, value, field, text);
    }
}

static void read_number(struct hub_reader *reader,
                        const struct json_slice *value,
                        const struct field *field, unsigned *number)
{
    size_t digits = strspn(value->text, "0123456789");
    unsigned long read = digits == value->size && digits < 10
                             ? strtoul(value->text, NULL, 10)
                             : 0;

    if (read < field->least || read > field->most) {
        json_file_problem(&reader->source, value->text,
                          "\"%s\" must be a whole number from %u to %u",
                          field->name, field->least, field->most);
        return;
    }
    *number = (unsigned)read;
}

static void read_level(struct hub_reader *reader,
                       const struct json_slice *value,
                       const struct field *field, unsigned *level)
{
    static const struct {
        const char *word;
        enum msock_level level;
    } levels[] = {{"\"debug\"", MSOCK_DEBUG},
                  {"\"info\"", MSOCK_INFO},
                  {"\"warning\"", MSOCK_WARNING},
                  {"\"error\"", MSOCK_ERROR}};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (is_word(value, levels[i].word)) {
            *level = levels[i].level;
            return;
        }
    }
    json_file_problem(&reader->source, value->text,
                      "\"%s\" must be \"debug\", \"info\", \"warning\" or "
                      "\"error\"",
                      field->name);
}

static void read_object(struct hub_reader *reader,
                        const struct json_slice *value,
                        const struct field *field, char **text)
{
    if (value->text[0] != '{') {
        json_file_problem(&reader->source, value->text,
                          "\"%s\" must be an object, such as {}", field->name);
        return;
    }
    *text = strndup(value->text, value->size);
    if (!*text) {
        problem_tell(reader->source.problems, "out of memory");
    }
}

/* -- Lists -- */

static void read_filter(struct hub_reader *reader,
                        const struct json_slice *value, unsigned index)
{
    struct hub_config *config = reader->config;
    char *filter = NULL;

    if (config->filter_count == HUB_FILTERS_MAX) {
        json_file_problem(&reader->source, value->text, "over %d filters",
                          HUB_FILTERS_MAX);
    } else if (!read_string(value, &filter) || !cli_is_filter(filter)) {
        json_file_problem(
            &reader->source, value->text,
            "\"filters[%u]\" must be a filter, such as \"+/lights/state\"",
            index);
        free(filter);
    } else {
        config->filters[config->filter_count++] = filter;
    }
}

static void read_members(struct hub_reader *reader,
                         const struct json_slice *value,
                         const struct shape *shape);

/* Two plugins of one name cannot run together. */
static void refuse_twin(struct hub_reader *reader, const char *at)
{
    const struct hub_config *config = reader->config;
    const char *name = config->plugins[config->plugin_count].name;
    size_t size;
    const char *base = hub_plugin_base(name, &size);

    for (size_t i = 0; i < config->plugin_count; i++) {
        size_t other_size;
        const char *other =
            hub_plugin_base(config->plugins[i].name, &other_size);
        if (size == other_size && memcmp(base, other, size) == 0) {
            json_file_problem(&reader->source, at, "a second plugin \"%s\"",
                              name);
        }
    }
}

/* Problems of a plugin are met when the text is gone. */
static void note_lines(const struct hub_reader *reader,
                       const struct json_slice *value,
                       struct hub_plugin *plugin)
{
    const char *config = value->text;

    msock_json_get(value->text, value->size, "config", &config);
    plugin->line = json_file_line(&reader->source, value->text);
    plugin->config_line = json_file_line(&reader->source, config);
}

static void read_plugin(struct hub_reader *reader,
                        const struct json_slice *value, unsigned index)
{
    struct hub_config *config = reader->config;
    char name[KEY_SIZE];

    if (config->plugin_count == HUB_PLUGINS_MAX) {
        json_file_problem(&reader->source, value->text, "over %d plugins",
                          HUB_PLUGINS_MAX);
        return;
    }
    struct hub_plugin *plugin = &config->plugins[config->plugin_count];
    struct shape shape =
        SHAPE(plugin_fields, plugin, name, "{\"name\": \"lights\"}");
    unsigned before = reader->source.problems->count;
    snprintf(name, sizeof(name), "\"plugins[%u]\"", index);
    read_members(reader, value, &shape);
    note_lines(reader, value, plugin);
    if (plugin->name) {
        refuse_twin(reader, value->text);
        config->plugin_count++;
        return;
    }
    free(plugin->config);
    plugin->config = NULL;
    if (reader->source.problems->count == before) {
        json_file_problem(&reader->source, value->text, "%s needs a name: %s",
                          name, shape.example);
    }
}

static void read_list(struct hub_reader *reader, const struct json_slice *value,
                      const struct field *field,
                      void (*read)(struct hub_reader *,
                                   const struct json_slice *, unsigned))
{
    size_t cursor = 0;
    unsigned index = 0;

    if (value->text[0] != '[') {
        json_file_problem(&reader->source, value->text,
                          "\"%s\" must be a list: [...]", field->name);
        return;
    }
    for (;;) {
        struct json_slice element;
        int size =
            msock_json_next(value->text, value->size, &cursor, &element.text);
        if (size < 0) {
            return;
        }
        element.size = (size_t)size;
        read(reader, &element, index++);
    }
}

/* -- Objects -- */

static void read_field(struct hub_reader *reader,
                       const struct json_slice *value,
                       const struct field *field, void *base)
{
    void *into = (char *)base + field->offset;
    struct shape status =
        SHAPE(status_fields, reader->config, "\"status\"",
              "{\"file\": \"/run/multisock-hub/status.json\"}");

    switch (field->kind) {
    case TEXT:
    case PATH:
        read_text(reader, value, field, into);
        break;
    case KEY_FILE:
        read_key_file(reader, value, field, into);
        break;
    case NUMBER:
        read_number(reader, value, field, into);
        break;
    case LEVEL:
        read_level(reader, value, field, into);
        break;
    case OBJECT:
        read_object(reader, value, field, into);
        break;
    case PLUGINS:
        read_list(reader, value, field, read_plugin);
        break;
    case STATUS:
        read_members(reader, value, &status);
        break;
    case FILTERS:
        reader->config->filtered = true;
        read_list(reader, value, field, read_filter);
        break;
    }
}

/* Returns the index of the member's field; the table's count if there is none,
 * having told which is nearest. */
static size_t find_field(struct hub_reader *reader,
                         const struct json_slice *key,
                         const struct shape *shape)
{
    char name[KEY_SIZE] = "";
    const char *known[sizeof(hub_fields) / sizeof(hub_fields[0])];
    size_t i = 0;

    msock_json_text(key->text, key->size, name, sizeof(name));
    while (i < shape->count && strcmp(name, shape->fields[i].name) != 0) {
        known[i] = shape->fields[i].name;
        i++;
    }
    if (i == shape->count) {
        json_file_unknown(&reader->source, key, known, i);
        reader->config->doubtful |= shape->fields == hub_fields;
    }
    return i;
}

static void read_members(struct hub_reader *reader,
                         const struct json_slice *value,
                         const struct shape *shape)
{
    size_t cursor = 0;
    unsigned seen = 0; /* a bit for each field */

    if (value->text[0] != '{') {
        json_file_problem(&reader->source, value->text,
                          "%s must be an object, such as %s", shape->name,
                          shape->example);
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
        size_t field = find_field(reader, &key, shape);
        if (field < shape->count && (seen & 1u << field) != 0) {
            json_file_problem(&reader->source, key.text, "\"%s\" comes twice",
                              shape->fields[field].name);
        } else if (field < shape->count) {
            seen |= 1u << field;
            read_field(reader, &member, &shape->fields[field], shape->base);
        }
    }
}

void hub_fields_read(struct hub_reader *reader, const char *text, size_t size)
{
    size_t space = strspn(text, " \t\r\n");
    struct json_slice whole = {text + space, size - space};
    struct shape shape = SHAPE(hub_fields, reader->config, "the configuration",
                               "{\"name\": \"hub\"}");

    reader->config->whole = whole.text[0] == '{';
    read_members(reader, &whole, &shape);
}
