/* SPDX-License-Identifier: Apache-2.0 */
/* Notes of states. */
#include "tests/core/values_probe.h"

#include "core/engine_values.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const msock_publish_options probe_state = {.state = true};
const uint8_t probe_session[16] = {0xff, 0xee};

static void add(struct notes *to, const char *topic, const char *data,
                uint64_t version)
{
    size_t used = strlen(to->text);
    snprintf(to->text + used, sizeof to->text - used, "%s=%s@%llu ", topic,
             data, (unsigned long long)version);
}

int probe_note(msock_channel *channel, const msock_message *message, void *user)
{
    struct notes *to = user;
    (void)channel;
    add(to, message->topic, message->data, message->version);
    to->last = *message;
    snprintf(to->sender, sizeof to->sender, "%s", message->sender);
    return 0;
}

void probe_note_state(msock_channel *channel, const msock_state *state,
                      void *user)
{
    struct notes *to = user;
    (void)channel;
    add(to, state->topic, state->data ? state->data : "cleared",
        state->version);
    to->last_state = *state;
    snprintf(to->owner, sizeof to->owner, "%s", state->owner);
}

struct notes *probe_listen(size_t node, const char *filter)
{
    enum { NOTES = 8 };
    static struct notes notes[NOTES];
    static size_t count;
    struct notes *to = &notes[count++ % NOTES];
    *to = (struct notes){.text = ""};
    int code = msock_subscribe(net_channel(node), filter, probe_note, to, NULL);
    assert(code > 0);
    return to;
}

struct notes *probe_list(size_t node, const char *filter)
{
    static struct notes to;
    to = (struct notes){.text = ""};
    int code =
        msock_state_each(net_channel(node), filter, probe_note_state, &to);
    assert(code >= 0);
    return &to;
}

bool probe_has(const struct notes *notes, unsigned flag)
{
    return (notes->last.flags & flag) != 0;
}

void probe_set(size_t node, const char *topic, const char *json)
{
    int code = msock_publish(net_channel(node), topic, json, &probe_state);
    assert(code == 0);
}

void probe_restore(size_t node, const char *topic, uint64_t version,
                   const char *json)
{
    int code = msock_state_restore(net_channel(node), topic, version, "hub",
                                   probe_session, json);
    assert(code == 1);
}

size_t probe_keeper(int key)
{
    size_t keeper = net_open("keeper", "", key);
    int code = msock_keep(net_channel(keeper), "#", NULL, NULL);
    assert(code == 0);
    return keeper;
}

void probe_tell(size_t node, const char *topic)
{
    struct msock__engine *engine = net_bench(node)->engine;
    struct msock__state *known =
        msock__values_find(engine->values, topic, strlen(topic));
    assert(known);
    int code = msock__engine_value_tell(engine, net.now_us, known->value, true);
    assert(code == 0);
    probe_run();
}

void probe_run(void)
{
    net_run(20 * PROBE_MS);
}
