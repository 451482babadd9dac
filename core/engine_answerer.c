/* SPDX-License-Identifier: Apache-2.0 */
/* Who may answer for a session (docs/protocol.md 6.10). What that costs is
 * bounded, so that junk is no weapon, and by more than one allowance, so that
 * junk for some sessions keeps no other out. */
#include "core/engine_identity.h"

#include "codec/sign.h"

/* Signatures: 1,000 a second, and when these are used up each session's own.
 * Searches: as long as they take about a fifth of the time, at a quarter of a
 * microsecond an entry. */
enum { ANSWER_US = 1000, SEARCH_ENTRY_US = 1, AHEAD_US = 255 * ANSWER_US };

static bool spend(struct msock__rate *rate, uint64_t now_us, uint64_t cost_us)
{
    if (msock__rate_due(rate, AHEAD_US) > now_us) {
        return false;
    }
    msock__rate_take(rate, now_us, cost_us);
    return true;
}

/* Whose signature an answer has to bear: that of its name's entry, or, without
 * one, of the entry whose session it answers for.  Returns 0, *owner being NULL
 * if nobody's, or the drop counter. */
static int find_owner(struct msock__engine *engine, uint64_t now_us,
                      const struct msock__frame *frame,
                      const struct msock__envelope *envelope,
                      const struct msock__trusted **owner)
{
    *owner =
        msock__engine_entry(engine, envelope->sender, envelope->sender_size);
    if (*owner || !engine->trust) {
        return 0;
    }
    uint64_t cost_us = msock__trust_count(engine->trust) * SEARCH_ENTRY_US;
    if (!spend(&engine->owner_rate, now_us, cost_us)) {
        return MSOCK_DROP_VERIFY;
    }
    *owner = msock__trust_owner(engine->trust, frame->session);
    return 0;
}

int msock__engine_answerer(struct msock__engine *engine, uint64_t now_us,
                           const struct msock__frame *frame,
                           const struct msock__envelope *envelope)
{
    const struct msock__trusted *owner = NULL;
    int wrong = find_owner(engine, now_us, frame, envelope, &owner);
    if (wrong || !owner) {
        return wrong;
    }
    if (engine->text_size == 0) {
        return MSOCK_DROP_UNSIGNED;
    }
    const uint8_t *public = msock__trusted_public(owner);
    if (!msock__session_commits(public, frame->session)) {
        return MSOCK_DROP_SIGNATURE; /* of another node's session */
    }
    if (!spend(&engine->answer_rate, now_us, ANSWER_US) &&
        !msock__admission_look(engine->admission, now_us, frame->session)) {
        return MSOCK_DROP_VERIFY; /* it is asked again */
    }
    return msock__sign_verify(public, engine->text, engine->text_size)
               ? 0
               : MSOCK_DROP_SIGNATURE;
}
