/* SPDX-License-Identifier: Apache-2.0 */
/* An admin gives other nodes their keys over the channel, and nobody else can.
 */
#include "codec/ring.h"
#include "codec/ringbox.h"
#include "core/engine_state.h"
#include "tests/support/log_notes.h"
#include "tests/support/push_house.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(push, .init = push_house_make, .fini = push_house_leave);

static uint64_t count(const struct sim_node *node, enum msock_counter counter)
{
    return msock_counter_get(node->channel, counter);
}

static void publish(const struct sim_node *node, const char *topic)
{
    const msock_publish_options options = {.reliable = true};

    cr_assert(zero(int, msock_publish(node->channel, topic, "1", &options)));
    msock_sim_run(push_sim, PUSH_SECOND);
}

/* Writes the box of a ring for the node of an id file. */
static void seal(const char *id, const char *keys,
                 char box[static MSOCK__RINGBOX_TEXT])
{
    struct msock__identity *identity = NULL;
    uint8_t public[MSOCK__PUBLIC_SIZE];
    msock_ring *ring = push_ring(keys);

    cr_assert(zero(int, msock__identity_load(&identity, id)));
    msock__identity_public(identity, public);
    cr_assert(
        ge(int, msock__ringbox_seal(msock__ring_keys(ring), public, box), 1));
    msock__identity_free(identity);
    msock_ring_free(ring);
}

/* Has a node send any box to anybody, whatever its rights are. */
static void forge(const struct sim_node *from, const char *to, const char *box)
{
    struct msock__engine *engine = &from->channel->engine;
    struct msock__pushed *item = calloc(1, sizeof(*item));

    cr_assert(ne(ptr, item, NULL));
    strcpy(item->to, to);
    item->made_ms = msock__push_stamp(
        &engine->push, engine->driver->ops->wall(engine->driver));
    strcpy(item->box, box);
    msock__push_start(&engine->push, engine->driver->ops->now(engine->driver),
                      item, 1);
    engine->driver->ops->wake(engine->driver);
    msock_sim_run(push_sim, PUSH_SECOND);
    cr_assert(not(msock__push_waits(&engine->push)), "it left");
}

/* Lamp and hall have the keys of the beginning alone. */
static void expect_nothing_moved(void)
{
    cr_expect(eq(str, (char *)push_shown("lamp"), (char *)"a"));
    cr_expect(eq(str, (char *)push_shown("hall"), (char *)"a"));
    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"a"));
    cr_expect(eq(str, (char *)push_filed("hall"), (char *)"a"));
}

/* Opens all three; what the lamp logs is noted. */
static void open_noted(void)
{
    sim_node_open(&push_hub, "push", "hub", push_options("hub"));
    sim_node_open(&push_hall, "push", "hall", push_options("hall"));
    msock_options options = *push_options("lamp");
    options.logger = log_notes_logger();
    sim_node_open(&push_lamp, "push", "lamp", &options);
    msock_sim_run(push_sim, 3 * PUSH_SECOND);
    log_notes_reset();
}

/* -- Those who may -- */

Test(push, an_admins_keys_show_in_the_hello_and_in_the_file)
{
    push_house_open();

    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ab")));

    cr_expect(eq(str, (char *)push_shown("lamp"), (char *)"ab"));
    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"ab"));
    cr_expect(eq(str, (char *)push_shown("hall"), (char *)"a"));
    cr_expect(eq(str, (char *)push_filed("hall"), (char *)"a"));
    cr_expect(zero(u64, count(&push_hall, MSOCK_DROP_RIGHTS)));
}

Test(push, many_boxes_are_one_push)
{
    const char *names[] = {"lamp", "hall"};
    msock_ring *ring = push_ring("ab");
    push_house_open();

    cr_assert(zero(int, msock_keys_push(push_hub.channel, ring, names, 2)));
    cr_expect(eq(int, msock_keys_push(push_hub.channel, ring, names, 2),
                 MSOCK_EAGAIN));
    msock_sim_run(push_sim, PUSH_SECOND);

    cr_expect(eq(str, (char *)push_shown("lamp"), (char *)"ab"));
    cr_expect(eq(str, (char *)push_shown("hall"), (char *)"ab"));
    msock_ring_free(ring);
}

Test(push, keys_are_exchanged_and_no_message_notices)
{
    static const char *const steps[] = {"ab", "ba", "b"};
    push_house_open();

    for (size_t i = 0; i < 3; i++) {
        push_hub_keys(steps[i]);
        publish(&push_lamp, "home/before");
        cr_assert(zero(int, push_keys(&push_hub, "lamp", steps[i])));
        publish(&push_hub, "home/between");
        cr_assert(zero(int, push_keys(&push_hub, "hall", steps[i])));
        publish(&push_hall, "home/after");
        cr_expect(eq(str, (char *)push_shown("lamp"), (char *)steps[i]));
        cr_expect(eq(str, (char *)push_shown("hall"), (char *)steps[i]));
    }

    cr_expect(eq(sz, push_hub.heard, 9));
    cr_expect(eq(sz, push_lamp.heard, 9));
    cr_expect(eq(sz, push_hall.heard, 9));
    cr_expect(zero(u64, count(&push_lamp, MSOCK_DROP_KEY_ID)));
    cr_expect(zero(u64, count(&push_hub, MSOCK_DROP_KEY_ID)));
}

Test(push, who_is_left_out_hears_nothing_after_and_is_not_heard)
{
    push_house_open();

    push_hub_keys("ab");
    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ab")));
    push_hub_keys("ba");
    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ba")));
    publish(&push_hub, "home/off");
    cr_expect(zero(sz, push_hall.heard), "the hub has switched");
    publish(&push_lamp, "home/off");
    cr_expect(zero(sz, push_hall.heard), "the lamp has switched");
    publish(&push_hall, "home/on");
    cr_expect(eq(sz, push_lamp.heard, 3), "the old key still opens");

    push_hub_keys("b");
    cr_assert(zero(int, push_keys(&push_hub, "lamp", "b")));
    uint64_t before = count(&push_lamp, MSOCK_DROP_KEY_ID);
    publish(&push_hall, "home/on");
    cr_expect(eq(sz, push_lamp.heard, 3));
    cr_expect(eq(sz, push_hub.heard, 3));
    cr_expect(ge(u64, count(&push_lamp, MSOCK_DROP_KEY_ID), before + 1));
    cr_expect(eq(str, (char *)push_filed("hall"), (char *)"a"));
}

Test(push, keys_that_cannot_be_written_are_used_and_that_is_said)
{
    open_noted();
    unlink("lamp.key");

    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ab")));
    uint32_t revision = push_lamp.channel->engine.profile.revision;
    cr_expect(eq(str, (char *)push_shown("lamp"), (char *)"ab"));
    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)""));
    cr_expect(ne(str, (char *)log_notes_find("could not be kept"), (char *)""));

    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ab")));
    cr_expect(eq(u32, push_lamp.channel->engine.profile.revision, revision),
              "nothing is new");
}

Test(push, keys_that_cannot_be_written_outlive_a_change_of_the_trust_file)
{
    uint32_t ids[MSOCK_KEYS_MAX];
    char name[NAME_MAX + 1] = {0};
    memset(name, 'k', NAME_MAX - 4); /* no room for a name beside it */
    cr_assert(zero(int, rename("lamp.key", name)));
    cr_assert(zero(int, symlink(name, "lamp.key")));
    open_noted();
    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ba")));
    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"a"));

    id_home_line("# a stolen node's line was here");
    cr_expect(ge(int, msock_keys_reload(push_lamp.channel), 0));

    cr_expect(eq(
        sz, msock__pipeline_keys(&push_lamp.channel->engine.pipeline, ids), 2));
    cr_assert(zero(int, unlink("lamp.key")));
    cr_assert(zero(int, rename(name, "lamp.key")));
}

/* -- Those who may not -- */

Test(push, a_node_that_is_no_admin_moves_nothing_and_is_counted)
{
    push_house_open();

    cr_expect(eq(int, push_keys(&push_lamp, "hall", "b"), MSOCK_EACCESS));
    char box[MSOCK__RINGBOX_TEXT];
    seal("hall.id", "b", box);
    forge(&push_lamp, "hall", box);

    expect_nothing_moved();
    cr_expect(eq(u64, count(&push_hall, MSOCK_DROP_RIGHTS), 1));
    cr_expect(eq(u64, count(&push_hub, MSOCK_DROP_RIGHTS), 1));
}

Test(push, an_admins_unsigned_frame_moves_nothing_and_is_counted)
{
    char box[MSOCK__RINGBOX_TEXT];
    push_house_open();

    seal("lamp.id", "b", box);
    push_hub.channel->engine.config.sign = MSOCK__SIGN_NEVER;
    forge(&push_hub, "lamp", box);

    expect_nothing_moved();
    cr_expect(ge(u64, count(&push_lamp, MSOCK_DROP_UNSIGNED), 1));
}

Test(push, a_guest_moves_nothing_and_is_counted)
{
    struct sim_node guest;
    char box[MSOCK__RINGBOX_TEXT];
    push_house_open();
    sim_node_open(&guest, "push", "guest",
                  &(msock_options){.key_file = "hub.key"});
    msock_sim_run(push_sim, 3 * PUSH_SECOND);

    seal("lamp.id", "b", box);
    forge(&guest, "lamp", box);

    expect_nothing_moved();
    cr_expect(eq(u64, count(&push_lamp, MSOCK_DROP_RIGHTS), 1));
    sim_node_close(&guest);
}

Test(push, who_has_no_trust_file_takes_keys_from_nobody)
{
    char box[MSOCK__RINGBOX_TEXT];
    sim_node_open(&push_hub, "push", "hub", push_options("hub"));
    msock_options options = *push_options("lamp");
    options.trust_file = NULL;
    sim_node_open(&push_lamp, "push", "lamp", &options);
    msock_sim_run(push_sim, 3 * PUSH_SECOND);

    seal("lamp.id", "b", box);
    forge(&push_hub, "lamp", box);

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"a"));
    cr_expect(eq(u64, count(&push_lamp, MSOCK_DROP_RIGHTS), 1));
}

/* -- What is wrong or old -- */

Test(push, a_box_for_another_moves_nothing_and_is_logged)
{
    char box[MSOCK__RINGBOX_TEXT];
    open_noted();

    seal("hall.id", "b", box);
    forge(&push_hub, "lamp", box);

    expect_nothing_moved();
    cr_expect(ne(str, (char *)log_notes_find("not for this node"), (char *)""));
}

Test(push, a_damaged_box_moves_nothing_and_is_logged)
{
    char box[MSOCK__RINGBOX_TEXT];
    open_noted();

    seal("lamp.id", "b", box);
    box[60] = box[60] == 'A' ? 'B' : 'A';
    forge(&push_hub, "lamp", box);
    forge(&push_hub, "lamp", "AAAA");

    expect_nothing_moved();
    cr_expect(ne(str, (char *)log_notes_find("not for this node"), (char *)""));
    cr_expect(ne(str, (char *)log_notes_find("no box of keys"), (char *)""));
}

Test(push, what_is_for_others_is_nobodys_business)
{
    open_noted();

    cr_assert(zero(int, push_keys(&push_hub, "hall", "ab")));

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"a"));
    cr_expect(zero(sz, log_notes_count()));
    cr_expect(zero(u64, count(&push_lamp, MSOCK_DROP_RIGHTS)));
}

/* Frames of the hub that were withheld. */
Test(push, who_has_no_trust_file_is_not_troubled_by_keys_of_others)
{
    struct sim_node guest;
    push_house_open();
    sim_node_open(&guest, "push", "guest",
                  &(msock_options){.key_file = "hub.key"});
    msock_sim_run(push_sim, 3 * PUSH_SECOND);

    cr_assert(zero(int, push_keys(&push_hub, "hall", "ab")));

    cr_expect(eq(str, (char *)push_filed("hall"), (char *)"ab"));
    cr_expect(zero(u64, count(&guest, MSOCK_DROP_RIGHTS)));
    sim_node_close(&guest);
}

static struct {
    uint8_t bytes[16][2048];
    size_t sizes[16];
    size_t count;
} held;

static void withhold(const msock_sim_event *event, void *user)
{
    (void)user;
    if (event->kind == MSOCK_SIM_CUT && strcmp(event->to, "lamp") == 0 &&
        held.count < 16 && event->size <= sizeof(held.bytes[0])) {
        memcpy(held.bytes[held.count], event->bytes, event->size);
        held.sizes[held.count++] = event->size;
    }
}

/* The hub's push to the lamp is withheld. */
static void push_withheld(const char *keys)
{
    msock_sim_tap(push_sim, withhold, NULL);
    msock_sim_partition(push_sim, "hub", "lamp", true);
    cr_assert(zero(int, push_keys(&push_hub, "lamp", keys)));
    msock_sim_partition(push_sim, NULL, NULL, false);
    msock_sim_tap(push_sim, NULL, NULL);
    cr_assert(ge(sz, held.count, 1));
}

/* What was withheld comes. */
static void release(void)
{
    for (size_t i = 0; i < held.count; i++) {
        msock_sim_inject(push_sim, "lamp", held.bytes[i], held.sizes[i]);
    }
    msock_sim_run(push_sim, PUSH_SECOND);
}

/* The hub's push reaches the lamp `late_ms` after it left. */
static void push_late(uint64_t late_ms)
{
    push_house_open();
    push_withheld("ab");
    msock_sim_run(push_sim, late_ms - PUSH_SECOND);
    release();
}

Test(push, what_was_withheld_for_long_moves_nothing)
{
    push_late(6 * PUSH_SECOND);

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"a"));
}

Test(push, what_was_late_is_taken)
{
    push_late(2 * PUSH_SECOND);

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"ab"));
}

Test(push, older_keys_do_not_come_back_behind_newer_ones)
{
    push_house_open();
    push_hub_keys("ab");
    push_withheld("ab");
    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ab")));
    push_hub_keys("ba");
    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ba")));

    release();

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"ba"));
    cr_expect(eq(str, (char *)push_shown("lamp"), (char *)"ba"));
    cr_expect(ge(u64, count(&push_lamp, MSOCK_DROP_OLD), 1));
}

Test(push, older_keys_of_another_session_do_not_come_back_either)
{
    push_house_open();
    push_hub_keys("ab");
    cr_assert(zero(int, push_keys(&push_hub, "hall", "ab")));
    push_withheld("ab");
    sim_node_close(&push_hub);
    sim_node_open(&push_hub, "push", "hub", push_options("hub"));
    msock_sim_run(push_sim, 2 * PUSH_SECOND);
    cr_assert(zero(int, push_keys(&push_hub, "lamp", "ba")));

    release();

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"ba"));
}

Test(push, nothing_is_taken_of_who_said_bye)
{
    push_house_open();
    push_withheld("ab");
    sim_node_close(&push_hub);

    release();

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"a"));
    cr_expect(ge(u64, count(&push_lamp, MSOCK_DROP_OLD), 1));
}

Test(push, boxes_that_do_not_open_are_counted_and_told_once)
{
    open_noted();
    for (int i = 0; i < 20; i++) {
        const char *names[] = {"lamp"};
        msock_ring *ring = push_ring("ab");
        cr_assert(zero(int, msock_keys_push(push_hub.channel, ring, names, 1)));
        msock_ring_free(ring);
        push_hub.channel->engine.push.items[0].box[60] ^= 1;
        msock_sim_run(push_sim, 25);
    }

    cr_expect(eq(u64, count(&push_lamp, MSOCK_DROP_CONTROL), 20));
    cr_expect(eq(sz, log_notes_count(), 2), "why, and the counter");
}

/* -- The call -- */

Test(push, who_is_not_in_the_trust_file_is_named)
{
    push_house_open();

    cr_expect(eq(int, push_keys(&push_hub, "attic", "ab"), MSOCK_ENOENT));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "'attic'"), NULL));
    cr_expect(not(msock__push_waits(&push_hub.channel->engine.push)));
}

Test(push, without_identities_nothing_is_pushed)
{
    sim_node_open(&push_hub, "push", "hub",
                  &(msock_options){.key_file = "hub.key"});

    cr_expect(eq(int, push_keys(&push_hub, "lamp", "ab"), MSOCK_ENOTSUP));
}

Test(push, a_push_needs_a_ring_and_a_number_of_names)
{
    const char *names[] = {"lamp"};
    msock_ring *ring = push_ring("ab");
    push_house_open();
    msock_channel *hub = push_hub.channel;

    cr_expect(eq(int, msock_keys_push(hub, NULL, names, 1), MSOCK_EINVAL));
    cr_expect(eq(int, msock_keys_push(hub, ring, NULL, 1), MSOCK_EINVAL));
    cr_expect(eq(int, msock_keys_push(hub, ring, names, 0), MSOCK_EINVAL));
    cr_expect(eq(int, msock_keys_push(hub, ring, names, MSOCK_PUSH_MAX + 1),
                 MSOCK_EINVAL));
    msock_ring_free(ring);
}

Test(push, a_channel_that_closes_pushes_no_more)
{
    const char *names[] = {"lamp", "hall"};
    msock_ring *ring = push_ring("ab");
    push_house_open();

    cr_assert(zero(int, msock_keys_push(push_hub.channel, ring, names, 2)));
    sim_node_close(&push_hub);
    msock_sim_run(push_sim, PUSH_SECOND);

    cr_expect(eq(str, (char *)push_filed("lamp"), (char *)"a"));
    cr_expect(eq(str, (char *)push_filed("hall"), (char *)"a"));
    msock_ring_free(ring);
}
