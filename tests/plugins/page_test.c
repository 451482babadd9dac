/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin of docs/plugins.md, cut from the page, does what the page says. */
#include "tests/plugins/home.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct home home;

static void set_up(void)
{
    home_open(&home, "tests/modules/doorbell.so");
}

static void tear_down(void)
{
    home_close(&home);
}

TestSuite(page, .init = set_up, .fini = tear_down);

static int load(const char *config)
{
    return msock_host_load(home.host, "doorbell", config);
}

Test(page, a_ring_lights_the_lamp_for_some_seconds)
{
    cr_assert(eq(int, load("{\"light\":\"porch/lights\",\"seconds\":2}"), 0));

    home_say(&home, "doorbell", NULL);
    cr_expect(eq(str, home.heard, "porch/lights {\"on\":true}\n"));
    msock_sim_run(home.sim, 1800);
    cr_expect(eq(str, home.heard, "porch/lights {\"on\":true}\n"));
    msock_sim_run(home.sim, 300);
    cr_expect(eq(str, home.heard,
                 "porch/lights {\"on\":true}\nporch/lights {\"on\":false}\n"));
}

Test(page, another_ring_starts_the_time_again)
{
    cr_assert(eq(int, load("{\"light\":\"porch/lights\",\"seconds\":2}"), 0));

    home_say(&home, "doorbell", NULL);
    msock_sim_run(home.sim, 1500);
    home_say(&home, "doorbell", NULL);
    msock_sim_run(home.sim, 1500);

    cr_expect(eq(str, home.heard, "porch/lights {\"on\":true}\n"));
}

Test(page, a_bad_configuration_is_told)
{
    static const char *const configs[] = {"{\"light\":1}", "{\"seconds\":0}",
                                          "{\"seconds\":\"3\"}",
                                          "{\"seconds\":3601}"};

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        cr_expect(eq(int, load(configs[i]), MSOCK_EOPTION), "%s", configs[i]);
    }
    cr_expect(eq(int, load(NULL), 0));
}

Test(page, a_light_that_is_no_topic_is_told)
{
    static const char *const lights[] = {"", "a/#", "+", "a\\u0001"};

    for (size_t i = 0; i < sizeof lights / sizeof lights[0]; i++) {
        char config[64];
        snprintf(config, sizeof config, "{\"light\":\"%s\"}", lights[i]);
        cr_expect(eq(int, load(config), MSOCK_EPLUGIN), "%s", config);
        cr_expect(strstr(msock_error_detail(), "must be a topic") != NULL);
    }
}
