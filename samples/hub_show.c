/* SPDX-License-Identifier: Apache-2.0 */
/* How a hub shows its nodes. */
#include "samples/hub_show.h"

#include "samples/say.h"

#include <multisock/text.h>
#include <stdio.h>
#include <string.h>

enum {
    SHOWN_SIZE = 8 * MSOCK_NAME_MAX + 1, /* a name, escaped at worst */
    AGE_SIZE = 32,
    NUMBER_SIZE = 16
};

static const char *presence_word(enum hub_presence presence)
{
    static const char *const words[] = {[HUB_GONE] = "gone",
                                        [HUB_UP] = "up",
                                        [HUB_DOWN] = "down",
                                        [HUB_LEFT] = "left"};
    return words[presence];
}

static const char *lights_word(const struct hub_node *node)
{
    return !node->lights ? "-" : !node->known ? "?" : node->on ? "on" : "off";
}

static void write_age(const struct hub_node *node, uint64_t now_ms,
                      char age[static AGE_SIZE])
{
    uint64_t ms = now_ms - node->since_ms;

    if (!node->lights || node->since_ms == UINT64_MAX) {
        snprintf(age, AGE_SIZE, node->lights ? "?" : "-");
    } else if (ms < 60000) {
        snprintf(age, AGE_SIZE, "%.1f s", (double)ms / 1000);
    } else if (ms < 7200000) {
        snprintf(age, AGE_SIZE, "%u min", (unsigned)(ms / 60000));
    } else {
        snprintf(age, AGE_SIZE, "%u h", (unsigned)(ms / 3600000));
    }
}

static void write_brightness(const struct hub_node *node,
                             char number[static NUMBER_SIZE])
{
    if (node->brightness >= 0) {
        snprintf(number, NUMBER_SIZE, "%d", node->brightness);
    } else {
        snprintf(number, NUMBER_SIZE, "-");
    }
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

static void print_node(const struct hub_node *node, int width, uint64_t now_ms)
{
    char shown[SHOWN_SIZE];
    char brightness[NUMBER_SIZE];
    char age[AGE_SIZE];
    int padding = width - name_columns(node->name, shown);

    write_brightness(node, brightness);
    write_age(node, now_ms, age);
    say("%s%*s  %-4s  %-6s  %-6s  %10s  %8s%s%s", shown, padding, "",
        presence_word(node->presence), node->proved ? "yes" : "no",
        lights_word(node), brightness, age, node->will[0] != '\0' ? "  " : "",
        node->will);
}

void hub_show_table(const struct hub_nodes *nodes, uint64_t now_ms)
{
    char shown[SHOWN_SIZE];
    int width = columns("NODE");
    for (size_t i = 0; i < nodes->count; i++) {
        int needed = name_columns(nodes->nodes[i].name, shown);
        width = needed > width ? needed : width;
    }
    say("%-*s  IS    PROVED  LIGHTS  BRIGHTNESS       AGE  LAST WILL", width,
        "NODE");
    for (size_t i = 0; i < nodes->count; i++) {
        print_node(&nodes->nodes[i], width, now_ms);
    }
    if (nodes->count == 0) {
        say("(no node is there)");
    }
}

void hub_show_change(const struct hub_node *node, enum hub_change change)
{
    char brightness[NUMBER_SIZE];

    if (change == HUB_CHANGED_PRESENCE) {
        say("%s %s%s%s%s", node->name, hub_presence_phrase(node->presence),
            node->proved && node->presence == HUB_UP ? ", proved" : "",
            node->will[0] != '\0' ? ": " : "", node->will);
        return;
    }
    write_brightness(node, brightness);
    say("%s shows lights %s, brightness %s", node->name, lights_word(node),
        brightness);
}
