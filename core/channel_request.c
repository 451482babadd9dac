/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls for messages that wait for an echo. */
#include "codec/error.h"
#include "core/channel.h"
#include "core/engine_confirm.h"

enum { DEADLINE_MS = 1000, DEADLINE_MAX_MS = 600000 };

/* A deadline as it is given, 0 being the usual one.  Returns ms, or
 * MSOCK_EINVAL. */
static int check_deadline(unsigned deadline_ms,
                          const struct msock__publication *publication)
{
    unsigned ms = deadline_ms > 0 ? deadline_ms : DEADLINE_MS;
    if (ms > DEADLINE_MAX_MS) {
        return msock__fail(MSOCK_EINVAL, "deadline_ms is at most %d",
                           DEADLINE_MAX_MS);
    }
    if (ms <= publication->after_ms) {
        return msock__fail(MSOCK_EINVAL,
                           "deadline_ms %u is not above after_ms %u: nobody "
                           "would have acted",
                           ms, publication->after_ms);
    }
    return (int)ms;
}

int msock_publish_confirmed(msock_channel *channel, const char *topic,
                            const char *json,
                            const msock_confirm_options *options,
                            msock_confirm_callback *callback, void *user)
{
    struct msock__publication publication;
    msock_publish_options how = {.reliable = true};
    unsigned deadline_ms = options ? options->deadline_ms : 0;
    if (!callback) {
        return msock__fail(MSOCK_EINVAL,
                           "a confirmed message needs a callback");
    }
    int code = msock__channel_check(channel);
    if (code == 0 && options) {
        code = msock__channel_struct(options->struct_size, sizeof(*options),
                                     "msock_confirm_options");
    }
    if (code == 0 && options && options->publish) {
        how = *options->publish;
        how.reliable = true;
    }
    if (code == 0) {
        code = msock__channel_publication(channel, topic, json, &how,
                                          &publication);
    }
    if (code == 0) {
        code = check_deadline(deadline_ms, &publication);
    }
    return code < 0
               ? code
               : msock__engine_confirm(&channel->engine, &publication,
                                       (uint64_t)code * 1000, callback, user);
}

int msock_defer(msock_channel *channel, uint64_t *token)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code : msock__engine_defer(&channel->engine, token);
}

int msock_done(msock_channel *channel, uint64_t token, int code)
{
    int wrong = msock__channel_check(channel);

    return wrong < 0 ? wrong
                     : msock__engine_done(&channel->engine, token,
                                          code < 0 ? code : 0);
}
