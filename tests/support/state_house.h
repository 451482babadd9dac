/* SPDX-License-Identifier: Apache-2.0 */
/* A house on a simulated network whose nodes have states: owners publish them,
 * listeners are shown them, keepers keep them on a disk that outlives them.
 * There is one house at a time. */
#ifndef MSOCK_TESTS_STATE_HOUSE_H
#define MSOCK_TESTS_STATE_HOUSE_H

#include <multisock/multisock.h>
#include <multisock/sim.h>
#include <stdbool.h>

enum { HOUSE_NODES_MAX = 16, HOUSE_TOPICS = 3, HOUSE_DATA_MAX = 24 };

/** Which state of a topic, and what it says. */
struct house_state {
    uint64_t version; /* 0: none */
    uint8_t session[MSOCK_SESSION_SIZE];
    uint64_t session_short; /* of messages, the first 8 bytes */
    char owner[MSOCK_NAME_MAX + 1];
    char data[HOUSE_DATA_MAX];
};

struct house_node {
    char name[16];
    bool keeps;
    msock_channel *channel;                 /* NULL: it is not open */
    struct house_state shown[HOUSE_TOPICS]; /* since it opened, the last ones */
    struct house_state disk[HOUSE_TOPICS];  /* what a keeper kept */
    unsigned went_back;   /* shown an older one after a newer */
    uint64_t complete_us; /* it has been shown all topics since then, 0: not */
};

struct house {
    msock_sim *sim;
    char key_file[64]; /* "": the channels are open */
    struct house_node nodes[HOUSE_NODES_MAX];
};

extern struct house house;

/** Makes a network that loses so many per cent each way. */
void house_make(uint64_t seed, bool sealed, double loss);

/** Ends all at once. */
void house_leave(void);

/** Opens a node, which listens to all states, by the name "node<number>".
 *  A keeper gets back what is on its disk. */
void house_open(unsigned node, bool keeps);

/** Opens those of first..last, none of them a keeper. */
void house_open_all(unsigned first, unsigned last);

/** A node vanishes without a word. */
void house_crash(unsigned node);

/** A node publishes all topics, saying `value`. */
void house_publish(unsigned node, unsigned value);

/** Cuts two nodes from each other, or joins them. */
void house_cut(unsigned one, unsigned other, bool cut);

/** Time passes, in ms. */
void house_run(uint64_t ms);

/** Whether all that are open hold the same states, none is missing, and all
 *  were shown them. */
bool house_agrees(void);

/** Whether all that are open were last shown `value` of each topic. */
bool house_shows(unsigned value);

/** Lets time pass until house_agrees() and for 500 ms from then on. Returns how
 *  long the first took, in us; `most_ms` and more: it does not. */
uint64_t house_settle(uint64_t most_ms);

/** Lets time pass until a node was shown all topics.  Returns how long since
 *  `from_us`; `most_ms` and more: not yet. */
uint64_t house_complete(unsigned node, uint64_t from_us, uint64_t most_ms);

/** How often anybody was shown an older state after a newer one. */
unsigned house_went_back(void);

/** Prints and sorts times in us, and gives the one at so many per cent. */
uint64_t house_figures(const char *what, uint64_t *times, size_t count,
                       unsigned per_cent);

#endif
