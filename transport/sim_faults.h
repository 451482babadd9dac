/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulated network does to a datagram on one link: faults with their
 * units settled, rules that say which link has which, and the draw of one
 * datagram's fate.
 *
 * Rules name nodes, so they hold for nodes that come later; the newest that
 * covers a link decides, and one that covers older ones replaces them. Finding
 * costs O(rules). Bursts, queues and other faults with a memory per link get
 * their place in struct msock__sim_link and msock__sim_fate_draw(). */
#ifndef MSOCK_TRANSPORT_SIM_FAULTS_H
#define MSOCK_TRANSPORT_SIM_FAULTS_H

#include "transport/sim_random.h"

#include <multisock/sim.h>

enum { MSOCK__SIM_RULES_MAX = 4096 };

struct msock__sim_link {
    double loss; /* per cent, as are the next three */
    double dup;
    double reorder;
    double corrupt;
    uint64_t delay_us;
    uint64_t jitter_us;
};

/** Reads the public form.  Returns 0, MSOCK_EOPTION with the detail set. */
int msock__sim_link_read(struct msock__sim_link *link,
                         const msock_sim_faults *faults);

struct msock__sim_rule {
    char from[MSOCK_NAME_MAX + 1]; /* "": every node */
    char to[MSOCK_NAME_MAX + 1];   /* "": every node */
    bool cut;
    struct msock__sim_link link;
};

/** Zeros: no rules. */
struct msock__sim_rules {
    struct msock__sim_rule *rules; /* oldest first */
    size_t count;
    size_t capacity;
};

void msock__sim_rules_fini(struct msock__sim_rules *rules);

/** Adds a rule (copied), which from now on decides for the links it covers.
 *  Returns 0, MSOCK_ELIMIT, MSOCK_ENOMEM (nothing changed). */
int msock__sim_rules_add(struct msock__sim_rules *rules,
                         const struct msock__sim_rule *rule);

/** Returns the rule of a link, borrowed until the next change, or NULL. */
const struct msock__sim_rule *
msock__sim_rules_find(const struct msock__sim_rules *rules, const char *from,
                      const char *to);

/** One copy of a datagram on its way. */
struct msock__sim_copy {
    uint64_t delay_us; /* at least 1 */
    bool reordered;
    bool corrupt;
    size_t bit; /* that is flipped then */
};

struct msock__sim_fate {
    size_t count; /* copies that arrive: 0 (lost), 1, 2 */
    struct msock__sim_copy copies[2];
};

/** Draws what becomes of a datagram of `size` bytes for one receiver. It takes
 *  the same number of draws whatever comes out, so that a change of one rate
 *  leaves the rest of a run as it was. */
void msock__sim_fate_draw(struct msock__sim_fate *fate,
                          struct msock__sim_random *random,
                          const struct msock__sim_link *link, size_t size);

#endif
