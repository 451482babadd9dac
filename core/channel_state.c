/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls for states: arguments are checked here. */
#include "core/channel.h"

#include "codec/envelope.h"
#include "codec/error.h"
#include "core/engine_values.h"

#include <string.h>

static int check_filter(const msock_channel *channel, const char *filter)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code : msock__channel_filter(filter);
}

int msock_state_each(msock_channel *channel, const char *filter,
                     msock_state_callback *callback, void *user)
{
    int code = check_filter(channel, filter);

    return code < 0 ? code
                    : msock__engine_values_list(&channel->engine, filter,
                                                callback, user);
}

int msock_keep(msock_channel *channel, const char *filter,
               msock_state_callback *callback, void *user)
{
    int code = check_filter(channel, filter);

    if (code == 0 && channel->engine.config.raw) {
        code = msock__fail(MSOCK_ENOTSUP,
                           "codec=raw has no states: use codec=json");
    }
    return code < 0
               ? code
               : msock__engine_keep(&channel->engine, filter, callback, user);
}

int msock_unkeep(msock_channel *channel, const char *filter,
                 msock_state_callback *callback, void *user)
{
    int code = check_filter(channel, filter);

    return code < 0
               ? code
               : msock__engine_unkeep(&channel->engine, filter, callback, user);
}

static int check_owner(const char *owner, uint64_t version)
{
    if (!owner || !msock__name_valid(owner, strlen(owner))) {
        return msock__fail(MSOCK_ENAME,
                           "a state's owner is 1..63 bytes of UTF-8 without "
                           "control characters");
    }
    if (version == 0 || version > MSOCK__VERSION_MAX) {
        return msock__fail(MSOCK_EINVAL, "a state's version is 1..2^53-1");
    }
    return 0;
}

int msock_state_restore(msock_channel *channel, const char *topic,
                        uint64_t version, const char *owner,
                        const uint8_t session[MSOCK_SESSION_SIZE],
                        const char *json)
{
    struct msock__offer offer = {.edition.version = version,
                                 .topic = topic,
                                 .owner = owner,
                                 .told = true,
                                 .pinned = true};
    struct msock__json_slice value = {0};
    int code = msock__channel_check(channel);

    if (code == 0) {
        code = msock__channel_topic(topic);
    }
    if (code == 0) {
        code = check_owner(owner, version);
    }
    if (code == 0 && json) {
        code = msock__channel_json(json, &value);
    }
    if (code < 0) {
        return code;
    }
    offer.data = value.text;
    offer.data_size = value.size;
    offer.topic_size = strlen(topic);
    offer.owner_size = strlen(owner);
    memcpy(offer.edition.session, session, sizeof offer.edition.session);
    return msock__engine_restore(&channel->engine, &offer);
}
