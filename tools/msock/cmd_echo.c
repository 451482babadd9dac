/* SPDX-License-Identifier: Apache-2.0 */
/* msock echo: messages on several lines, for people. */
#include "tools/msock/json_out.h"
#include "tools/msock/pretty.h"
#include "tools/msock/print.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"
#include "tools/msock/watch.h"

#include <getopt.h>
#include <inttypes.h>
#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>

enum { ONCE = CLI_OWN, FIELD, TRUNCATE, JSON };

static const double wait_max_s = 1e9;

struct echo {
    struct watch watch;
    struct printer printer;
    struct cli_buffer escaped;
    const char *field; /* the member that is shown, NULL: all */
    uint64_t truncate; /* 0: nothing is */
    uint64_t without;  /* messages that have no such member */
    bool once;
};

/* -- The member -- */

/* Takes the next word off the path. */
static size_t next_word(const char **path, char separator, const char **word)
{
    const char *end = strchr(*path, separator);
    size_t size = end ? (size_t)(end - *path) : strlen(*path);

    *word = *path;
    *path = end ? end + 1 : NULL;
    return size;
}

/* Returns as msock_json_get(). */
static int element(const char *json, size_t size, const char *word,
                   const char **value)
{
    size_t cursor = 0;
    int found = MSOCK_ENOENT;
    unsigned long index = strspn(word, "0123456789") == strlen(word)
                              ? strtoul(word, NULL, 10)
                              : size;

    for (unsigned long i = 0; index < size && i <= index; i++) {
        found = msock_json_next(json, size, &cursor, value);
        if (found < 0) {
            return found;
        }
    }
    return found;
}

/* Points *json at the member that the path names: words between dots, or behind
 * slashes if it begins with one; numbers count in lists.  Returns whether there
 * is one. */
static bool find_member(const char *path, const char **json, size_t *size)
{
    char separator = path[0] == '/' ? '/' : '.';

    path += separator == '/';
    while (path) {
        const char *word, *value;
        char key[MSOCK_TOPIC_MAX + 1];
        size_t word_size = next_word(&path, separator, &word);
        if (word_size >= sizeof(key)) {
            return false;
        }
        memcpy(key, word, word_size);
        key[word_size] = '\0';
        int found = (*json)[0] == '['
                        ? element(*json, *size, key, &value)
                        : msock_json_get(*json, *size, key, &value);
        if (found < 0) {
            return false;
        }
        *json = value;
        *size = (size_t)found;
    }
    return true;
}

/* -- A message -- */

static void put_escaped(struct cli_buffer *out, const char *text, size_t size)
{
    if (cli_buffer_reserve(out, out->size + 4 * size + 1) != CLI_OK) {
        out->failed = true;
        return;
    }
    out->size += msock_text_escape(text, size, out->bytes + out->size,
                                   out->capacity - out->size);
}

static void put_named(struct cli_buffer *out, const char *name,
                      const char *text, size_t size)
{
    json_out_format(out, "%-7s ", name);
    put_escaped(out, text, size);
    json_out(out, "\n", 1);
}

static void put_flags(struct cli_buffer *out, const msock_message *message)
{
    static const struct {
        unsigned flag;
        const char *word;
    } words[] = {{MSOCK_MESSAGE_RELIABLE, " reliable"},
                 {MSOCK_MESSAGE_SIGNED, " signed"},
                 {MSOCK_MESSAGE_REQUEST, " request"},
                 {MSOCK_MESSAGE_WILL, " will"},
                 {MSOCK_MESSAGE_STATE, " state"},
                 {MSOCK_MESSAGE_TOLD, " told"},
                 {MSOCK_MESSAGE_OWNER_DOWN, " owner-down"}};
    unsigned known = 0;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        known |= message->flags & words[i].flag;
    }
    if (known == 0) {
        return;
    }
    json_out_format(out, "is:    ");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (known & words[i].flag) {
            json_out_format(out, "%s", words[i].word);
        }
    }
    json_out(out, "\n", 1);
}

static void put_head(struct cli_buffer *out, const msock_message *message)
{
    put_named(out, "topic:", message->topic, message->topic_size);
    put_named(out, "sender:", message->sender, message->sender_size);
    if (message->flags & MSOCK_MESSAGE_AGE_UNKNOWN) {
        json_out_format(out, "age:    unknown\n");
    } else if (!(message->flags & MSOCK_MESSAGE_BARE)) {
        json_out_format(out, "age:    %" PRIu64 ".%03" PRIu64 " s\n",
                        message->age_us / 1000000,
                        message->age_us / 1000 % 1000);
    }
    put_flags(out, message);
    if (message->type) {
        put_named(out, "type:", message->type, strlen(message->type));
    }
}

static bool flush(struct cli_buffer *out, void *user)
{
    struct echo *echo = user;
    bool broken = false;

    if (printer_emit(&echo->printer, out->bytes, out->size, &broken) !=
        CLI_OK) {
        echo->watch.enough = true;
        echo->watch.failed = !broken;
        return false;
    }
    out->size = 0;
    return true;
}

/* Bytes stand behind a name, so that they cannot look like another message. */
static void put_raw(struct echo *echo, const msock_message *message)
{
    struct cli_buffer *out = &echo->printer.out;
    size_t size = message->data_size;

    if (echo->truncate > 0 && size > echo->truncate) {
        size = (size_t)echo->truncate;
    }
    json_out_format(out, "bytes:  ");
    put_escaped(out, message->data, size);
    if (size < message->data_size) {
        json_out_format(out, "... (%zu bytes more)", message->data_size - size);
    }
}

static bool put_json(struct echo *echo, const char *json, size_t size)
{
    struct pretty pretty = {.most = echo->truncate,
                            .out = &echo->printer.out,
                            .flush = flush,
                            .user = echo};

    echo->escaped.size = 0;
    json_out_value(&echo->escaped, json, size);
    echo->printer.out.failed |= echo->escaped.failed;
    return !echo->escaped.failed &&
           pretty_put(&pretty, echo->escaped.bytes, echo->escaped.size);
}

static void show(struct echo *echo, const msock_message *message)
{
    struct cli_buffer *out = &echo->printer.out;
    bool whole = true;

    out->size = 0;
    if (!echo->field) {
        put_head(out, message);
    }
    if (message->flags & MSOCK_MESSAGE_RAW) {
        put_raw(echo, message);
    } else if (!echo->field && message->flags & MSOCK_MESSAGE_EMPTY) {
        json_out_format(out, message->flags & MSOCK_MESSAGE_STATE
                                 ? "(cleared)"
                                 : "(no data)");
    } else {
        whole = put_json(echo, message->data, message->data_size);
    }
    json_out_format(out, "\n---\n");
    echo->watch.failed |= out->failed;
    if (whole && !out->failed) {
        (void)flush(out, echo);
    }
}

static void on_message(struct watch *watch, const msock_message *message)
{
    struct echo *echo = watch->user;
    msock_message shown = *message;
    bool broken = false;

    if (echo->field &&
        ((message->flags & MSOCK_MESSAGE_RAW) ||
         !find_member(echo->field, &shown.data, &shown.data_size))) {
        echo->without++;
        return;
    }
    if (!watch->json) {
        show(echo, &shown);
    } else if (printer_message(&echo->printer, &shown, &broken) != CLI_OK) {
        watch->enough = true;
        watch->failed = !broken;
    }
    watch->enough |= echo->once;
}

static int tell(struct watch *watch, int64_t now_ms, bool end)
{
    const struct echo *echo = watch->user;

    (void)now_ms;
    (void)end;
    if (echo->without > 0) {
        cli_error("%" PRIu64 " %s had no %s", echo->without,
                  echo->without == 1 ? "message" : "messages", echo->field);
    }
    return watch->waited ? CLI_TIMEOUT : CLI_OK;
}

/* -- Options -- */

static int take(void *user, int id, const char *value)
{
    struct echo *echo = user;

    switch (id) {
    case 'W':
        return until_wait(value, wait_max_s, &echo->watch.wait_s);
    case FIELD:
        if (value[0] == '\0') {
            return cli_usage("--field is empty; see msock echo -h");
        }
        echo->field = value;
        return CLI_OK;
    case TRUNCATE:
        return until_count("--truncate", value, &echo->truncate);
    case JSON:
        echo->watch.json = true;
        return CLI_OK;
    default:
        echo->once = true;
        return CLI_OK;
    }
}

static int run(int argc, char **argv)
{
    struct echo echo = {.watch = {.names.verb = "echo",
                                  .verb = &verb_echo,
                                  .on_message = on_message,
                                  .tell = tell},
                        .printer.given_up = &until_given_up};
    bool ended = false;
    int code = verb_options(&verb_echo, argc, argv, &echo.watch.names, take,
                            &echo, &ended);

    if (ended) {
        return code;
    }
    if (optind == argc) {
        return cli_usage("no FILTER; see msock echo -h");
    }
    if (echo.watch.json && echo.truncate > 0) {
        return cli_usage("--json shows all: without --truncate");
    }
    echo.watch.filters = argv + optind;
    echo.watch.filter_count = argc - optind;
    echo.watch.user = &echo;
    echo.printer.json = echo.watch.json;
    printer_init(&echo.printer);
    code = watch_run(&echo.watch);
    printer_fini(&echo.printer);
    free(echo.escaped.bytes);
    return code;
}

/* -- The table -- */

static const char *const forms[] = {"[OPTION]... FILTER...", NULL};

static const struct verb_option options[] = {
    {ONCE, "once", NULL, "end after one message", VERB_ANYTHING},
    {FIELD, "field", "PATH",
     "print only this member of the data: names and, in lists, numbers from "
     "0, with dots between them, or each behind a slash",
     VERB_ANYTHING},
    {TRUNCATE, "truncate", "N",
     "cut texts after N characters and lists after N members [all is shown]",
     VERB_ANYTHING},
    WATCH_OPTION_WAIT("end after S seconds, with exit code 27"),
    {JSON, "json", NULL, "an object a line, as msock sub", VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Examples", "The first light of a room, once it is told:\n\n"
                 " msock echo --once --field lights.0 kitchen/state\n"},
    {0},
};

const struct verb verb_echo = {
    .name = "echo",
    .summary = "print messages on several lines, for people",
    .forms = forms,
    .text = "Prints each message whose topic matches a FILTER: topic, sender "
            "and age, each on a line, what it is besides (reliable, signed, "
            "state, ...), the data as indented JSON, or escaped if it is "
            "bytes, and a line of three hyphens. What could harm a terminal "
            "is escaped everywhere.\n\n"
            "With --field, messages without that member are counted and told "
            "at the end.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
