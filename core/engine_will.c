/* SPDX-License-Identifier: Apache-2.0 */
/* Last wills. */
#include "core/engine_will.h"

#include "codec/error.h"
#include "core/engine_profile.h"
#include "core/will.h"

#include <string.h>

/* -- One's own -- */

static bool fits(const struct msock__engine *engine,
                 const struct msock__will *will)
{
    return will->size == 0 ||
           msock__profile_will_fits(&engine->profile, will, engine->config.name,
                                    msock__engine_control_room(engine));
}

int msock__engine_will(struct msock__engine *engine, const char *topic,
                       const char *json)
{
    struct msock__will will;

    if (topic && engine->config.raw) {
        return msock__fail(MSOCK_ENOTSUP, "codec=raw has no room for a last "
                                          "will: use codec=json");
    }
    int code = msock__will_make(&will, topic, json);
    if (code < 0) {
        return code;
    }
    if (!fits(engine, &will)) {
        return msock__fail(MSOCK_ETOOBIG,
                           "the last will takes %zu bytes with its topic: too "
                           "many for a frame of %zu (mtu)",
                           will.size, engine->frame_size);
    }
    if (msock__profile_set_will(&engine->profile, &will)) {
        msock__engine_profile_changed(engine);
    }
    return 0;
}

void msock__engine_will_resized(const struct msock__engine *engine)
{
    if (!fits(engine, &engine->profile.will)) {
        msock_log(engine->log.logger, MSOCK_WARNING,
                  "the last will does not fit a frame of %zu bytes any more: "
                  "nobody who comes will know it",
                  engine->frame_size);
    }
}

/* -- Those of others -- */

/* The hello that had it was signed if its node has an entry: see
 * msock__engine_identify(). */
static int check_rights(const struct msock__engine *engine,
                        const struct msock__session *session,
                        const struct msock__words *words)
{
    if (!engine->trust) {
        return 0;
    }
    return msock__trust_check(engine->trust, session->trusted, words->topic,
                              words->topic_size, session->trusted != NULL);
}

static unsigned flags_of(const struct msock__engine *engine,
                         const struct msock__session *session)
{
    unsigned flags = MSOCK_MESSAGE_WILL;

    flags |= engine->admission ? MSOCK_MESSAGE_SEALED : 0;
    return flags | (session->trusted ? MSOCK_MESSAGE_SIGNED : 0);
}

void msock__engine_will_speak(struct msock__engine *engine, uint64_t now_us,
                              const struct msock__session *session)
{
    const struct msock__card *card = session->entry.card;
    struct msock__words words;

    if (!card || card->will_size == 0) {
        return;
    }
    msock__will_read(card->will, card->will_size, &words);
    int wrong = check_rights(engine, session, &words);
    if (wrong) {
        msock__engine_drop(engine, now_us, wrong, 1);
        return;
    }
    msock_message message = {
        .topic = words.topic,
        .topic_size = words.topic_size,
        .sender = session->sender,
        .sender_size = session->sender_size,
        .data = words.data,
        .data_size = words.data_size,
        .session = msock__session_short(session->id),
        .age_us = now_us > session->heard_us ? now_us - session->heard_us : 0,
        .flags = flags_of(engine, session),
    };
    struct msock__dispatch_result result = msock__dispatch_run(
        engine->dispatch, engine->channel, &message, UINT64_MAX);
    msock__stats_add(&engine->stats, MSOCK_DELIVERED, result.called);
    msock__stats_add(&engine->stats, MSOCK_REFUSED, result.refused);
}
