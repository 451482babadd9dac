/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes that a hub has heard of, sorted by name, and what each last
 * reported. It takes at most HUB_NODES_MAX; further ones are not kept. */
#ifndef SAMPLES_HUB_NODES_H
#define SAMPLES_HUB_NODES_H

#include <multisock/multisock.h>
#include <stdio.h>

enum { HUB_NODES_MAX = 256 };

struct hub_node {
    char name[MSOCK_NAME_MAX + 1];
    bool known;        /* whether it knows its lights */
    bool on;           /* if so */
    int brightness;    /* -1: it did not say */
    bool gone;         /* it went without a bye */
    uint64_t heard_ms; /* its last report, or its last sign of life */
};

struct hub_nodes {
    size_t count;
    struct hub_node nodes[HUB_NODES_MAX];
};

/** Takes a report: NODE/lights/state, sent by NODE itself, with
 *  {"on":true,"brightness":255}, true or "on". An object whose "on" is null or
 *  absent says that the node does not know, and as its last will that it is
 *  gone.
 *  Returns 0, MSOCK_EINVAL (anything else), MSOCK_ELIMIT. */
int hub_nodes_report(struct hub_nodes *nodes, const msock_message *message,
                     uint64_t now_ms);

/** Returns how many nodes reported at or after `since_ms`; with a `name` that
 *  one only, with `on` those that say so. Both may be NULL. */
unsigned hub_nodes_count(const struct hub_nodes *nodes, uint64_t since_ms,
                         const char *name, const bool *on);

/** Prints them as an aligned table, safe for a terminal. */
void hub_nodes_print(const struct hub_nodes *nodes, uint64_t now_ms);

#endif
