/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios by seed. */
#include "tests/sim/scenario.h"

#include <assert.h>
#include <inttypes.h>

unsigned scenario_within(struct msock__sim_random *random, unsigned low,
                         unsigned high)
{
    assert(low <= high);
    return low + (unsigned)msock__sim_random_upto(random, high - low);
}

/* 0 in `never` per cent of scenarios, else low..high: most runs are about a few
 * kinds of trouble, so that each kind is also seen apart from the others. */
static unsigned maybe(struct msock__sim_random *random, double never,
                      unsigned low, unsigned high)
{
    unsigned drawn = scenario_within(random, low, high);
    return msock__sim_random_chance(random, never) ? 0 : drawn;
}

/* Small ones now and then, so that bounds are met. */
static void draw_options(struct scenario *scenario, msock_options *options)
{
    struct msock__sim_random *random = &scenario->random;
    unsigned mtu = maybe(random, 70, 576, 9000);
    unsigned pace = maybe(random, 80, 60, 2000);
    unsigned history_ms = maybe(random, 80, 1000, 10000);
    unsigned history = maybe(random, 80, 64, 1024);
    unsigned reorder = maybe(random, 80, 64, 512);
    unsigned queue = maybe(random, 80, 64, 256);
    options->mtu = mtu;
    options->pace = (size_t)pace * 1024;
    options->history_ms = history_ms;
    options->history_max = (size_t)history * 1024;
    options->reorder_max = (size_t)reorder * 1024;
    options->queue_max = (size_t)queue * 1024;
    /* Trust must not come back with who was forgotten. On an open channel there
     * is none, and it hears him twice. */
    unsigned sessions = maybe(random, 95, 2, 4);
    unsigned pending = maybe(random, 95, 1, 3);
    unsigned held = maybe(random, 80, 64, 256);
    options->held_max = (size_t)held * 1024;
    options->sessions_max = scenario->sealed ? sessions : 0;
    options->pending_max = scenario->sealed ? pending : 0;
}

/* Most clocks are right, some show 1970, and some are a day off or less. */
static int64_t draw_wall(struct msock__sim_random *random)
{
    const int64_t day_ms = INT64_C(86400000);

    if (msock__sim_random_chance(random, 60)) {
        return 0;
    }
    return msock__sim_random_chance(random, 50)
               ? -INT64_C(1767225600000)
               : (int64_t)msock__sim_random_upto(random, 2 * (uint64_t)day_ms) -
                     day_ms;
}

static void draw_node(struct scenario *scenario, struct scenario_node *node)
{
    static const char *const filters[] = {"#", "#", "#", "a/#", "b/#"};
    static const unsigned sizes[] = {16, 100, 100, 400, 400, 3000, 30000};
    struct msock__sim_random *random = &scenario->random;
    node->filter = filters[msock__sim_random_upto(random, 4)];
    /* Few fast ones, many slow ones; together a few hundred a second. */
    unsigned slowness = scenario_within(random, 1, 8);
    node->interval_ms = maybe(random, 15, 10, 100 * slowness * slowness);
    node->reliable = maybe(random, 25, 5, 100);
    node->copies = maybe(random, 60, 5, 80);
    node->expires = maybe(random, 70, 5, 50);
    node->after = maybe(random, 70, 5, 30);
    node->raw = maybe(random, 50, 5, 60);
    node->echo = maybe(random, 80, 1, 20);
    node->state_ms = maybe(random, 40, 100, 4000);
    node->keeper = msock__sim_random_chance(random, 25);
    node->size_max = sizes[msock__sim_random_upto(random, 6)];
    node->drift_ppm = (double)scenario_within(random, 0, 200) - 100.0;
    node->wall_ms = draw_wall(random);
    draw_options(scenario, &node->options);
    if (node->size_max >= 3000 && node->interval_ms < 200) {
        node->interval_ms += 200;
    }
}

static void draw_rates(struct scenario *scenario)
{
    struct msock__sim_random *random = &scenario->random;
    struct scenario_rates *rates = &scenario->rates;
    rates->link = maybe(random, 20, 5, 60);
    rates->host = maybe(random, 50, 2, 20);
    rates->cut = maybe(random, 40, 2, 30);
    rates->suspend = maybe(random, 60, 1, 8);
    rates->crash = maybe(random, 50, 1, 12);
    rates->close = maybe(random, 50, 1, 12);
    rates->copy = maybe(random, 80, 10, 50);
    rates->replay = maybe(random, 30, 10, 300);
    rates->forge = maybe(random, 60, 5, 60);
    rates->withhold = maybe(random, 60, 1, 8);
    rates->listen = maybe(random, 50, 2, 60);
    if (!scenario->sealed) {
        /* Nothing is promised there against who means harm. */
        rates->copy = 0;
        rates->replay = 0;
        rates->forge = 0;
        rates->withhold = 0;
    }
}

/* A few nodes over hours: drift adds up, clocks are asked for again. Two
 * suffice for a day, and hear a quarter of the hellos that three would. */
static void draw_long(struct scenario *scenario)
{
    unsigned hours = scenario_within(&scenario->random, 1, 24);
    unsigned most = hours > 10 ? 2 : 3;
    scenario->node_count = scenario_within(&scenario->random, 2, most);
    scenario->quiet_ms = hours * 3600U * 1000U;
}

/* Who has a small table asks everybody again and again, and is answered. Six
 * nodes fill it; twelve would only take a second of CPU time. */
static void limit_forgetting(struct scenario *scenario)
{
    const unsigned most = 6;
    for (unsigned i = 0; i < scenario->node_count; i++) {
        const msock_options *options = &scenario->nodes[i].options;
        if (options->sessions_max > 0 && scenario->node_count > most) {
            scenario->nodes[i % most].options = *options;
            scenario->node_count = most;
        }
    }
}

/* By dice of their own: who has none plays as without this. Of a session that
 * two have nobody can say what it did. */
static void draw_orders(struct scenario *scenario)
{
    struct msock__sim_random random;
    msock__sim_random_init(&random, ~scenario->seed);
    bool any = msock__sim_random_chance(&random, 50);
    for (unsigned i = 0; i < scenario->node_count; i++) {
        unsigned order_ms = maybe(&random, 40, 100, 6000);
        scenario->nodes[i].order_ms =
            any && scenario->rates.copy == 0 ? order_ms : 0;
    }
}

/* Likewise. */
static void draw_questions(struct scenario *scenario)
{
    struct msock__sim_random random;
    msock__sim_random_init(&random, scenario->seed ^ UINT64_C(0x7175657279));
    bool any = msock__sim_random_chance(&random, 50);
    for (unsigned i = 0; i < scenario->node_count; i++) {
        unsigned question_ms = maybe(&random, 40, 100, 6000);
        scenario->nodes[i].question_ms =
            any && scenario->rates.copy == 0 ? question_ms : 0;
    }
}

void scenario_draw(struct scenario *scenario, uint64_t seed)
{
    *scenario = (struct scenario){.seed = seed};
    struct msock__sim_random *random = &scenario->random;
    msock__sim_random_init(random, seed);

    scenario->sealed = msock__sim_random_chance(random, 70);
    scenario->node_count = scenario_within(random, 2, SCENARIO_NODES_MAX);
    if (msock__sim_random_chance(random, 50)) {
        scenario->node_count = 2 + scenario->node_count / 4;
    }
    scenario->faulty_ms = scenario_within(random, 2000, 20000);
    scenario->loss_max = maybe(random, 10, 1, 60);
    scenario->delay_max_ms = maybe(random, 30, 1, 400);
    scenario->calm.delay_ms = (double)scenario_within(random, 0, 20) / 10.0;
    scenario->calm.jitter_ms = (double)scenario_within(random, 0, 20) / 10.0;
    draw_rates(scenario);
    scenario->twins = msock__sim_random_chance(random, 10);
    if (msock__sim_random_chance(random, 3)) {
        draw_long(scenario);
    }
    if (scenario->twins && scenario->node_count < 3) {
        scenario->node_count = 3; /* somebody has to be told */
        scenario->quiet_ms /= 3;
    }
    for (unsigned i = 0; i < scenario->node_count; i++) {
        draw_node(scenario, &scenario->nodes[i]);
    }
    limit_forgetting(scenario);
    for (unsigned i = 0; i < scenario->node_count; i++) {
        /* Two with one session would publish two values as one. */
        struct scenario_node *node = &scenario->nodes[i];
        node->state_ms = scenario->rates.copy > 0 ? 0 : node->state_ms;
    }
    draw_orders(scenario);
    draw_questions(scenario);
}

msock_sim_faults scenario_link(struct scenario *scenario)
{
    struct msock__sim_random *random = &scenario->random;
    msock_sim_faults faults = {0};
    faults.loss = maybe(random, 30, 0, scenario->loss_max);
    faults.dup = maybe(random, 60, 1, 30);
    faults.reorder = maybe(random, 60, 1, 30);
    faults.corrupt = maybe(random, 70, 1, 10);
    faults.delay_ms = maybe(random, 30, 0, scenario->delay_max_ms);
    faults.jitter_ms = maybe(random, 40, 0, scenario->delay_max_ms);
    /* An open frame has no checksum of its own: nobody would notice. */
    if (!scenario->sealed) {
        faults.corrupt = 0;
    }
    return faults;
}

msock_sim_host scenario_host(struct scenario *scenario)
{
    struct msock__sim_random *random = &scenario->random;
    msock_sim_host host = {0};
    host.burst = maybe(random, 40, 1, 5);
    host.burst_size = scenario_within(random, 2, 60);
    host.rate_in = UINT64_C(1000) * maybe(random, 60, 20, 500);
    host.rate_out = UINT64_C(1000) * maybe(random, 60, 20, 500);
    host.queue = UINT64_C(1000) * scenario_within(random, 5, 100);
    return host;
}

void scenario_print(const struct scenario *scenario, FILE *out)
{
    const struct scenario_rates *rates = &scenario->rates;
    fprintf(out,
            "seed %" PRIu64 ": %u nodes, %s, faults for %u ms (loss to %u %%, "
            "delay to %u ms), quiet for %u ms\n",
            scenario->seed, scenario->node_count,
            scenario->sealed ? "sealed" : "open", scenario->faulty_ms,
            scenario->loss_max, scenario->delay_max_ms, scenario->quiet_ms);
    fprintf(out,
            "  a minute: link %u, host %u, cut %u, suspend %u, crash %u, "
            "close %u, replay %u, forge %u, withhold %u, listen %u; copies "
            "%u %%\n",
            rates->link, rates->host, rates->cut, rates->suspend, rates->crash,
            rates->close, rates->replay, rates->forge, rates->withhold,
            rates->listen, rates->copy);
    if (scenario->twins) {
        fprintf(out, "  n%u says that it is n0, as n0 does\n",
                scenario->node_count - 1);
    }
    for (unsigned i = 0; i < scenario->node_count; i++) {
        const struct scenario_node *node = &scenario->nodes[i];
        const msock_options *options = &node->options;
        fprintf(out,
                "  n%u: %s, every %u ms, to %u bytes, %% reliable %u, copies "
                "%u, expires %u, after %u, raw %u, echo %u, states every %u "
                "ms%s, orders every %u ms, questions every %u ms, drift %+.0f "
                "ppm, wall clock %+" PRId64 " ms\n",
                i, node->filter, node->interval_ms, node->size_max,
                node->reliable, node->copies, node->expires, node->after,
                node->raw, node->echo, node->state_ms,
                node->keeper ? ", kept" : "", node->order_ms, node->question_ms,
                node->drift_ppm, node->wall_ms);
        fprintf(out,
                "      mtu %u, pace %zu, history %zu in %u ms, reorder %zu, "
                "queue %zu, sessions %zu, pending %zu\n",
                options->mtu, options->pace, options->history_max,
                options->history_ms, options->reorder_max, options->queue_max,
                options->sessions_max, options->pending_max);
    }
}
