/* SPDX-License-Identifier: Apache-2.0 */
/* What queries for values cost a node, and who is answered while somebody asks
 * and asks. */
#include "core/engine_tell.h"
#include "core/engine_values.h"
#include "tests/core/values_probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum {
    TURN_US = 2000,     /* the least time between two portions, ... */
    TURN_LOOKS = 2048,  /* ... and what a node looks at in one, */
    OVER = 256 + 2 * 16 /* about: the last turn of a job is not cut short */
};

TestSuite(engine_tell, .fini = net_close);

static struct msock__engine *engine_of(size_t node)
{
    return net_bench(node)->engine;
}

static uint64_t looked(size_t node)
{
    return engine_of(node)->tell.looked;
}

/* A node's own topics, which are not sent. */
static void fill(size_t node, int count)
{
    char topic[32];

    for (int i = 0; i < count; i++) {
        snprintf(topic, sizeof topic, "home/floor%d/lamp%d", i % 7, i);
        const struct msock__publication publication = {
            .topic = topic,
            .topic_size = strlen(topic),
            .json = {.text = "1", .size = 1},
            .version = 1};
        cr_assert(zero(
            int, msock__engine_value_published(engine_of(node), &publication)));
    }
}

static char words[MSOCK__ASKED_MAX][32];

/* A query for what `filter`, with a number in it, says. */
static struct msock__control query_of(uint64_t id, size_t count,
                                      const char *filter)
{
    struct msock__control query = {
        .kind = MSOCK__QUERY, .asks_values = true, .query = id, .count = count};

    for (size_t i = 0; i < count; i++) {
        snprintf(words[i], sizeof words[i], filter, i);
        query.filters[i] = (struct msock__json_slice){
            words[i], strlen(words[i]), MSOCK__JSON_STRING, true};
    }
    return query;
}

/* A node asks another, as with a frame. */
static void ask(size_t node, size_t asker, const struct msock__control *query)
{
    const struct msock__session *session = msock__sessions_find(
        engine_of(node)->sessions, engine_of(asker)->session);

    cr_assert(ne(ptr, (void *)session, NULL));
    msock__engine_tell_asked(engine_of(node), net.now_us, session, query);
}

/* As many queries as fit, of many filters each, from `first` on. */
static void flood(size_t node, size_t asker, uint64_t first)
{
    for (uint64_t id = first; id < first + MSOCK__JOBS_MAX; id++) {
        const struct msock__control query = query_of(id, 16, "\"+/+/no%zu\"");
        ask(node, asker, &query);
    }
}

static void open_two(size_t *hub, size_t *flooder)
{
    *hub = net_open("hub", "state_max=1G&state_count_max=64K", 0);
    *flooder = net_open("flooder", "", 0);
    net_run(20 * NET_SECOND_US);
}

Test(engine_tell, no_portion_of_work_is_larger_than_its_bound)
{
    size_t hub;
    size_t flooder;
    uint64_t most = 0;
    open_two(&hub, &flooder);
    fill(hub, 20000);
    flood(hub, flooder, 1);

    for (int i = 0; i < 500; i++) {
        uint64_t before = looked(hub);
        net_run(TURN_US);
        uint64_t portion = looked(hub) - before;
        most = portion > most ? portion : most;
    }

    cr_expect(gt(u64, most, TURN_LOOKS - 1));
    cr_expect(lt(u64, most, TURN_LOOKS + OVER));
}

Test(engine_tell, filter_without_wildcards_is_looked_up)
{
    size_t hub;
    size_t flooder;
    open_two(&hub, &flooder);
    fill(hub, 20000);

    const struct msock__control query =
        query_of(1, 16, "\"home/floor0/none%zu\"");
    ask(hub, flooder, &query);
    net_run(5 * NET_SECOND_US);

    /* In each of its passes, of which it has two or three. */
    cr_expect(le(u64, looked(hub), 3 * 16));
}

Test(engine_tell, equal_filters_are_looked_for_once)
{
    size_t hub;
    size_t flooder;
    open_two(&hub, &flooder);
    fill(hub, 1000);

    const struct msock__control query = query_of(1, 16, "\"+/+/none\"");
    ask(hub, flooder, &query);
    net_run(5 * NET_SECOND_US);

    cr_expect(le(u64, looked(hub), 3 * 1000));
}

Test(engine_tell, pass_of_many_turns_looks_at_each_value_once)
{
    size_t hub;
    size_t flooder;
    open_two(&hub, &flooder);
    fill(hub, 20000);

    const struct msock__control query = query_of(1, 1, "\"+/+/none\"");
    ask(hub, flooder, &query);
    net_run(200 * PROBE_MS);

    cr_expect(eq(u64, looked(hub), 20000));
}

static void count_one(msock_channel *channel, const msock_state *state,
                      void *user)
{
    (void)channel;
    (void)state;
    ++*(int *)user;
}

/* How many values a node holds that match. */
static int holds(size_t node, const char *filter)
{
    int count = 0;

    cr_assert(ge(int,
                 msock_state_each(net_channel(node), filter, count_one, &count),
                 0));
    return count;
}

/* Has a node publish so many states, in one turn. */
static void publish_states(size_t node, const char *prefix, int count)
{
    char topic[32];

    for (int i = 0; i < count; i++) {
        snprintf(topic, sizeof topic, "%s/%d", prefix, i);
        probe_set(node, topic, "1");
    }
}

Test(engine_tell, pass_misses_nothing_when_others_are_forgotten_meanwhile)
{
    size_t hub = net_open("hub", "", 0);
    size_t helper = net_open("helper", "state_count_max=1000", 0);
    net_run(NET_SECOND_US);
    publish_states(hub, "lamp", 1000);
    net_run(NET_SECOND_US);
    cr_assert(eq(int, holds(helper, "lamp/+"), 1000));
    net_crash(hub);
    net_run(60 * NET_SECOND_US);
    size_t newcomer = net_open("newcomer", "", 0);

    const struct msock__tell *tell = &engine_of(helper)->tell;
    for (int ms = 0; ms < 5000 && !(tell->first && tell->first->walk.next);
         ms++) {
        net_run(PROBE_MS);
    }
    cr_assert(tell->first && msock__walk_at(&tell->first->walk) != NULL);
    publish_states(newcomer, "door", 300);
    net_run(5 * NET_SECOND_US);

    cr_expect(eq(int, holds(helper, "lamp/+"), 700));
    cr_expect(ge(int, holds(newcomer, "lamp/+"), 700));
}

/* How many answers to a session a node remembers. */
static int answers_to(size_t node, size_t asker)
{
    const struct msock__tell *tell = &engine_of(node)->tell;
    uint64_t session = msock__session_short(engine_of(asker)->session);
    int count = 0;

    for (size_t i = 0; i < MSOCK__ANSWERS_KEPT; i++) {
        count += tell->answered[i].asker == session;
    }
    return count;
}

Test(engine_tell, who_asks_and_asks_leaves_a_newcomer_served)
{
    size_t hub;
    size_t flooder;
    open_two(&hub, &flooder);
    fill(hub, 5000);
    net_run(NET_SECOND_US);
    flood(hub, flooder, 1);
    size_t newcomer = net_open("newcomer", "", 0);

    for (uint64_t ms = 1; ms <= 400; ms++) {
        flood(hub, flooder, ms * MSOCK__JOBS_MAX + 1);
        net_run(PROBE_MS);
    }
    net_publish_numbers(hub, 1, 100);
    for (uint64_t ms = 401; ms <= 1000; ms++) {
        flood(hub, flooder, ms * MSOCK__JOBS_MAX + 1);
        net_run(PROBE_MS);
    }

    cr_expect(eq(int, holds(newcomer, "#"), 5000));
    cr_expect(ge(int, answers_to(hub, newcomer), 1));
    cr_expect(net_heard_numbers(newcomer, 1, 100));
    cr_expect(gt(u64, net_counter(hub, MSOCK_DROP_STATE_FULL), 60000));
    cr_expect(lt(u64, looked(hub), (TURN_LOOKS + OVER) * 500));
}

/* -- Sessions that fall silent -- */

/* Gives a node topics that another published. */
static void give(size_t node, size_t owner, int count)
{
    char topic[32];
    struct msock__state *state;

    for (int i = 0; i < count; i++) {
        snprintf(topic, sizeof topic, "lamp%d", i);
        struct msock__offer offer = {
            .edition.version = 1,
            .topic = topic,
            .topic_size = strlen(topic),
            .owner = "hub",
            .owner_size = 3,
            .data = "1",
            .data_size = 1,
            .age_known = true,
        };
        memcpy(offer.edition.session, engine_of(owner)->session,
               sizeof offer.edition.session);
        cr_assert(eq(int,
                     msock__values_take(engine_of(node)->values, net.now_us,
                                        &offer, &state),
                     MSOCK__TAKEN_NEWER));
    }
}

Test(engine_tell, values_of_who_fell_silent_are_looked_for_in_portions)
{
    size_t hub = net_open("hub", "", 0);
    size_t node = net_open("node", "", 0);
    net_run(NET_SECOND_US);
    give(node, hub, 20000);
    uint64_t before = looked(node);
    net_crash(hub);

    for (int turn = 0; turn < 30000 && looked(node) == before; turn++) {
        net_run(TURN_US - 1);
    }
    uint64_t first = looked(node) - before;
    net_run(NET_SECOND_US);

    cr_expect(eq(u64, first, TURN_LOOKS));
    cr_expect(eq(u64, looked(node) - before, 20000));
    cr_expect(eq(u64, net_counter(node, MSOCK_DROP_STATE_FULL),
                 20000 - MSOCK__DISPUTES_MAX));
}

Test(engine_tell, values_of_all_who_fell_silent_are_told)
{
    size_t hub = net_open("hub", "", 0);
    size_t other = net_open("other", "", 0);
    size_t node = net_open("node", "", 0);
    net_run(NET_SECOND_US);
    publish_states(hub, "lamp", 100);
    publish_states(other, "door", 100);
    net_run(NET_SECOND_US);
    net_crash(hub);
    net_crash(other);
    uint64_t before = net_counter(node, MSOCK_TX_MESSAGES);

    net_run(60 * NET_SECOND_US);

    cr_expect(eq(u64, net_counter(node, MSOCK_TX_MESSAGES) - before, 200));
}
