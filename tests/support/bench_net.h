/* SPDX-License-Identifier: Apache-2.0 */
/* Several bench channels on one clock and one network, which a test may make
 * lose frames and which keeps a copy of each, for whoever replays them. What
 * happens repeats: all randomness comes from one seed. Control frames move, so
 * that channels live as they do outside.
 *
 * At every moment, an engine that did what was due must want nothing more at
 * this time: no test passes with a busy loop. */
#ifndef MSOCK_TESTS_BENCH_NET_H
#define MSOCK_TESTS_BENCH_NET_H

#include "codec/frame.h"
#include "tests/support/bench_channel.h"

enum {
    NET_NODES_MAX = 6,
    NET_FRAMES_MAX = 65536,
    NET_EVENTS_MAX = 64,
    NET_KEY = 7,
    NET_SECOND_US = 1000000
};

/** A frame as it left; its header, and what it bears besides is sealed. */
struct net_frame {
    struct msock__frame header;
    size_t from;
    uint64_t at_us;
    const uint8_t *bytes;
    size_t size;
};

struct net_event {
    enum msock_event_kind kind;
    char node[MSOCK_NAME_MAX + 1];
    uint64_t session;
    uint64_t first, count;
};

struct net_node {
    struct bench bench;
    bool alive; /* a crash, or the end of closing, makes it go */
    size_t event_count;
    struct net_event events[NET_EVENTS_MAX];
    int first_number, last_number; /* heard on "n", one after another */
    size_t disorder;               /* those that did not follow */
};

struct net {
    uint64_t now_us;
    struct msock__dice dice;
    size_t count;
    struct net_node nodes[NET_NODES_MAX];
    /* Whether the network loses a frame on its way to a node; NULL: none. */
    bool (*lose)(const struct net_frame *frame, size_t to);
    unsigned lose_percent; /* of net_lose_some() */
    size_t frame_count;    /* when there are too many, the last are forgotten */
    struct net_frame frames[NET_FRAMES_MAX];
};

/** The network of this test. */
extern struct net net;

/** Opens a channel now, which records all messages of others (bench.heard) and
 *  all events; `key` 0: an open one.  Returns its number. */
size_t net_open(const char *name, const char *options, int key);

/** The same on another group, whose frames this network carries as well. */
size_t net_open_elsewhere(const char *name, int key);

/** Lets time pass. */
void net_run(uint64_t for_us);

/** Opens two, the names "hub" and "kitchen", and lets a second pass. */
void net_open_pair(size_t *hub, size_t *node, const char *options, int key);

/** Loses net.lose_percent of all frames, for net.lose. */
bool net_lose_some(const struct net_frame *frame, size_t to);

/** Ends a node at once, without a word. */
void net_crash(size_t node);

/** Frees all channels, and begins anew. */
void net_close(void);

struct bench *net_bench(size_t node);
msock_channel *net_channel(size_t node);
uint64_t net_counter(size_t node, enum msock_counter counter);

/** Publishes, which must work. */
void net_publish(size_t node, const char *topic, const char *json);
void net_publish_reliable(size_t node, const char *topic, const char *json);

/** Publishes the numbers first..last, reliably. */
void net_publish_numbers(size_t node, int first, int last);

/** The same, each in a frame of its own: 50 us apart. */
void net_publish_apart(size_t node, int first, int last);

/** Publishes so many bytes.  Returns what msock_publish() does. */
int net_publish_raw(size_t node, const char *topic, size_t size, bool reliable);

/** Whether a node heard exactly these numbers, in order. */
bool net_heard_numbers(size_t node, int first, int last);

/** Gives recorded frames [first, last) to a node once more. */
void net_replay(size_t first, size_t last, size_t to);

/** How many events of a kind a node was told. */
size_t net_event_count(size_t node, enum msock_event_kind kind);

/** The last one of a kind, or NULL. */
const struct net_event *net_event_last(size_t node, enum msock_event_kind kind);

/** How many frames of a stream a node has sent since frame number `since`. */
size_t net_sent(size_t node, unsigned stream, size_t since);

#endif
