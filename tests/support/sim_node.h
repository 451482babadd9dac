/* SPDX-License-Identifier: Apache-2.0 */
/* A node of a simulated network, opened through the public API alone, that
 * notes what it hears. */
#ifndef MSOCK_TESTS_SIM_NODE_H
#define MSOCK_TESTS_SIM_NODE_H

#include <multisock/multisock.h>
#include <multisock/sim.h>
#include <stdbool.h>

enum { SIM_HEARD_MAX = 4096, SIM_DATA_MAX = 256 * 1024 };

struct sim_node {
    msock_channel *channel; /* NULL once it has closed */
    int closed;             /* how often `closed` was called */
    size_t heard;           /* messages */
    size_t own;             /* of them, its own */
    unsigned flags;         /* of the last one */
    char topic[MSOCK_TOPIC_MAX + 1];
    char sender[MSOCK_NAME_MAX + 1];
    char data[SIM_DATA_MAX + 1]; /* of the last one */
    size_t data_size;
    unsigned numbers[SIM_HEARD_MAX]; /* how often each number came as data */
};

/** Opens "sim://`network`" and subscribes to everything; `options` may be NULL,
 *  its name is set. */
void sim_node_open(struct sim_node *node, const char *network, const char *name,
                   const msock_options *options);

/** Closes it, and notes when it has closed. */
void sim_node_close(struct sim_node *node);

/** Publishes the numbers 0..count-1, `gap_ms` of virtual time apart; 0: all in
 *  one turn. */
void sim_node_count(struct sim_node *node, msock_sim *sim, unsigned count,
                    uint64_t gap_ms);

/** How many of the numbers 0..count-1 came exactly `times` times. */
size_t sim_node_counted(const struct sim_node *node, unsigned count,
                        unsigned times);

/** Lets virtual time pass until each of the two has heard the other (on a
 * sealed channel: believes it), for at most a minute.  Returns whether they
 * have. */
bool sim_node_meet(msock_sim *sim, const struct sim_node *a,
                   const struct sim_node *b);

/** Lets virtual time pass until no datagram is under way. */
void sim_node_rest(msock_sim *sim);

/** Whether a datagram that was put on the wire carries messages. */
bool sim_node_data(const msock_sim_event *event);

/** Writes a new key file and its path. */
void sim_key_file(char path[static 64]);

#endif
