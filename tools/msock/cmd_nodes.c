/* SPDX-License-Identifier: Apache-2.0 */
/* msock nodes: who is on the channel, as a table or as JSON. */
#include "tools/msock/cli.h"
#include "tools/msock/drops.h"
#include "tools/msock/json_out.h"
#include "tools/msock/pub_confirm.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <inttypes.h>
#include <multisock/node.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 1000,  /* for who is there, and ... */
    TELL_MS = 4000,  /* ... so much longer for what they say of themselves */
    COLUMN_MAX = 24, /* wider texts push the rest of their line aside */
    TEXT_SIZE = 4 * MSOCK_NAME_MAX + 64
};

static const double wait_max_s = 3600;

/** One node, copied. */
struct row {
    char name[TEXT_SIZE];
    char address[TEXT_SIZE];
    char version[TEXT_SIZE];
    char key[16];
    bool doubtful;
    struct cli_buffer rest; /* filters, or the whole object */
};

struct table {
    bool all;
    bool json;
    bool trusts; /* there is a trust file */
    double wait_s;
    bool failed; /* out of memory */
    struct row *rows;
    size_t count;
};

/* -- What is known -- */

static void copy(char to[static TEXT_SIZE], const char *text)
{
    (void)msock_text_escape(text, strlen(text), to, TEXT_SIZE);
}

static void put_list(struct cli_buffer *out, const char *key,
                     const char *const *texts, size_t count)
{
    json_out_format(out, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        json_out(out, ",", i > 0);
        json_out_text(out, texts[i], strlen(texts[i]));
    }
    json_out(out, "]", 1);
}

static void put_object(struct cli_buffer *out, const msock_node *node)
{
    json_out_format(out, "{\"node\":");
    json_out_text(out, node->name, strlen(node->name));
    json_out_format(
        out, ",\"session\":\"%016" PRIx64 "\",\"address\":", node->session);
    json_out_text(out, node->address, strlen(node->address));
    json_out_format(out, ",\"visitor\":%s,\"proved\":%s,\"heard_ms\":%" PRIu64,
                    node->visitor ? "true" : "false",
                    node->proved ? "true" : "false", node->heard_ms);
    if (node->sealed_with[0] != '\0') {
        json_out_format(out, ",\"sealed_with\":\"%s\"", node->sealed_with);
    }
    if (node->described) {
        json_out_format(out, ",\"version\":");
        json_out_text(out, node->version, strlen(node->version));
        json_out_format(out, ",\"keeper\":%s", node->keeper ? "true" : "false");
        put_list(out, "keys", node->keys, node->key_count);
        put_list(out, "filters", node->filters, node->filter_count);
    }
    json_out_format(out, "}");
}

static void put_filters(struct cli_buffer *out, const msock_node *node)
{
    for (size_t i = 0; i < node->filter_count; i++) {
        char safe[TEXT_SIZE * 8];
        (void)msock_text_escape(node->filters[i], strlen(node->filters[i]),
                                safe, sizeof(safe));
        json_out(out, " ", i > 0);
        json_out(out, safe, strlen(safe));
    }
}

static void note(msock_channel *channel, const msock_node *node, void *user)
{
    struct table *table = user;

    (void)channel;
    if (!node->up || (node->visitor && !table->all) || table->failed) {
        return;
    }
    struct row *rows = realloc(table->rows, (table->count + 1) * sizeof(*rows));
    if (!rows) {
        table->failed = true;
        return;
    }
    struct row *row = &rows[table->count];
    table->rows = rows;
    table->count++;
    *row = (struct row){.doubtful = table->trusts && !node->proved};
    copy(row->name, node->name);
    copy(row->address, node->address);
    copy(row->version, node->described ? node->version : "-");
    snprintf(row->key, sizeof(row->key), "%s",
             node->sealed_with[0] != '\0' ? node->sealed_with : "open");
    (table->json ? put_object : put_filters)(&row->rest, node);
    json_out(&row->rest, "", 1); /* the NUL */
    table->failed = row->rest.failed;
}

/* -- What is shown -- */

static int by_name(const void *a, const void *b)
{
    const struct row *left = a;
    const struct row *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : strcmp(left->address, right->address);
}

/* The width of a column, which is at `offset` in a row. */
static int width_of(const struct table *table, size_t offset)
{
    size_t widest = 0;

    for (size_t i = 0; i < table->count; i++) {
        size_t size = strlen((const char *)&table->rows[i] + offset);
        widest = size > widest ? size : widest;
    }
    return (int)(widest < COLUMN_MAX ? widest : COLUMN_MAX);
}

static void put_row(struct cli_buffer *out, const struct row *row,
                    const int widths[static 3])
{
    char name[TEXT_SIZE + 1];

    snprintf(name, sizeof(name), "%s%s", row->name, row->doubtful ? "?" : "");
    /* Each at most 255 bytes, which is what json_out_format() takes. */
    json_out_format(out, "%-*.200s  ", widths[0] + 1, name);
    json_out_format(out, "%-*s  ", widths[1], row->address);
    json_out_format(out, "%-*.200s  %-8s  ", widths[2], row->version, row->key);
    json_out(out, row->rest.bytes, strlen(row->rest.bytes));
    json_out(out, "\n", 1);
}

static int show(struct table *table)
{
    struct cli_buffer out = {0};

    if (table->count > 0) {
        qsort(table->rows, table->count, sizeof(*table->rows), by_name);
    }
    const int widths[3] = {width_of(table, offsetof(struct row, name)),
                           width_of(table, offsetof(struct row, address)),
                           width_of(table, offsetof(struct row, version))};
    for (size_t i = 0; i < table->count; i++) {
        const struct row *row = &table->rows[i];
        if (table->json) {
            json_out(&out, row->rest.bytes, strlen(row->rest.bytes));
            json_out(&out, "\n", 1);
        } else {
            put_row(&out, row, widths);
        }
    }
    json_out(&out, "", 1);
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static int tell(struct table *table, msock_channel *channel)
{
    int count = msock_nodes(channel, note, table);

    if (count < 0 || table->failed) {
        return count < 0 ? cli_error_code(count) : cli_error("out of memory");
    }
    if (table->count == 0) {
        drops_tell(channel);
        return cli_error("nobody was heard");
    }
    return show(table);
}

/* -- Looking -- */

/* Returns CLI_OK, or CLI_FAILURE after having told why. */
static int look(const struct table *table, msock_channel *channel)
{
    int64_t end = turn_now_ms() + (int64_t)(table->wait_s * 1000);
    int code = CLI_OK;
    bool readable;

    while (code == CLI_OK && !until_signalled() &&
           (turn_now_ms() < end ||
            (turn_now_ms() < end + TELL_MS && !pub_confirm_knows(channel)))) {
        code = turn_step(channel, -1, TURN_POLL_MS, &readable);
    }
    return code;
}

static int run(struct table *table, const struct cli_channel *names)
{
    msock_channel *channel;

    until_signals();
    int code = cli_channel_open(&channel, names);
    if (code != CLI_OK) {
        return code;
    }
    code = turn_await_network(channel, names);
    if (code == CLI_OK) {
        code = look(table, channel);
    }
    if (code == CLI_OK) {
        code = tell(table, channel);
    }
    msock_close(channel, NULL, NULL);
    for (size_t i = 0; i < table->count; i++) {
        free(table->rows[i].rest.bytes);
    }
    free(table->rows);
    return code;
}

enum { JSON = CLI_OWN };

static int take(void *user, int id, const char *value)
{
    struct table *table = user;

    switch (id) {
    case 'a':
        table->all = true;
        return CLI_OK;
    case 'W':
        return until_wait(value, wait_max_s, &table->wait_s);
    default:
        table->json = true;
        return CLI_OK;
    }
}

static int nodes(int argc, char **argv)
{
    struct cli_channel names = {.verb = "nodes"};
    struct table table = {.wait_s = LOOK_MS / 1000.0};
    bool ended = false;
    int code =
        verb_options(&verb_nodes, argc, argv, &names, take, &table, &ended);

    if (!ended && optind < argc) {
        return cli_usage("nodes takes no arguments; see msock nodes -h");
    }
    table.trusts = names.trust_file != NULL;
    return ended ? code : run(&table, &names);
}

static const char *const forms[] = {"[OPTION]...", NULL};

static const struct verb_option options[] = {
    {'a', "all", NULL,
     "visitors, too: nodes whose names begin with $, as those of msock do",
     VERB_ANYTHING},
    {'W', "wait", "S", "look for S seconds, at most 3600", VERB_ANYTHING},
    {JSON, "json", NULL, "an object a line", VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Output",
     "With --json each object has \"node\", \"session\", \"address\", "
     "\"visitor\", \"proved\" (its own key vouches for its name), \"heard_ms\" "
     "(since its last frame), \"sealed_with\" (not on an open channel), and of "
     "a node that described itself \"version\", \"keeper\" (it keeps the "
     "states "
     "of others), \"keys\" (ids of those it accepts) and \"filters\"."},
    {"Exit status", "0, or 1 if there is nobody."},
    {0},
};

const struct verb verb_nodes = {
    .name = "nodes",
    .summary = "tell who is on the channel",
    .forms = forms,
    .text =
        "Looks for a second who is on the channel, and up to 5 until all have "
        "said what they listen to, and prints a line for each node that is up: "
        "its name, where it speaks from, the version of its library, the id of "
        "the key that it seals with (or open), and its subscriptions. With a "
        "trust file a name that no key vouches for has a ? behind it.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = nodes,
};
