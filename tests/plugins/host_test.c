/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin host: what it loads, what it refuses, and that it runs on. */
#include <multisock/host.h>

#include "tests/plugins/fake_channel.h"
#include "tests/plugins/folder.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const modules[] = {
    "probe",    "second",        "wrong_abi",   "wrong_size",   "wrong_name",
    "no_start", "no_descriptor", "start_fails", "late_failure", "sticky"};

static char folder[FOLDER_PATH_SIZE];
static msock_channel channel;
static msock_host *host;
static msock_logger *const logger = (msock_logger *)(void *)&channel;

static void add_module(const char *to, const char *name, mode_t mode)
{
    char from[FOLDER_PATH_SIZE];
    snprintf(from, sizeof from, "%s/tests/modules/%s.so", MSOCK_BINARY_DIR,
             name);
    folder_copy(to, from, mode);
}

static int open_host(msock_host **made, const char *directory, bool logging)
{
    return msock_host_open(
        made, &channel,
        &(msock_host_options){.directory = directory,
                              .logger = logging ? logger : NULL});
}

static void set_up(void)
{
    channel = (msock_channel){0};
    folder_make(folder);
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        add_module(folder, modules[i], 0644);
    }
    cr_assert(eq(int, open_host(&host, folder, true), 0));
}

static void tear_down(void)
{
    msock_host_close(host);
    folder_remove(folder);
}

TestSuite(host, .init = set_up, .fini = tear_down);

/* What is refused leaves nothing behind, and the next plugin works. */
static void expect_runs_on(void)
{
    cr_expect(eq(int, fake_subscriptions(&channel), 0));
    cr_expect(eq(int, fake_timers(&channel), 0));
    cr_expect(eq(int, msock_host_load(host, "probe", NULL), 0));
    cr_expect(eq(int, fake_deliver(&channel, "probe", "1"), 0));
    cr_expect(eq(str, channel.published, "bench {}"));
}

static void expect_detail(const char *part)
{
    cr_expect(ne(ptr, (char *)strstr(msock_error_detail(), part), NULL),
              "\"%s\" lacks \"%s\"", msock_error_detail(), part);
}

Test(host, serves_a_plugin_of_its_directory)
{
    cr_assert(eq(int, msock_host_load(host, "probe", "{\"a\":[1]}"), 0));
    fake_deliver(&channel, "probe", "1");

    cr_expect(eq(str, channel.log, "probe: started\n"));
    cr_expect(eq(str, channel.published, "bench {\"a\":[1]}"));
}

Test(host, loads_an_absolute_path_without_a_directory)
{
    char path[FOLDER_PATH_SIZE];
    msock_host *bare;
    cr_assert(eq(int, open_host(&bare, NULL, false), 0));

    int result =
        msock_host_load(bare, folder_path(path, folder, "probe.so"), NULL);

    cr_expect(eq(int, result, 0));
    msock_host_close(bare);
}

Test(host, wants_an_absolute_directory)
{
    msock_host *other = NULL;

    int result = open_host(&other, "plugins", false);

    cr_expect(eq(int, result, MSOCK_EINVAL));
    cr_expect(eq(ptr, other, NULL));
    expect_detail("plugins");
}

Test(host, finds_bare_names_in_its_directory_only)
{
    msock_host *bare;
    cr_assert(eq(int, open_host(&bare, NULL, false), 0));

    int result = msock_host_load(bare, "probe", NULL);

    cr_expect(eq(int, result, MSOCK_EINVAL));
    msock_host_close(bare);
    expect_runs_on();
}

Test(host, refuses_names_that_lead_elsewhere)
{
    static const char *const names[] = {
        "",
        "/",
        ".",
        "..",
        "../probe",
        "./probe",
        "probe.so",
        "a/probe",
        "pro be",
        "probe\n",
        "/probe",
        "/.so",
        "/tmp/",
        "/tmp/a b.so",
        "/a/../.so",
        "\xC3\xA4",
        "/tmp/x.so.1",
        "n123456789012345678901234567890123456789012345678901234567890123"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect(eq(int, msock_host_load(host, names[i], NULL), MSOCK_EINVAL),
                  "\"%s\"", names[i]);
    }
    expect_runs_on();
}

Test(host, names_a_file_that_is_missing)
{
    char path[FOLDER_PATH_SIZE];

    cr_expect(eq(int, msock_host_load(host, "absent", NULL), MSOCK_ENOENT));
    expect_detail(folder_path(path, folder, "absent.so: No such file"));
    cr_expect(
        eq(int, msock_host_load(host, "/nowhere/x.so", NULL), MSOCK_ENOENT));
    expect_detail("/nowhere");
    expect_runs_on();
}

static const struct {
    const char *name;
    int code;
    const char *detail;
} bad_modules[] = {
    {"wrong_abi", MSOCK_EABI, "ABI 2"},
    {"wrong_size", MSOCK_EABI, "wrong_size"},
    {"wrong_name", MSOCK_EPLUGIN, "\"probe\""},
    {"no_start", MSOCK_EPLUGIN, "no start function"},
    {"no_descriptor", MSOCK_EPLUGIN, "no descriptor"},
    {"start_fails", MSOCK_EPLUGIN, "not supported here"},
    {"late_failure", MSOCK_EPLUGIN, "the lamp is not plugged in"},
};

Test(host, refuses_each_bad_plugin_and_runs_on)
{
    for (size_t i = 0; i < sizeof bad_modules / sizeof bad_modules[0]; i++) {
        const char *name = bad_modules[i].name;
        cr_expect(
            eq(int, msock_host_load(host, name, NULL), bad_modules[i].code),
            "%s", name);
        expect_detail(bad_modules[i].detail);
        expect_runs_on();
        cr_expect(eq(int, msock_host_unload(host, "probe"), 0));
    }
}

Test(host, refuses_what_is_no_shared_object)
{
    char path[FOLDER_PATH_SIZE];
    folder_write(folder, "text.so", "lights off\n");
    folder_write(folder, "empty.so", "");
    folder_add(folder, "folder.so");
    cr_assert(eq(int, mkfifo(folder_path(path, folder, "fifo.so"), 0600), 0));
    static const char *const names[] = {"text", "empty", "folder", "fifo"};
    chmod(folder_path(path, folder, "text.so"), 0600);
    chmod(folder_path(path, folder, "empty.so"), 0600);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect(eq(int, msock_host_load(host, names[i], NULL), MSOCK_EPLUGIN),
                  "%s", names[i]);
        expect_detail(folder_path(path, folder, names[i]));
    }
    expect_runs_on();
}

Test(host, refuses_a_file_that_others_may_write)
{
    static const mode_t modes[] = {0664, 0646, 0666, 0602};
    char path[FOLDER_PATH_SIZE];
    folder_path(path, folder, "second.so");

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        cr_assert(eq(int, chmod(path, modes[i]), 0));
        cr_expect(
            eq(int, msock_host_load(host, "second", NULL), MSOCK_EACCESS));
        expect_detail("second.so");
    }
    expect_runs_on();
}

Test(host, refuses_a_directory_that_others_may_write)
{
    static const mode_t modes[] = {0777, 01777, 0770, 0702};
    char path[FOLDER_PATH_SIZE];
    folder_path(path, folder, "second.so");

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        cr_assert(eq(int, chmod(folder, modes[i]), 0));
        cr_expect(
            eq(int, msock_host_load(host, "second", NULL), MSOCK_EACCESS));
        cr_expect(eq(int, msock_host_load(host, path, NULL), MSOCK_EACCESS));
        expect_detail(folder);
    }
    chmod(folder, 0700);
    expect_runs_on();
}

Test(host, refuses_a_directory_that_others_could_replace)
{
    char above[FOLDER_PATH_SIZE];
    char path[FOLDER_PATH_SIZE];
    char from[FOLDER_PATH_SIZE];
    folder_path(above, folder, "above");
    folder_add(folder, "above");
    folder_add(folder, "above/plugins");
    folder_path(from, folder, "second.so");
    folder_copy(folder_path(path, folder, "above/plugins"), from, 0644);
    folder_path(path, folder, "above/plugins/second.so");

    cr_assert(eq(int, chmod(above, 0777), 0));
    cr_expect(eq(int, msock_host_load(host, path, NULL), MSOCK_EACCESS));
    expect_detail("everybody may write a directory above");
    cr_assert(eq(int, chmod(above, 01777), 0));
    cr_expect(eq(int, msock_host_load(host, path, NULL), 0));
    msock_host_unload(host, "second");
    chmod(above, 0755);
    expect_runs_on();
}

Test(host, refuses_what_belongs_to_somebody_else)
{
    char path[FOLDER_PATH_SIZE];
    folder_path(path, folder, "second.so");
    if (chown(path, 4242, (gid_t)-1) < 0) {
        cr_skip("only root can give a file away");
    }

    int result = msock_host_load(host, "second", NULL);

    cr_expect(eq(int, result, MSOCK_EACCESS));
    expect_detail("user 4242");
    expect_runs_on();
}

Test(host, takes_a_link_for_the_file_it_names)
{
    char path[FOLDER_PATH_SIZE];
    char target[FOLDER_PATH_SIZE];
    folder_path(path, folder, "second.so");
    folder_path(target, folder, "second.so.1");
    cr_assert(eq(int, rename(path, target), 0));
    cr_assert(eq(int, symlink("second.so.1", path), 0));

    cr_expect(eq(int, msock_host_load(host, "second", NULL), 0));
    msock_host_unload(host, "second");
    chmod(target, 0666);
    cr_expect(eq(int, msock_host_load(host, "second", NULL), MSOCK_EACCESS));
}

Test(host, wants_a_json_object_as_configuration)
{
    static const char *const configs[] = {
        "", "{", "[]", "1", "\"{}\"", "{} {}", "{\"a\":01}", "null"};

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        cr_expect(
            eq(int, msock_host_load(host, "probe", configs[i]), MSOCK_EJSON),
            "%s", configs[i]);
    }
    expect_runs_on();
}

Test(host, keeps_a_copy_of_the_configuration)
{
    char config[] = "{\"a\":1}";
    cr_assert(eq(int, msock_host_load(host, "probe", config), 0));

    memset(config, 'x', sizeof config - 1);
    fake_deliver(&channel, "probe", "1");

    cr_expect(eq(str, channel.published, "bench {\"a\":1}"));
}

Test(host, runs_a_plugin_once)
{
    char path[FOLDER_PATH_SIZE];
    folder_path(path, folder, "probe.so");
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));

    cr_expect(eq(int, msock_host_load(host, "probe", NULL), MSOCK_EBUSY));
    cr_expect(eq(int, msock_host_load(host, path, NULL), MSOCK_EBUSY));
    cr_expect(eq(int, fake_subscriptions(&channel), 1));
}

Test(host, passes_on_what_a_callback_returns)
{
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));
    channel.refuse = MSOCK_EAGAIN;

    int result = fake_deliver(&channel, "probe", "1");

    cr_expect(eq(int, result, MSOCK_EAGAIN));
}

Test(host, lets_a_plugin_unsubscribe_in_its_callback)
{
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));

    cr_expect(eq(int, fake_deliver(&channel, "probe", "\"leave\""), 0));
    cr_expect(eq(int, fake_subscriptions(&channel), 0));
    cr_expect(eq(int, msock_host_unload(host, "probe"), 0));
}

static int on_foreign(msock_channel *of, const msock_message *message,
                      void *user)
{
    (void)of;
    (void)message;
    (void)user;
    return 0;
}

Test(host, keeps_a_plugin_from_what_others_subscribed)
{
    int id = msock_subscribe(&channel, "mine", on_foreign, NULL, NULL);
    cr_assert(eq(int, id, 1)); /* the probe knows this id */
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));

    int result = fake_deliver(&channel, "probe", "\"steal\"");

    cr_expect(eq(int, result, MSOCK_ENOENT));
    cr_expect(eq(int, msock_unsubscribe(&channel, id), 0));
}

Test(host, wants_callbacks)
{
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));

    int result = fake_deliver(&channel, "probe", "\"empty\"");

    cr_expect(eq(int, result, MSOCK_EINVAL));
}

Test(host, runs_timers_until_they_are_over_or_stopped)
{
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));
    cr_assert(eq(int, fake_timers(&channel), 2));

    fake_run_timers(&channel);
    fake_run_timers(&channel);

    cr_expect(eq(int, fake_deliver(&channel, "probe", "\"ticks\""), 0));
    cr_expect(eq(str, channel.published, "ticks 3"));
    cr_expect(eq(int, fake_deliver(&channel, "probe", "\"stop once\""),
                 MSOCK_ENOENT));
    cr_expect(eq(int, channel.unknown, 0)); /* the host knew that */
    cr_expect(eq(int, fake_deliver(&channel, "probe", "\"stop periodic\""), 0));
    cr_expect(eq(int, fake_timers(&channel), 0));
}

Test(host, takes_back_what_an_unloaded_plugin_leaves)
{
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));

    cr_expect(eq(int, msock_host_unload(host, "probe"), 0));
    cr_expect(eq(int, fake_subscriptions(&channel), 0));
    cr_expect(eq(int, fake_timers(&channel), 0));
    cr_expect(eq(str, channel.log,
                 "probe: started\nprobe: stopped\n"
                 "plugin probe: leaked: it left 2 timers running when it "
                 "stopped; removed\n"));
    cr_expect(eq(int, msock_host_unload(host, "probe"), MSOCK_ENOENT));
    expect_runs_on();
}

Test(host, loads_the_file_it_was_asked_for_after_others_came_and_went)
{
    for (int i = 0; i < 3; i++) {
        cr_expect(eq(int, msock_host_load(host, "probe", NULL), 0));
        cr_expect(eq(int, msock_host_load(host, "second", NULL), 0));
        cr_expect(eq(int, msock_host_unload(host, "probe"), 0));
        cr_expect(eq(int, msock_host_unload(host, "second"), 0));
    }
}

Test(host, takes_no_plugin_for_one_that_did_not_go)
{
    for (int i = 0; i < 3; i++) {
        cr_expect(eq(int, msock_host_load(host, "sticky", NULL), 0));
        cr_expect(eq(int, msock_host_unload(host, "sticky"), 0));
        cr_expect(eq(int, msock_host_load(host, "second", NULL), 0));
        cr_expect(eq(int, msock_host_unload(host, "second"), 0));
    }
}

Test(host, closes_the_newest_plugin_first)
{
    msock_host *other;
    cr_assert(eq(int, open_host(&other, folder, true), 0));
    cr_assert(eq(int, msock_host_load(other, "second", NULL), 0));
    cr_assert(eq(int, msock_host_load(other, "probe", NULL), 0));

    msock_host_close(other);

    cr_expect(eq(str, channel.log,
                 "second: started\nprobe: started\nprobe: stopped\n"
                 "plugin probe: leaked: it left 2 timers running when it "
                 "stopped; removed\n"));
}

Test(host, closing_takes_back_all_that_is_left_and_no_more)
{
    msock_host *other;
    cr_assert(eq(int, open_host(&other, folder, false), 0));
    cr_assert(eq(int, msock_host_load(other, "probe", NULL), 0));
    fake_run_timers(&channel);

    msock_host_close(other);

    cr_expect(eq(int, fake_subscriptions(&channel), 0));
    cr_expect(eq(int, fake_timers(&channel), 0));
    cr_expect(eq(int, channel.unknown, 0));
}

Test(host, closing_nothing_is_harmless)
{
    msock_host_close(NULL);
}

static void unload_probe(void *user)
{
    int *result = user;
    *result = msock_host_unload(host, "probe");
}

static void reload_probe(void *user)
{
    int *result = user;
    *result = msock_host_reload(host, "probe", NULL);
}

Test(host, keeps_a_plugin_loaded_while_it_runs)
{
    int result = 0;
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));
    channel.publishing = unload_probe;
    channel.user = &result;

    fake_deliver(&channel, "probe", "1");

    cr_expect(eq(int, result, MSOCK_EBUSY));
    cr_expect(eq(int, msock_host_unload(host, "probe"), 0));
}

Test(host, a_plugin_that_may_not_subscribe_leaves_nothing)
{
    channel.refuse = MSOCK_ELIMIT;
    cr_expect(eq(int, msock_host_load(host, "probe", NULL), MSOCK_EPLUGIN));

    channel.refuse = 0;
    expect_runs_on();
}

Test(host, keeps_a_plugin_from_reloading)
{
    int result = 0;
    cr_assert(eq(int, msock_host_load(host, "probe", NULL), 0));
    channel.publishing = reload_probe;
    channel.user = &result;

    fake_deliver(&channel, "probe", "1");

    cr_expect(eq(int, result, MSOCK_EBUSY));
}

Test(host, wants_a_known_struct_size)
{
    msock_host *other = NULL;
    msock_plugin_status status = {.struct_size = 3};
    const msock_host_options options = {.struct_size = 3};

    cr_expect(
        eq(int, msock_host_open(&other, &channel, &options), MSOCK_EINVAL));
    cr_expect(eq(int, msock_host_status(host, 0, &status), MSOCK_EINVAL));
    cr_expect(eq(int, msock_host_open(&other, &channel, NULL), 0));
    msock_host_close(other);
}
