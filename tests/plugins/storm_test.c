/* SPDX-License-Identifier: Apache-2.0 */
/* Reloading in real time, under a thousand messages a second from another
 * thread: messages wait for the new code in the channel's receive buffer.
 * Nothing is timed: messages are counted. */
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/text.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RELOADS = 200, EACH = 10, DEADLINE_MS = 60000 };

static struct yard yard;

/* -- The sender's thread: a message a millisecond, until it is told off -- */

struct sender {
    msock_channel *channel;
    unsigned long sent;
    unsigned long total;
    const char *codec;
};

static void on_millisecond(msock_channel *channel, void *user)
{
    struct sender *sender = user;
    char json[32];
    if (sender->sent == sender->total) {
        msock_stop(channel);
        return;
    }
    snprintf(json, sizeof json, "%lu", sender->sent + 1);
    sender->sent += msock_publish(channel, "storm", json, NULL) == 0;
}

static void *send_all(void *user)
{
    struct sender *sender = user;
    msock_options options = {.name = "sender", .codec = sender->codec};
    if (msock_open(&sender->channel, "sim://yard", &options) < 0) {
        return NULL;
    }
    msock_timer_start(sender->channel, 1, 1, on_millisecond, sender);
    msock_run(sender->channel);
    msock_close(sender->channel, NULL, NULL);
    return NULL;
}

/* -- The node: a reload after every ten messages -- */

struct turn {
    unsigned long heard;
    unsigned long wanted; /* stop when so many were heard */
    bool late;
};

static int on_storm(msock_channel *channel, const msock_message *message,
                    void *user)
{
    struct turn *turn = user;
    (void)message;
    turn->heard++;
    if (turn->heard >= turn->wanted) {
        msock_stop(channel);
    }
    return 0;
}

static void on_deadline(msock_channel *channel, void *user)
{
    struct turn *turn = user;
    turn->late = true;
    msock_stop(channel);
}

static void run_until(struct turn *turn, unsigned long wanted)
{
    turn->wanted = wanted;
    while (turn->heard < wanted && !turn->late) {
        msock_run(yard.node);
    }
}

static unsigned long number(const char *key)
{
    const char *value;
    const char *json = strchr(yard.told, '{');
    return json != NULL && msock_json_get(json, strlen(json), key, &value) > 0
               ? strtoul(value, NULL, 10)
               : 0;
}

/* Asks the plugin to tell, and hears its own channel until it has. */
static int on_answer(msock_channel *channel, const msock_message *message,
                     void *user)
{
    (void)message;
    (void)user;
    msock_stop(channel);
    return 0;
}

static void ask(void)
{
    msock_subscribe(yard.node, "turn/told", on_answer, NULL, NULL);
    msock_publish(yard.node, "ask", NULL, NULL);
    msock_run(yard.node);
}

Test(storm, reloads_in_real_time_miss_nothing)
{
    static const char *const versions[] = {"tests/modules/v1/turn.so",
                                           "tests/modules/v2/turn.so"};
    struct sender sender = {.total = (RELOADS + 1) * EACH};
    struct turn turn = {0};
    pthread_t thread;
    yard_open(&yard, (msock_host_options){0}, true);
    yard_put(&yard, versions[0]);
    cr_assert(eq(int, msock_host_load(yard.host, "turn", NULL), 0));
    msock_subscribe(yard.node, "storm", on_storm, &turn, NULL);
    msock_timer_start(yard.node, DEADLINE_MS, 0, on_deadline, &turn);
    cr_assert(eq(int, pthread_create(&thread, NULL, send_all, &sender), 0));

    for (unsigned long i = 1; i <= RELOADS; i++) {
        run_until(&turn, i * EACH);
        yard_put(&yard, versions[i % 2]);
        cr_assert(eq(int, msock_host_reload(yard.host, "turn", NULL), 0));
    }
    run_until(&turn, sender.total);
    pthread_join(thread, NULL);
    ask();

    cr_expect(not(turn.late));
    cr_expect(eq(ulong, number("count"), sender.total));
    cr_expect(eq(ulong, number("gaps"), 0));
    cr_expect(eq(ulong, number("starts"), RELOADS + 1));
    cr_expect(eq(u64, msock_counter_get(yard.node, MSOCK_DROP_KERNEL), 0));
    yard_close(&yard);
}

/* -- A start that takes longer than the receive buffer lasts -- */

/* Puts a node with the smallest receive buffer in the place of the yard's. It
 * is a raw one: nobody says hello, so what is dropped are messages alone. */
static void be_small(void)
{
    const msock_host_options options = {.directory = yard.folder,
                                        .logger = yard.logger};
    msock_host_close(yard.host);
    msock_close(yard.node, NULL, NULL);
    cr_assert(eq(int,
                 msock_open(&yard.node, "sim://yard",
                            &(msock_options){.name = "kitchen",
                                             .codec = "raw",
                                             .topic = "storm",
                                             .rcvbuf = 4096}),
                 0));
    cr_assert(eq(int, msock_host_open(&yard.host, yard.node, &options), 0));
}

static int on_last(msock_channel *channel, const msock_message *message,
                   void *user)
{
    struct turn *turn = user;
    turn->heard++;
    if (strtoul(message->data, NULL, 10) == turn->wanted) {
        msock_stop(channel);
    }
    return 0;
}

Test(storm, what_exceeds_the_receive_buffer_is_counted)
{
    struct sender sender = {.total = 1000, .codec = "raw"};
    struct turn first = {0};
    struct turn all = {.wanted = sender.total};
    pthread_t thread;
    yard_open(&yard, (msock_host_options){0}, true);
    be_small();
    yard_put(&yard, "tests/modules/v1/turn.so");
    cr_assert(eq(int, msock_host_load(yard.host, "turn", NULL), 0));
    msock_subscribe(yard.node, "storm", on_last, &all, NULL);
    int id = msock_subscribe(yard.node, "storm", on_storm, &first, NULL);
    msock_timer_start(yard.node, DEADLINE_MS, 0, on_deadline, &all);
    cr_assert(eq(int, pthread_create(&thread, NULL, send_all, &sender), 0));

    run_until(&first, 50);
    msock_unsubscribe(yard.node, id);
    cr_assert(
        eq(int, msock_host_reload(yard.host, "turn", "{\"nap_ms\":300}"), 0));
    msock_run(yard.node);
    pthread_join(thread, NULL);

    uint64_t dropped = msock_counter_get(yard.node, MSOCK_DROP_KERNEL);
    cr_expect(not(all.late));
    cr_expect(ge(u64, dropped, 1));
    cr_expect(eq(u64, all.heard + dropped, sender.total));
    yard_close(&yard);
}
