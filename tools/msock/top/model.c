/* SPDX-License-Identifier: Apache-2.0 */
/* What goes by, topic by topic. */
#include "tools/msock/top/model.h"

#include <multisock/text.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

/* A topic's and a key's first member is the name. */
static int by_name(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;

    return strcmp(*left, *right);
}

static bool grow(struct top_model *model)
{
    size_t capacity =
        model->capacity > 0 ? 2 * model->capacity : (size_t)FIRST_CAPACITY;
    struct top_topic **topics =
        realloc(model->topics, capacity * sizeof(struct top_topic *));

    if (topics) {
        model->topics = topics;
        model->capacity = capacity;
    }
    return topics != NULL;
}

/* Returns a new topic in the table, NULL: memory is short. */
static struct top_topic *add(struct top_model *model,
                             const msock_message *message)
{
    if (model->count == model->capacity && !grow(model)) {
        return NULL;
    }
    struct top_topic *topic =
        calloc(1, sizeof(*topic) + message->topic_size + 1);
    if (!topic) {
        return NULL;
    }
    char *name = (char *)(topic + 1);
    memcpy(name, message->topic, message->topic_size);
    topic->name = name;
    topic->name_size = message->topic_size;
    if (!tsearch(topic, &model->tree, by_name)) {
        free(topic);
        return NULL;
    }
    model->topics[model->count++] = topic;
    return topic;
}

/* Returns the topic of a message, NULL: there is no room. */
static struct top_topic *find(struct top_model *model,
                              const msock_message *message)
{
    const char *const key = message->topic;
    struct top_topic *const *found = tfind(&key, &model->tree, by_name);

    if (found) {
        return *found;
    }
    return model->count < TOP_TOPICS_MAX ? add(model, message) : NULL;
}

/* How much of `size` bytes is kept: whole characters, if it is UTF-8. */
static size_t kept(const char *text, size_t size)
{
    if (size <= TOP_VALUE_MAX) {
        return size;
    }
    size = TOP_VALUE_MAX;
    for (int i = 0; i < 3 && ((unsigned char)text[size] & 0xC0) == 0x80; i++) {
        size--;
    }
    return size;
}

/* Without its quotes, a string is what it says. */
static void keep_value(struct top_topic *topic, const msock_message *message)
{
    size_t size = message->data_size;

    if (!(message->flags & MSOCK_MESSAGE_RAW) && size < TOP_VALUE_MAX) {
        int plain = msock_json_text(message->data, size, topic->value,
                                    sizeof(topic->value));
        if (plain >= 0) {
            topic->value_size = (size_t)plain;
            return;
        }
    }
    topic->value_size = kept(message->data, size);
    memcpy(topic->value, message->data, topic->value_size);
}

static void keep_last(struct top_topic *topic, const msock_message *message,
                      int64_t now_ms)
{
    size_t size = message->sender_size;

    size = size < MSOCK_NAME_MAX ? size : (size_t)MSOCK_NAME_MAX;
    memcpy(topic->sender, message->sender, size);
    topic->sender[size] = '\0';
    topic->session = message->session;
    topic->flags = message->flags;
    topic->came_ms = now_ms;
    topic->age_ms = message->flags & MSOCK_MESSAGE_AGE_UNKNOWN
                        ? -1
                        : (int64_t)(message->age_us / 1000);
    keep_value(topic, message);
}

void top_model_add(struct top_model *model, const msock_message *message,
                   int64_t now_ms)
{
    uint64_t size = message->topic_size + message->data_size;
    struct top_topic *topic = find(model, message);

    model->messages++;
    rate_add(&model->rate, now_ms, size);
    if (!topic) {
        model->others++;
        rate_add(&model->others_rate, now_ms, size);
        return;
    }
    topic->count++;
    topic->size = size;
    rate_add(&topic->rate, now_ms, size);
    keep_last(topic, message, now_ms);
}

void top_model_fini(struct top_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        tdelete(model->topics[i], &model->tree, by_name);
        free(model->topics[i]);
    }
    free(model->topics);
    *model = (struct top_model){.tree = NULL};
}
