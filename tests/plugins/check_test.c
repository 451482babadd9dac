/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins say, without being started, about whether they would start. */
#include "tests/plugins/books.h"
#include "tests/plugins/yard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { CONFIG_SIZE = 1024 };

static struct yard yard;
static unsigned long heard;

static int on_any(msock_channel *channel, const msock_message *message,
                  void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    heard++;
    return 0;
}

static void set_up(void)
{
    yard_open(&yard, (msock_host_options){0}, false);
    yard_put(&yard, "plugins/lights.so");
    yard_put(&yard, "plugins/journal.so");
    yard_put(&yard, "plugins/exec.so");
    yard_put(&yard, "tests/modules/checked.so");
    yard_put(&yard, "tests/modules/second_abi.so");
    folder_add(yard.folder, "books");
    folder_add(yard.folder, "lamp");
    char lamp[FOLDER_PATH_SIZE];
    folder_write(folder_path(lamp, yard.folder, "lamp"), "brightness", "7\n");
    msock_subscribe(yard.node, "#", on_any, NULL, NULL);
}

static void tear_down(void)
{
    yard_close(&yard);
}

TestSuite(check, .init = set_up, .fini = tear_down);

/* Writes a configuration whose first %s is the yard's folder. */
static const char *config_of(const char *format)
{
    static char config[CONFIG_SIZE];
    const char *hole = strstr(format, "%s");
    int before = hole != NULL ? (int)(hole - format) : (int)strlen(format);
    snprintf(config, sizeof config, "%.*s%s%s", before, format,
             hole != NULL ? yard.folder : "", hole != NULL ? hole + 2 : "");
    return config;
}

static void expect_detail(const char *part, const char *config)
{
    cr_expect(strstr(msock_error_detail(), part) != NULL, "%s: \"%s\"", config,
              msock_error_detail());
}

#define CAT "\"program\":\"/bin/cat\""

static const struct {
    const char *plugin;
    const char *config;
    const char *detail;
} wrong[] = {
    {"exec", "{\"commands\":[]}", "no command"},
    {"exec", "{\"commands\":[{\"filter\":\"a\",\"program\":\"ls\"}]}",
     "\"ls\" must be an absolute path"},
    {"exec", "{\"commands\":[{\"filter\":\"a\",\"program\":\"/bin/none\"}]}",
     "/bin/none: No such file"},
    {"exec", "{\"commands\":[{\"filter\":\"a\",\"reply\":\"a\"," CAT "}]}",
     "choose another topic"},
    {"exec", "{\"commands\":[{\"filter\":\"a/#/b\"," CAT "}]}", "a/#/b"},
    {"journal", "{\"directory\":\"/nowhere\"}", "/nowhere: No such file"},
    {"journal", "{\"directory\":\"%s/lamp/brightness\"}", "Not a directory"},
    {"journal", "{\"directory\":\"/proc/self\"}", "/proc/self: "},
    {"journal", "{\"directory\":\"%s/books\",\"name\":\"a/b\"}", "a/b"},
    {"journal", "{\"directory\":\"%s/books\",\"filters\":[\"#/a\"]}", "#/a"},
    {"lights", "{\"directory\":\"/nowhere\"}", "/nowhere: No such file"},
    {"lights", "{\"directory\":\"%s/books\"}", "no LED"},
    {"lights", "{\"directory\":\"%s\",\"leds\":[\"ACT\"]}", "ACT"},
    {"lights", "{\"directory\":\"%s\",\"query\":\"#/a\"}", "#/a"},
    {"lights", "{\"directory\":\"%s\",\"state\":\"a/+\"}", "a/+"},
};

Test(check, says_before_a_start_what_the_start_would_say)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *name = wrong[i].plugin;
        const char *config = config_of(wrong[i].config);

        cr_expect(
            eq(int, msock_host_check(yard.folder, name, config), MSOCK_EPLUGIN),
            "%s", config);
        expect_detail("would not start: ", config);
        expect_detail(wrong[i].detail, config);
        cr_expect(
            eq(int, msock_host_load(yard.host, name, config), MSOCK_EPLUGIN),
            "%s", config);
        expect_detail(wrong[i].detail, config);
    }
}

static const struct {
    const char *plugin;
    const char *config;
} right[] = {
    {"exec", "{\"commands\":[{\"filter\":\"a/+\",\"reply\":\"b\"," CAT "}]}"},
    {"journal", "{\"directory\":\"%s/books\",\"filters\":[\"+/a\",\"#\"]}"},
    {"lights", "{\"directory\":\"%s\",\"leds\":[\"lamp\"]}"},
};

Test(check, finds_nothing_where_a_start_finds_nothing)
{
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        const char *config = config_of(right[i].config);

        cr_expect(
            eq(int, msock_host_check(yard.folder, right[i].plugin, config), 0));
        cr_expect(
            eq(int, msock_host_load(yard.host, right[i].plugin, config), 0));
        /* nor is one that runs disturbed, or in the way */
        cr_expect(
            eq(int, msock_host_check(yard.folder, right[i].plugin, config), 0));
    }
}

Test(check, changes_nothing)
{
    char names[BOOKS_MAX][BOOKS_NAME_SIZE];
    char path[FOLDER_PATH_SIZE];

    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        msock_host_check(yard.folder, right[i].plugin,
                         config_of(right[i].config));
    }
    msock_sim_run(yard.sim, 100);

    cr_expect(eq(ulong, heard, 0));
    cr_expect(
        eq(sz, books_names(folder_path(path, yard.folder, "books"), names), 0));
}

Test(check, has_services_that_judge_and_do_nothing)
{
    static const struct {
        const char *with;
        const char *text;
        const char *detail; /* NULL: nothing is wrong */
    } cases[] = {
        {"subscribe", "a/+/#", NULL},
        {"subscribe", "", "not a valid topic filter"},
        {"subscribe", "a+", "not a valid topic filter"},
        {"publish", "a/b", NULL},
        {"publish", "a/+", "not a valid topic"},
        {"json", "[1]", NULL},
        {"json", "[1", "not valid JSON"},
        {"keep", "{}", NULL},
        {"keep", "{", "not valid JSON"},
        {"all the others", "", "would not start: node"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char config[CONFIG_SIZE];
        snprintf(config, sizeof config, "{\"with\":\"%s\",\"try\":\"%s\"}",
                 cases[i].with, cases[i].text);

        int result = msock_host_check(yard.folder, "checked", config);

        cr_expect(eq(int, result, cases[i].detail != NULL ? MSOCK_EPLUGIN : 0),
                  "%s", config);
        expect_detail(cases[i].detail != NULL ? cases[i].detail : "", config);
    }
}

Test(check, a_filter_of_any_length_is_judged)
{
    char config[CONFIG_SIZE];
    char filter[MSOCK_TOPIC_MAX + 2];
    memset(filter, 'f', sizeof filter - 1);
    filter[sizeof filter - 1] = '\0';

    snprintf(config, sizeof config, "{\"with\":\"subscribe\",\"try\":\"%s\"}",
             filter);
    cr_expect(eq(int, msock_host_check(yard.folder, "checked", config),
                 MSOCK_EPLUGIN));
    snprintf(config, sizeof config, "{\"with\":\"subscribe\",\"try\":\"%s\"}",
             filter + 1);
    cr_expect(eq(int, msock_host_check(yard.folder, "checked", config), 0));
}

Test(check, is_not_asked_of_a_plugin_that_is_older)
{
    cr_expect(eq(int, msock_host_check(yard.folder, "second_abi", NULL), 0));
    cr_expect(eq(int, msock_host_check(yard.folder, "second_abi", "{\"a\":1}"),
                 MSOCK_EOPTION));
}
