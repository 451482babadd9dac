/* SPDX-License-Identifier: Apache-2.0 */
/* The engine when it has more to do than it can: shares of sessions, and who
 * may go first. */
#include "core/engine.h"
#include "core/engine_state.h"

#include <string.h>

void msock__engine_press(struct msock__engine *engine)
{
    msock__share_press(&engine->share);
}

size_t msock__engine_quiet(const struct msock__engine *engine, uint64_t now_us,
                           struct msock__quiet *list, size_t count)
{
    size_t used = 0;

    if (!msock__share_besieged(&engine->share, now_us)) {
        return 0;
    }
    const struct msock__session *session =
        msock__sessions_newest(engine->sessions);
    for (; session && used < count; session = session->older) {
        if (msock__address_known(&session->from) &&
            msock__share_quiet(&engine->share, &session->portion)) {
            memcpy(list[used].session, session->id, MSOCK__SESSION_SIZE);
            memcpy(list[used].source, session->from.host, 16);
            used++;
        }
    }
    return used;
}

void msock__engine_share_refuse(struct msock__engine *engine,
                                struct msock__session *session, bool first)
{
    if (session && first) {
        msock__share_forged(&engine->share, &session->portion);
    }
}

void msock__engine_share_charge(struct msock__engine *engine,
                                struct msock__session *session,
                                const struct msock__plain *plain)
{
    if (plain->charge_size > 0) {
        msock__share_charge(&engine->share, &session->portion,
                            plain->charge_size,
                            plain->frame.stream != MSOCK__CONTROL);
    }
}
