/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes that a hub has heard of. */
#include "samples/hub_nodes.h"

#include "samples/say.h"

#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_SIZE = 8 * MSOCK_NAME_MAX + 1 }; /* a name, escaped at worst */

/* Returns the node `name`, made if it is new, or NULL if there is no room. */
static struct hub_node *node_get(struct hub_nodes *nodes, const char *name)
{
    size_t at = 0;
    int order = 1;
    while (at < nodes->count &&
           (order = strcmp(nodes->nodes[at].name, name)) < 0) {
        at++;
    }
    struct hub_node *node = &nodes->nodes[at];
    if (at < nodes->count && order == 0) {
        return node;
    }
    if (nodes->count == HUB_NODES_MAX || strlen(name) > MSOCK_NAME_MAX) {
        return NULL;
    }
    memmove(node + 1, node, (nodes->count - at) * sizeof *node);
    nodes->count++;
    *node = (struct hub_node){.brightness = -1};
    memcpy(node->name, name, strlen(name) + 1);
    return node;
}

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
static int parse_report(const msock_message *message, struct hub_node *node)
{
    const char *value;
    const char *data = message->data;
    size_t size = message->data_size;

    node->brightness = -1;
    if ((message->flags & MSOCK_MESSAGE_RAW) != 0) {
        return MSOCK_EINVAL;
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

int hub_nodes_report(struct hub_nodes *nodes, const msock_message *message,
                     uint64_t now_ms)
{
    struct hub_node told = {0};
    size_t size = message->sender_size;

    /* Of itself only: nobody reports for another. */
    if (strncmp(message->topic, message->sender, size) != 0 ||
        strcmp(message->topic + size, "/lights/state") != 0 ||
        parse_report(message, &told) < 0) {
        return MSOCK_EINVAL;
    }
    struct hub_node *node = node_get(nodes, message->sender);
    if (node == NULL) {
        return MSOCK_ELIMIT;
    }
    node->known = told.known;
    node->on = told.on;
    node->brightness = told.brightness;
    node->gone = (message->flags & MSOCK_MESSAGE_WILL) != 0;
    node->heard_ms = node->gone ? now_ms - message->age_us / 1000 : now_ms;
    return 0;
}

unsigned hub_nodes_count(const struct hub_nodes *nodes, uint64_t since_ms,
                         const char *name, const bool *on)
{
    unsigned count = 0;
    for (size_t i = 0; i < nodes->count; i++) {
        const struct hub_node *node = &nodes->nodes[i];
        count += node->heard_ms >= since_ms &&
                 (name == NULL || strcmp(node->name, name) == 0) &&
                 (on == NULL || (node->known && node->on == *on));
    }
    return count;
}

/* Columns that valid UTF-8 takes, a character each: enough for names. */
static int columns(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return count;
}

static int name_columns(const char *name, char shown[static SHOWN_SIZE])
{
    msock_text_escape(name, strlen(name), shown, SHOWN_SIZE);
    return columns(shown);
}

void hub_nodes_print(const struct hub_nodes *nodes, uint64_t now_ms)
{
    char shown[SHOWN_SIZE];
    int width = columns("NODE");
    for (size_t i = 0; i < nodes->count; i++) {
        int needed = name_columns(nodes->nodes[i].name, shown);
        width = needed > width ? needed : width;
    }
    say("%-*s  LIGHTS  BRIGHTNESS  REPORTED", width, "NODE");
    for (size_t i = 0; i < nodes->count; i++) {
        const struct hub_node *node = &nodes->nodes[i];
        char brightness[16] = "-";
        int padding = width - name_columns(node->name, shown);
        if (node->brightness >= 0) {
            snprintf(brightness, sizeof brightness, "%d", node->brightness);
        }
        say("%s%*s  %-6s  %10s  %.1f s ago", shown, padding, "",
            node->gone     ? "gone"
            : !node->known ? "?"
            : node->on     ? "on"
                           : "off",
            brightness, (double)(now_ms - node->heard_ms) / 1000);
    }
    if (nodes->count == 0) {
        say("(no node has reported)");
    }
}
