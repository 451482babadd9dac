/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures above the rate that a loop looks at itself: what waits for a
 * worker comes in order, and junk mutes nothing. */
#include "codec/identity.h"
#include "codec/seal.h"
#include "codec/sign.h"
#include "core/engine_state.h"
#include "tests/support/id_home.h"
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 3000, SECOND = 1000 };

static msock_sim *sim;
static struct sim_node hub, lamp;
static int next[2]; /* number that comes next: best effort, reliable */
static size_t disorder;
static uint8_t hub_session[MSOCK__SESSION_SIZE];
static size_t waited; /* how often frames waited for a worker */

static int on_number(msock_channel *channel, const msock_message *message,
                     void *user)
{
    bool reliable = (message->flags & MSOCK_MESSAGE_RELIABLE) != 0;
    (void)channel;
    (void)user;
    disorder += atoi(message->data) != next[reliable];
    next[reliable] = atoi(message->data) + 1;
    return 0;
}

static void on_event(const msock_sim_event *event, void *user)
{
    (void)user;
    if (event->kind == MSOCK_SIM_SENT && event->from &&
        strcmp(event->from, "hub") == 0) {
        memcpy(hub_session, event->bytes + 8, sizeof(hub_session));
    }
    waited += lamp.channel && lamp.channel->engine.verify.count > 0;
}

static void make_house(void)
{
    id_home_make();
    id_home_node("hub");
    id_home_node("lamp");
    id_home_node("bulb7");
    id_home_trust("hub", "hub", "publish n");
    id_home_trust("lamp", "lamp", "");
    id_home_trust("bulb7", "bulb7", "");
    cr_assert(zero(int, msock_sim_open(&sim, "house", NULL)));
    msock_sim_tap(sim, on_event, NULL);
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    cr_assert(
        ge(int, msock_subscribe(lamp.channel, "n", on_number, NULL, NULL), 1));
    msock_sim_run(sim, 3 * SECOND);
}

static void leave_house(void)
{
    msock_close(hub.channel, NULL, NULL);
    msock_close(lamp.channel, NULL, NULL);
    msock_sim_close(sim);
    id_home_remove();
}

TestSuite(identity_order, .init = make_house, .fini = leave_house);

static void publish(int number, bool reliable)
{
    const msock_publish_options options = {.reliable = reliable};
    char text[16];
    snprintf(text, sizeof(text), "%d", number);
    cr_assert(zero(int, msock_publish(hub.channel, "n", text, &options)));
}

Test(identity_order, both_streams_stay_in_order_above_the_rate)
{
    for (int i = 0; i < COUNT; i++) {
        publish(i, false);
        publish(i, true);
        msock_sim_run(sim, 1);
    }
    msock_sim_run(sim, SECOND);

    cr_expect(gt(sz, waited, COUNT / 4), "%zu", waited);
    cr_expect(zero(sz, disorder));
    cr_expect(eq(int, next[0], COUNT));
    cr_expect(eq(int, next[1], COUNT));
}

Test(identity_order, what_finds_no_room_is_counted_and_reliable_comes_again)
{
    static char text[1300];
    memset(text, '1', sizeof(text) - 1);
    text[0] = text[sizeof(text) - 2] = '"';
    const msock_publish_options options = {.reliable = true};

    for (int i = 0; i < 6000; i++) {
        cr_assert(zero(int, msock_publish(hub.channel, "n", text, &options)));
    }
    publish(COUNT, true);
    lamp.channel->engine.verify.bytes += MSOCK__VERIFY_BYTES_MAX - 65536;
    msock_sim_run(sim, 200);
    lamp.channel->engine.verify.bytes -= MSOCK__VERIFY_BYTES_MAX - 65536;
    msock_sim_run(sim, 20 * SECOND);

    cr_expect(ge(u64, msock_counter_get(lamp.channel, MSOCK_DROP_VERIFY), 1));
    cr_expect(zero(u64, msock_counter_get(lamp.channel, MSOCK_LOST)));
    cr_expect(eq(sz, lamp.heard, 6001));
    cr_expect(eq(int, next[1], COUNT + 1));
}

/* What an insider who holds the bulb and the group's key can make: a frame of
 * the hub's session that is signed wrongly. */
static size_t forge(uint8_t *bytes, size_t capacity, uint8_t stream,
                    uint64_t counter)
{
    static const char line[] = "{\"topic\":\"n\",\"sender\":\"hub\","
                               "\"data\":7777}\n";
    struct msock__pipeline pipeline = {.count = 0};
    struct msock__identity *identity = NULL;
    struct msock__keyring *ring = NULL;
    struct msock__stage stage;
    uint8_t group[MSOCK__GROUP_SIZE];
    struct msock__packet packet = {
        .frame = {.flags = MSOCK__SIGNED, .stream = stream, .counter = counter},
        .bytes = bytes,
        .capacity = capacity};
    struct msock__body body = {.sent_us = 5000000};

    msock__hash_name("house", group);
    cr_assert(zero(int, msock__identity_load(&identity, "bulb7.id")));
    cr_assert(zero(int, msock__sign_stage(&stage, identity, group, 0)));
    msock__pipeline_add(&pipeline, &stage);
    cr_assert(zero(int, msock__keyring_new(&ring)));
    cr_assert(zero(int, msock__keyring_load(ring, "home.key")));
    cr_assert(zero(int, msock__seal_stage(&stage, ring, group, 0, NULL)));
    msock__pipeline_add(&pipeline, &stage);
    memcpy(packet.frame.session, hub_session, sizeof(hub_session));
    size_t start = msock__body_encode(&body, bytes + MSOCK__HEADER_SIZE);
    memcpy(bytes + MSOCK__HEADER_SIZE + start, line, sizeof(line) - 1);
    packet.size = MSOCK__HEADER_SIZE + start + sizeof(line) - 1;
    msock__pipeline_encode(&pipeline, &packet);
    msock__pipeline_fini(&pipeline);
    return packet.size;
}

/* Injects junk for the next `count` counters of each stream of the hub. */
static void inject_junk(uint64_t count)
{
    uint8_t bytes[512];
    for (uint8_t stream = 0; stream < 3; stream++) {
        uint64_t top = hub.channel->engine.counters[stream];
        for (uint64_t i = 1; i <= count; i++) {
            size_t size = forge(bytes, sizeof(bytes), stream, top + i);
            cr_assert(eq(int, msock_sim_inject(sim, "lamp", bytes, size), 1));
        }
    }
    msock_sim_run(sim, 100);
}

static void expect_unmuted(void)
{
    for (int i = 0; i < 20; i++) {
        publish(i, false);
        publish(i, true);
        msock_sim_run(sim, 10);
    }
    msock_sim_run(sim, SECOND);
    cr_expect(zero(sz, disorder));
    cr_expect(eq(sz, lamp.heard, 40));
    cr_expect(zero(u64, msock_counter_get(lamp.channel, MSOCK_LOST)));
    cr_expect(zero(u64, msock_counter_get(lamp.channel, MSOCK_DROP_DUPLICATE)));
}

Test(identity_order, junk_with_chosen_sequences_does_not_mute)
{
    inject_junk(10);

    cr_expect(
        eq(u64, msock_counter_get(lamp.channel, MSOCK_DROP_SIGNATURE), 30));
    expect_unmuted();
}

Test(identity_order, nor_does_junk_that_waits_for_a_worker)
{
    inject_junk(50);

    cr_expect(ge(sz, waited, 1));
    cr_expect(
        eq(u64, msock_counter_get(lamp.channel, MSOCK_DROP_SIGNATURE), 150));
    expect_unmuted();
}

Test(identity_order, junk_uses_up_nobodys_share_of_the_work)
{
    const struct msock__session *session =
        msock__sessions_find(lamp.channel->engine.sessions, hub_session);

    inject_junk(50);

    cr_expect(ge(sz, waited, 1));
    cr_expect(zero(u64, session->portion.used));
}

Test(identity_order, a_channel_that_closes_lets_go_of_what_waits)
{
    inject_junk(1);
    for (int i = 0; i < 200; i++) {
        publish(i, false);
        publish(i, true);
        msock_sim_run(sim, 1);
    }
    msock_close(lamp.channel, NULL, NULL);
    lamp.channel = NULL;
    cr_expect(ge(sz, waited, 1));
}

Test(identity_order, a_reload_decides_about_what_waits)
{
    for (int i = 0; i < 100; i++) {
        publish(i, true);
        msock_sim_run(sim, 1);
    }
    while (lamp.channel->engine.verify.count == 0) {
        publish(0, false);
        msock_sim_run(sim, 1);
    }
    size_t heard = lamp.heard;
    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    cr_assert(eq(int, msock_keys_reload(lamp.channel), 1));
    msock_sim_run(sim, SECOND);

    cr_expect(eq(sz, lamp.heard, heard));
    cr_expect(ge(u64, msock_counter_get(lamp.channel, MSOCK_DROP_PENDING), 1));
}

Test(identity_order, what_waits_of_a_forgotten_session_is_not_the_next_ones)
{
    struct msock__engine *engine = &lamp.channel->engine;
    for (int i = 0; i < 100 || engine->verify.count == 0; i++) {
        publish(i, true);
        msock_sim_run(sim, 1);
    }

    struct msock__session *session =
        msock__sessions_find(engine->sessions, hub_session);
    engine->forget_us = engine->driver->ops->now(engine->driver);
    msock__sessions_remove(engine->sessions, session);
    session = msock__sessions_add(engine->sessions, hub_session);
    session->verifying = 7;
    while (engine->verify.count > 0) {
        msock_sim_run(sim, 1);
    }

    cr_expect(eq(sz, session->verifying, 7));
    cr_expect(ge(u64, msock_counter_get(lamp.channel, MSOCK_DROP_PENDING), 1));
}

/* -- A handler that has the file read -- */

static size_t read_bytes, later;

/* The sender of the message has no entry any more. */
static int revoke(msock_channel *channel, const msock_message *message,
                  void *user)
{
    (void)message;
    (void)user;
    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    cr_expect(eq(int, msock_keys_reload(channel), 1));
    return 0;
}

static int read_all(msock_channel *channel, const msock_message *message,
                    void *user)
{
    (void)channel;
    (void)user;
    for (size_t i = 0; i < message->data_size; i++) {
        read_bytes += message->data[i] == '1';
    }
    return 0;
}

static int count_later(msock_channel *channel, const msock_message *message,
                       void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    later++;
    return 0;
}

Test(identity_order, a_handler_may_end_the_session_of_its_message)
{
    static uint8_t bytes[20000];
    const msock_publish_options large = {
        .reliable = true, .raw = bytes, .raw_size = sizeof(bytes)};
    memset(bytes, '1', sizeof(bytes));
    cr_assert(eq(int, msock_unsubscribe(lamp.channel, 1), 0));
    msock_subscribe(lamp.channel, "n", revoke, NULL, NULL);
    msock_subscribe(lamp.channel, "n", read_all, NULL, NULL);

    cr_assert(zero(int, msock_publish(hub.channel, "n", NULL, &large)));
    msock_sim_run(sim, 100);
    msock_subscribe(lamp.channel, "n", count_later, NULL, NULL);
    publish(1, true);
    msock_sim_run(sim, 20 * SECOND);

    cr_expect(eq(sz, read_bytes, sizeof(bytes)), "all of it, %zu", read_bytes);
    cr_expect(zero(sz, later), "nothing that came behind it");
}
