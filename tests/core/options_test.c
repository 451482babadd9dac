/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the address and the options: what they give, and what each mistake
 * is told. */
#include "core/options.h"

#include "core/options_table.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
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

static void expect_detail(const char *text)
{
    cr_expect(eq(str, (char *)msock_error_detail(), (char *)text));
}

/* -- Addresses -- */

static const struct {
    const char *url;
    enum msock__scheme scheme;
    const char *host;
    int port;
} addresses[] = {
    {"udp://239.255.77.83:7783", MSOCK__UDP, "239.255.77.83", 7783},
    {"udp://224.1.1.1:1", MSOCK__UDP, "224.1.1.1", 1},
    {"udp://224.1.1.1:65535", MSOCK__UDP, "224.1.1.1", 65535},
    {"udp://[ff15::4d53]:7783", MSOCK__UDP, "ff15::4d53", 7783},
    {"udp://[::ffff:239.1.1.1]:5", MSOCK__UDP, "::ffff:239.1.1.1", 5},
    {"udp://[224.1.1.1]:5", MSOCK__UDP, "224.1.1.1", 5},
    {"sim://net", MSOCK__SIM, "net", 0},
    {"sim://A.b_c-9?loss=1", MSOCK__SIM, "A.b_c-9", 0},
};

Test(options, address_gives_scheme_group_and_port)
{
    for (size_t i = 0; i < COUNT(addresses); i++) {
        cr_assert(eq(int, read_url(addresses[i].url), 0), "%s",
                  addresses[i].url);
        cr_expect(eq(int, config.scheme, addresses[i].scheme));
        cr_expect(eq(str, config.host, (char *)addresses[i].host));
        cr_expect(eq(int, config.port, addresses[i].port));
    }
}

Test(options, longest_names_fit)
{
    char url[256];
    char name[MSOCK__HOST_MAX + 2];
    memset(name, 'f', sizeof(name) - 1);
    name[MSOCK__HOST_MAX + 1] = '\0';

    snprintf(url, sizeof(url), "sim://%s", name);
    cr_expect(eq(int, read_url(url), MSOCK_EURL));
    snprintf(url, sizeof(url), "udp://%s:1", name);
    cr_expect(eq(int, read_url(url), MSOCK_EURL));

    snprintf(url, sizeof(url), "sim://%s", name + 1);
    cr_expect(eq(int, read_url(url), 0));
    cr_expect(eq(str, config.host, name + 1));
}

Test(options, without_address_the_default_is_used)
{
    cr_assert(eq(int, msock__options_read(&config, NULL, NULL), 0));

    cr_expect(eq(str, config.host, (char *)"239.255.77.83"));
    cr_expect(eq(int, config.port, 7783));
}

static const struct {
    const char *url;
    int code;
    const char *says; /* a part of the detail */
} mistakes[] = {
    {"", MSOCK_EURL, "udp://GROUP:PORT"},
    {"239.1.1.1:5", MSOCK_EURL, "is not an address: write udp://"},
    {"upd://239.1.1.1:5", MSOCK_EURL, "udp://GROUP:PORT or sim://NAME"},
    {"UDP://239.1.1.1:5", MSOCK_EURL, "udp://GROUP:PORT or sim://NAME"},
    {"udp:/239.1.1.1:5", MSOCK_EURL, "is not an address"},
    {"udp://", MSOCK_EURL, "port is missing"},
    {"udp://239.1.1.1", MSOCK_EURL, "the port is missing"},
    {"udp://239.1.1.1?ttl=1", MSOCK_EURL, "the port is missing"},
    {"udp://[ff15::1]", MSOCK_EURL, "the port is missing"},
    {"udp://239.1.1.1:", MSOCK_EURL, "must be 1..65535"},
    {"udp://239.1.1.1:0", MSOCK_EURL, "port \"0\": must be 1..65535"},
    {"udp://239.1.1.1:65536", MSOCK_EURL, "must be 1..65535"},
    {"udp://239.1.1.1:165536", MSOCK_EURL, "must be 1..65535"},
    {"udp://239.1.1.1:+5", MSOCK_EURL, "must be 1..65535"},
    {"udp://239.1.1.1:5x", MSOCK_EURL, "must be 1..65535"},
    {"udp://239.1.1.1:5/", MSOCK_EURL, "no path"},
    {"udp://239.1.1.1:5/x?ttl=1", MSOCK_EURL, "no path"},
    {"udp://239.1.1.1:5#x", MSOCK_EURL, "no #fragment"},
    {"udp://239.1.1.1:5?name=a#b", MSOCK_EURL, "no #fragment"},
    {"udp://:5", MSOCK_EURL, "empty"},
    {"udp://[]:5", MSOCK_EURL, "empty"},
    {"udp://[ff15::1:5", MSOCK_EURL, "] is missing"},
    {"udp://[ff15::1]5", MSOCK_EURL, "only :PORT"},
    {"udp://ff15::1:5", MSOCK_EURL, "in brackets"},
    {"udp://[ff02::1%25eth0]:5", MSOCK_EURL, "iface="},
    {"udp://user@239.1.1.1:5", MSOCK_EURL, "is not an IPv4 or IPv6"},
    {"udp://239.1.1.1 :5", MSOCK_EURL, "is not an IPv4 or IPv6"},
    {"udp://[[ff15::1]]:5", MSOCK_EURL, "only :PORT"},
    {"sim://", MSOCK_EURL, "network's name"},
    {"sim://a:5", MSOCK_EURL, "network's name"},
    {"sim://a b", MSOCK_EURL, "network's name"},
    {"sim://a/b", MSOCK_EURL, "no path"},
    {UDP "?", MSOCK_EOPTION, "has no value: write key=value"},
    {UDP "?ttl", MSOCK_EOPTION, "option \"ttl\" has no value"},
    {UDP "?ttl=1&", MSOCK_EOPTION, "has no value"},
    {UDP "?ttl=1&&mtu=900", MSOCK_EOPTION, "has no value"},
    {UDP "?=1", MSOCK_EOPTION, "has no value"},
    {UDP "?ttl=1&ttl=1", MSOCK_EOPTION, "ttl stands twice: keep one"},
    {UDP "?ifcae=lo", MSOCK_EOPTION,
     "unknown option \"ifcae\": did you mean \"iface\"?"},
    {UDP "?Iface=lo", MSOCK_EOPTION, "did you mean \"iface\"?"},
    {UDP "?key=k", MSOCK_EOPTION, "did you mean"},
    {UDP "?keyfile=k", MSOCK_EOPTION, "did you mean \"key_file\"?"},
    {UDP "?session_max=5", MSOCK_EOPTION, "did you mean \"sessions_max\"?"},
    {UDP "?assemblies=5", MSOCK_EOPTION, "did you mean \"assemblies_max\"?"},
    {UDP "?TTL=5", MSOCK_EOPTION, "did you mean \"ttl\"?"},
    {UDP "?tt%6c=5", MSOCK_EOPTION, "unknown option \"tt%6c\""},
    {UDP "?loop=1", MSOCK_EOPTION, "unknown option \"loop\""},
    {UDP "?logger=1", MSOCK_EOPTION, "unknown option \"logger\""},
    {UDP "?struct_size=1", MSOCK_EOPTION, "unknown option"},
    {UDP "?ttl=300", MSOCK_EOPTION, "ttl=300: must be 1..255"},
    {UDP "?ttl=0", MSOCK_EOPTION, "ttl=0: must be 1..255"},
    {UDP "?ttl=", MSOCK_EOPTION, "ttl=: must be 1..255"},
    {UDP "?ttl=x", MSOCK_EOPTION, "ttl=x: must be 1..255"},
    {UDP "?ttl=1K", MSOCK_EOPTION, "must be 1..255"},
    {UDP "?ttl=-1", MSOCK_EOPTION, "must be 1..255"},
    {UDP "?ttl=1=1", MSOCK_EOPTION, "ttl=1=1: must be 1..255"},
    {UDP "?ttl=18446744073709551617", MSOCK_EOPTION, "must be 1..255"},
    {UDP "?message_max=1", MSOCK_EOPTION, "must be 1024..1073741824 bytes"},
    {UDP "?message_max=1k", MSOCK_EOPTION, "K, M and G"},
    {UDP "?pace=17179869184G", MSOCK_EOPTION, "must be 16384..10737418240"},
    {UDP "?iface=", MSOCK_EOPTION, "must be 1..255 bytes long"},
    {UDP "?key_file=", MSOCK_EOPTION, "must be 1..4095 bytes long"},
    {UDP "?codec=", MSOCK_EOPTION, "must be json or raw"},
    {UDP "?codec=xml", MSOCK_EOPTION, "codec=xml: must be json or raw"},
    {UDP "?codec=raw&topic=a/%2b", MSOCK_EOPTION, "must be a topic"},
    {UDP "?codec=raw&topic=$ms/a", MSOCK_EOPTION, "not under $ms/"},
    {UDP "?topic=a", MSOCK_EOPTION, "is for codec=raw"},
    {UDP "?codec=raw&key_file=k", MSOCK_ENOTSUP, "leave out the key file"},
    {UDP "?name=", MSOCK_ENAME, "1..63 bytes"},
    {UDP "?name=a%0ab", MSOCK_ENAME, "control characters"},
    {UDP "?name=%ff", MSOCK_ENAME, "UTF-8"},
    {UDP "?name=%", MSOCK_EURL, "%25"},
    {UDP "?name=a%4", MSOCK_EURL, "%25"},
    {UDP "?name=a%4g", MSOCK_EURL, "%25"},
    {UDP "?name=a%00b", MSOCK_EURL, "other than 00"},
    {UDP "?peer=10.0.0.1", MSOCK_ENOTSUP, "peer is not in this version"},
    {UDP "?listen=7784", MSOCK_ENOTSUP, "listen is not in this version"},
    {UDP "?loss=5", MSOCK_EOPTION, "loss is for sim:// only"},
    {"sim://n?ttl=1", MSOCK_EOPTION, "ttl is for udp:// only"},
    {"sim://n?peer=a", MSOCK_EOPTION, "peer is for udp:// only"},
    {"sim://n?delay=20", MSOCK_EOPTION, "with a unit: us, ms or s"},
    {"sim://n?delay=61s", MSOCK_EOPTION, "delay=61s: must be 0..60s"},
    {"sim://n?delay=1m", MSOCK_EOPTION, "must be 0..60s"},
    {"sim://n?loss=101", MSOCK_EOPTION, "must be 0..100 per cent"},
    {"sim://n?loss=100.1", MSOCK_EOPTION, "must be 0..100 per cent"},
    {"sim://n?loss=.5", MSOCK_EOPTION, "must be 0..100 per cent"},
    {"sim://n?loss=5.", MSOCK_EOPTION, "must be 0..100 per cent"},
    {"sim://n?loss=1.0000001", MSOCK_EOPTION, "must be 0..100 per cent"},
    {"sim://n?loss=5%25%25", MSOCK_EOPTION, "must be 0..100 per cent"},
    {"sim://n?loss=nan", MSOCK_EOPTION, "must be 0..100 per cent"},
};

Test(options, every_mistake_says_what_and_what_to_do)
{
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        config.host[0] = '!';
        cr_expect(eq(int, read_url(mistakes[i].url), mistakes[i].code), "%s",
                  mistakes[i].url);
        cr_expect(ne(ptr,
                     (void *)strstr(msock_error_detail(), mistakes[i].says),
                     NULL),
                  "%s: %s", mistakes[i].url, msock_error_detail());
        cr_expect(eq(chr, config.host[0], '!'), "output on failure");
    }
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
    cr_expect(eq(u64, config.pace, 10 << 20));
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
                              "&queue_max=1M&pace=10G"),
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

Test(options, detail_is_one_clear_sentence)
{
    read_url(UDP "?ifcae=lo");
    expect_detail("unknown option \"ifcae\": did you mean \"iface\"?");
    read_url(UDP "?ttl=300");
    expect_detail("ttl=300: must be 1..255");
    read_url("udp://239.1.1.1");
    expect_detail("the port is missing: write udp://GROUP:PORT, as in "
                  "udp://239.255.77.83:7783 or udp://[ff15::4d53]:7783");
}

/* -- Damage -- */

static const char *const whole[] = {
    UDP "?name=kitchen&iface=eth0,lo&ttl=3&pace=10M&key_file=%2Fetc%2Fk",
    "udp://[ff15::4d53]:7783?codec=raw&topic=a%2Fb",
    "sim://net-1?loss=5%25&dup=1.5&delay=20ms&seed=12",
};

/* In memory of its own, so that a reader that goes too far is caught. */
static int read_copy(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    cr_assert(ne(ptr, copy, NULL));
    memcpy(copy, text, size);
    copy[size] = '\0';
    int result = read_url(copy);
    free(copy);
    return result;
}

Test(options, every_truncation_is_read_or_refused)
{
    for (size_t i = 0; i < COUNT(whole); i++) {
        cr_expect(eq(int, read_url(whole[i]), 0), "%s", whole[i]);
        for (size_t size = 0; size < strlen(whole[i]); size++) {
            int result = read_copy(whole[i], size);
            cr_expect(le(int, result, 0));
            cr_expect(ge(int, result, MSOCK_ENOTSUP));
        }
    }
}

Test(options, every_flipped_byte_is_read_or_refused)
{
    for (size_t i = 0; i < COUNT(whole); i++) {
        char text[128];
        size_t size = strlen(whole[i]);
        for (size_t bit = 0; bit < size * 8; bit++) {
            strcpy(text, whole[i]);
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
            int result = read_copy(text, strlen(text));
            cr_expect(le(int, result, 0));
            cr_expect(ge(int, result, MSOCK_ENOTSUP));
        }
    }
}

Test(options, garbage_is_read_or_refused)
{
    static const char alphabet[] = "ud:p/sim239.[]?&=%25ttlname\xff\x80#";
    uint64_t state = 5;
    for (int i = 0; i < 100000; i++) {
        char text[48] = "udp://239.1.1.1:5?";
        size_t start = i % 3 == 0 ? 0 : (i % 3 == 1 ? 6 : 18);
        for (size_t j = start; j < sizeof(text) - 1; j++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[j] = alphabet[(state >> 33) % sizeof(alphabet)];
        }
        text[sizeof(text) - 1] = '\0';
        int result = read_copy(text, strlen(text));
        cr_assert(le(int, result, 0));
        cr_assert(ge(int, result, MSOCK_ENOTSUP));
    }
}
