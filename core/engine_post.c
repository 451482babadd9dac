/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing from other threads. They encode; the channel's thread only moves
 * bytes into the outbox, in the order of posting, as far as there is room. */
#include "codec/error.h"
#include "core/engine_values.h"

static const uint64_t memory_pause_us = 100000;

/* Says why a message was not taken. */
static int explain(const struct msock__engine *engine, int code, size_t size)
{
    switch (code) {
    case MSOCK_EAGAIN:
        return msock__fail(code,
                           "no room for %zu bytes more among what was posted "
                           "(post_max=%llu): try again in a moment",
                           size, (unsigned long long)engine->config.post_max);
    case MSOCK_ETOOBIG:
        return msock__fail(code,
                           "a message of %zu bytes: larger than message_max, "
                           "post_max, queue_max or 1024 frames (mtu=)",
                           size);
    case MSOCK_ECLOSED:
        return msock__fail(code, "the channel is closing");
    default:
        return msock__fail(code, "no memory for a message of %zu bytes", size);
    }
}

static bool can_be_sent(const struct msock__engine *engine,
                        const struct msock__delivery *delivery, size_t size)
{
    size_t largest = delivery->reliable ? (size_t)engine->config.history_max / 2
                                        : atomic_load(&engine->post.largest);
    return size <= engine->config.message_max && size <= largest;
}

int msock__engine_post(struct msock__engine *engine,
                       const struct msock__publication *publication)
{
    struct msock__posted *message;
    size_t bound = msock__engine_bound(engine, publication);
    int code =
        msock__post_new(&engine->post, &message, publication->topic, bound);
    if (code < 0) {
        return explain(engine, code, bound);
    }
    size_t size;
    code = msock__engine_encode(engine, publication,
                                msock__posted_room(message), &size);
    if (code == 0 && !can_be_sent(engine, &publication->delivery, size)) {
        code = explain(engine, MSOCK_ETOOBIG, size);
    }
    if (code < 0) {
        msock__post_free(&engine->post, message);
        return code;
    }
    msock__post_trim(&engine->post, &message, size);
    message->delivery = publication->delivery;
    code = msock__post_put(&engine->post, message);
    return code < 0 ? explain(engine, code, size) : 0;
}

/* Publishes the first message.  Returns whether the next one may follow. */
static bool publish_first(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__posted *message = engine->post.first;
    int code = message->delivery.state
                   ? msock__engine_value_posted(engine, message)
                   : msock__engine_publish_encoded(engine, &message->delivery,
                                                   msock__posted_topic(message),
                                                   msock__posted_room(message),
                                                   message->size);
    if (code == MSOCK_EAGAIN) {
        return false;
    }
    if (code == MSOCK_ENOMEM) {
        engine->post_again_us = now_us + memory_pause_us;
        return false;
    }
    if (code < 0) {
        /* It could be sent when it was posted, and frames shrank since. */
        msock__engine_drop(engine, now_us, MSOCK_DROP_TOO_BIG, 1);
    }
    msock__post_pop(&engine->post);
    return true;
}

void msock__engine_publish_posted(struct msock__engine *engine, uint64_t now_us)
{
    if (now_us < engine->post_again_us) {
        return;
    }
    engine->post_again_us = 0;
    /* Once a turn: threads that post without end must not keep the loop. */
    msock__post_collect(&engine->post);
    while (engine->post.first && publish_first(engine, now_us)) {
    }
}

uint64_t msock__engine_post_deadline(const struct msock__engine *engine)
{
    const struct msock__posted *first = engine->post.first;
    if (!first) {
        return msock__post_arrived(&engine->post) ? engine->post_again_us
                                                  : UINT64_MAX;
    }
    /* Without room it waits for what makes some: frames that leave. */
    const struct msock__delivery *delivery = &first->delivery;
    const struct msock__outbox *outbox =
        &engine->outboxes[delivery->reliable ? MSOCK__RELIABLE
                                             : MSOCK__BEST_EFFORT];
    return msock__outbox_takes(outbox, first->size, delivery->copies)
               ? engine->post_again_us
               : UINT64_MAX;
}
