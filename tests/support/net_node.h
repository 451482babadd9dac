/* SPDX-License-Identifier: Apache-2.0 */
/* A multicast transport on a loop of its own, which notes what it tells. What
 * it logs, tests/support/log_notes.h notes. */
#ifndef TESTS_SUPPORT_NET_NODE_H
#define TESTS_SUPPORT_NET_NODE_H

#include "transport/multicast.h"

enum { KEPT = 64 };

/** A transport on a loop, and what it told. */
struct node {
    uv_loop_t loop;
    struct msock__transport *transport;
    size_t count;
    uint8_t bytes[KEPT]; /* of the last datagram */
    size_t size;
    bool own;
    char from[64];
    uint64_t waited_us; /* it lay unread */
    uint64_t counters[MSOCK_COUNTER_COUNT];
    size_t frame_size;
    bool near;
    size_t writable; /* how often it said so */
    bool closed;
};

struct msock__config config_of(const char *host, const char *iface);

/** Returns what the transport's start does. */
int node_start(struct node *node, const struct msock__config *config);

/** The same, which must succeed. */
void node_open(struct node *node, const struct msock__config *config);

void node_close(struct node *node);

/** Sends a text as a frame.  Returns how many were sent: 1, or 0. */
size_t node_send(struct node *node, const char *text);

/** The number of interfaces it has joined. */
int node_joined(const struct node *node);

typedef bool condition(const struct node *node, size_t value);

condition has_received, has_joined, is_near;

/** Runs the node's loop until something is so.  Returns whether it came. */
bool run_until(struct node *node, condition *is, size_t value);

#endif
