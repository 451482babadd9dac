/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the application as bytes. */
#include "codec/envelope.h"
#include "codec/error.h"
#include "codec/head.h"
#include "codec/json.h"
#include "core/engine_state.h"

#include <assert.h>
#include <string.h>

static size_t raw_bound(const struct msock__publication *publication)
{
    return publication->raw ? publication->raw_size : publication->json.size;
}

/* codec=raw: the payload alone; a JSON string goes as its text. */
static size_t write_payload(const struct msock__publication *publication,
                            uint8_t *out)
{
    if (publication->raw) {
        if (publication->raw_size > 0) {
            memcpy(out, publication->raw, publication->raw_size);
        }
        return publication->raw_size;
    }
    const struct msock__json_slice *json = &publication->json;
    if (!json->text) {
        return 0;
    }
    if (json->type == MSOCK__JSON_STRING) {
        return msock__json_unescape(json, (char *)out);
    }
    memcpy(out, json->text, json->size);
    return json->size;
}

static void fill_envelope(const struct msock__engine *engine,
                          const struct msock__publication *publication,
                          struct msock__envelope *envelope)
{
    *envelope = (struct msock__envelope){
        .keys = MSOCK__KEY_TOPIC | MSOCK__KEY_SENDER,
        .topic = publication->topic,
        .topic_size = publication->topic_size,
        .sender = engine->config.name,
        .sender_size = strlen(engine->config.name),
    };
    if (publication->raw) {
        envelope->keys |= MSOCK__KEY_LEN;
        envelope->data = publication->raw;
        envelope->data_size = publication->raw_size;
    } else if (publication->json.text) {
        envelope->keys |= MSOCK__KEY_DATA;
        envelope->data = publication->json.text;
        envelope->data_size = publication->json.size;
    }
    if (publication->id) {
        envelope->keys |= MSOCK__KEY_ID;
        envelope->id = publication->id;
        envelope->id_size = strlen(publication->id);
    }
    if (publication->reply_to) {
        envelope->keys |= MSOCK__KEY_REPLY_TO;
        envelope->reply_to = publication->reply_to;
        envelope->reply_to_size = strlen(publication->reply_to);
    }
    if (publication->type) {
        envelope->keys |= MSOCK__KEY_TYPE;
        envelope->type = publication->type;
        envelope->type_size = strlen(publication->type);
    }
    if (publication->expires_ms > 0) {
        envelope->keys |= MSOCK__KEY_EXPIRES;
        envelope->expires_ms = publication->expires_ms;
    }
    if (publication->after_ms > 0) {
        envelope->keys |= MSOCK__KEY_AFTER;
        envelope->after_ms = publication->after_ms;
    }
    if (publication->version > 0) {
        envelope->keys |= MSOCK__KEY_STATE;
        envelope->state = publication->version;
    }
}

/* Whether it has only what every message has. */
static bool is_plain(const struct msock__publication *publication)
{
    return publication->json.text && !publication->id &&
           !publication->reply_to && publication->expires_ms == 0 &&
           publication->after_ms == 0 && publication->version == 0;
}

const struct msock__head *
msock__engine_head(struct msock__engine *engine,
                   const struct msock__publication *publication)
{
    struct msock__head *head = &engine->said;
    if (engine->config.raw || !is_plain(publication)) {
        return NULL;
    }
    if (!msock__head_is(head, publication->topic, publication->topic_size)) {
        msock__head_learn(head, publication->topic, publication->topic_size,
                          engine->config.name, strlen(engine->config.name));
    }
    bool usable =
        head->size > 0 && msock__head_size(head) <= engine->config.head_max;
    return usable ? head : NULL;
}

size_t msock__engine_bound(const struct msock__engine *engine,
                           const struct msock__publication *publication)
{
    if (engine->config.raw) {
        return raw_bound(publication);
    }
    struct msock__envelope envelope;
    fill_envelope(engine, publication, &envelope);
    return msock__envelope_bound(&envelope);
}

int msock__engine_encode(const struct msock__engine *engine,
                         const struct msock__publication *publication,
                         uint8_t *room, size_t *size)
{
    if (engine->config.raw) {
        *size = write_payload(publication, room);
        return 0;
    }
    struct msock__envelope envelope;
    fill_envelope(engine, publication, &envelope);
    size_t head;
    *size = msock__envelope_encode(&envelope, (char *)room, &head);
    assert(head <= *size);
    if (head > engine->config.head_max) {
        return msock__fail(MSOCK_ETOOBIG,
                           "an envelope of %zu bytes without its data "
                           "(head_max=%llu)",
                           head, (unsigned long long)engine->config.head_max);
    }
    return 0;
}
