/* SPDX-License-Identifier: Apache-2.0 */
/* Channels on a simulated network in virtual time: what a bad network does to
 * messages, and what the engine makes of it. */
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 4711, COUNT = 1000 };

/* Two nodes on one network. Static: a node is large. */
static struct sim_node a, b;
static msock_sim *sim;
static char key_file[64];

static void open_sim(const msock_sim_faults *faults)
{
    msock_sim_options options = {.seed = SEED};
    if (faults != NULL) {
        options.faults = *faults;
    }
    cr_assert(eq(int, msock_sim_open(&sim, "test", &options), 0));
}

static void open_pair(const msock_sim_faults *faults)
{
    open_sim(faults);
    sim_node_open(&a, "test", "a", NULL);
    sim_node_open(&b, "test", "b", NULL);
}

/* Two strangers: the one must ask before it believes the other. */
static void open_sealed_pair(const msock_sim_faults *faults)
{
    sim_key_file(key_file);
    open_sim(faults);
    msock_options sealed = {.key_file = key_file};
    sim_node_open(&a, "test", "a", &sealed);
    sim_node_open(&b, "test", "b", &sealed);
    unlink(key_file);
}

static void open_acquainted_pair(const msock_sim_faults *faults)
{
    open_sealed_pair(faults);
    cr_assert(sim_node_meet(sim, &a, &b));
}

static void close_pair(void)
{
    sim_node_close(&a);
    sim_node_close(&b);
    msock_sim_close(sim);
}

static uint64_t counter(const struct sim_node *node, enum msock_counter counter)
{
    return msock_counter_get(node->channel, counter);
}

/* -- Messages -- */

Test(sim, open_message_arrives_whole)
{
    open_pair(NULL);

    msock_publish(a.channel, "home/lights", "{\"on\": true}", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(sz, b.heard, 1));
    cr_expect(eq(str, b.topic, "home/lights"));
    cr_expect(eq(str, b.sender, "a"));
    cr_expect(eq(str, b.data, "{\"on\":true}"));
    cr_expect(eq(uint, b.flags, 0));
    cr_expect(eq(sz, a.own, 1));
    cr_expect(
        eq(u64, counter(&a, MSOCK_DROP_OWN), counter(&a, MSOCK_TX_FRAMES)));
    close_pair();
}

Test(sim, sealed_message_arrives_whole)
{
    open_acquainted_pair(NULL);

    msock_publish(a.channel, "home/lights", "{\"on\":true}", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(sz, b.heard, 1));
    cr_expect(eq(str, b.topic, "home/lights"));
    cr_expect(eq(str, b.data, "{\"on\":true}"));
    cr_expect(eq(uint, b.flags, MSOCK_MESSAGE_SEALED));
    close_pair();
}

Test(sim, sealed_message_waits_until_its_sender_is_believed)
{
    sim_key_file(key_file);
    open_sim(&(msock_sim_faults){.delay_ms = 20});
    msock_options sealed = {.key_file = key_file};
    sim_node_open(&b, "test", "b", &sealed);
    msock_sim_run(sim, 100);
    sim_node_open(&a, "test", "a", &sealed);
    unlink(key_file);

    msock_publish(a.channel, "home/lights", "{\"on\":true}", NULL);
    msock_sim_run(sim, 30);
    cr_expect(eq(sz, b.heard, 0), "it is here, but anybody may have sent it");
    sim_node_close(&a);

    cr_expect(eq(sz, b.heard, 1), "who closes answers first");
    cr_expect(eq(str, b.data, "{\"on\":true}"));
    sim_node_close(&b);
    msock_sim_close(sim);
}

/* Whether a text was seen on the wire. */
struct wire {
    const char *text;
    size_t frames; /* that carry messages */
    bool seen;
};

static void look_for_text(const msock_sim_event *event, void *user)
{
    struct wire *wire = user;
    size_t size = strlen(wire->text);
    wire->frames += sim_node_data(event);
    for (size_t i = 0; i + size <= event->size; i++) {
        wire->seen |= memcmp(event->bytes + i, wire->text, size) == 0;
    }
}

Test(sim, open_channel_shows_its_topic_on_the_wire)
{
    struct wire wire = {.text = "home/lights"};
    open_pair(NULL);
    msock_sim_tap(sim, look_for_text, &wire);

    msock_publish(a.channel, "home/lights", "1", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(sz, wire.frames, 1));
    cr_expect(wire.seen);
    close_pair();
}

Test(sim, sealed_channel_shows_nothing_on_the_wire)
{
    struct wire wire = {.text = "home/lights"};
    open_acquainted_pair(NULL);
    msock_sim_tap(sim, look_for_text, &wire);

    msock_publish(a.channel, "home/lights", "1", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(sz, wire.frames, 1));
    cr_expect(not(wire.seen));
    cr_expect(eq(sz, b.heard, 1));
    close_pair();
}

Test(sim, raw_codec_names_the_sender)
{
    open_sim(NULL);
    sim_node_open(&a, "test", "a", &(msock_options){.codec = "raw"});
    sim_node_open(&b, "test", "b", &(msock_options){.codec = "raw"});

    msock_publish(a.channel, "ignored", "\"Hello World\"", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(sz, b.heard, 1));
    cr_expect(eq(str, b.data, "Hello World"));
    cr_expect(eq(str, b.sender, "a:0"));
    close_pair();
}

/* -- A bad network -- */

/* Six standard deviations of 1000 draws at 20 % are 76. */
Test(sim, loss_loses_messages_and_repeats_none)
{
    open_pair(&(msock_sim_faults){.loss = 20});

    sim_node_count(&a, sim, COUNT, 1);

    cr_expect(gt(sz, b.heard, 800 - 76));
    cr_expect(lt(sz, b.heard, 800 + 76));
    cr_expect(eq(sz, sim_node_counted(&b, COUNT, 1), b.heard));
    cr_expect(eq(sz, sim_node_counted(&a, COUNT, 1), COUNT));
    close_pair();
}

Test(sim, duplicates_are_delivered_once)
{
    open_acquainted_pair(&(msock_sim_faults){.dup = 100, .jitter_ms = 3});
    sim_node_rest(sim);
    uint64_t dropped = counter(&b, MSOCK_DROP_DUPLICATE);
    uint64_t sent = counter(&a, MSOCK_TX_FRAMES);

    sim_node_count(&a, sim, COUNT, 1);
    sim_node_rest(sim);

    cr_expect(eq(sz, sim_node_counted(&b, COUNT, 1), COUNT));
    cr_expect(ge(u64, counter(&a, MSOCK_TX_FRAMES) - sent, COUNT));
    cr_expect(eq(u64, counter(&b, MSOCK_DROP_DUPLICATE) - dropped,
                 counter(&a, MSOCK_TX_FRAMES) - sent));
    close_pair();
}

Test(sim, reordered_messages_are_delivered_once_each)
{
    msock_sim_stats stats;
    open_pair(&(msock_sim_faults){.reorder = 30, .jitter_ms = 50});

    sim_node_count(&a, sim, COUNT, 1);
    msock_sim_run(sim, 200);

    msock_sim_stats_get(sim, &stats, sizeof(stats));
    cr_expect(gt(u64, stats.reordered, 200));
    cr_expect(eq(sz, sim_node_counted(&b, COUNT, 1), COUNT));
    cr_expect(eq(u64, counter(&b, MSOCK_DROP_OLD), 0));
    close_pair();
}

Test(sim, corrupted_sealed_frames_deliver_nothing)
{
    open_sealed_pair(&(msock_sim_faults){.corrupt = 100});

    sim_node_count(&a, sim, COUNT, 1);
    sim_node_rest(sim);

    cr_expect(eq(sz, b.heard, 0));
    cr_expect(eq(u64, counter(&b, MSOCK_RX_FRAMES),
                 counter(&a, MSOCK_TX_FRAMES) + counter(&b, MSOCK_DROP_OWN)));
    cr_expect(gt(u64, counter(&b, MSOCK_DROP_AUTH), COUNT / 2));
    cr_expect(eq(u64, counter(&b, MSOCK_SESSIONS), 0));
    close_pair();
}

Test(sim, large_message_is_put_together_under_reordering)
{
    enum { SIZE = 200 * 1024 };
    static uint8_t payload[SIZE];
    open_acquainted_pair(&(msock_sim_faults){
        .dup = 5, .reorder = 20, .delay_ms = 5, .jitter_ms = 10});
    for (size_t i = 0; i < SIZE; i++) {
        payload[i] = (uint8_t)(i * i >> 7);
    }

    msock_publish(a.channel, "file", NULL,
                  &(msock_publish_options){.raw = payload, .raw_size = SIZE});
    msock_sim_run(sim, 1000);

    cr_expect(eq(sz, b.heard, 1));
    cr_assert(eq(sz, b.data_size, SIZE));
    cr_expect(eq(int, memcmp(b.data, payload, SIZE), 0));
    close_pair();
}

Test(sim, large_message_that_lost_a_piece_is_given_up)
{
    enum { SIZE = 50 * 1024 };
    static uint8_t payload[SIZE];
    open_pair(&(msock_sim_faults){.loss = 30});

    msock_publish(a.channel, "file", NULL,
                  &(msock_publish_options){.raw = payload, .raw_size = SIZE});
    msock_sim_run(sim, 10000);

    cr_expect(eq(sz, b.heard, 0));
    cr_expect(eq(u64, counter(&b, MSOCK_DROP_PIECE_LATE), 1));
    close_pair();
}

Test(sim, partition_cuts_one_way_until_mended)
{
    open_pair(NULL);
    msock_sim_partition(sim, "a", "b", true);

    msock_publish(a.channel, "t", "1", NULL);
    msock_publish(b.channel, "t", "2", NULL);
    msock_sim_run(sim, 1);

    cr_expect(eq(str, a.data, "2"));
    cr_expect(eq(sz, b.heard - b.own, 0));

    msock_sim_partition(sim, NULL, NULL, false);
    msock_publish(a.channel, "t", "3", NULL);
    msock_sim_run(sim, 1);
    cr_expect(eq(str, b.data, "3"));
    close_pair();
}

Test(sim, link_faults_hit_only_their_receiver)
{
    static struct sim_node c;
    open_pair(NULL);
    sim_node_open(&c, "test", "c", NULL);
    msock_sim_link(sim, NULL, "b", &(msock_sim_faults){.loss = 100});

    sim_node_count(&a, sim, 10, 1);

    cr_expect(eq(sz, b.heard, 0));
    cr_expect(eq(sz, c.heard, 10));
    sim_node_close(&c);
    close_pair();
}

Test(sim, overflow_is_counted_where_it_happens)
{
    enum { ROOM = 64 * 1024 };
    static uint8_t payload[SIM_DATA_MAX / 2];
    msock_sim_stats stats;
    open_sim(&(msock_sim_faults){.delay_ms = 1000});
    sim_node_open(&a, "test", "a", NULL);
    sim_node_open(&b, "test", "b", &(msock_options){.rcvbuf = ROOM});

    msock_publish(
        a.channel, "file", NULL,
        &(msock_publish_options){.raw = payload, .raw_size = sizeof(payload)});
    msock_sim_run(sim, 2000);

    msock_sim_stats_get(sim, &stats, sizeof(stats));
    uint64_t heard = counter(&b, MSOCK_RX_FRAMES) - counter(&b, MSOCK_DROP_OWN);
    uint64_t pieces = heard - counter(&b, MSOCK_RX_CONTROL);
    cr_expect(le(u64, pieces, ROOM / (1472 + 512) + 1));
    cr_expect(gt(u64, pieces, 20));
    cr_expect(gt(u64, stats.overflowed, 20));
    uint64_t own = counter(&b, MSOCK_TX_FRAMES) - counter(&b, MSOCK_DROP_OWN);
    cr_expect(eq(u64, counter(&b, MSOCK_DROP_KERNEL), stats.overflowed + own));
    cr_expect(eq(u64, counter(&a, MSOCK_DROP_KERNEL), 0));
    close_pair();
}

Test(sim, statistics_add_up)
{
    msock_sim_stats stats;
    uint64_t sent_only = 0;
    msock_sim_options options = {
        .seed = 3, .faults = {.loss = 30, .dup = 20, .delay_ms = 50}};
    cr_assert(eq(int, msock_sim_open(&sim, "test", &options), 0));
    sim_node_open(&a, "test", "a", NULL);
    sim_node_open(&b, "test", "b", NULL);

    sim_node_count(&a, sim, 100, 1);

    msock_sim_stats_get(sim, &stats, sizeof(stats));
    msock_sim_stats_get(sim, (msock_sim_stats *)(void *)&sent_only,
                        sizeof(sent_only));
    cr_expect(gt(u64, stats.sent, 100));
    cr_expect(eq(u64, stats.sent,
                 counter(&a, MSOCK_TX_FRAMES) + counter(&b, MSOCK_TX_FRAMES)));
    cr_expect(eq(u64, sent_only, stats.sent));
    cr_expect(ge(u64, stats.waiting, 1));
    cr_expect(eq(u64, stats.arrived + stats.waiting,
                 stats.sent - stats.lost + stats.duplicated));
    close_pair();
}

/* -- Hostile input -- */

Test(sim, wrong_key_is_counted_and_hears_nothing)
{
    char other_key[64];
    sim_key_file(key_file);
    sim_key_file(other_key);
    open_sim(NULL);
    sim_node_open(&a, "test", "a", &(msock_options){.key_file = key_file});
    sim_node_open(&b, "test", "b", &(msock_options){.key_file = other_key});

    sim_node_count(&a, sim, 10, 1);
    sim_node_rest(sim);

    cr_expect(eq(sz, b.heard, 0));
    cr_expect(gt(u64, counter(&b, MSOCK_DROP_KEY_ID), 10));
    cr_expect(
        eq(u64, counter(&b, MSOCK_DROP_KEY_ID), counter(&a, MSOCK_TX_FRAMES)));
    cr_expect(eq(u64, counter(&b, MSOCK_SESSIONS), 0));
    unlink(key_file);
    unlink(other_key);
    close_pair();
}

/* The first frame with messages that was sent. */
struct recording {
    uint8_t bytes[2048];
    size_t size;
};

static void record_first(const msock_sim_event *event, void *user)
{
    struct recording *recording = user;
    if (sim_node_data(event) && recording->size == 0) {
        memcpy(recording->bytes, event->bytes, event->size);
        recording->size = event->size;
    }
}

Test(sim, replayed_frame_is_counted_as_duplicate)
{
    struct recording recording = {.size = 0};
    open_acquainted_pair(NULL);
    msock_sim_tap(sim, record_first, &recording);
    msock_publish(a.channel, "door", "\"unlock\"", NULL);
    msock_sim_run(sim, 1000);
    uint64_t dropped = counter(&b, MSOCK_DROP_DUPLICATE);

    int reached = msock_sim_inject(sim, "b", recording.bytes, recording.size);
    msock_sim_run(sim, 1);

    cr_expect(eq(int, reached, 1));
    cr_expect(eq(sz, b.heard, 1));
    cr_expect(eq(u64, counter(&b, MSOCK_DROP_DUPLICATE), dropped + 1));
    close_pair();
}

Test(sim, every_flipped_bit_of_a_sealed_frame_is_dropped)
{
    struct recording recording = {.size = 0};
    open_acquainted_pair(NULL);
    msock_sim_tap(sim, record_first, &recording);
    msock_sim_partition(sim, "a", "b", true);
    msock_publish(a.channel, "door", "\"unlock\"", NULL);
    msock_sim_run(sim, 1);
    cr_assert(gt(sz, recording.size, 64));

    for (size_t bit = 0; bit < 8 * recording.size; bit++) {
        recording.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        msock_sim_inject(sim, "b", recording.bytes, recording.size);
        recording.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    msock_sim_run(sim, 1);
    cr_expect(eq(sz, b.heard, 0));
    cr_expect(eq(u64, counter(&b, MSOCK_SESSIONS), 1));

    msock_sim_inject(sim, "b", recording.bytes, recording.size);
    msock_sim_run(sim, 1);
    cr_expect(eq(str, b.data, "\"unlock\""));
    close_pair();
}

Test(sim, open_frame_on_a_sealed_channel_is_counted)
{
    open_acquainted_pair(NULL);
    sim_node_rest(sim);
    uint64_t before =
        counter(&a, MSOCK_TX_FRAMES) + counter(&b, MSOCK_TX_FRAMES);
    static struct sim_node stranger;
    sim_node_open(&stranger, "test", "stranger", NULL);

    msock_publish(stranger.channel, "door", "\"unlock\"", NULL);
    msock_publish(a.channel, "door", "\"lock\"", NULL);
    sim_node_rest(sim);

    cr_expect(eq(sz, b.heard, 1));
    cr_expect(eq(str, b.data, "\"lock\""));
    uint64_t sealed =
        counter(&a, MSOCK_TX_FRAMES) + counter(&b, MSOCK_TX_FRAMES) - before;
    cr_expect(gt(u64, counter(&b, MSOCK_DROP_OPEN), 1));
    cr_expect(eq(u64, counter(&b, MSOCK_DROP_OPEN),
                 counter(&stranger, MSOCK_TX_FRAMES)));
    cr_expect(ge(u64, sealed, 1));
    cr_expect(eq(u64, counter(&stranger, MSOCK_DROP_SEALED), sealed));
    sim_node_close(&stranger);
    close_pair();
}
