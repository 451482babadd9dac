/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin host when memory runs out: each allocation fails in turn. */
#include <multisock/host.h>

#include "tests/plugins/fake_channel.h"
#include "tests/plugins/folder.h"
#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static char folder[FOLDER_PATH_SIZE];
static msock_channel channel;
static msock_host *host;
static const msock_host_options options = {.directory = folder};

static void set_up(void)
{
    channel = (msock_channel){0};
    folder_make(folder);
    folder_copy(folder, MSOCK_BINARY_DIR "/tests/modules/probe.so", 0644);
    cr_assert(eq(int, msock_host_open(&host, &channel, &options), 0));
}

static void tear_down(void)
{
    msock_host_close(host);
    folder_remove(folder);
}

TestSuite(host_alloc, .init = set_up, .fini = tear_down);

Test(host_alloc, without_memory_a_plugin_is_not_loaded)
{
    long n = 0;
    int result;

    do {
        test_alloc_fail_at(++n);
        result = msock_host_load(host, "probe", NULL);
        cr_expect(eq(int, fake_subscriptions(&channel), result == 0));
    } while (test_alloc_failed());

    cr_expect(eq(int, result, 0));
    cr_expect(gt(long, n, 5)); /* directory, plugin, configuration, 3 grants */
}

/* Out of memory, the old code goes on, or is started again. */
Test(host_alloc, without_memory_a_reload_changes_nothing)
{
    long n = 0;
    int result;
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));

    do {
        test_alloc_fail_at(++n);
        result = msock_host_reload(host, "probe", "{\"a\":1}");
        cr_expect(result == 0 || result == MSOCK_ENOMEM ||
                  result == MSOCK_EPLUGIN);
        cr_expect(eq(int, fake_subscriptions(&channel), 1));
        cr_expect(eq(int, fake_timers(&channel), 2));
    } while (test_alloc_failed());
    fake_deliver(&channel, "probe", "1");

    cr_expect(eq(int, result, 0));
    cr_expect(eq(str, channel.published, "bench {\"a\":1}"));
    cr_expect(gt(long, n, 5)); /* plugin, directory, configuration, 3 grants */
}

Test(host_alloc, without_memory_there_is_no_host)
{
    for (long n = 1; n <= 2; n++) {
        msock_host *other = NULL;
        test_alloc_fail_at(n);
        cr_expect(
            eq(int, msock_host_open(&other, &channel, &options), MSOCK_ENOMEM));
        cr_expect(test_alloc_failed());
        cr_expect(eq(ptr, other, NULL));
    }
}
