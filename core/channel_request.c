/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls for messages that wait for an echo. */
#include "codec/error.h"
#include "core/channel.h"
#include "core/engine_confirm.h"
#include "core/engine_request.h"

#include <inttypes.h>

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
                           "deadline_ms %u is not above after_ms %" PRIu32
                           ": nobody would have acted",
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

/* -- Asking -- */

/* What goes for requests and replies alike. */
static int as_echo(const msock_channel *channel, msock_publish_options *how)
{
    if (channel->engine.config.raw) {
        return msock__fail(MSOCK_ENOTSUP, "codec=raw has no room for requests "
                                          "and replies: use codec=json");
    }
    if (how->state || how->conflate) {
        return msock__fail(MSOCK_EINVAL, "neither a request nor a reply is a "
                                         "state");
    }
    how->reliable = how->copies == 0;
    return 0;
}

/* Checks a request, and fills in what it is to be like.  Returns its deadline
 * in ms, or a code. */
static int prepare(msock_channel *channel, const char *topic, const char *json,
                   const msock_request_options *options,
                   struct msock__publication *publication)
{
    msock_publish_options how = {.copies = 0};
    int code = msock__channel_struct(options->struct_size, sizeof(*options),
                                     "msock_request_options");
    if (code < 0) {
        return code;
    }
    if (options->publish) {
        how = *options->publish;
    }
    code = as_echo(channel, &how);
    if (code == 0) {
        code =
            msock__channel_publication(channel, topic, json, &how, publication);
    }
    if (code == 0) {
        code = check_deadline(options->deadline_ms, publication);
    }
    if (code > 0 && publication->expires_ms == 0) {
        /* Nobody waits for what somebody would do later. */
        publication->expires_ms = (uint32_t)code;
    }
    return code;
}

int msock_request(msock_channel *channel, const char *topic, const char *json,
                  const msock_request_options *options,
                  msock_request_callback *callback, void *user)
{
    static const msock_request_options usual = {.deadline_ms = 0};
    struct msock__publication publication;
    if (!callback) {
        return msock__fail(MSOCK_EINVAL, "a request needs a callback");
    }
    options = options ? options : &usual;
    int code = msock__channel_check(channel);
    if (code == 0) {
        code = prepare(channel, topic, json, options, &publication);
    }
    if (code < 0) {
        return code;
    }
    const struct msock__request how = {
        .callback = callback,
        .user = user,
        .replies_max = options->replies_max > 0 ? options->replies_max : 1};
    return msock__engine_request(&channel->engine, &publication, &how,
                                 (uint64_t)code * 1000);
}

int msock_request_cancel(msock_channel *channel, int id)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code : msock__engine_request_cancel(&channel->engine, id);
}

/* -- Replying -- */

static int reply(msock_channel *channel, const struct msock__ticket *ticket,
                 const char *json, const msock_publish_options *options)
{
    struct msock__publication publication;
    msock_publish_options how = {.copies = 0};
    char topic[MSOCK__REPLY_SIZE];
    if (options) {
        how = *options;
    }
    (void)msock__reply_encode(&ticket->reply, topic);
    int code = as_echo(channel, &how);
    if (code == 0) {
        code = msock__channel_publication(channel, topic, json, &how,
                                          &publication);
    }
    if (code < 0) {
        return code;
    }
    publication.id = ticket->id[0] != '\0' ? ticket->id : NULL;
    return msock__engine_publish(&channel->engine, &publication);
}

int msock_reply(msock_channel *channel, const char *json,
                const msock_publish_options *options)
{
    struct msock__ticket ticket;
    int code = msock__channel_check(channel);

    if (code == 0) {
        code = msock__engine_asker(&channel->engine, &ticket);
    }
    return code < 0 ? code : reply(channel, &ticket, json, options);
}

int msock_reply_later(msock_channel *channel, uint64_t *token)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code : msock__engine_reply_later(&channel->engine, token);
}

int msock_reply_to(msock_channel *channel, uint64_t token, const char *json,
                   const msock_publish_options *options)
{
    struct msock__ticket ticket;
    int code = msock__channel_check(channel);

    if (code == 0) {
        code = msock__engine_reply_token(&channel->engine, token, &ticket);
    }
    if (code == 0) {
        code = reply(channel, &ticket, json, options);
    }
    return code < 0 ? code : msock__engine_reply_used(&channel->engine, token);
}

int msock_reply_drop(msock_channel *channel, uint64_t token)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code : msock__engine_reply_used(&channel->engine, token);
}
