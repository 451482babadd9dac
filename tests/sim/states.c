/* SPDX-License-Identifier: Apache-2.0 */
/* States: published, shown, compared. */
#include "tests/sim/states.h"

#include "codec/frame.h"
#include "core/topic.h"
#include "tests/sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

const char *states_topic(unsigned index)
{
    static const char *const topics[STATE_TOPICS] = {"a/s", "b/s", "b/t", "c"};

    assert(index < STATE_TOPICS);
    return topics[index];
}

static unsigned topic_number(const char *topic)
{
    unsigned index = 0;

    while (index < STATE_TOPICS && strcmp(states_topic(index), topic) != 0) {
        index++;
    }
    return index;
}

int states_publish(struct life *life, unsigned topic, bool clear)
{
    const msock_publish_options state = {.state = true, .conflate = true};
    char json[64];

    if (life->stated_count == LIFE_STATES_MAX) {
        return 0;
    }
    snprintf(json, sizeof(json), "[%u,%u]", life->number, life->stated_count);
    life->stated[life->stated_count++] = (uint8_t)topic;
    int code = msock_publish(life->channel, states_topic(topic),
                             clear ? NULL : json, &state);
    if (code < 0) {
        life->stated_count--;
    }
    return code;
}

/* -- What is shown -- */

/* Whether data is what a life published under a topic as `owner`. */
static bool was_published(const struct ledger *ledger, const char *data,
                          unsigned topic, const char *owner)
{
    unsigned number;
    unsigned item;
    bool read = sscanf(data, "[%u,%u]", &number, &item) == 2;

    if (!read || number >= ledger->life_count) {
        return false;
    }
    const struct life *life = ledger->lives[number];
    return item < life->stated_count && life->stated[item] == topic &&
           strcmp(life->called, owner) == 0;
}

static bool is_newer(const struct state_edition *one,
                     const struct state_edition *other)
{
    return one->version > other->version ||
           (one->version == other->version && one->session > other->session);
}

void states_hear(struct ledger *ledger, struct life *life,
                 const msock_message *message)
{
    const struct state_edition edition = {message->version, message->session};
    unsigned topic = topic_number(message->topic);

    if (topic == STATE_TOPICS ||
        (!(message->flags & MSOCK_MESSAGE_EMPTY) &&
         !was_published(ledger, message->data, topic, message->sender))) {
        report_fail(ledger->report, "%s is shown a state that nobody published",
                    life->name);
        return;
    }
    if (!is_newer(&edition, &life->shown[topic])) {
        report_fail(ledger->report,
                    "%s is shown version %" PRIu64 " of %s after %" PRIu64,
                    life->name, edition.version, message->topic,
                    life->shown[topic].version);
    }
    life->shown[topic] = edition;
}

/* -- What is held in the end -- */

/* What nodes hold of a topic. */
struct holding {
    struct state_edition edition; /* version 0: nothing */
    char data[64];
    bool alive;
    bool fades; /* cleared for so long that some have forgotten it (8.1) */
};

static const uint64_t remembered_us = UINT64_C(3600) * 1000000;

static void look_at(msock_channel *channel, const msock_state *state,
                    void *user)
{
    struct holding *holding = user;

    (void)channel;
    holding->edition.version = state->version;
    holding->edition.session = msock__session_short(state->session);
    holding->alive = state->alive;
    holding->fades = state->data == NULL && state->age_us >= remembered_us;
    snprintf(holding->data, sizeof(holding->data), "%s",
             state->data != NULL ? state->data : "");
}

static bool is_judged(const struct world *world, unsigned node, unsigned topic)
{
    const struct life *life = world->nodes[node].life;
    const char *name = states_topic(topic);

    return world_alive(world, node) && !life->forgetful &&
           !shared_has(&world->shared, msock_session(life->channel)) &&
           msock__topic_match(life->filter, strlen(life->filter), name,
                              strlen(name));
}

static bool lives(const struct world *world, uint64_t session)
{
    bool found = false;

    for (unsigned i = 0; i < world->node_count; i++) {
        found =
            found || (world_alive(world, i) &&
                      msock_session(world->nodes[i].life->channel) == session);
    }
    return found;
}

static struct holding held_by(const struct world *world, unsigned node,
                              unsigned topic)
{
    struct holding holding = {.alive = false};

    msock_state_each(world->nodes[node].life->channel, states_topic(topic),
                     look_at, &holding);
    return holding;
}

static void check_holding(struct world *world, unsigned node, unsigned topic,
                          const struct holding *newest)
{
    struct holding holding = held_by(world, node, topic);

    if (newest->fades && holding.edition.version == 0) {
        return;
    }
    if (is_newer(&newest->edition, &holding.edition)) {
        report_fail(&world->report,
                    "%s holds version %" PRIu64 " of %s, others %" PRIu64,
                    world->nodes[node].name, holding.edition.version,
                    states_topic(topic), newest->edition.version);
    } else if (strcmp(holding.data, newest->data) != 0) {
        report_fail(&world->report,
                    "%s holds %s as version %" PRIu64 " of %s, others %s",
                    world->nodes[node].name, holding.data,
                    holding.edition.version, states_topic(topic), newest->data);
    } else if (holding.edition.version > 0 && !holding.alive &&
               lives(world, holding.edition.session)) {
        report_fail(&world->report, "%s takes the owner of %s for dead",
                    world->nodes[node].name, states_topic(topic));
    }
}

static void check_topic(struct world *world, unsigned topic)
{
    struct holding newest = {.alive = false};

    for (unsigned i = 0; i < world->node_count; i++) {
        if (is_judged(world, i, topic)) {
            struct holding holding = held_by(world, i, topic);
            newest =
                is_newer(&holding.edition, &newest.edition) ? holding : newest;
        }
    }
    for (unsigned i = 0; i < world->node_count; i++) {
        if (is_judged(world, i, topic)) {
            check_holding(world, i, topic, &newest);
        }
    }
}

void states_check(struct world *world)
{
    for (unsigned topic = 0; topic < STATE_TOPICS; topic++) {
        check_topic(world, topic);
    }
}
