/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin `lights`, as it is shipped, on LEDs made of files. */
#include "tests/plugins/home.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_SIZE = 2048, VALUE_SIZE = 64 };

static struct home home;

static void add_led(const char *name, const char *max)
{
    char path[FOLDER_PATH_SIZE];
    folder_add(home.folder, name);
    folder_path(path, home.folder, name);
    folder_write(path, "brightness", "7\n");
    folder_write(path, "max_brightness", max);
}

static void set_up(void)
{
    home_open(&home, "plugins/lights.so");
    add_led("ACT", "255\n");
    add_led("PWR", "100\n");
}

static void tear_down(void)
{
    home_close(&home);
}

TestSuite(lights, .init = set_up, .fini = tear_down);

/* Loads the plugin on the home's folder, with further configuration: "" or
 * members, each behind a comma. Two LEDs are there, and no further ones. */
static int load(const char *more)
{
    char config[CONFIG_SIZE];
    snprintf(config, sizeof config, "{\"directory\":\"%s\"%s}", home.folder,
             more);
    home.heard[0] = '\0';
    int result = msock_host_load(home.host, "lights", config);
    msock_sim_run(home.sim, 100);
    return result;
}

static char *led(const char *name)
{
    static char value[VALUE_SIZE];
    char path[FOLDER_PATH_SIZE];
    return folder_read(folder_path(path, home.folder, name), "brightness",
                       value, sizeof value);
}

static uint64_t refused(void)
{
    return msock_counter_get(home.node, MSOCK_REFUSED);
}

Test(lights, reports_at_the_start_and_leaves_the_leds_alone)
{
    cr_assert(eq(int, load(""), 0));

    cr_expect(eq(str, home.heard,
                 "kitchen/lights/state {\"on\":true,\"brightness\":7}\n"));
    cr_expect(eq(str, led("ACT"), "7\n"));
}

Test(lights, its_report_is_a_state_that_the_newest_report_replaces)
{
    cr_assert(eq(int, load(""), 0));

    home_say(&home, "lights", "true");
    home_say(&home, "lights", "false");

    cr_expect(eq(int,
                 msock_state_each(home.hub, "kitchen/lights/state", NULL, NULL),
                 1));
}

Test(lights, reports_where_there_are_no_states)
{
    msock_host *raw_host;
    msock_channel *raw;
    const msock_options raw_options = {.name = "kitchen", .codec = "raw"};
    const msock_host_options host_options = {.directory = home.folder};
    char config[CONFIG_SIZE];
    snprintf(config, sizeof config, "{\"directory\":\"%s\"}", home.folder);
    cr_assert(eq(int, msock_open(&raw, "sim://home", &raw_options), 0));
    cr_assert(eq(int, msock_host_open(&raw_host, raw, &host_options), 0));

    cr_expect(eq(int, msock_host_load(raw_host, "lights", config), 0));

    msock_host_close(raw_host);
    msock_close(raw, NULL, NULL);
}

static const struct {
    const char *topic;
    const char *json;
    const char *act;
    const char *pwr;
    const char *heard;
} orders[] = {
    {"lights", "{\"on\":true}", "255\n", "100\n", "true,\"brightness\":255"},
    {"lights", "{\"on\":false}", "0\n", "0\n", "false,\"brightness\":0"},
    {"kitchen/lights", "true", "255\n", "100\n", "true,\"brightness\":255"},
    {"kitchen/lights", "false", "0\n", "0\n", "false,\"brightness\":0"},
    {"lights", "\"on\"", "255\n", "100\n", "true,\"brightness\":255"},
    {"lights", "\"off\"", "0\n", "0\n", "false,\"brightness\":0"},
    {"lights", "{\"brightness\":40}", "40\n", "40\n", "true,\"brightness\":40"},
    {"lights", "{\"brightness\":0}", "0\n", "0\n", "false,\"brightness\":0"},
    {"lights", "{\"brightness\":100,\"on\":true}", "100\n", "100\n",
     "true,\"brightness\":100"},
    {"lights", "{\"on\":false,\"brightness\":9}", "0\n", "0\n",
     "false,\"brightness\":0"},
    {"lights", "{\"on\":\"on\",\"scene\":[1]}", "255\n", "100\n",
     "true,\"brightness\":255"},
};

Test(lights, obeys_every_form_of_order_and_reports)
{
    cr_assert(eq(int, load(""), 0));

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        char heard[HOME_TEXT_SIZE];
        snprintf(heard, sizeof heard, "kitchen/lights/state {\"on\":%s}\n",
                 orders[i].heard);
        home_say(&home, orders[i].topic, orders[i].json);
        cr_expect(eq(str, led("ACT"), (char *)orders[i].act), "%s",
                  orders[i].json);
        cr_expect(eq(str, led("PWR"), (char *)orders[i].pwr), "%s",
                  orders[i].json);
        cr_expect(eq(str, home.heard, heard), "%s", orders[i].json);
    }
    cr_expect(eq(u64, refused(), 0));
}

Test(lights, refuses_what_it_does_not_understand)
{
    static const char *const texts[] = {"1",
                                        "null",
                                        "[]",
                                        "{}",
                                        "\"ON\"",
                                        "\"\"",
                                        "[true]",
                                        "{\"on\":1}",
                                        "{\"on\":null}",
                                        "{\"brightness\":101}",
                                        "{\"brightness\":-1}",
                                        "{\"brightness\":1.5}",
                                        "{\"brightness\":\"5\"}",
                                        "{\"brightness\":99999999999}",
                                        "{\"brightness\":1e2}",
                                        "{\"on\":true,\"brightness\":true}",
                                        "{\"On\":true}"};
    size_t count = sizeof texts / sizeof texts[0];
    cr_assert(eq(int, load(""), 0));

    for (size_t i = 0; i < count; i++) {
        home_say(&home, "lights", texts[i]);
        cr_expect(eq(str, led("ACT"), "7\n"), "%s", texts[i]);
        cr_expect(eq(str, home.heard, ""), "%s", texts[i]);
    }
    cr_expect(eq(u64, refused(), count));
}

Test(lights, refuses_raw_payloads)
{
    cr_assert(eq(int, load(""), 0));

    msock_publish(home.hub, "lights", NULL,
                  &(msock_publish_options){.raw = "true", .raw_size = 4});
    msock_sim_run(home.sim, 100);

    cr_expect(eq(u64, refused(), 1));
    cr_expect(eq(str, led("ACT"), "7\n"));
}

Test(lights, does_not_obey_for_others)
{
    cr_assert(eq(int, load(""), 0));

    home_say(&home, "porch/lights", "true");

    cr_expect(eq(str, led("ACT"), "7\n"));
    cr_expect(eq(str, home.heard, ""));
}

Test(lights, answers_a_query)
{
    cr_assert(eq(int, load(""), 0));

    home_say(&home, "lights/query", NULL);

    cr_expect(eq(str, home.heard,
                 "kitchen/lights/state {\"on\":true,\"brightness\":7}\n"));
}

Test(lights, takes_no_report_for_an_order)
{
    cr_assert(
        eq(int, load(",\"filters\":[\"#\"],\"state\":\"kitchen/lamp\""), 0));

    home_say(&home, "porch/lights/state", "{\"on\":false}");
    home_say(&home, "kitchen/lamp", "{\"on\":false}");

    cr_expect(eq(str, led("ACT"), "7\n"));
    cr_expect(eq(u64, refused(), 0));
}

Test(lights, takes_no_clearing_for_an_order)
{
    const msock_publish_options state = {.state = true};
    cr_assert(eq(int, load(""), 0));

    cr_assert(zero(int, msock_publish(home.hub, "lights", NULL, &state)));
    cr_assert(zero(int, msock_sim_run(home.sim, 100)));

    cr_expect(eq(str, led("ACT"), "7\n"));
    cr_expect(eq(u64, refused(), 0));
}

Test(lights, takes_topics_and_leds_from_its_configuration)
{
    cr_assert(eq(int,
                 load(",\"leds\":[\"PWR\"],\"filters\":[\"a/+\",\"b\"],"
                      "\"query\":\"c\",\"state\":\"den/lights/state\""),
                 0));

    home_say(&home, "lights", "false");
    cr_expect(eq(str, led("PWR"), "7\n"));
    home_say(&home, "a/x", "false");
    cr_expect(eq(str, led("PWR"), "0\n"));
    home_say(&home, "b", "true");
    cr_expect(eq(str, led("PWR"), "100\n"));
    cr_expect(eq(str, led("ACT"), "7\n"));
    home_say(&home, "c", "1");
    cr_expect(eq(str, home.heard,
                 "den/lights/state {\"on\":true,\"brightness\":100}\n"));
}

Test(lights, takes_an_led_from_its_trigger)
{
    char path[FOLDER_PATH_SIZE];
    char trigger[VALUE_SIZE];
    folder_path(path, home.folder, "ACT");
    folder_write(path, "trigger", "mmc0\n");
    cr_assert(eq(int, load(""), 0));
    cr_assert(eq(str, folder_read(path, "trigger", trigger, sizeof trigger),
                 "mmc0\n"));

    home_say(&home, "lights", "true");

    cr_expect(eq(str, folder_read(path, "trigger", trigger, sizeof trigger),
                 "none\n"));
    cr_expect(eq(str, led("ACT"), "255\n"));
}

Test(lights, without_a_maximum_takes_255)
{
    char path[FOLDER_PATH_SIZE];
    unlink(folder_path(path, home.folder, "ACT/max_brightness"));
    cr_assert(eq(int, load(""), 0));

    home_say(&home, "lights", "true");

    cr_expect(eq(str, led("ACT"), "255\n"));
}

Test(lights, an_led_that_went_away_is_refused_and_the_others_obey)
{
    char path[FOLDER_PATH_SIZE];
    cr_assert(eq(int, load(""), 0));
    folder_remove(folder_path(path, home.folder, "ACT"));

    home_say(&home, "lights", "false");

    cr_expect(eq(u64, refused(), 1));
    cr_expect(eq(str, led("PWR"), "0\n"));
    cr_expect(eq(str, home.heard, "kitchen/lights/state {\"on\":null}\n"));
}

Test(lights, a_pipe_for_an_led_does_not_hold_the_loop_up)
{
    char path[FOLDER_PATH_SIZE];
    char pipe[FOLDER_PATH_SIZE + 16];
    cr_assert(eq(int, load(""), 0));
    snprintf(pipe, sizeof pipe, "%s/brightness",
             folder_path(path, home.folder, "ACT"));
    cr_assert(eq(int, unlink(pipe), 0));
    cr_assert(eq(int, mkfifo(pipe, 0600), 0));

    home_say(&home, "lights", "true");

    cr_expect(eq(u64, refused(), 1));
    cr_expect(eq(str, led("PWR"), "100\n"));
}

Test(lights, refuses_configurations_it_cannot_honour)
{
    static const struct {
        const char *more;
        const char *detail;
    } configs[] = {
        {",\"leds\":[]", "\"leds\""},
        {",\"leds\":[1]", "\"leds\""},
        {",\"leds\":\"ACT\"", "\"leds\""},
        {",\"leds\":[\"../ACT\"]", "../ACT"},
        {",\"leds\":[\"ACT/x\"]", "ACT/x"},
        {",\"leds\":[\".\"]", "\".\""},
        {",\"leds\":[\"absent\"]", "absent"},
        {",\"filters\":[]", "\"filters\""},
        {",\"filters\":[\"#/a\"]", "#/a"},
        {",\"filters\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]",
         "1 to 8"},
        {",\"query\":\"#/a\"", "#/a"},
        {",\"state\":\"a/+\"", "a/+"},
    };

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        cr_expect(eq(int, load(configs[i].more), MSOCK_EPLUGIN), "%s",
                  configs[i].more);
        cr_expect(strstr(msock_error_detail(), configs[i].detail) != NULL,
                  "%s: \"%s\"", configs[i].more, msock_error_detail());
    }
    cr_expect(eq(int, load(""), 0));
}

Test(lights, is_not_started_with_keys_it_does_not_know)
{
    static const struct {
        const char *more;
        const char *detail;
    } configs[] = {
        {",\"filters\":\"lights\"", "\"filters\" must be a list"},
        {",\"query\":7", "\"query\" must be a string"},
        {",\"state\":[]", "\"state\" must be a string"},
        {",\"leds\":true", "\"leds\" must be a string or a list"},
        {",\"filter\":[]", "did you mean \"filters\"?"},
        {",\"Led\":[]", "did you mean \"leds\"?"},
    };

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        cr_expect(eq(int, load(configs[i].more), MSOCK_EOPTION), "%s",
                  configs[i].more);
        cr_expect(strstr(msock_error_detail(), configs[i].detail) != NULL,
                  "%s: \"%s\"", configs[i].more, msock_error_detail());
    }
    cr_expect(eq(int, load(""), 0));
}

Test(lights, wants_a_directory_with_an_led_in_it)
{
    cr_expect(
        eq(int,
           msock_host_load(home.host, "lights", "{\"directory\":\"/nowhere\"}"),
           MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "/nowhere") != NULL);
    cr_expect(eq(int,
                 msock_host_load(home.host, "lights",
                                 "{\"directory\":\"/proc/self/fd\"}"),
                 MSOCK_EPLUGIN));
    cr_expect(strstr(msock_error_detail(), "no LED") != NULL);
}

Test(lights, is_silent_once_it_is_unloaded)
{
    cr_assert(eq(int, load(""), 0));

    cr_expect(eq(int, msock_host_unload(home.host, "lights"), 0));
    home_say(&home, "lights", "false");

    cr_expect(eq(str, led("ACT"), "7\n"));
    cr_expect(eq(str, home.heard, ""));
}
