/* SPDX-License-Identifier: Apache-2.0 */
/* Names and sessions of others. */
#include "tests/sim/disguise.h"

#include "core/engine_state.h"

#include <assert.h>
#include <string.h>

void disguise_name(msock_channel *channel, const char *name)
{
    struct msock__config *config = &channel->engine.config;
    assert(strlen(name) < sizeof(config->name));
    memcpy(config->name, name, strlen(name) + 1);
}

void disguise_session(msock_channel *copy, const msock_channel *from, bool late)
{
    struct msock__engine *engine = &copy->engine;
    assert(engine->counters[MSOCK__CONTROL] == 0);
    memcpy(engine->session, from->engine.session, sizeof(engine->session));
    if (late) {
        engine->counters[MSOCK__CONTROL] =
            from->engine.counters[MSOCK__CONTROL];
    }
}
