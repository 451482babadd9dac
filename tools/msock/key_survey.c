/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and their keys, asked. */
#include "tools/msock/key_survey.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* An idle node says hello every 6.25 s at the latest, and answers in less than
 * a second; groups of over 200 take longer (docs/protocol.md 7.6). */
enum { PATIENCE_MS = 8000, NODE_PATIENCE_MS = 35 };

/* -- Channels -- */

/* Opens the channel that seals with a key, by a file in memory of the ring,
 * where that key is the first. The first channel speaks as who we are; two of
 * one name would look like two programs. */
static int open_channel(struct key_survey *survey, const msock_ring *ring,
                        int key)
{
    struct cli_channel names = survey->call->channel;
    char name[MSOCK_NAME_MAX + 1];
    int code = key_memory_open(&survey->files[key], ring);

    if (key > 0 || !names.id_file) {
        snprintf(name, sizeof(name), "$key-%ld-%d", (long)getpid(), key);
        names.name = name;
        names.id_file = NULL;
    }
    names.key_file = survey->files[key].path;
    names.quiet = true; /* what is odd is found in the end */
    return code == CLI_OK ? cli_channel_open(&survey->channels[key], &names)
                          : code;
}

/* Opens the channels. */
static int open_all(struct key_survey *survey, const struct key_call *call)
{
    msock_ring *ring;
    int code = key_load(&ring, call);

    if (code != CLI_OK) {
        return code;
    }
    survey->call = call;
    survey->trusts = call->channel.trust_file ||
                     cli_channel_says(&call->channel, "trust_file");
    survey->key_count = msock_ring_count(ring);
    for (int i = 0; i < survey->key_count; i++) {
        msock_ring_id(ring, i, survey->ids[i]);
    }
    for (int i = 0; code == CLI_OK && i < survey->key_count; i++) {
        msock_ring_promote(ring, i); /* those behind it stay where they are */
        code = open_channel(survey, ring, i);
    }
    msock_ring_free(ring);
    return code;
}

void key_survey_leave(struct key_survey *survey, int key)
{
    msock_close(survey->channels[key], NULL, NULL);
    survey->channels[key] = NULL;
    key_memory_close(&survey->files[key]);
}

void key_survey_close(struct key_survey *survey)
{
    for (int i = 0; i < survey->key_count; i++) {
        key_survey_leave(survey, i);
    }
    free(survey->nodes);
}

/* -- Nodes -- */

static bool is_own(const struct key_survey *survey, uint64_t session)
{
    for (int i = 0; i < survey->key_count; i++) {
        if (survey->channels[i] &&
            msock_session(survey->channels[i]) == session) {
            return true;
        }
    }
    return false;
}

/* Returns the entry of a session, a new one if need be, or NULL after having
 * told that memory is short. */
static struct key_node *entry_of(struct key_survey *survey, uint64_t session)
{
    for (size_t i = 0; i < survey->node_count; i++) {
        if (survey->nodes[i].session == session) {
            return &survey->nodes[i];
        }
    }
    if (survey->node_count == survey->node_room) {
        size_t room = survey->node_room > 0 ? 2 * survey->node_room : 64;
        struct key_node *nodes =
            realloc(survey->nodes, room * sizeof(*survey->nodes));
        if (!nodes) {
            survey->failed = cli_error("out of memory");
            return NULL;
        }
        survey->nodes = nodes;
        survey->node_room = room;
    }
    struct key_node *node = &survey->nodes[survey->node_count++];
    *node = (struct key_node){
        .session = session, .seals = -1, .heard_ms = UINT64_MAX};
    return node;
}

int key_survey_find(const struct key_survey *survey, const char *id)
{
    for (int i = 0; i < survey->key_count; i++) {
        if (strcmp(survey->ids[i], id) == 0) {
            return i;
        }
    }
    return -1;
}

static unsigned bit_of(const struct key_survey *survey, const char *id)
{
    int index = key_survey_find(survey, id);

    return index < 0 ? 0 : 1U << index;
}

static void on_node(msock_channel *channel, const msock_node *node, void *user)
{
    struct key_survey *survey = user;

    if (!node->up || is_own(survey, node->session)) {
        return;
    }
    struct key_node *entry = entry_of(survey, node->session);
    if (!entry) {
        return;
    }
    snprintf(entry->name, sizeof(entry->name), "%s", node->name);
    entry->proved |= node->proved;
    entry->counts = (entry->proved || !survey->trusts) &&
                    !key_names(survey->call, node->name);
    for (int i = 0; i < survey->key_count; i++) {
        /* It answered what was sealed with this key. */
        entry->holds |= survey->channels[i] == channel ? 1U << i : 0;
    }
    for (size_t i = 0; i < node->key_count; i++) {
        entry->holds |= bit_of(survey, node->keys[i]);
    }
    if (node->heard_ms < entry->heard_ms) {
        entry->heard_ms = node->heard_ms;
        entry->seals = key_survey_find(survey, node->sealed_with);
    }
}

static int by_name(const void *one, const void *two)
{
    const struct key_node *a = one, *b = two;
    int order = strcmp(a->name, b->name);

    return order != 0 ? order
                      : (a->session > b->session) - (a->session < b->session);
}

static void look(struct key_survey *survey)
{
    survey->node_count = 0;
    for (int i = 0; i < survey->key_count; i++) {
        if (survey->channels[i]) {
            msock_nodes(survey->channels[i], on_node, survey);
        }
    }
    if (survey->node_count > 0) {
        qsort(survey->nodes, survey->node_count, sizeof(*survey->nodes),
              by_name);
    }
}

size_t key_survey_count(const struct key_survey *survey)
{
    size_t count = 0;

    for (size_t i = 0; i < survey->node_count; i++) {
        count += survey->nodes[i].counts;
    }
    return count;
}

size_t key_survey_tell_lacking(const struct key_survey *survey, int key)
{
    size_t count = 0;

    for (size_t i = 0; i < survey->node_count; i++) {
        if (survey->nodes[i].counts &&
            (survey->nodes[i].holds & 1U << key) == 0) {
            cli_error("%s lacks the key %s", survey->nodes[i].name,
                      survey->ids[key]);
            count++;
        }
    }
    return count;
}

/* -- Running -- */

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One turn of all channels, of at most `left_ms`. */
static void turn(struct key_survey *survey, uint64_t left_ms)
{
    struct pollfd fds[MSOCK_KEYS_MAX];
    nfds_t count = 0;
    int wait_ms = left_ms < 1000 ? (int)left_ms : 1000;

    for (int i = 0; i < survey->key_count; i++) {
        msock_channel *channel = survey->channels[i];
        int due_ms = channel ? msock_timeout(channel) : -1;
        if (channel) {
            fds[count++] =
                (struct pollfd){.fd = msock_fd(channel), .events = POLLIN};
        }
        wait_ms = due_ms >= 0 && due_ms < wait_ms ? due_ms : wait_ms;
    }
    poll(fds, count, wait_ms);
    for (int i = 0; i < survey->key_count; i++) {
        if (survey->channels[i]) {
            msock_dispatch(survey->channels[i]);
        }
    }
}

int key_survey_run(struct key_survey *survey, uint64_t duration_ms)
{
    uint64_t end_ms = now_ms() + duration_ms;

    for (uint64_t now = now_ms(); now < end_ms; now = now_ms()) {
        turn(survey, end_ms - now);
    }
    look(survey);
    return survey->failed;
}

/* How long to run until an idle node was heard and asked. */
static uint64_t patience_ms(const struct key_survey *survey)
{
    uint64_t large_ms = NODE_PATIENCE_MS * (uint64_t)survey->node_count;

    return large_ms > PATIENCE_MS ? large_ms : PATIENCE_MS;
}

int key_survey_all(struct key_survey *survey, const struct key_call *call)
{
    int code = open_all(survey, call);
    uint64_t listened_ms = 0;

    while (code == CLI_OK && listened_ms < patience_ms(survey)) {
        uint64_t more_ms = patience_ms(survey) - listened_ms;
        code = key_survey_run(survey, more_ms);
        listened_ms += more_ms;
    }
    return code;
}
