/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of engines, and its bounds. */
#include "tests/sim/bounds.h"

#include "core/engine_state.h"

void bounds_check(struct report *report, const msock_channel *channel)
{
    const struct msock__engine *engine = &channel->engine;
    const struct msock__config *config = &engine->config;
    size_t held_frames = 0;
    size_t held_bytes =
        engine->admission
            ? msock__admission_most(engine->admission, &held_frames)
            : 0;
    const struct {
        const char *name;
        size_t bytes;
        uint64_t most;
    } stores[] = {
        /* What is queued for the network, for oneself, and by threads. */
        {"sending", msock_queued(channel),
         3 * config->queue_max + config->post_max},
        {"history", msock__history_bytes(engine->history), config->history_max},
        {"reordering", engine->repair_pool.bytes, config->reorder_all_max},
        {"reassembly", msock__fragments_bytes(engine->fragments),
         config->reassembly_max},
        {"joining", engine->join_pool.bytes, config->reassembly_max},
        {"copies", engine->copies.bytes, engine->copies.bytes_max},
        {"schedule", engine->schedule.bytes, config->scheduled_max},
        {"admission",
         engine->admission ? msock__admission_bytes(engine->admission) : 0,
         config->held_all_max},
        {"one session's admission", held_bytes, config->held_max},
        {"one session's admission frames", held_frames, MSOCK__HELD_FRAMES_MAX},
        {"pending",
         engine->admission ? msock__admission_count(engine->admission) : 0,
         config->pending_max},
        {"states", msock__values_bytes(engine->values), config->state_max},
        {"topics with states", msock__values_count(engine->values),
         config->state_count_max},
        {"rosters", engine->roster.bytes, MSOCK__ROSTER_BYTES},
        {"sessions", msock__sessions_count(engine->sessions),
         config->sessions_max},
    };
    for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
        if (stores[i].bytes > stores[i].most) {
            report_fail(report, "%s holds %zu of %s, at most %zu are allowed",
                        msock_name(channel), stores[i].bytes, stores[i].name,
                        (size_t)stores[i].most);
        }
    }
}
