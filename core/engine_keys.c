/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that change while the channel runs. */
#include "core/engine_identity.h"
#include "core/engine_profile.h"
#include "core/engine_push.h"

#include <inttypes.h>

/* The ids are no secret: every frame carries one. */
static void log_keys(const struct msock__engine *engine)
{
    uint32_t ids[MSOCK__KEYS_MAX];
    size_t count = msock__pipeline_keys(&engine->pipeline, ids);

    if (count > 0) {
        msock_log(engine->log.logger, MSOCK_INFO,
                  "keys changed: %08" PRIx32 " seals, %zu more are accepted",
                  ids[0], count - 1);
    }
}

void msock__engine_keys_changed(struct msock__engine *engine)
{
    log_keys(engine);
    msock__engine_profile_changed(engine);
}

static void log_failure(const struct msock__engine *engine, const char *what)
{
    msock_log(engine->log.logger, MSOCK_ERROR, "%s: %s", what,
              msock_error_detail());
}

int msock__engine_keys_reload(struct msock__engine *engine)
{
    int keys = msock__pipeline_reload(&engine->pipeline);

    if (keys > 0) {
        msock__engine_keys_changed(engine);
    } else if (keys < 0) {
        log_failure(engine, "the old keys stay");
    }
    /* Whoever is out of it is out, whatever the key file says. */
    int trust = msock__engine_trust_reload(engine);
    if (trust > 0) {
        msock_log(engine->log.logger, MSOCK_INFO, "the trust file changed");
    } else if (trust < 0) {
        log_failure(engine, "the old trust file stays");
        return trust;
    }
    return keys < 0 ? keys : keys | trust;
}
