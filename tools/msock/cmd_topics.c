/* SPDX-License-Identifier: Apache-2.0 */
/* msock topics: what goes by, a line for each topic. */
#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"
#include "tools/msock/watch.h"

#include <inttypes.h>
#include <multisock/text.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOPICS_MAX = 10000, /* more are counted together */
    COLUMN_MAX = 40,
    SAFE_SIZE = 4 * MSOCK_TOPIC_MAX + 1
};

struct topic {
    uint64_t count;
    uint64_t bytes;
    unsigned flags; /* of the last message */
    char sender[MSOCK_NAME_MAX + 1];
    char name[];
};

struct topics {
    void *tree; /* tsearch(3), by name */
    size_t count;
    uint64_t others; /* messages of topics that there was no room for */
    double seconds;
    int width;
    bool json;
    struct cli_buffer out;
};

/* -- Counting -- */

static int by_name(const void *a, const void *b)
{
    const struct topic *left = a;
    const struct topic *right = b;

    return strcmp(left->name, right->name);
}

static struct topic *topic_new(const msock_message *message)
{
    struct topic *topic = calloc(1, sizeof(*topic) + message->topic_size + 1);

    if (topic) {
        memcpy(topic->name, message->topic, message->topic_size + 1);
    }
    return topic;
}

/* Returns the topic of a message, NULL: there is no room or no memory. */
static struct topic *topic_of(struct topics *topics,
                              const msock_message *message, bool *failed)
{
    struct topic *fresh = topic_new(message);
    struct topic **found;

    *failed = !fresh;
    if (!fresh) {
        return NULL;
    }
    found = topics->count < TOPICS_MAX ? tsearch(fresh, &topics->tree, by_name)
                                       : tfind(fresh, &topics->tree, by_name);
    if (found && *found == fresh) {
        topics->count++;
        return fresh;
    }
    free(fresh);
    *failed = !found && topics->count < TOPICS_MAX;
    return found ? *found : NULL;
}

static void on_message(struct watch *watch, const msock_message *message)
{
    struct topics *topics = watch->user;
    struct topic *topic = topic_of(topics, message, &watch->failed);

    if (watch->failed) {
        cli_error("out of memory");
    } else if (!topic) {
        topics->others++;
    } else {
        topic->count++;
        topic->bytes += message->data_size;
        topic->flags = message->flags;
        snprintf(topic->sender, sizeof(topic->sender), "%s", message->sender);
    }
}

/* -- Telling -- */

static struct topics *told; /* twalk() takes no argument of its caller's */

static const struct topic *visited(const void *node, VISIT visit)
{
    return visit == postorder || visit == leaf
               ? *(const struct topic *const *)node
               : NULL;
}

static void widen(const void *node, VISIT visit, int level)
{
    const struct topic *topic = visited(node, visit);
    char safe[SAFE_SIZE];

    (void)level;
    if (topic) {
        int size = (int)msock_text_escape(topic->name, strlen(topic->name),
                                          safe, sizeof(safe));
        told->width = size > told->width ? size : told->width;
    }
}

static void put_object(struct cli_buffer *out, const struct topic *topic)
{
    json_out_format(out, "{\"topic\":");
    json_out_text(out, topic->name, strlen(topic->name));
    json_out_format(out,
                    ",\"messages\":%" PRIu64 ",\"per_s\":%.3f"
                    ",\"bytes_per_s\":%.1f,\"state\":%s,\"reliable\":%s"
                    ",\"sender\":",
                    topic->count, (double)topic->count / told->seconds,
                    (double)topic->bytes / told->seconds,
                    topic->flags & MSOCK_MESSAGE_STATE ? "true" : "false",
                    topic->flags & MSOCK_MESSAGE_RELIABLE ? "true" : "false");
    json_out_text(out, topic->sender, strlen(topic->sender));
    json_out(out, "}\n", 2);
}

static void put_line(struct cli_buffer *out, const struct topic *topic)
{
    char safe[SAFE_SIZE];
    size_t size =
        msock_text_escape(topic->name, strlen(topic->name), safe, sizeof(safe));

    json_out(out, safe, size);
    json_out_format(out, "%*s %c%c %8" PRIu64 " %10.1f/s %10.0f B/s  ",
                    size < (size_t)told->width ? told->width - (int)size : 0,
                    "", topic->flags & MSOCK_MESSAGE_STATE ? 's' : ' ',
                    topic->flags & MSOCK_MESSAGE_RELIABLE ? 'r' : ' ',
                    topic->count, (double)topic->count / told->seconds,
                    (double)topic->bytes / told->seconds);
    size = msock_text_escape(topic->sender, strlen(topic->sender), safe,
                             sizeof(safe));
    json_out(out, safe, size);
    json_out(out, "\n", 1);
}

static void put(const void *node, VISIT visit, int level)
{
    const struct topic *topic = visited(node, visit);

    (void)level;
    if (topic) {
        (told->json ? put_object : put_line)(&told->out, topic);
    }
}

static int tell(struct watch *watch, int64_t now_ms, bool end)
{
    int64_t took_ms = now_ms - watch->began_ms;

    (void)end;
    told = watch->user;
    told->json = watch->json;
    told->seconds = (double)(took_ms > 0 ? took_ms : 1) / 1000;
    twalk(told->tree, widen);
    told->width = told->width < COLUMN_MAX ? told->width : COLUMN_MAX;
    twalk(told->tree, put);
    json_out(&told->out, "", 1);
    if (told->others > 0) {
        cli_error("%" PRIu64 " messages more, of other topics than the first "
                  "%d",
                  told->others, TOPICS_MAX);
    }
    return told->out.failed ? CLI_FAILURE : cli_print(told->out.bytes);
}

static int run(int argc, char **argv)
{
    struct topics topics = {.tree = NULL};
    struct watch watch = {.names.verb = "topics",
                          .verb = &verb_topics,
                          .wait_s = 2,
                          .on_message = on_message,
                          .tell = tell,
                          .user = &topics};
    bool ended = false;
    int code = watch_options(&watch, argc, argv, true, &ended);

    if (ended) {
        return code;
    }
    code = watch_run(&watch);
    while (topics.tree) {
        struct topic *topic = *(struct topic **)topics.tree;
        tdelete(topic, &topics.tree, by_name);
        free(topic);
    }
    free(topics.out.bytes);
    return code;
}

static const char *const forms[] = {"[OPTION]... [FILTER]...", NULL};

static const struct verb_option options[] = {
    WATCH_OPTION_WAIT("listen for S seconds [2]"),
    WATCH_OPTION_JSON,
    {0},
};

static const struct verb_section sections[] = {
    {"Output",
     "With --json each object has \"topic\", \"messages\", \"per_s\", "
     "\"bytes_per_s\", \"state\", \"reliable\" and \"sender\"."},
    {0},
};

const struct verb verb_topics = {
    .name = "topics",
    .summary = "tell what goes by, a line for each topic",
    .forms = forms,
    .text = "Listens for a while to what matches a FILTER [#], and prints a"
            " line for each topic: messages, messages and bytes of data a "
            "second, and who sent last. States are told as they are at the "
            "start, too, and are marked by an s; r is reliable. Of more "
            "than 10,000 topics the rest is counted together.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
