/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator itself: it repeats, and its checks see what they are for. */
#include "tests/sim/story.h"
#include "tests/sim/world.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct world world;

static void open_pair(bool sealed)
{
    world_init(&world, &(struct world_config){
                           .seed = 1, .sealed = sealed, .node_count = 2});
    world_open_all(&world);
    world_run(&world, 2000);
}

/* A message as the ledger might be shown it. */
static msock_message message_of(unsigned node, size_t number)
{
    const struct life *life = world.nodes[node].life;
    const struct publication *publication = &life->publications[number];
    size_t size = ledger_payload(life, number, world.payload);
    return (msock_message){.topic = ledger_topic(publication->topic),
                           .sender = life->name,
                           .data = world.payload,
                           .data_size = size,
                           .session = life->sessions[0]};
}

static bool fails(const msock_message *message)
{
    world.report.failed = false;
    ledger_hear(&world.ledger, world.nodes[1].life, message, world_now(&world));
    return world.report.failed;
}

Test(world, one_seed_is_one_story)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct story_result first;
        struct story_result second;

        story_play(seed, NULL, &first);
        story_play(seed, NULL, &second);

        cr_expect(eq(u64, first.digest, second.digest));
        cr_expect(eq(u64, first.delivered, second.delivered));
    }
}

Test(world, delivery_as_published_passes)
{
    open_pair(false);
    ledger_publish(&world.ledger, world.nodes[0].life,
                   &(struct publication){.padding = 5}, world_now(&world));

    msock_message message = message_of(0, 0);

    cr_expect(not(fails(&message)));
    world_fini(&world);
}

Test(world, second_delivery_is_seen)
{
    open_pair(false);
    ledger_publish(&world.ledger, world.nodes[0].life,
                   &(struct publication){.padding = 5}, world_now(&world));
    msock_message message = message_of(0, 0);
    cr_assert(not(fails(&message)));

    cr_expect(fails(&message));
    cr_expect(ne(ptr, strstr(world.report.why, "twice"), NULL));
    world_fini(&world);
}

Test(world, invention_is_seen)
{
    open_pair(false);
    ledger_publish(&world.ledger, world.nodes[0].life,
                   &(struct publication){.padding = 5}, world_now(&world));

    msock_message message = message_of(0, 0);
    message.sender = "n1";
    cr_expect(fails(&message), "another sender");

    message = message_of(0, 0);
    message.topic = "b/c";
    cr_expect(fails(&message), "another topic");

    message = message_of(0, 0);
    message.session++;
    cr_expect(fails(&message), "another session");

    message = message_of(0, 0);
    message.flags = MSOCK_MESSAGE_RAW;
    cr_expect(fails(&message), "other flags");

    message = message_of(0, 0);
    message.data_size--;
    cr_expect(fails(&message), "shorter");

    message.data = "\"0.7:x\"";
    cr_expect(fails(&message), "never published");
    world_fini(&world);
}

Test(world, reliable_message_passed_over_is_seen)
{
    struct publication reliable = {.flags = PUBLISHED_RELIABLE};
    open_pair(false);
    for (int i = 0; i < 3; i++) {
        ledger_publish(&world.ledger, world.nodes[0].life, &reliable,
                       world_now(&world));
    }
    msock_message message = message_of(0, 0);
    message.flags = MSOCK_MESSAGE_RELIABLE;
    cr_assert(not(fails(&message)));

    message = message_of(0, 2);
    message.flags = MSOCK_MESSAGE_RELIABLE;

    cr_expect(fails(&message));
    cr_expect(ne(ptr, strstr(world.report.why, "told of no loss"), NULL));
    world_fini(&world);
}

Test(world, missing_message_is_seen_in_the_end)
{
    open_pair(false);
    uint64_t from_us = world_now(&world);
    ledger_publish(&world.ledger, world.nodes[0].life,
                   &(struct publication){.padding = 5}, from_us);

    ledger_expect(&world.ledger, from_us, from_us, false);

    cr_expect(world.report.failed);
    world_fini(&world);
}

Test(world, two_contents_of_one_nonce_are_seen)
{
    struct nonces nonces = {0};
    uint8_t bytes[40] = {0};

    cr_expect(nonces_note(&nonces, 0, bytes, sizeof(bytes)));
    cr_expect(nonces_note(&nonces, 0, bytes, sizeof(bytes)), "the same again");
    bytes[35] = 1;
    cr_expect(not(nonces_note(&nonces, 0, bytes, sizeof(bytes))));
    cr_expect(nonces_note(&nonces, 1, bytes, sizeof(bytes)), "of a copy");
    bytes[31] = 1;
    cr_expect(nonces_note(&nonces, 0, bytes, sizeof(bytes)), "the next frame");
    nonces_fini(&nonces);
}
