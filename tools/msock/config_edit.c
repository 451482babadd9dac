/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a configuration's text. */
#include "tools/msock/config_edit.h"

#include "tools/msock/config.h"
#include "tools/msock/json_file.h"
#include "tools/msock/json_out.h"

#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>

/** A text twice: as it is, and without comments. Places are the same. */
struct twice {
    const char *text;
    char *plain;
};

/** A value and its key as places. */
struct place {
    size_t key;
    size_t value;
    size_t end;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct place whole(const struct twice *twice)
{
    size_t end = strlen(twice->plain);

    while (end > 0 && is_blank(twice->plain[end - 1])) {
        end--;
    }
    return (struct place){.value = strspn(twice->plain, " \t\r\n"), .end = end};
}

/* Finds a member of `object`, or its last one if `key` is NULL.  Returns
 * whether there is one. */
static bool find(const struct twice *twice, const struct place *object,
                 const char *key, struct place *found)
{
    const char *json = twice->plain + object->value;
    size_t cursor = 0;
    bool any = false;

    for (;;) {
        const char *at, *value;
        size_t key_size;
        char word[CONFIG_PATH_MAX] = "";
        int size = msock_json_member(json, object->end - object->value, &cursor,
                                     &at, &key_size, &value);
        if (size < 0) {
            return any && !key;
        }
        any = true;
        *found = (struct place){.key = (size_t)(at - twice->plain),
                                .value = (size_t)(value - twice->plain)};
        found->end = found->value + (size_t)size;
        msock_json_text(at, key_size, word, sizeof(word));
        if (key && strcmp(word, key) == 0) {
            return true;
        }
    }
}

/* -- Edits -- */

static void put_text(struct cli_buffer *out, const char *text)
{
    json_out(out, text, strlen(text));
}

static void put_member(struct cli_buffer *out, const char *key,
                       const char *value)
{
    json_out_text(out, key, strlen(key));
    put_text(out, ": ");
    put_text(out, value);
}

/* Ends the buffer.  Returns its text, or NULL. */
static char *finish(struct cli_buffer *out)
{
    json_out(out, "", 1); /* the NUL */
    if (out->failed) {
        free(out->bytes);
        return NULL;
    }
    return out->bytes;
}

static char *replace(const struct twice *twice, const struct place *old,
                     const char *value)
{
    struct cli_buffer out = {0};

    json_out(&out, twice->text, old->value);
    put_text(&out, value);
    put_text(&out, twice->text + old->end);
    return finish(&out);
}

/* Adds a member at the end of `object`, on a line of its own that is indented
 * by `indent` blanks: a comment behind the last one stays behind that. */
static char *append(const struct twice *twice, const struct place *object,
                    int indent, const char *key, const char *value)
{
    struct cli_buffer out = {0};
    struct place last;
    size_t at = object->end - 1; /* the brace */
    size_t told = 0;

    while (is_blank(twice->text[at - 1])) {
        at--;
    }
    if (find(twice, object, NULL, &last)) {
        json_out(&out, twice->text, last.end);
        put_text(&out, ",");
        told = last.end;
    }
    json_out(&out, twice->text + told, at - told);
    json_out_format(&out, "\n%*s", indent, "");
    put_member(&out, key, value);
    if (!memchr(twice->text + at, '\n', object->end - at)) {
        json_out_format(&out, "\n%*s", indent - 2, "");
        at = object->end - 1;
    }
    put_text(&out, twice->text + at);
    return finish(&out);
}

/* Removes a member, the comma that parts it from another, and its line if
 * nothing else is on it. */
static char *cut(const struct twice *twice, const struct place *member)
{
    struct cli_buffer out = {0};
    const char *text = twice->text;
    size_t from = member->key;
    size_t to = member->end + strspn(twice->plain + member->end, " \t\r\n");
    size_t comma = member->key;

    if (twice->plain[to] == ',') {
        to++;
        comma = 0;
    } else {
        to = member->end;
        while (is_blank(twice->plain[comma - 1])) {
            comma--;
        }
        comma = twice->plain[comma - 1] == ',' ? comma : 0;
    }
    while (text[from - 1] == ' ' || text[from - 1] == '\t') {
        from--;
    }
    if (text[from - 1] == '\n' && text[to] == '\n') {
        to++;
    }
    if (comma > 0) {
        json_out(&out, text, comma - 1);
        json_out(&out, text + comma, from - comma);
    } else {
        json_out(&out, text, from);
    }
    put_text(&out, text + to);
    return finish(&out);
}

/* -- What is changed -- */

/* Makes the copy without comments.  Returns whether it could. */
static bool open_text(struct twice *twice, const char *text)
{
    struct problems problems = {.count = 0};
    struct json_file source = {.file = "the configuration",
                               .problems = &problems};

    *twice = (struct twice){.text = text, .plain = strdup(text)};
    if (!twice->plain) {
        cli_error("out of memory");
        return false;
    }
    if (!json_file_check(&source, twice->plain)) {
        free(twice->plain);
        return false;
    }
    return true;
}

static char *quoted(const char *text)
{
    struct cli_buffer out = {0};

    json_out_text(&out, text, strlen(text));
    return finish(&out);
}

char *config_edit_use(const char *text, const char *name)
{
    struct twice twice;
    struct place place;
    char *changed = NULL;

    if (!open_text(&twice, text)) {
        return NULL;
    }
    struct place object = whole(&twice);
    bool found = find(&twice, &object, "context", &place);
    char *value = name ? quoted(name) : NULL;
    if (value && found) {
        changed = replace(&twice, &place, value);
    } else if (value) {
        changed = append(&twice, &object, 2, "context", value);
    } else if (!name) {
        changed = found ? cut(&twice, &place) : strdup(text);
    }
    free(value);
    free(twice.plain);
    return changed;
}

/* The first context of all. */
static char *add_contexts(const struct twice *twice, const char *name,
                          const char *value)
{
    struct cli_buffer out = {0};
    struct place object = whole(twice);

    put_text(&out, "{\n    ");
    put_member(&out, name, value);
    put_text(&out, "\n  }");
    char *contexts = finish(&out);
    char *changed =
        contexts ? append(twice, &object, 2, "contexts", contexts) : NULL;
    free(contexts);
    return changed;
}

char *config_edit_add(const char *text, const char *name, const char *value)
{
    struct twice twice;
    struct place contexts, place;
    char *changed;

    if (!open_text(&twice, text)) {
        return NULL;
    }
    struct place object = whole(&twice);
    if (!find(&twice, &object, "contexts", &contexts)) {
        changed = add_contexts(&twice, name, value);
    } else if (find(&twice, &contexts, name, &place)) {
        changed = replace(&twice, &place, value);
    } else {
        changed = append(&twice, &contexts, 4, name, value);
    }
    free(twice.plain);
    return changed;
}

char *config_edit_remove(const char *text, const char *name)
{
    struct twice twice;
    struct place contexts, place;

    if (!open_text(&twice, text)) {
        return NULL;
    }
    struct place object = whole(&twice);
    char *changed = find(&twice, &object, "contexts", &contexts) &&
                            find(&twice, &contexts, name, &place)
                        ? cut(&twice, &place)
                        : strdup(text);
    free(twice.plain);
    return changed;
}
