/* SPDX-License-Identifier: Apache-2.0 */
/* Reloading: new code runs, nothing of the old stays, no message is missed, and
 * whatever fails, something runs on. */
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RELOADS = 200 };

static struct yard yard;

static void set_up(void)
{
    yard_open(&yard, (msock_host_options){0}, false);
    yard_put(&yard, "tests/modules/v1/turn.so");
    cr_assert(eq(int, msock_host_load(yard.host, "turn", NULL), 0));
}

static void tear_down(void)
{
    yard_close(&yard);
}

TestSuite(reload, .init = set_up, .fini = tear_down);

static void expect_detail(const char *part)
{
    cr_expect(strstr(msock_error_detail(), part) != NULL, "\"%s\" lacks \"%s\"",
              msock_error_detail(), part);
}

static void expect_logged(const char *part)
{
    cr_expect(strstr(yard_log(&yard), part) != NULL, "\"%s\" lacks \"%s\"",
              yard.log, part);
}

Test(reload, runs_the_code_that_was_written_over_the_old)
{
    cr_assert(eq(ulong, yard_told(&yard, "version"), 1));
    yard_put(&yard, "tests/modules/v2/turn.so");
    cr_expect(eq(ulong, yard_told(&yard, "version"), 1));

    cr_assert(eq(int, msock_host_reload(yard.host, "turn", NULL), 0));

    cr_expect(eq(ulong, yard_told(&yard, "version"), 2));
    cr_expect(eq(int, yard_status(&yard, "turn").reloads, 1));
    expect_logged("plugin turn: reloaded");
}

Test(reload, runs_the_code_that_was_moved_over_the_old)
{
    char from[FOLDER_PATH_SIZE];
    char to[FOLDER_PATH_SIZE];
    folder_add(yard.folder, "new");
    folder_copy(folder_path(from, yard.folder, "new"),
                MSOCK_BINARY_DIR "/tests/modules/v2/turn.so", 0600);
    folder_path(from, yard.folder, "new/turn.so");
    cr_assert(
        eq(int, rename(from, folder_path(to, yard.folder, "turn.so")), 0));

    cr_assert(eq(int, msock_host_reload(yard.host, "turn", NULL), 0));

    cr_expect(eq(ulong, yard_told(&yard, "version"), 2));
}

Test(reload, hands_over_what_the_old_code_kept)
{
    yard_storm(&yard, 5);
    yard_put(&yard, "tests/modules/v2/turn.so");

    cr_assert(eq(int, msock_host_reload(yard.host, NULL, NULL), 0));
    yard_storm(&yard, 5);

    cr_expect(eq(ulong, yard_told(&yard, "count"), 10));
    cr_expect(eq(ulong, yard_told(&yard, "starts"), 2));
}

Test(reload, a_plugin_that_was_unloaded_begins_anew)
{
    yard_storm(&yard, 5);

    cr_assert(eq(int, msock_host_unload(yard.host, "turn"), 0));
    cr_assert(eq(int, msock_host_load(yard.host, "turn", NULL), 0));

    cr_expect(eq(ulong, yard_told(&yard, "count"), 0));
}

Test(reload, leaves_no_subscription_or_timer_of_the_old_code)
{
    msock_plugin_status before = yard_status(&yard, "turn");

    for (int i = 0; i < 10; i++) {
        cr_expect(eq(int, msock_host_reload(yard.host, "turn", NULL), 0));
    }
    yard_storm(&yard, 1);

    cr_expect(eq(ulong, yard_told(&yard, "count"), 1));
    cr_expect(
        eq(sz, yard_status(&yard, "turn").subscriptions, before.subscriptions));
    cr_expect(eq(sz, yard_status(&yard, "turn").timers, before.timers));
    cr_expect(eq(u64, yard_status(&yard, "turn").leaked, 0));
}

Test(reload, takes_a_new_configuration_and_keeps_it)
{
    cr_assert(eq(int, msock_host_reload(yard.host, "turn", "{\"break\":true}"),
                 MSOCK_EPLUGIN));
    cr_expect(eq(int, msock_host_reload(yard.host, "turn", NULL), 0));
    cr_expect(eq(int, msock_host_reload(yard.host, "turn", "{}"), 0));
}

Test(reload, of_a_wrong_configuration_changes_nothing)
{
    yard_storm(&yard, 3);

    cr_expect(eq(int, msock_host_reload(yard.host, "turn", "{\"brake\":true}"),
                 MSOCK_EOPTION));
    expect_detail("did you mean \"break\"?");
    cr_expect(eq(int, msock_host_reload(yard.host, "turn", "[]"), MSOCK_EJSON));

    cr_expect(eq(ulong, yard_told(&yard, "starts"), 1));
    cr_expect(eq(ulong, yard_told(&yard, "count"), 3));
}

Test(reload, that_fails_is_told_once)
{
    yard_put(&yard, "tests/modules/v3/turn.so");

    msock_host_reload(yard.host, "turn", NULL);

    const char *said = strstr(yard_log(&yard), "this version is broken");
    cr_assert(said != NULL, "%s", yard.log);
    cr_expect(strstr(said + 1, "this version is broken") == NULL, "%s",
              yard.log);
    expect_logged("not reloaded, the old code was started again: ");
}

Test(reload, of_one_that_starts_with_errors_logs_all_in_order)
{
    yard_put(&yard, "tests/modules/grumbles.so");

    cr_expect(eq(int, msock_host_load(yard.host, "grumbles", NULL), 0));

    const char *at = yard_log(&yard);
    static const char *const lines[] = {"first", "second", "third", "fourth"};
    for (size_t i = 0; at != NULL && i < sizeof lines / sizeof lines[0]; i++) {
        at = strstr(at, lines[i]);
    }
    cr_expect(at != NULL, "%s", yard.log);
    cr_expect(eq(str, (char *)yard_status(&yard, "grumbles").error, "fourth"));
}

Test(reload, of_a_file_that_is_gone_changes_nothing)
{
    char path[FOLDER_PATH_SIZE];
    unlink(folder_path(path, yard.folder, "turn.so"));

    cr_expect(
        eq(int, msock_host_reload(yard.host, "turn", NULL), MSOCK_ENOENT));

    cr_expect(eq(ulong, yard_told(&yard, "starts"), 1));
    expect_logged("plugin turn: not reloaded, it stays running");
    cr_expect(strstr(yard_status(&yard, "turn").error, "turn.so") != NULL);
}

Test(reload, looks_at_owner_and_mode_again)
{
    char path[FOLDER_PATH_SIZE];
    chmod(folder_path(path, yard.folder, "turn.so"), 0666);

    cr_expect(
        eq(int, msock_host_reload(yard.host, "turn", NULL), MSOCK_EACCESS));

    cr_expect(eq(ulong, yard_told(&yard, "starts"), 1));
}

Test(reload, of_code_that_does_not_start_starts_the_old_again)
{
    yard_storm(&yard, 4);
    yard_put(&yard, "tests/modules/v3/turn.so");

    cr_expect(
        eq(int, msock_host_reload(yard.host, "turn", NULL), MSOCK_EPLUGIN));
    expect_detail("this version is broken");
    yard_storm(&yard, 4);

    cr_expect(eq(ulong, yard_told(&yard, "version"), 1));
    cr_expect(eq(ulong, yard_told(&yard, "count"), 8));
    cr_expect(
        eq(int, yard_status(&yard, "turn").condition, MSOCK_PLUGIN_RUNNING));
    expect_logged("the old code was started again");
}

Test(reload, without_any_code_that_starts_waits_for_the_next_reload)
{
    cr_assert(eq(int, msock_host_unload(yard.host, "turn"), 0));
    yard_put(&yard, "tests/modules/v1/moody.so");
    cr_assert(eq(int, msock_host_load(yard.host, "moody", NULL), 0));
    yard_storm(&yard, 2);
    setenv("MOODY", "1", 1);
    cr_expect(
        eq(int, msock_host_reload(yard.host, "moody", NULL), MSOCK_EPLUGIN));

    msock_plugin_status status = yard_status(&yard, "moody");
    cr_expect(eq(int, status.condition, MSOCK_PLUGIN_FAILED));
    cr_expect(eq(str, (char *)msock_plugin_condition_name(status.condition),
                 "failed"));
    cr_expect(eq(sz, status.subscriptions, 0));
    cr_expect(
        eq(int, msock_host_reload(yard.host, "moody", NULL), MSOCK_EPLUGIN));
    cr_expect(eq(int, msock_host_load(yard.host, "moody", NULL), MSOCK_EBUSY));

    unsetenv("MOODY");
    cr_expect(eq(int, msock_host_reload(yard.host, "moody", NULL), 0));
    yard_storm(&yard, 2);
    cr_expect(eq(ulong, yard_told(&yard, "count"), 4));
}

Test(reload, a_failed_plugin_can_be_unloaded)
{
    yard_put(&yard, "tests/modules/v1/moody.so");
    cr_assert(eq(int, msock_host_load(yard.host, "moody", NULL), 0));
    setenv("MOODY", "1", 1);
    msock_host_reload(yard.host, "moody", NULL);

    cr_expect(eq(int, msock_host_unload(yard.host, "moody"), 0));

    cr_expect(
        eq(int, msock_host_reload(yard.host, "moody", NULL), MSOCK_ENOENT));
}

Test(reload, of_all_tells_the_first_failure_and_reloads_the_others)
{
    char path[FOLDER_PATH_SIZE];
    yard_put(&yard, "tests/modules/v1/steady.so");
    cr_assert(eq(int, msock_host_load(yard.host, "steady", NULL), 0));
    unlink(folder_path(path, yard.folder, "turn.so"));

    cr_expect(eq(int, msock_host_reload(yard.host, NULL, NULL), MSOCK_ENOENT));

    expect_detail("turn.so");
    cr_expect(eq(int, yard_status(&yard, "turn").reloads, 0));
    cr_expect(eq(int, yard_status(&yard, "steady").reloads, 1));
}

Test(reload, keeps_the_order_of_loading)
{
    yard_put(&yard, "tests/modules/v1/steady.so");
    cr_assert(eq(int, msock_host_load(yard.host, "steady", NULL), 0));
    cr_assert(eq(int, msock_host_reload(yard.host, "turn", NULL), 0));
    msock_plugin_status status = {0};

    cr_expect(eq(int, msock_host_status(yard.host, 0, &status), 0));
    cr_expect(eq(str, (char *)status.name, "turn"));
    cr_expect(eq(str, (char *)status.description, "counts"));
    cr_expect(eq(int, msock_host_status(yard.host, 1, &status), 0));
    cr_expect(eq(str, (char *)status.name, "steady"));
    cr_expect(eq(int, msock_host_status(yard.host, 2, &status), MSOCK_ENOENT));
}

static int descriptors(void)
{
    int count = 0;
    DIR *list = opendir("/proc/self/fd");
    while (readdir(list) != NULL) {
        count++;
    }
    closedir(list);
    return count;
}

/* A message a millisecond, a reload every ten, in virtual time. */
Test(reload, in_a_storm_misses_nothing)
{
    static const char *const versions[] = {"tests/modules/v1/turn.so",
                                           "tests/modules/v2/turn.so"};
    yard_put(&yard, "tests/modules/v1/steady.so");
    cr_assert(eq(int, msock_host_load(yard.host, "steady", NULL), 0));
    int before = descriptors();

    for (int i = 0; i < RELOADS; i++) {
        yard_storm(&yard, 10);
        yard_put(&yard, versions[(i + 1) % 2]);
        cr_assert(eq(int, msock_host_reload(yard.host, "turn", NULL), 0));
    }

    cr_expect(eq(ulong, yard_told(&yard, "count"), 10 * RELOADS));
    cr_expect(eq(ulong, yard_told(&yard, "gaps"), 0));
    cr_assert(eq(int, msock_host_unload(yard.host, "steady"), 0));
    cr_expect(eq(ulong, yard_told(&yard, "count"), 10 * RELOADS));
    cr_expect(eq(ulong, yard_told(&yard, "gaps"), 0));
    cr_expect(eq(ulong, yard_told(&yard, "starts"), RELOADS + 1));
    cr_expect(le(int, descriptors(), before));
}
