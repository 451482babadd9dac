/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that misbehaves is reported by its name, and no longer called if it
 * goes on so, while the others get every message. */
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum {
    STORM = 300,
    FAIL_MAX = 10,
    SLOW_MS = 10, /* the bad one sleeps 30 */
    SLOW_MAX = 4,
    TIMERS_MAX = 20
};

static struct yard yard;

static void set_up(void)
{
    yard_open(&yard,
              (msock_host_options){.slow_ms = 60000,
                                   .fail_max = FAIL_MAX,
                                   .timers_max = TIMERS_MAX},
              false);
    yard_put(&yard, "tests/modules/v1/bad.so");
    yard_put(&yard, "tests/modules/v1/steady.so");
}

/* Takes another host, which finds slow what is over 10 ms. */
static void be_impatient(void)
{
    msock_host_close(yard.host);
    cr_assert(eq(int,
                 msock_host_open(&yard.host, yard.node,
                                 &(msock_host_options){.directory = yard.folder,
                                                       .logger = yard.logger,
                                                       .slow_ms = SLOW_MS,
                                                       .slow_max = SLOW_MAX}),
                 0));
}

static void tear_down(void)
{
    yard_close(&yard);
}

TestSuite(watch, .init = set_up, .fini = tear_down);

/* The bad one is loaded first, so that each message comes to it first. */
static void load(const char *does)
{
    char config[64];
    snprintf(config, sizeof config, "{\"does\":\"%s\"}", does);
    cr_assert(eq(int, msock_host_load(yard.host, "bad", config), 0));
    cr_assert(eq(int, msock_host_load(yard.host, "steady", NULL), 0));
}

static void expect_logged(const char *part)
{
    cr_expect(strstr(yard_log(&yard), part) != NULL, "\"%s\" lacks \"%s\"",
              yard.log, part);
}

static void expect_steady(void)
{
    cr_expect(eq(ulong, yard_told(&yard, "count"), yard.sent));
    cr_expect(eq(ulong, yard_told(&yard, "gaps"), 0));
    cr_expect(
        eq(int, yard_status(&yard, "steady").condition, MSOCK_PLUGIN_RUNNING));
}

Test(watch, one_that_behaves_is_not_spoken_of)
{
    load("nothing");

    yard_storm(&yard, STORM);

    msock_plugin_status bad = yard_status(&yard, "bad");
    cr_expect(eq(u64, bad.calls, STORM));
    cr_expect(eq(u64, bad.failed + bad.refused + bad.slow + bad.dropped, 0));
    cr_expect(eq(str, (char *)bad.error, ""));
    cr_expect(eq(str, (char *)yard_log(&yard), ""));
    expect_steady();
}

Test(watch, one_that_sleeps_is_reported_and_quarantined)
{
    be_impatient();
    load("sleep");

    yard_storm(&yard, STORM);

    msock_plugin_status bad = yard_status(&yard, "bad");
    cr_expect(eq(int, bad.condition, MSOCK_PLUGIN_QUARANTINED));
    cr_expect(eq(u64, bad.slow, SLOW_MAX));
    cr_expect(eq(u64, bad.calls, SLOW_MAX));
    cr_expect(gt(u64, bad.slowest_ms, SLOW_MS));
    cr_expect(eq(u64, bad.dropped, STORM - SLOW_MAX));
    expect_logged("plugin bad: slow: its handler of storm took");
    expect_logged("plugin bad: quarantined: it was slow 4 times in a row");
    expect_steady();
}

/* What a program noted when it was told of a quarantine. */
struct note {
    char name[16];
    int calls;
    enum msock_plugin_condition condition;
    int unloaded;
};

static void on_quarantined(const char *name, void *user)
{
    struct note *note = user;
    snprintf(note->name, sizeof note->name, "%s", name);
    note->calls++;
    note->condition = yard_status(&yard, name).condition;
    note->unloaded = msock_host_unload(yard.host, name);
}

Test(watch, a_quarantine_is_told_once)
{
    struct note note = {.calls = 0};
    const msock_host_options options = {
        .directory = yard.folder, .quarantined = on_quarantined, .user = &note};
    msock_host_close(yard.host);
    cr_assert(eq(int, msock_host_open(&yard.host, yard.node, &options), 0));
    load("fail");

    yard_storm(&yard, STORM);

    cr_expect(eq(int, note.calls, 1));
    cr_expect(eq(str, note.name, "bad"));
    cr_expect(eq(int, note.condition, MSOCK_PLUGIN_QUARANTINED));
    cr_expect(eq(int, note.unloaded, MSOCK_EBUSY));
    expect_steady();
}

Test(watch, one_that_fails_is_reported_and_quarantined)
{
    load("fail");

    yard_storm(&yard, STORM);

    msock_plugin_status bad = yard_status(&yard, "bad");
    cr_expect(eq(int, bad.condition, MSOCK_PLUGIN_QUARANTINED));
    cr_expect(eq(u64, bad.failed, FAIL_MAX));
    cr_expect(eq(u64, bad.calls, FAIL_MAX));
    cr_expect(eq(u64, bad.dropped, STORM - FAIL_MAX));
    cr_expect(eq(u64, msock_counter_get(yard.node, MSOCK_REFUSED), STORM));
    expect_logged("plugin bad: failed: its handler of storm returned "
                  "MSOCK_ESYSTEM");
    expect_logged("plugin bad: quarantined: it failed 10 times in a row");
    expect_steady();
}

Test(watch, one_that_fails_now_and_then_goes_on)
{
    load("once");

    yard_storm(&yard, STORM);

    cr_expect(
        eq(int, yard_status(&yard, "bad").condition, MSOCK_PLUGIN_RUNNING));
    cr_expect(eq(u64, yard_status(&yard, "bad").failed, STORM / 2));
    expect_steady();
}

/* Who sends nonsense cannot talk a plugin into quarantine. */
Test(watch, one_that_refuses_goes_on)
{
    load("refuse");

    yard_storm(&yard, STORM);

    msock_plugin_status bad = yard_status(&yard, "bad");
    cr_expect(eq(int, bad.condition, MSOCK_PLUGIN_RUNNING));
    cr_expect(eq(u64, bad.refused, STORM));
    cr_expect(eq(str, (char *)yard_log(&yard), ""));
    expect_steady();
}

Test(watch, one_that_returns_garbage_is_reported_and_quarantined)
{
    load("garbage");

    yard_storm(&yard, STORM);

    msock_plugin_status bad = yard_status(&yard, "bad");
    cr_expect(eq(int, bad.condition, MSOCK_PLUGIN_QUARANTINED));
    cr_expect(eq(u64, bad.garbage, FAIL_MAX));
    cr_expect(eq(u64, msock_counter_get(yard.node, MSOCK_REFUSED), STORM));
    expect_logged("plugin bad: garbage: its handler of storm returned 7321");
    expect_steady();
}

Test(watch, one_that_hoards_timers_gets_no_more)
{
    load("hoard");

    yard_storm(&yard, STORM);

    msock_plugin_status bad = yard_status(&yard, "bad");
    cr_expect(eq(int, bad.condition, MSOCK_PLUGIN_QUARANTINED));
    cr_expect(eq(u64, bad.calls, TIMERS_MAX + FAIL_MAX));
    cr_expect(eq(sz, bad.timers, 0));
    expect_logged("plugin bad: leaking? It has 20 timers and wants more");
    expect_steady();
}

Test(watch, timers_that_are_left_are_removed_and_reported)
{
    load("leak");
    yard_storm(&yard, STORM);

    cr_assert(eq(int, msock_host_reload(yard.host, "bad", NULL), 0));

    cr_expect(eq(u64, yard_status(&yard, "bad").leaked, 3));
    cr_expect(eq(sz, yard_status(&yard, "bad").timers, 0));
    expect_logged("plugin bad: leaked: it left 3 timers running when it "
                  "stopped; removed");
    expect_steady();
}

Test(watch, a_start_that_returns_garbage_is_a_failure)
{
    int result = msock_host_load(yard.host, "bad", "{\"does\":\"number\"}");

    cr_expect(eq(int, result, MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "it returned 7321") != NULL);
}

Test(watch, a_reload_ends_the_quarantine)
{
    load("fail");
    yard_storm(&yard, STORM);

    cr_assert(
        eq(int, msock_host_reload(yard.host, "bad", "{\"does\":\"\"}"), 0));
    yard_storm(&yard, 10);

    msock_plugin_status bad = yard_status(&yard, "bad");
    cr_expect(eq(int, bad.condition, MSOCK_PLUGIN_RUNNING));
    cr_expect(eq(u64, bad.calls, 10));
    cr_expect(eq(u64, bad.failed + bad.dropped, 0));
    expect_steady();
}

Test(watch, a_quarantined_plugin_can_be_unloaded)
{
    load("fail");
    yard_storm(&yard, STORM);

    cr_expect(eq(int, msock_host_unload(yard.host, "bad"), 0));

    expect_steady();
}

Test(watch, does_not_fill_the_log)
{
    size_t lines = 0;
    load("once");

    yard_storm(&yard, STORM);

    for (const char *at = yard_log(&yard); *at != '\0'; at++) {
        lines += *at == '\n';
    }
    /* One for each second, of which a slow machine takes a few. */
    cr_expect(ge(sz, lines, 1));
    cr_expect(lt(sz, lines, STORM / 10));
}
