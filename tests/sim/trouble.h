/* SPDX-License-Identifier: Apache-2.0 */
/* A story under way, and what happens in it from tick to tick while there are
 * faults: shared by story.c, which has the phases, and trouble.c. */
#ifndef MSOCK_TESTS_SIM_TROUBLE_H
#define MSOCK_TESTS_SIM_TROUBLE_H

#include "tests/sim/scenario.h"
#include "tests/sim/world.h"

enum { STORY_CUTS_MAX = 8 };

/* A direction that is cut for a while. */
struct cut {
    bool set;
    char from[16], to[16];
    uint64_t until_us;
};

struct story {
    struct scenario scenario;
    struct world world;
    struct cut cuts[STORY_CUTS_MAX];
    uint64_t publish_us[SCENARIO_NODES_MAX]; /* the next message */
    uint64_t state_us[SCENARIO_NODES_MAX];   /* the next state */
    uint64_t order_us[SCENARIO_NODES_MAX];   /* the next order */
    struct msock__sim_random order_dice;
    uint64_t question_us[SCENARIO_NODES_MAX]; /* the next question */
    struct msock__sim_random question_dice;
    uint64_t reopen_us[SCENARIO_NODES_MAX]; /* of a node without a life */
    uint64_t published;
    uint64_t bytes;
    uint64_t ordered, asked;
    uint64_t nacks, repairs; /* of lives that ended */
};

/** One of the scenario's nodes. */
unsigned trouble_draw_node(struct story *story);

/** Yes in so many cases. */
bool trouble_draw_share(struct story *story, unsigned per_cent);

/** A moment within the next `max_ms`. */
uint64_t trouble_draw_later(struct story *story, unsigned max_ms);

/** Opens nodes whose time has come. */
void trouble_reopen(struct story *story);

/** What happens at one tick: to links, hosts, nodes, by the attacker; and what
 *  nodes publish. */
void trouble_tick(struct story *story);

#endif
