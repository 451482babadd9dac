/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls and the mistakes of their callers: each has its code and its
 * sentence. */
#include "core/engine.h"

#include "tests/support/bench_pair.h"
#include "tests/support/log_notes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

TestSuite(engine_calls, .init = pair_open_sealed, .fini = pair_close);

static int refuse(msock_channel *channel, const msock_message *message,
                  void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    return MSOCK_EINVAL;
}

/* -- The caller's mistakes -- */

Test(engine_calls, invalid_arguments_are_named)
{
    static const struct {
        const char *topic, *json;
        int code;
    } table[] = {
        {NULL, "1", MSOCK_ETOPIC},
        {"", "1", MSOCK_ETOPIC},
        {"a/+", "1", MSOCK_ETOPIC},
        {"a\x01", "1", MSOCK_ETOPIC},
        {"\xff", "1", MSOCK_ETOPIC},
        {"$ms/hello", "1", MSOCK_ETOPIC},
        {"a", "", MSOCK_EJSON},
        {"a", "{", MSOCK_EJSON},
        {"a", "1 2", MSOCK_EJSON},
        {"a", "01", MSOCK_EJSON},
        {"a", "\"\\u0000\"", MSOCK_EJSON},
        {"a", "nul", MSOCK_EJSON},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int code =
            msock_publish(hub.channel, table[i].topic, table[i].json, NULL);
        cr_expect(eq(int, code, table[i].code), "row %zu", i);
        cr_expect(ne(str, (char *)msock_error_detail(), ""));
    }
    cr_expect(eq(sz, msock_queued(hub.channel), 0));
}

Test(engine_calls, raw_options_that_disagree_are_refused)
{
    msock_publish_options both = {.raw = "x", .raw_size = 1};
    msock_publish_options type_only = {.type = "text/plain"};
    msock_publish_options size_only = {.raw_size = 1};
    msock_publish_options newer = {.struct_size = 4096};

    cr_expect(
        eq(int, msock_publish(hub.channel, "a", "1", &both), MSOCK_EINVAL));
    cr_expect(eq(int, msock_publish(hub.channel, "a", "1", &type_only),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock_publish(hub.channel, "a", NULL, &size_only),
                 MSOCK_EINVAL));
    cr_expect(
        eq(int, msock_publish(hub.channel, "a", NULL, &newer), MSOCK_EINVAL));
}

Test(engine_calls, invalid_filters_and_ids_are_refused)
{
    cr_expect(eq(int, msock_subscribe(hub.channel, "a/#/b", refuse, NULL, NULL),
                 MSOCK_EFILTER));
    cr_expect(eq(int, msock_subscribe(hub.channel, "a", NULL, NULL, NULL),
                 MSOCK_EINVAL));
    cr_expect(eq(int, msock_unsubscribe(hub.channel, 99), MSOCK_ENOENT));
    cr_expect(eq(int, msock_timer_stop(hub.channel, 99), MSOCK_ENOENT));
}

Test(engine_calls, forked_child_may_not_send)
{
    struct msock__outgoing frame;
    pair_publish(&hub, "a", "1");
    hub.forked = true;

    size_t shown = msock__engine_output(hub.engine, hub.now_us, &frame, 1);

    cr_expect(eq(sz, shown, 0));
    cr_expect(eq(int, msock_publish(hub.channel, "a", "1", NULL), MSOCK_EFORK));
}
