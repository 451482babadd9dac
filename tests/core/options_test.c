/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the options: keys, ranges, defaults, and the fields of
 * msock_options. */
#include "core/options.h"

#include "core/options_table.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UDP "udp://239.1.2.3:7783"

static struct msock__config config;

static int read_url(const char *url)
{
    return msock__options_read(&config, url, NULL);
}

static int read_options(const msock_options *options)
{
    return msock__options_read(&config, NULL, options);
}

/* -- Keys -- */

Test(options, defaults_are_those_of_the_documentation)
{
    cr_assert(eq(int, read_url(UDP), 0));

    cr_expect(eq(str, config.name, (char *)""));
    cr_expect(eq(str, config.key_file, (char *)""));
    cr_expect(eq(str, config.iface, (char *)"auto"));
    cr_expect(eq(str, config.topic, (char *)"raw"));
    cr_expect(eq(int, config.raw, false));
    cr_expect(eq(u64, config.ttl, 1));
    cr_expect(eq(u64, config.mtu, 0));
    cr_expect(eq(u64, config.dscp, 0));
    cr_expect(eq(u64, config.rcvbuf, 4 << 20));
    cr_expect(eq(u64, config.message_max, 8 << 20));
    cr_expect(eq(u64, config.head_max, 2048));
    cr_expect(eq(u64, config.assemblies_max, 4));
    cr_expect(eq(u64, config.reassembly_max, 32 << 20));
    cr_expect(eq(u64, config.sessions_max, 1024));
    cr_expect(eq(u64, config.queue_max, 16 << 20));
    cr_expect(eq(u64, config.post_max, 4 << 20));
    cr_expect(eq(u64, config.pace, 0));
    cr_expect(eq(u64, config.history_max, 16 << 20));
    cr_expect(eq(u64, config.history_ms, 10000));
    cr_expect(eq(u64, config.reorder_max, 4 << 20));
    cr_expect(eq(u64, config.reorder_all_max, 16 << 20));
    cr_expect(eq(u64, config.pending_max, 256));
    cr_expect(eq(u64, config.held_max, 2 << 20));
    cr_expect(eq(u64, config.held_all_max, 16 << 20));
    cr_expect(eq(u64, config.scheduled_max, 1 << 20));
    cr_expect(eq(u64, config.late_ms, 3000));
    cr_expect(eq(u64, config.copies_ms, 20));
    cr_expect(eq(u64, config.sim.delay_us, 0));
}

Test(options, url_sets_every_key)
{
    cr_assert(eq(int,
                 read_url(UDP "?name=kitchen&key_file=%2Fetc/home.key"
                              "&iface=eth0,10.0.0.0%2f8&codec=json&ttl=255"
                              "&mtu=576&dscp=63&rcvbuf=4K&message_max=1G"
                              "&head_max=64K&assemblies_max=1024"
                              "&reassembly_max=65536&sessions_max=1"
                              "&queue_max=1M&post_max=2M&pace=10G"),
                 0));

    cr_expect(eq(str, config.name, (char *)"kitchen"));
    cr_expect(eq(str, config.key_file, (char *)"/etc/home.key"));
    cr_expect(eq(str, config.iface, (char *)"eth0,10.0.0.0/8"));
    cr_expect(eq(u64, config.ttl, 255));
    cr_expect(eq(u64, config.mtu, 576));
    cr_expect(eq(u64, config.dscp, 63));
    cr_expect(eq(u64, config.rcvbuf, 4096));
    cr_expect(eq(u64, config.message_max, 1 << 30));
    cr_expect(eq(u64, config.head_max, 65536));
    cr_expect(eq(u64, config.assemblies_max, 1024));
    cr_expect(eq(u64, config.reassembly_max, 65536));
    cr_expect(eq(u64, config.sessions_max, 1));
    cr_expect(eq(u64, config.queue_max, 1 << 20));
    cr_expect(eq(u64, config.post_max, 2 << 20));
    cr_expect(eq(u64, config.pace, UINT64_C(10) << 30));
}

Test(options, raw_codec_takes_a_topic)
{
    cr_assert(eq(int, read_url(UDP "?codec=raw&topic=a/%62%20%C3%BC"), 0));

    cr_expect(eq(int, config.raw, true));
    cr_expect(eq(str, config.topic, (char *)"a/b \xc3\xbc"));
}

Test(options, sim_takes_its_faults)
{
    cr_assert(eq(int,
                 read_url("sim://n?loss=5&dup=0.25%25&reorder=100%25"
                          "&delay=20ms&jitter=60s&seed=18446744073709551615"
                          "&mtu=900"),
                 0));

    cr_expect(eq(dbl, config.sim.loss, 5));
    cr_expect(eq(dbl, config.sim.dup, 0.25));
    cr_expect(eq(dbl, config.sim.reorder, 100));
    cr_expect(eq(u64, config.sim.delay_us, 20000));
    cr_expect(eq(u64, config.sim.jitter_us, 60000000));
    cr_expect(eq(u64, config.sim.seed, UINT64_MAX));
    cr_expect(eq(u64, config.mtu, 900));
}

Test(options, ranges_are_exact)
{
    for (size_t i = 0; i < msock__options_count; i++) {
        const struct msock__option *option = &msock__options[i];
        bool counts = option->kind == MSOCK__OPTION_COUNT ||
                      option->kind == MSOCK__OPTION_SIZE;
        const char *base = (option->schemes & 1) != 0 ? UDP : "sim://n";
        char url[128];
        const uint64_t values[] = {option->min, option->max, option->min - 1,
                                   option->max + 1};
        for (size_t j = 0; counts && j < COUNT(values); j++) {
            bool inside = values[j] >= option->min && values[j] <= option->max;
            snprintf(url, sizeof(url), "%s?%s=%llu", base, option->key,
                     (unsigned long long)values[j]);
            cr_expect(eq(int, read_url(url), inside ? 0 : MSOCK_EOPTION), "%s",
                      url);
        }
    }
}

Test(options, longest_values_fit)
{
    char value[MSOCK__PATH_MAX + 2];
    char url[MSOCK__PATH_MAX + 100];
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';

    snprintf(url, sizeof(url), UDP "?key_file=%s", value);
    cr_expect(eq(int, read_url(url), MSOCK_EOPTION));
    snprintf(url, sizeof(url), UDP "?key_file=%s", value + 1);
    cr_expect(eq(int, read_url(url), 0));
    cr_expect(eq(str, config.key_file, value + 1));

    value[MSOCK__IFACE_MAX + 1] = '\0';
    snprintf(url, sizeof(url), UDP "?iface=%s", value);
    cr_expect(eq(int, read_url(url), MSOCK_EOPTION));
    snprintf(url, sizeof(url), UDP "?iface=%s", value + 1);
    cr_expect(eq(int, read_url(url), 0));
    cr_expect(eq(str, config.iface, value + 1));

    value[MSOCK_NAME_MAX + 1] = '\0';
    snprintf(url, sizeof(url), UDP "?name=%s", value);
    cr_expect(eq(int, read_url(url), MSOCK_ENAME));
    snprintf(url, sizeof(url), UDP "?name=%s", value + 1);
    cr_expect(eq(int, read_url(url), 0));
}

Test(options, very_long_keys_are_unknown)
{
    char url[1024];
    strcpy(url, UDP "?");
    memset(url + strlen(url), 'q', 900);
    strcpy(url + 900, "=1");

    cr_expect(eq(int, read_url(url), MSOCK_EOPTION));
    cr_expect(lt(sz, strlen(msock_error_detail()), 200));
}

/* -- msock_options -- */

Test(options, struct_sets_every_field)
{
    const msock_options options = {.struct_size = sizeof(options),
                                   .name = "hub",
                                   .key_file = "home.key",
                                   .group = "239.9.9.9",
                                   .port = 99,
                                   .iface = "lo",
                                   .codec = "json",
                                   .ttl = 2,
                                   .mtu = 1000,
                                   .dscp = 3,
                                   .rcvbuf = 5000,
                                   .message_max = 6000,
                                   .head_max = 700,
                                   .assemblies_max = 8,
                                   .reassembly_max = 90000,
                                   .sessions_max = 10,
                                   .queue_max = 110000,
                                   .post_max = 115000,
                                   .pace = 120000};

    cr_assert(eq(int, read_options(&options), 0));

    cr_expect(eq(int, config.scheme, MSOCK__UDP));
    cr_expect(eq(str, config.host, (char *)"239.9.9.9"));
    cr_expect(eq(int, config.port, 99));
    cr_expect(eq(str, config.name, (char *)"hub"));
    cr_expect(eq(str, config.key_file, (char *)"home.key"));
    cr_expect(eq(str, config.iface, (char *)"lo"));
    cr_expect(eq(u64, config.ttl, 2));
    cr_expect(eq(u64, config.mtu, 1000));
    cr_expect(eq(u64, config.dscp, 3));
    cr_expect(eq(u64, config.rcvbuf, 5000));
    cr_expect(eq(u64, config.message_max, 6000));
    cr_expect(eq(u64, config.head_max, 700));
    cr_expect(eq(u64, config.assemblies_max, 8));
    cr_expect(eq(u64, config.reassembly_max, 90000));
    cr_expect(eq(u64, config.sessions_max, 10));
    cr_expect(eq(u64, config.queue_max, 110000));
    cr_expect(eq(u64, config.post_max, 115000));
    cr_expect(eq(u64, config.pace, 120000));
}

Test(options, url_wins_over_the_struct)
{
    const msock_options options = {
        .group = "239.9.9.9", .port = 99, .ttl = 2, .name = "a", .dscp = 5};

    cr_assert(eq(
        int, msock__options_read(&config, UDP "?ttl=7&name=b", &options), 0));

    cr_expect(eq(str, config.host, (char *)"239.1.2.3"));
    cr_expect(eq(int, config.port, 7783));
    cr_expect(eq(u64, config.ttl, 7));
    cr_expect(eq(str, config.name, (char *)"b"));
    cr_expect(eq(u64, config.dscp, 5));
}

Test(options, struct_for_udp_serves_sim_too)
{
    const msock_options options = {.ttl = 2, .iface = "lo", .name = "a"};

    cr_expect(eq(int, msock__options_read(&config, "sim://n", &options), 0));
    cr_expect(eq(str, config.name, (char *)"a"));
}

Test(options, group_of_the_struct_may_be_ipv6)
{
    cr_assert(eq(
        int, read_options(&(msock_options){.group = "ff15::1", .port = 5}), 0));
    cr_expect(eq(str, config.host, (char *)"ff15::1"));

    cr_assert(
        eq(int, read_options(&(msock_options){.group = "[ff15::1]", .port = 5}),
           0));
    cr_expect(eq(str, config.host, (char *)"ff15::1"));
}

static const struct {
    msock_options options;
    int code;
    const char *says;
} field_mistakes[] = {
    {{.group = "239.1.1.1"}, MSOCK_EURL, ".port is missing"},
    {{.port = 5}, MSOCK_EURL, ".group is missing"},
    {{.group = "", .port = 5}, MSOCK_EURL, "empty"},
    {{.group = "[", .port = 5}, MSOCK_EURL, "is not an IPv4 or IPv6"},
    {{.group = "239.1.1.1 ", .port = 5}, MSOCK_EURL, "is not an IPv4"},
    {{.ttl = 256}, MSOCK_EOPTION, "ttl=256: must be 1..255"},
    {{.mtu = 575}, MSOCK_EOPTION, "mtu=575: must be 576..65535"},
    {{.sessions_max = 65537}, MSOCK_EOPTION, "must be 1..65536"},
    {{.name = ""}, MSOCK_ENAME, "1..63 bytes"},
    {{.name = "a\tb"}, MSOCK_ENAME, "control"},
    {{.iface = ""}, MSOCK_EOPTION, "iface=: must be"},
    {{.key_file = ""}, MSOCK_EOPTION, "key_file=: must be"},
    {{.codec = "cbor"}, MSOCK_EOPTION, "must be json or raw"},
    {{.codec = "raw", .key_file = "k"}, MSOCK_ENOTSUP, "codec=raw"},
    {{.topic = "a"}, MSOCK_EOPTION, "is for codec=raw"},
    {{.will = "1"}, MSOCK_EOPTION, "needs will_topic"},
    {{.will_topic = "a/#"}, MSOCK_EOPTION, "will_topic=a/#: must be a topic"},
    {{.will_topic = "a", .will = "{"}, MSOCK_EJSON, "at byte 1"},
    {{.will_topic = "a", .codec = "raw"}, MSOCK_ENOTSUP, "last will"},
    {{.struct_size = 8}, MSOCK_EINVAL, "struct_size 8"},
    {{.struct_size = sizeof(msock_options) - 1}, MSOCK_EINVAL, "struct_size"},
};

Test(options, every_wrong_field_says_what_and_what_to_do)
{
    for (size_t i = 0; i < COUNT(field_mistakes); i++) {
        cr_expect(eq(int, read_options(&field_mistakes[i].options),
                     field_mistakes[i].code),
                  "row %zu", i);
        cr_expect(
            ne(ptr,
               (void *)strstr(msock_error_detail(), field_mistakes[i].says),
               NULL),
            "row %zu: %s", i, msock_error_detail());
    }
}

Test(options, newer_struct_is_taken_if_its_news_are_unused)
{
    struct {
        msock_options known;
        size_t news;
    } newer = {{.struct_size = sizeof(newer), .name = "a"}, 0};

    cr_expect(eq(int, read_options(&newer.known), 0));
    cr_expect(eq(str, config.name, (char *)"a"));
    newer.news = 1;
    cr_expect(eq(int, read_options(&newer.known), MSOCK_EINVAL));
}
