/* SPDX-License-Identifier: Apache-2.0 */
/* Messages whose head was met before. */
#include "codec/head.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <string.h>

static const char before_topic[] = "{\"topic\":";
static const char before_sender[] = ",\"sender\":";
static const char before_data[] = ",\"data\":";
static const char after_data[] = "}\n";

enum {
    TOPIC_AT = sizeof before_topic,     /* behind its quote */
    BETWEEN = sizeof before_sender + 1, /* with the quotes of both */
    END_SIZE = sizeof after_data - 1,
    FIXED = sizeof before_topic + sizeof before_sender + sizeof before_data
};

static_assert(sizeof((struct msock__head *)NULL)->topic == MSOCK_TOPIC_MAX + 1,
              "any topic fits");

static void put(struct msock__head *head, const char *text)
{
    size_t size = strlen(text);

    memcpy(head->text + head->size, text, size);
    head->size += size;
}

/* Returns whether it stands there as it is. */
static bool put_name(struct msock__head *head, const char *name, size_t size)
{
    size_t quoted = msock__json_quote(name, size, head->text + head->size);

    head->size += quoted;
    return quoted == size + 2;
}

void msock__head_learn(struct msock__head *head, const char *topic,
                       size_t topic_size, const char *sender,
                       size_t sender_size)
{
    size_t quoted = msock__json_quote(topic, topic_size, NULL) +
                    msock__json_quote(sender, sender_size, NULL);

    assert(topic_size <= MSOCK_TOPIC_MAX && sender_size <= MSOCK_NAME_MAX);
    head->size = 0;
    if (quoted + FIXED > sizeof head->text) {
        return;
    }
    memcpy(head->topic, topic, topic_size);
    head->topic[topic_size] = '\0';
    head->topic_size = topic_size;
    head->sender_size = sender_size;
    put(head, before_topic);
    head->literal = put_name(head, topic, topic_size);
    put(head, before_sender);
    head->literal &= put_name(head, sender, sender_size);
    put(head, before_data);
}

bool msock__head_is(const struct msock__head *head, const char *topic,
                    size_t topic_size)
{
    return head->size > 0 && head->topic_size == topic_size &&
           memcmp(head->topic, topic, topic_size) == 0;
}

size_t msock__head_size(const struct msock__head *head)
{
    return head->size + END_SIZE;
}

size_t msock__head_encode(const struct msock__head *head,
                          const struct msock__json_slice *data, char *out)
{
    size_t size = head->size;

    assert(size > 0);
    memcpy(out, head->text, size);
    if (data->compact) {
        memcpy(out + size, data->text, data->size);
        size += data->size;
    } else {
        size += msock__json_compact(data->text, data->size, out + size);
    }
    memcpy(out + size, after_data, END_SIZE);
    return size + END_SIZE;
}

/* Ends the names and the data with a NUL, and says where they are. */
static void cut(const struct msock__head *head, char *bytes,
                const struct msock__json_slice *data,
                struct msock__envelope *envelope)
{
    char *topic = bytes + TOPIC_AT;
    char *sender = topic + head->topic_size + BETWEEN;

    topic[head->topic_size] = '\0';
    sender[head->sender_size] = '\0';
    bytes[head->size + data->size] = '\0';
    *envelope = (struct msock__envelope){
        .keys = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER | MSOCK__KEY_DATA,
        .topic = topic,
        .topic_size = head->topic_size,
        .sender = sender,
        .sender_size = head->sender_size,
        .data = data->text,
        .data_size = data->size,
    };
}

size_t msock__head_decode(const struct msock__head *head, char *bytes,
                          size_t size, struct msock__envelope *envelope)
{
    struct msock__json_slice data;
    size_t at = head->size;

    if (at == 0 || !head->literal || size <= at ||
        memcmp(bytes, head->text, at) != 0 ||
        msock__json_scan(bytes, size, MSOCK__JSON_DEPTH_MAX - 1, &at, &data) <
            0) {
        return 0;
    }
    /* White space in the data may be a newline, which would end the line. */
    if (!data.compact || size - at < END_SIZE ||
        memcmp(bytes + at, after_data, END_SIZE) != 0) {
        return 0;
    }
    cut(head, bytes, &data, envelope);
    return at + END_SIZE;
}
