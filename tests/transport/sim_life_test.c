/* SPDX-License-Identifier: Apache-2.0 */
/* The life of virtual networks and their channels: clock, callbacks, running,
 * closing, errors. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Who heard others says bye three times, 20 ms apart. */
enum { BYES_MS = 41 };

static struct sim_node a, b;
static msock_sim *sim;

static void open_pair(void)
{
    cr_assert(eq(int, msock_sim_open(&sim, "test", NULL), 0));
    sim_node_open(&a, "test", "a", NULL);
    sim_node_open(&b, "test", "b", NULL);
}

static void close_pair(void)
{
    sim_node_close(&a);
    sim_node_close(&b);
    msock_sim_close(sim);
}

/* -- The clock -- */

Test(sim_life, clock_moves_only_in_runs)
{
    open_pair();

    cr_expect(eq(u64, msock_sim_now_us(sim), 0));
    msock_sim_run(sim, 250);
    cr_expect(eq(u64, msock_sim_now_us(sim), 250000));
    msock_publish(a.channel, "t", "1", NULL);
    cr_expect(eq(sz, b.heard, 0));
    msock_sim_run(sim, 0);
    cr_expect(eq(sz, b.heard, 0), "it is under way for 1 us");
    msock_sim_run(sim, 1);
    cr_expect(eq(sz, b.heard, 1));
    close_pair();
}

static void note_time(msock_channel *channel, void *user)
{
    uint64_t *times = user;
    (void)channel;
    times[0]++;
    times[times[0]] = msock_sim_now_us(sim);
}

Test(sim_life, timers_run_at_their_virtual_time)
{
    uint64_t times[8] = {0};
    open_pair();
    msock_sim_run(sim, 5);
    msock_timer_start(a.channel, 3600000, 0, note_time, times);
    msock_timer_start(b.channel, 1000, 1000, note_time, times);

    msock_sim_run(sim, 2500);
    cr_expect(eq(u64, times[0], 2));
    cr_expect(eq(u64, times[1], 1005000));
    cr_expect(eq(u64, times[2], 2005000));

    msock_sim_run(sim, 500);
    cr_expect(eq(u64, times[3], 3005000));
    close_pair();
}

static int answer(msock_channel *channel, const msock_message *message,
                  void *user)
{
    size_t *count = user;
    (*count)++;
    return message->flags & MSOCK_MESSAGE_LOCAL
               ? 0
               : msock_publish(channel, "ping", NULL, NULL);
}

Test(sim_life, endless_conversation_does_not_stop_the_clock)
{
    size_t count = 0;
    open_pair();
    msock_subscribe_options others = {.no_local = true};
    msock_subscribe(a.channel, "ping", answer, &count, &others);
    msock_subscribe(b.channel, "ping", answer, &count, &others);

    msock_publish(a.channel, "ping", NULL, NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(u64, msock_sim_now_us(sim), 1000));
    cr_expect(ge(sz, count, 400));
    cr_expect(le(sz, count, 1000));
    close_pair();
}

static int echo(msock_channel *channel, const msock_message *message,
                void *user)
{
    size_t *count = user;
    (*count)++;
    return msock_publish(channel, message->topic, NULL, NULL);
}

Test(sim_life, endless_echo_to_oneself_does_not_stop_the_clock)
{
    size_t count = 0;
    open_pair();
    msock_subscribe(a.channel, "echo", echo, &count, NULL);

    msock_publish(a.channel, "echo", NULL, NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(u64, msock_sim_now_us(sim), 1000));
    cr_expect(ge(sz, count, 400));
    cr_expect(le(sz, count, 1001));
    close_pair();
}

/* -- Callbacks -- */

struct scene {
    int id;
    int calls;
    int added_calls;
    int results[4];
    struct sim_node late;
};

static int count_call(msock_channel *channel, const msock_message *message,
                      void *user)
{
    int *count = user;
    (void)channel;
    (void)message;
    (*count)++;
    return 0;
}

static int change_all(msock_channel *channel, const msock_message *message,
                      void *user)
{
    struct scene *scene = user;
    (void)message;
    scene->calls++;
    scene->results[0] = msock_unsubscribe(channel, scene->id);
    scene->results[1] =
        msock_subscribe(channel, "new", count_call, &scene->added_calls, NULL);
    scene->results[2] = msock_publish(channel, "new", "1", NULL);
    scene->results[3] = msock_sim_run(sim, 1);
    return 0;
}

Test(sim_life, callback_may_change_subscriptions_and_publish)
{
    static struct scene scene;
    open_pair();
    scene.id = msock_subscribe(b.channel, "old", change_all, &scene, NULL);

    msock_publish(a.channel, "old", "1", NULL);
    msock_publish(a.channel, "old", "2", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(int, scene.calls, 1));
    cr_expect(eq(int, scene.added_calls, 1));
    cr_expect(eq(str, a.topic, "new"));
    cr_expect(eq(int, scene.results[0], 0));
    cr_expect(ge(int, scene.results[1], 1));
    cr_expect(eq(int, scene.results[2], 0));
    cr_expect(eq(int, scene.results[3], MSOCK_EBUSY));
    close_pair();
}

static int close_own(msock_channel *channel, const msock_message *message,
                     void *user)
{
    struct scene *scene = user;
    (void)message;
    scene->calls++;
    msock_publish(channel, "last words", "1", NULL);
    sim_node_close(&b);
    scene->results[0] = b.closed;
    scene->results[1] = msock_publish(channel, "too late", "1", NULL);
    return 0;
}

Test(sim_life, channel_may_close_in_its_callback)
{
    static struct scene scene;
    open_pair();
    msock_subscribe(b.channel, "end", close_own, &scene, NULL);

    msock_publish(a.channel, "end", "1", NULL);
    msock_publish(a.channel, "end", "2", NULL);
    msock_sim_run(sim, BYES_MS);

    cr_expect(eq(int, scene.calls, 1));
    cr_expect(eq(int, scene.results[0], 0), "closed comes after the callback");
    cr_expect(eq(int, scene.results[1], MSOCK_ECLOSED));
    cr_expect(eq(int, b.closed, 1));
    cr_expect(eq(str, a.topic, "last words"));
    close_pair();
}

static int close_other(msock_channel *channel, const msock_message *message,
                       void *user)
{
    struct scene *scene = user;
    (void)channel;
    (void)message;
    sim_node_close(&a);
    sim_node_open(&scene->late, "test", "late", NULL);
    return 0;
}

Test(sim_life, callback_may_close_and_open_other_channels)
{
    static struct scene scene;
    open_pair();
    msock_subscribe(b.channel, "swap", close_other, &scene, NULL);

    msock_publish(a.channel, "swap", "1", NULL);
    msock_sim_run(sim, BYES_MS);
    cr_expect(eq(int, a.closed, 1));

    msock_publish(b.channel, "t", "1", NULL);
    msock_sim_run(sim, 1);
    cr_expect(eq(str, scene.late.topic, "t"));
    sim_node_close(&scene.late);
    close_pair();
}

static void reopen(void *user)
{
    struct sim_node *node = user;
    node->channel = NULL;
    sim_node_open(node, "test", "again", NULL);
}

Test(sim_life, closed_callback_may_open_again)
{
    open_pair();

    msock_close(b.channel, reopen, &b);
    msock_publish(a.channel, "t", "1", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(str, (char *)msock_name(b.channel), "again"));
    cr_expect(eq(sz, b.heard, 1));
    close_pair();
}

/* -- Running by a channel -- */

/* Who announces itself always has something left. */
static void open_silent_pair(void)
{
    static const msock_options raw = {.codec = "raw"};
    cr_assert(eq(int, msock_sim_open(&sim, "test", NULL), 0));
    sim_node_open(&a, "test", "a", &raw);
    sim_node_open(&b, "test", "b", &raw);
}

Test(sim_life, run_returns_when_nothing_is_left)
{
    uint64_t times[8] = {0};
    open_silent_pair();
    msock_timer_start(b.channel, 60000, 0, note_time, times);
    msock_publish(a.channel, "t", "1", NULL);

    int result = msock_run(a.channel);

    cr_expect(eq(int, result, 0));
    cr_expect(eq(sz, b.heard, 1));
    cr_expect(eq(u64, times[1], 60000000));
    close_pair();
}

static void stop_channel(msock_channel *channel, void *user)
{
    (void)channel;
    msock_stop(user);
}

Test(sim_life, stop_ends_this_run_or_the_next)
{
    uint64_t times[8] = {0};
    open_silent_pair();
    msock_timer_start(b.channel, 100, 0, stop_channel, a.channel);
    msock_timer_start(b.channel, 200, 0, note_time, times);

    cr_expect(eq(int, msock_run(a.channel), 0));
    cr_expect(eq(u64, msock_sim_now_us(sim), 100000));
    msock_stop(a.channel);
    cr_expect(eq(int, msock_run(a.channel), 0));
    cr_expect(eq(u64, times[0], 0));
    cr_expect(eq(int, msock_run(a.channel), 0));
    cr_expect(eq(u64, times[0], 1));
    close_pair();
}

Test(sim_life, run_of_a_closed_channel_says_so)
{
    static struct scene scene;
    open_pair();
    msock_subscribe(b.channel, "end", close_own, &scene, NULL);
    msock_publish(a.channel, "end", "1", NULL);

    int result = msock_run(b.channel);

    cr_expect(eq(int, result, MSOCK_ECLOSED));
    cr_expect(eq(int, b.closed, 1));
    close_pair();
}

Test(sim_life, dispatch_does_what_is_due_and_lets_no_time_pass)
{
    open_silent_pair();
    cr_expect(eq(int, msock_timeout(a.channel), 0), "new nodes look around");
    cr_expect(eq(int, msock_dispatch(a.channel), 0));
    cr_expect(eq(int, msock_timeout(a.channel), -1));

    msock_publish(a.channel, "t", "1", NULL);
    cr_expect(eq(int, msock_timeout(a.channel), 0));
    cr_expect(eq(int, msock_dispatch(a.channel), 0));

    cr_expect(eq(u64, msock_counter_get(a.channel, MSOCK_TX_FRAMES), 1));
    cr_expect(eq(u64, msock_sim_now_us(sim), 0));
    cr_expect(eq(int, msock_timeout(a.channel), 1));
    cr_expect(eq(int, msock_joined(a.channel), 1));
    cr_expect(eq(int, msock_fd(a.channel), MSOCK_ENOTSUP));
    close_pair();
}

/* -- Closing -- */

Test(sim_life, close_sends_what_is_queued_first)
{
    enum { SIZE = 128 * 1024 };
    static uint8_t payload[SIZE];
    open_pair();
    msock_publish(a.channel, "file", NULL,
                  &(msock_publish_options){.raw = payload, .raw_size = SIZE});

    sim_node_close(&a);
    cr_expect(eq(int, a.closed, 1));
    msock_sim_run(sim, 1);

    cr_expect(eq(sz, b.data_size, SIZE));
    cr_expect(gt(u64, msock_sim_now_us(sim), 1000), "its pieces were paced");
    close_pair();
}

Test(sim_life, close_gives_up_after_thirty_seconds)
{
    enum { SIZE = 1024 * 1024 }; /* a minute at this pace */
    static uint8_t payload[SIZE];
    open_pair();
    sim_node_close(&a);
    sim_node_open(&a, "test", "a", &(msock_options){.pace = 16 * 1024});
    uint64_t start = msock_sim_now_us(sim);
    msock_publish(a.channel, "file", NULL,
                  &(msock_publish_options){.raw = payload, .raw_size = SIZE});

    sim_node_close(&a);

    cr_expect(eq(int, a.closed, 1));
    cr_expect(eq(u64, msock_sim_now_us(sim) - start, 30000000));
    close_pair();
}

Test(sim_life, network_outlives_its_handle_until_channels_close)
{
    msock_sim *again = NULL;
    open_pair();
    msock_sim_close(sim);

    msock_publish(a.channel, "t", "1", NULL);
    msock_timer_start(b.channel, 1, 0, stop_channel, b.channel);
    cr_expect(eq(int, msock_run(b.channel), 0));
    cr_expect(eq(sz, b.heard, 1));
    cr_expect(eq(int, msock_sim_open(&again, "test", NULL), MSOCK_EBUSY));

    sim_node_close(&a);
    sim_node_close(&b);
    cr_expect(eq(int, msock_sim_open(&again, "test", NULL), 0));
    msock_sim_close(again);
}

static void close_in_timer(msock_channel *channel, void *user)
{
    static uint8_t payload[128 * 1024];
    msock_publish(
        channel, "file", NULL,
        &(msock_publish_options){.raw = payload, .raw_size = sizeof(payload)});
    sim_node_close(user);
}

Test(sim_life, closing_the_network_ends_channels_that_are_closing)
{
    open_pair();
    msock_timer_start(b.channel, 0, 0, close_in_timer, &b);
    msock_sim_run(sim, 0);
    cr_expect(eq(int, b.closed, 0));

    sim_node_close(&a);
    msock_sim_close(sim);

    cr_expect(eq(int, b.closed, 1));
    cr_expect(eq(int, msock_sim_open(&sim, "test", NULL), 0));
    msock_sim_close(sim);
}

/* -- Errors -- */

Test(sim_life, bad_options_are_refused)
{
    static const char long_name[] = "0123456789012345678901234567890123456789"
                                    "012345678901234567890123";
    msock_sim_options loss = {.faults = {.loss = 101}};
    msock_sim_options layout = {.struct_size = 1};
    msock_sim *none = NULL;

    cr_expect(eq(int, msock_sim_open(&none, NULL, NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_open(&none, "", NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_open(&none, "a/b", NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_open(&none, long_name, NULL), MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_open(&none, "x", &layout), MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_open(&none, "x", &loss), MSOCK_EOPTION));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "loss"), NULL));
    cr_expect(eq(ptr, none, NULL));
}

Test(sim_life, bad_calls_are_refused_and_change_nothing)
{
    static const char long_name[] = "0123456789012345678901234567890123456789"
                                    "012345678901234567890123";
    static uint8_t bytes[65508];
    msock_sim_faults nothing = {0};
    msock_sim_faults bad = {.jitter_ms = -1};
    open_pair();

    cr_expect(eq(int, msock_sim_link(sim, "a", "b", &bad), MSOCK_EOPTION));
    cr_expect(
        eq(int, msock_sim_link(sim, long_name, "b", &nothing), MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_partition(sim, "a", "", true), MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_inject(sim, "b", bytes, sizeof(bytes)),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock_sim_inject(sim, "c", bytes, 1), MSOCK_ENOENT));
    cr_expect(
        eq(int, msock_sim_run(sim, (UINT64_C(1) << 40) + 1), MSOCK_EINVAL));

    msock_publish(a.channel, "t", "1", NULL);
    msock_sim_run(sim, 1);
    cr_expect(eq(sz, b.heard, 1));
    close_pair();
}

Test(sim_life, faults_of_an_address_must_agree_with_the_network)
{
    msock_channel *channel = NULL;
    msock_sim_options options = {.seed = 9, .faults = {.loss = 5}};
    cr_assert(eq(int, msock_sim_open(&sim, "test", &options), 0));

    int same = msock_open(&channel, "sim://test?loss=5&seed=9",
                          &(msock_options){.name = "a"});
    int other = msock_open(&channel, "sim://test?loss=6",
                           &(msock_options){.name = "a"});

    cr_expect(eq(int, same, 0));
    cr_expect(eq(int, other, MSOCK_EOPTION));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "loss"), NULL));
    cr_expect(eq(u64, msock_sim_seed(sim), 9));
    msock_close(channel, NULL, NULL);
    msock_sim_close(sim);
}

Test(sim_life, drawn_seeds_differ)
{
    msock_sim *other = NULL;
    cr_assert(eq(int, msock_sim_open(&sim, "one", NULL), 0));
    cr_assert(eq(int, msock_sim_open(&other, "two", NULL), 0));

    cr_expect(ne(u64, msock_sim_seed(sim), 0));
    cr_expect(ne(u64, msock_sim_seed(sim), msock_sim_seed(other)));
    msock_sim_close(other);
    msock_sim_close(sim);
    msock_sim_close(NULL);
}
