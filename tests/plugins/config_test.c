/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration against the keys that a plugin declares. */
#include "plugins/config.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/text.h>
#include <stdio.h>
#include <string.h>

enum { KEYS_TOO_MANY = MSOCK__CONFIG_KEYS_MAX + 1 };

static const msock_config_key inner[] = {
    {.name = "filter", .types = MSOCK_CONFIG_TEXT, .required = true},
    {.name = "times", .types = MSOCK_CONFIG_WHOLE},
    {.name = NULL}};

static const msock_config_key keys[] = {
    {.name = "name",
     .types = MSOCK_CONFIG_TEXT,
     .required = true,
     .help = "who it is"},
    {.name = "leds", .types = MSOCK_CONFIG_TEXT | MSOCK_CONFIG_LIST},
    {.name = "size", .types = MSOCK_CONFIG_WHOLE, .least = 10, .most = 20},
    {.name = "count", .types = MSOCK_CONFIG_WHOLE},
    {.name = "gain", .types = MSOCK_CONFIG_NUMBER},
    {.name = "on", .types = MSOCK_CONFIG_SWITCH},
    {.name = "more", .types = MSOCK_CONFIG_OBJECT, .members = inner},
    {.name = "any", .types = MSOCK_CONFIG_OBJECT},
    {.name = "commands", .types = MSOCK_CONFIG_LIST, .members = inner},
    {.name = NULL}};

static int check(const char *config)
{
    return msock__config_check("probe", keys, config);
}

Test(config, takes_what_is_declared)
{
    static const char *const configs[] = {
        "{\"name\":\"a\"}",
        " { \"name\" : \"a\" , \"leds\" : [ 1 , true ] } ",
        "{\"name\":\"\",\"leds\":\"*\"}",
        "{\"n\\u0061me\":\"a\"}",
        "{\"name\":\"a\",\"size\":10,\"count\":0}",
        "{\"name\":\"a\",\"size\":20,\"count\":9007199254740991}",
        "{\"name\":\"a\",\"gain\":-1.5e3}",
        "{\"name\":\"a\",\"gain\":7}",
        "{\"name\":\"a\",\"on\":true}",
        "{\"name\":\"a\",\"on\":false}",
        "{\"name\":\"a\",\"any\":{\"what\":[{}]}}",
        "{\"name\":\"a\",\"more\":{\"filter\":\"#\",\"times\":3}}",
        "{\"name\":\"a\",\"commands\":[]}",
        "{\"name\":\"a\",\"commands\":[{\"filter\":\"#\"},{\"filter\":\"\"}]}",
    };

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        cr_expect(eq(int, check(configs[i]), 0), "%s: %s", configs[i],
                  msock_error_detail());
    }
}

static const struct {
    const char *config;
    const char *detail;
} wrong[] = {
    {"{}", "\"name\" is missing: who it is"},
    {"{\"nam\":\"a\"}", "unknown key \"nam\"; did you mean \"name\"?"},
    {"{\"name\":\"a\",\"Leds\":[]}", "did you mean \"leds\"?"},
    {"{\"name\":\"a\",\"\":1}", "unknown key \"\""},
    {"{\"name\":\"a\",\"name\":\"b\"}", "\"name\" comes twice"},
    {"{\"name\":\"a\",\"n\\u0061me\":\"b\"}", "\"name\" comes twice"},
    {"{\"name\":1}", "\"name\" must be a string"},
    {"{\"name\":null}", "\"name\" must be a string"},
    {"{\"name\":\"a\",\"leds\":{}}", "\"leds\" must be a string or a list"},
    {"{\"name\":\"a\",\"size\":9}", "\"size\" must be 10 to 20"},
    {"{\"name\":\"a\",\"size\":21}", "\"size\" must be 10 to 20"},
    {"{\"name\":\"a\",\"size\":1e1}", "\"size\" must be a whole number"},
    {"{\"name\":\"a\",\"count\":-1}", "\"count\" must be a whole number"},
    {"{\"name\":\"a\",\"count\":1.0}", "\"count\" must be a whole number"},
    {"{\"name\":\"a\",\"count\":9007199254740992}",
     "\"count\" must be a whole number"},
    {"{\"name\":\"a\",\"count\":99999999999999999999}",
     "\"count\" must be a whole number"},
    {"{\"name\":\"a\",\"gain\":\"1\"}", "\"gain\" must be a number"},
    {"{\"name\":\"a\",\"on\":1}", "\"on\" must be true or false"},
    {"{\"name\":\"a\",\"more\":{}}", "\"more.filter\" is missing"},
    {"{\"name\":\"a\",\"more\":{\"filter\":\"#\",\"time\":3}}",
     "unknown key \"more.time\"; did you mean \"times\"?"},
    {"{\"name\":\"a\",\"commands\":[1]}", "\"commands[0]\" must be an object"},
    {"{\"name\":\"a\",\"commands\":[{\"filter\":\"#\"},{\"filter\":7}]}",
     "\"commands[1].filter\" must be a string"},
};

Test(config, names_what_is_wrong_and_what_was_meant)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_expect(eq(int, check(wrong[i].config), MSOCK_EOPTION), "%s",
                  wrong[i].config);
        cr_expect(strstr(msock_error_detail(), "plugin probe") != NULL);
        cr_expect(strstr(msock_error_detail(), wrong[i].detail) != NULL,
                  "%s: %s", wrong[i].config, msock_error_detail());
    }
}

Test(config, cuts_a_key_that_is_longer_than_any)
{
    char config[512] = "{\"";
    memset(config + 2, 'k', 300);
    strcpy(config + 302, "\":1}");

    cr_expect(eq(int, check(config), MSOCK_EOPTION));
    cr_expect(lt(sz, strlen(msock_error_detail()), 250));
}

Test(config, an_empty_table_takes_no_key)
{
    static const msock_config_key none[] = {{.name = NULL}};

    cr_expect(eq(int, msock__config_check("probe", none, "{}"), 0));
    cr_expect(eq(int, msock__config_check("probe", none, "{\"a\":1}"),
                 MSOCK_EOPTION));
    cr_expect(strstr(msock_error_detail(), "none here") != NULL);
}

Test(config, refuses_a_table_without_an_end)
{
    static msock_config_key many[KEYS_TOO_MANY + 1];
    for (int i = 0; i < KEYS_TOO_MANY; i++) {
        many[i].name = "x";
    }

    cr_expect(eq(int, msock__config_check("probe", many, "{}"), MSOCK_EPLUGIN));
}

/* Every truncation is no JSON, every flip is judged without harm. */
Test(config, survives_every_truncation_and_flip)
{
    static const char whole[] =
        "{\"name\":\"a\",\"leds\":[1],\"size\":12,\"commands\":"
        "[{\"filter\":\"#\",\"times\":2}]}";
    char text[sizeof whole];

    for (size_t size = 0; size < sizeof whole - 1; size++) {
        memcpy(text, whole, size);
        text[size] = '\0';
        cr_expect(eq(int, msock__config_object("probe", text), MSOCK_EJSON));
    }
    for (size_t bit = 0; bit < 8 * (sizeof whole - 1); bit++) {
        memcpy(text, whole, sizeof whole);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        int object = msock__config_object("probe", text);
        int result = object == 0 ? check(text) : 0;
        cr_expect(result == 0 || result == MSOCK_EOPTION, "%s", text);
    }
}
