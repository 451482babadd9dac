/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes that a hub knows, sorted by name: whether they are there, and the
 * state of their lights. It is live: the channel tells what changes, nobody is
 * asked. It takes at most HUB_NODES_MAX; when it is full, one that is not up
 * gives its place, and if all are, further ones are not kept. */
#ifndef SAMPLES_HUB_NODES_H
#define SAMPLES_HUB_NODES_H

#include <multisock/multisock.h>

enum {
    HUB_NODES_MAX = 256,
    HUB_WILL_SIZE = 513, /* a will has at most 512 bytes */
    /* Of a bye one hears within some seconds, of silence after many. */
    HUB_SILENT_MS = 5000
};

enum hub_presence {
    HUB_GONE, /* it went before this hub came: others told of its lights */
    HUB_UP,
    HUB_DOWN, /* silent without a bye: crashed, cut off or out of power */
    HUB_LEFT  /* it said bye */
};

struct hub_node {
    char name[MSOCK_NAME_MAX + 1];
    enum hub_presence presence;
    bool self;                /* it is this hub */
    bool proved;              /* its own key vouches for the name */
    bool obeys;               /* it listens to orders for lights */
    char will[HUB_WILL_SIZE]; /* what it left when it went down, "" */
    bool lights;              /* the state of its lights is there: */
    bool known;               /* whether it knows it itself */
    bool on;                  /* if so */
    int brightness;           /* -1: it did not say */
    uint64_t since_ms;        /* since when; UINT64_MAX: nobody knows */
    bool seen_up;       /* while the channel's nodes are looked at, and ... */
    uint64_t silent_ms; /* ... since it was heard */
};

enum hub_change { HUB_CHANGED_PRESENCE, HUB_CHANGED_LIGHTS };

typedef void hub_nodes_told(const struct hub_node *node, enum hub_change change,
                            void *user);

struct hub_nodes {
    size_t count;
    struct hub_node nodes[HUB_NODES_MAX];
    hub_nodes_told *told; /* of what changed, NULL: nobody is */
    void *user;
};

/** Takes the state NODE/lights/state of NODE itself: {"on":true,
 *  "brightness":255}, true or "on". An object whose "on" is null or absent
 *  says that the node does not know.
 *  Returns 0, MSOCK_EINVAL (anything else), MSOCK_ELIMIT. */
int hub_nodes_state(struct hub_nodes *nodes, const msock_message *message,
                    uint64_t now_ms);

/** Takes the last will NODE/will of NODE itself: a JSON string, or any JSON.
 *  Returns as hub_nodes_state(). */
int hub_nodes_will(struct hub_nodes *nodes, const msock_message *message);

/** Looks who is on the channel now. */
void hub_nodes_look(struct hub_nodes *nodes, msock_channel *channel);

/** Returns the node of this name, or NULL. */
const struct hub_node *hub_nodes_find(const struct hub_nodes *nodes,
                                      const char *name);

/** Returns what one says of such a node: "is down". */
const char *hub_presence_phrase(enum hub_presence presence);

/** Returns how many nodes are up, obey, and have told the state of their
 *  lights. */
unsigned hub_nodes_ready(const struct hub_nodes *nodes);

#endif
