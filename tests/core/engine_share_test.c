/* SPDX-License-Identifier: Apache-2.0 */
/* The engine when one session sends more than the node can read. */
#include "core/engine_state.h"
#include "tests/support/bench_pair.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { FLOOD = 1000, PERIODS = 12 };

static struct bench insider;
static const uint8_t hub_address[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
static const uint8_t insider_address[16] = {[10] = 0xff, 0xff, 192, 0, 2, 2};

static void open_all(void)
{
    pair_open("", PAIR_KEY);
    bench_open(&insider, "insider", "", PAIR_KEY);
    bench_believe(&node, insider.engine->session);
}

static void close_all(void)
{
    bench_close(&insider);
    pair_close();
}

TestSuite(engine_share, .init = open_all, .fini = close_all);

/* Publishes once, and gives the frame to the node as from an address. */
static void speak(struct bench *from, const uint8_t *address)
{
    uint8_t frame[PAIR_FRAME_ROOM];

    pair_publish(from, "a", "1");
    size_t size = bench_take(from, frame, sizeof(frame) - 1);
    cr_assert(ge(sz, size, 1));
    msock__engine_input(node.engine, node.now_us,
                        &(struct msock__datagram){.bytes = frame,
                                                  .size = size,
                                                  .source = address,
                                                  .port = address ? 7783 : 0});
}

/* A period in which the node does not keep up with the insider. */
static void endure(void)
{
    node.now_us += MSOCK__SHARE_PERIOD_US;
    for (int i = 0; i < FLOOD; i++) {
        speak(&insider, insider_address);
    }
    for (int i = 0; i < 10; i++) {
        speak(&hub, hub_address);
    }
    msock__engine_press(node.engine);
}

Test(engine_share, flood_of_an_insider_leaves_others_served)
{
    for (int i = 0; i < PERIODS; i++) {
        endure();
    }

    const struct msock__session *other =
        msock__sessions_find(node.engine->sessions, hub.engine->session);
    cr_expect(gt(u64, pair_count(&node, MSOCK_DROP_SHARE), FLOOD));
    cr_expect(lt(u64, pair_count(&node, MSOCK_DROP_SHARE), FLOOD * PERIODS));
    cr_expect(eq(u64, other->portion.loud, 0));
    cr_expect(eq(u64, bench_drops(&node), pair_count(&node, MSOCK_DROP_SHARE)));
}

Test(engine_share, what_is_passed_over_is_not_opened)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    for (int i = 0; i < PERIODS; i++) {
        endure();
    }

    pair_publish(&insider, "a", "1");
    size_t size = bench_take(&insider, frame, sizeof(frame) - 1);
    frame[size - 1] ^= 1;
    bench_feed(&node, frame, size, NULL, false);

    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_AUTH), 0));
}

Test(engine_share, passed_over_frame_may_come_again)
{
    uint8_t frame[PAIR_FRAME_ROOM];
    for (int i = 0; i < PERIODS; i++) {
        endure();
    }
    pair_publish(&insider, "again", "1");
    size_t size = bench_take(&insider, frame, sizeof(frame) - 1);
    bench_feed(&node, frame, size, NULL, false);
    size_t before = node.heard_count;

    node.now_us += 10 * MSOCK__SHARE_PERIOD_US;
    bench_feed(&node, frame, size, NULL, false);

    cr_expect(eq(sz, node.heard_count, before + 1));
}

Test(engine_share, forgeries_use_up_nobodys_share)
{
    uint8_t frame[PAIR_FRAME_ROOM] = {0};
    pair_publish(&hub, "a", "1");
    size_t size = bench_take(&hub, frame, sizeof(frame) - 1);
    frame[size - 1] ^= 1;

    for (int i = 0; i < FLOOD; i++) {
        bench_feed(&node, frame, size, NULL, false);
    }

    const struct msock__session *session =
        msock__sessions_find(node.engine->sessions, hub.engine->session);
    cr_expect(eq(u64, session->portion.used, 0));
    cr_expect(eq(u64, pair_count(&node, MSOCK_DROP_AUTH), FLOOD));
}

Test(engine_share, nobody_is_listed_in_peace)
{
    struct msock__quiet list[4];

    speak(&hub, hub_address);

    cr_expect(
        eq(sz, msock__engine_quiet(node.engine, node.now_us, list, 4), 0));
}

Test(engine_share, who_sends_little_is_listed_with_its_address)
{
    struct msock__quiet list[4];
    for (int i = 0; i < PERIODS; i++) {
        endure();
    }

    size_t count = msock__engine_quiet(node.engine, node.now_us, list, 4);

    cr_assert(eq(sz, count, 1));
    cr_expect(memcmp(list[0].session, hub.engine->session, 16) == 0);
    cr_expect(memcmp(list[0].source, hub_address, 16) == 0);
}

Test(engine_share, list_is_no_longer_than_wanted)
{
    struct msock__quiet list[1];
    uint8_t junk[100] = {0};
    speak(&hub, hub_address);
    speak(&insider, insider_address);
    for (int i = 0; i < 10; i++) {
        bench_feed(&node, junk, sizeof(junk), NULL, false);
    }
    msock__engine_press(node.engine);

    size_t count = msock__engine_quiet(node.engine, node.now_us, list, 1);

    cr_assert(eq(sz, count, 1));
    cr_expect(memcmp(list[0].source, insider_address, 16) == 0);
}

Test(engine_share, session_without_an_address_is_not_listed)
{
    struct msock__quiet list[4];
    uint8_t junk[100] = {0};
    speak(&hub, NULL);
    for (int i = 0; i < 10; i++) {
        bench_feed(&node, junk, sizeof(junk), NULL, false);
    }
    msock__engine_press(node.engine);

    cr_expect(
        eq(sz, msock__engine_quiet(node.engine, node.now_us, list, 4), 0));
}

Test(engine_share, session_forged_in_the_first_lane_loses_it)
{
    struct msock__quiet list[4];
    uint8_t frame[PAIR_FRAME_ROOM];
    speak(&hub, hub_address);
    speak(&insider, insider_address);
    pair_publish(&hub, "a", "1");
    size_t size = bench_take(&hub, frame, sizeof(frame) - 1);
    frame[size - 1] ^= 1;

    for (unsigned i = 0; i <= MSOCK__SHARE_FORGED_MAX; i++) {
        uint8_t copy[PAIR_FRAME_ROOM];
        memcpy(copy, frame, size);
        msock__engine_input(node.engine, node.now_us,
                            &(struct msock__datagram){
                                .bytes = copy, .size = size, .first = true});
    }
    msock__engine_press(node.engine);
    size_t count = msock__engine_quiet(node.engine, node.now_us, list, 4);

    cr_assert(eq(sz, count, 1));
    cr_expect(memcmp(list[0].session, insider.engine->session, 16) == 0);
}
