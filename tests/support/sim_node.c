/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of simulated networks for tests. */
#include "tests/support/sim_node.h"

#include "codec/frame.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct sim_node *node = user;
    (void)channel;
    assert(message->data_size <= SIM_DATA_MAX);
    memcpy(node->topic, message->topic, message->topic_size + 1);
    memcpy(node->sender, message->sender, message->sender_size + 1);
    memcpy(node->data, message->data, message->data_size);
    node->data[message->data_size] = '\0';
    node->data_size = message->data_size;
    node->flags = message->flags;
    node->heard++;
    node->own += (message->flags & MSOCK_MESSAGE_LOCAL) != 0;
    unsigned long number = strtoul(message->data, NULL, 10);
    if (number < SIM_HEARD_MAX) {
        node->numbers[number]++;
    }
    return 0;
}

static void on_closed(void *user)
{
    struct sim_node *node = user;
    node->closed++;
    node->channel = NULL;
}

void sim_node_open(struct sim_node *node, const char *network, const char *name,
                   const msock_options *options)
{
    char url[128];
    msock_options filled = {0};
    if (options != NULL) {
        filled = *options;
    }
    filled.name = name;
    memset(node, 0, sizeof(*node));
    snprintf(url, sizeof(url), "sim://%s", network);
    int result = msock_open(&node->channel, url, &filled);
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", url, msock_error_detail());
    }
    assert(result == 0);
    result = msock_subscribe(node->channel, "#", on_message, node, NULL);
    assert(result > 0);
}

void sim_node_close(struct sim_node *node)
{
    msock_close(node->channel, on_closed, node);
}

void sim_node_count(struct sim_node *node, msock_sim *sim, unsigned count,
                    uint64_t gap_ms)
{
    for (unsigned i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof(number), "%u", i);
        int result = msock_publish(node->channel, "count", number, NULL);
        assert(result == 0);
        (void)result;
        if (gap_ms > 0) {
            msock_sim_run(sim, gap_ms);
        }
    }
}

size_t sim_node_counted(const struct sim_node *node, unsigned count,
                        unsigned times)
{
    size_t found = 0;
    for (unsigned i = 0; i < count; i++) {
        found += node->numbers[i] == times;
    }
    return found;
}

bool sim_node_meet(msock_sim *sim, const struct sim_node *a,
                   const struct sim_node *b)
{
    uint64_t end_us = msock_sim_now_us(sim) + 60000000;
    while (msock_counter_get(a->channel, MSOCK_SESSIONS) == 0 ||
           msock_counter_get(b->channel, MSOCK_SESSIONS) == 0) {
        if (msock_sim_now_us(sim) >= end_us) {
            return false;
        }
        msock_sim_run(sim, 1);
    }
    return true;
}

void sim_node_rest(msock_sim *sim)
{
    msock_sim_stats stats;
    do {
        msock_sim_run(sim, 1);
        msock_sim_stats_get(sim, &stats, sizeof(stats));
    } while (stats.waiting > 0);
}

bool sim_node_data(const msock_sim_event *event)
{
    struct msock__frame frame;
    return event->kind == MSOCK_SIM_SENT &&
           msock__frame_decode(event->bytes, event->size, &frame) == 0 &&
           frame.stream != MSOCK__CONTROL;
}

void sim_key_file(char path[static 64])
{
    char text[MSOCK_KEY_TEXT_SIZE];
    snprintf(path, 64, "/tmp/multisock-sim-XXXXXX");
    int file = mkstemp(path); /* mode 0600, as a key file must be */
    int result = msock_key_generate(text);
    assert(file >= 0 && result == 0);
    ssize_t written = write(file, text, strlen(text));
    assert(written == (ssize_t)strlen(text));
    close(file);
}
