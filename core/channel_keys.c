/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls about keys. */
#include "codec/error.h"
#include "core/channel.h"
#include "core/engine_push.h"
#include "core/engine_state.h"

int msock_keys_reload(msock_channel *channel)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code : msock__engine_keys_reload(&channel->engine);
}

int msock_keys_push(msock_channel *channel, const msock_ring *ring,
                    const char *const *names, size_t count)
{
    int code = msock__channel_check(channel);

    if (code < 0) {
        return code;
    }
    if (ring == NULL || names == NULL || count == 0 || count > MSOCK_PUSH_MAX) {
        return msock__fail(MSOCK_EINVAL,
                           "a push needs a ring and 1 to %d names",
                           MSOCK_PUSH_MAX);
    }
    return msock__engine_push(&channel->engine, ring, names, count);
}
