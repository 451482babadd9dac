/* SPDX-License-Identifier: Apache-2.0 */
/* The public call for a last will. */
#include "core/channel.h"
#include "core/engine_will.h"

int msock_will(msock_channel *channel, const char *topic, const char *json)
{
    int code = msock__channel_check(channel);

    return code < 0 ? code : msock__engine_will(&channel->engine, topic, json);
}
