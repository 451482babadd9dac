/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes that a hub knows. */
#include "samples/hub_nodes.h"

#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- The table -- */

/* Returns where the name is, or would be. */
static size_t place_of(const struct hub_nodes *nodes, const char *name)
{
    size_t at = 0;
    while (at < nodes->count && strcmp(nodes->nodes[at].name, name) < 0) {
        at++;
    }
    return at;
}

static bool is_at(const struct hub_nodes *nodes, size_t at, const char *name)
{
    return at < nodes->count && strcmp(nodes->nodes[at].name, name) == 0;
}

/* Forgets one that is not there, if the table is full.  Returns whether there
 * is room. */
static bool make_room(struct hub_nodes *nodes)
{
    if (nodes->count < HUB_NODES_MAX) {
        return true;
    }
    for (size_t at = 0; at < nodes->count; at++) {
        struct hub_node *node = &nodes->nodes[at];
        if (node->presence != HUB_UP && !node->seen_up) {
            nodes->count--;
            memmove(node, node + 1, (nodes->count - at) * sizeof *node);
            return true;
        }
    }
    return false;
}

/* Returns the node `name`, made if it is new, or NULL if there is no room. */
static struct hub_node *node_get(struct hub_nodes *nodes, const char *name)
{
    size_t at = place_of(nodes, name);
    if (is_at(nodes, at, name)) {
        return &nodes->nodes[at];
    }
    if (strlen(name) > MSOCK_NAME_MAX || !make_room(nodes)) {
        return NULL;
    }
    at = place_of(nodes, name); /* another one may have gone */
    struct hub_node *node = &nodes->nodes[at];
    memmove(node + 1, node, (nodes->count - at) * sizeof *node);
    nodes->count++;
    *node = (struct hub_node){.brightness = -1};
    memcpy(node->name, name, strlen(name) + 1);
    return node;
}

static void tell(const struct hub_nodes *nodes, const struct hub_node *node,
                 enum hub_change change)
{
    if (nodes->told != NULL) {
        nodes->told(node, change, nodes->user);
    }
}

/* Whether the topic is NODE/`what` of its sender: nobody speaks for another. */
static bool of_itself(const msock_message *message, const char *what)
{
    size_t size = message->sender_size;
    return strncmp(message->topic, message->sender, size) == 0 &&
           message->topic[size] == '/' &&
           strcmp(message->topic + size + 1, what) == 0;
}

/* -- Lights -- */

static bool text_is(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(text, word, size) == 0;
}

/* Reads true, false, "on" or "off".  Returns 0 or MSOCK_EINVAL. */
static int parse_switch(const char *text, size_t size, struct hub_node *node)
{
    node->on = text_is(text, size, "true") || text_is(text, size, "\"on\"");
    bool off = text_is(text, size, "false") || text_is(text, size, "\"off\"");
    node->known = node->on || off;
    return node->known ? 0 : MSOCK_EINVAL;
}

/* Reads what the message says of the lights.  Returns 0 or MSOCK_EINVAL. */
static int parse_state(const msock_message *message, struct hub_node *node)
{
    const char *value;
    const char *data = message->data;
    size_t size = message->data_size;

    if ((message->flags & MSOCK_MESSAGE_RAW) != 0) {
        return MSOCK_EINVAL;
    }
    node->lights = (message->flags & MSOCK_MESSAGE_EMPTY) == 0;
    if (!node->lights) {
        return 0; /* it was cleared */
    }
    int found = msock_json_get(data, size, "brightness", &value);
    if (found > 0 && found < 10) {
        node->brightness = atoi(value); /* ends at what follows the number */
    }
    found = msock_json_get(data, size, "on", &value);
    if (data[0] == '{' &&
        (found < 0 || text_is(value, (size_t)found, "null"))) {
        return 0; /* it does not know */
    }
    return found < 0 ? parse_switch(data, size, node)
                     : parse_switch(value, (size_t)found, node);
}

int hub_nodes_state(struct hub_nodes *nodes, const msock_message *message,
                    uint64_t now_ms)
{
    struct hub_node told = {.brightness = -1};
    uint64_t age_ms = message->age_us / 1000;

    if (!of_itself(message, "lights/state") ||
        parse_state(message, &told) < 0) {
        return MSOCK_EINVAL;
    }
    struct hub_node *node = node_get(nodes, message->sender);
    if (node == NULL) {
        return MSOCK_ELIMIT;
    }
    bool same = node->lights == told.lights && node->known == told.known &&
                node->on == told.on && node->brightness == told.brightness;
    node->lights = told.lights;
    node->known = told.known;
    node->on = told.on;
    node->brightness = told.brightness;
    node->since_ms = message->age_us == UINT64_MAX ? UINT64_MAX
                     : age_ms < now_ms             ? now_ms - age_ms
                                                   : 0;
    if ((message->flags & MSOCK_MESSAGE_LOCAL) != 0) {
        node->self = true;
        node->presence = HUB_UP;
    }
    if (!same) {
        tell(nodes, node, HUB_CHANGED_LIGHTS);
    }
    return 0;
}

/* -- Presence -- */

int hub_nodes_will(struct hub_nodes *nodes, const msock_message *message)
{
    if (!of_itself(message, "will") ||
        (message->flags & MSOCK_MESSAGE_WILL) == 0) {
        return MSOCK_EINVAL;
    }
    struct hub_node *node = node_get(nodes, message->sender);
    if (node == NULL) {
        return MSOCK_ELIMIT;
    }
    if (msock_json_text(message->data, message->data_size, node->will,
                        sizeof node->will) < 0) {
        snprintf(node->will, sizeof node->will, "%s", message->data);
    }
    return 0;
}

/* Whether one of its filters matches what the node is told of its lights. */
static bool obeys(const msock_node *node)
{
    char own[MSOCK_TOPIC_MAX + 1];
    bool does = false;

    snprintf(own, sizeof own, "%s/lights", node->name);
    for (size_t i = 0; i < node->filter_count; i++) {
        does = does || msock_topic_match(node->filters[i], "lights") ||
               msock_topic_match(node->filters[i], own);
    }
    return does;
}

static void on_node(msock_channel *channel, const msock_node *seen, void *user)
{
    struct hub_nodes *nodes = user;
    size_t at = place_of(nodes, seen->name);
    struct hub_node *node =
        is_at(nodes, at, seen->name) ? &nodes->nodes[at] : NULL;

    (void)channel;
    if (node == NULL && seen->up && !seen->visitor) {
        node = node_get(nodes, seen->name);
    }
    if (node == NULL) {
        return;
    }
    if (seen->heard_ms < node->silent_ms) {
        node->silent_ms = seen->heard_ms;
    }
    if (seen->up) {
        node->seen_up = true;
        node->proved = seen->proved;
        node->obeys = obeys(seen);
    }
}

static enum hub_presence presence_of(const struct hub_node *node)
{
    if (node->seen_up || node->self) {
        return HUB_UP;
    }
    if (node->presence != HUB_UP) {
        return node->presence;
    }
    return node->will[0] != '\0' || node->silent_ms >= HUB_SILENT_MS ? HUB_DOWN
                                                                     : HUB_LEFT;
}

void hub_nodes_look(struct hub_nodes *nodes, msock_channel *channel)
{
    for (size_t i = 0; i < nodes->count; i++) {
        nodes->nodes[i].seen_up = false;
        nodes->nodes[i].silent_ms = UINT64_MAX;
    }
    msock_nodes(channel, on_node, nodes);
    for (size_t i = 0; i < nodes->count; i++) {
        struct hub_node *node = &nodes->nodes[i];
        enum hub_presence before = node->presence;
        node->presence = presence_of(node);
        if (node->presence == HUB_UP) {
            node->will[0] = '\0';
        }
        if (node->presence != before) {
            tell(nodes, node, HUB_CHANGED_PRESENCE);
        }
    }
}

/* -- Questions -- */

const struct hub_node *hub_nodes_find(const struct hub_nodes *nodes,
                                      const char *name)
{
    size_t at = place_of(nodes, name);
    return is_at(nodes, at, name) ? &nodes->nodes[at] : NULL;
}

const char *hub_presence_phrase(enum hub_presence presence)
{
    static const char *const phrases[] = {[HUB_GONE] = "is gone",
                                          [HUB_UP] = "is up",
                                          [HUB_DOWN] = "is down",
                                          [HUB_LEFT] = "left"};
    return phrases[presence];
}

unsigned hub_nodes_ready(const struct hub_nodes *nodes)
{
    unsigned count = 0;
    for (size_t i = 0; i < nodes->count; i++) {
        const struct hub_node *node = &nodes->nodes[i];
        count += node->presence == HUB_UP && node->lights &&
                 (node->obeys || node->self);
    }
    return count;
}
