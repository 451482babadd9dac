/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the address: what it gives, what each mistake is told, and damage.
 */
#include "core/options.h"

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

Test(options_url, address_gives_scheme_group_and_port)
{
    for (size_t i = 0; i < COUNT(addresses); i++) {
        cr_assert(eq(int, read_url(addresses[i].url), 0), "%s",
                  addresses[i].url);
        cr_expect(eq(int, config.scheme, addresses[i].scheme));
        cr_expect(eq(str, config.host, (char *)addresses[i].host));
        cr_expect(eq(int, config.port, addresses[i].port));
    }
}

Test(options_url, longest_names_fit)
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

Test(options_url, without_address_the_default_is_used)
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
    {UDP "?key=k", MSOCK_EOPTION, "did you mean \"key_file\"?"},
    {UDP "?foo=1", MSOCK_EOPTION, "unknown option \"foo\": leave it out"},
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
    {UDP "?peer=", MSOCK_EOPTION, "must be 1..1023 bytes long"},
    {UDP "?listen=0", MSOCK_EOPTION, "listen=0: must be 1..65535"},
    {UDP "?listen=65536", MSOCK_EOPTION, "must be 1..65535"},
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

Test(options_url, every_mistake_says_what_and_what_to_do)
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

Test(options_url, detail_is_one_clear_sentence)
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

Test(options_url, every_truncation_is_read_or_refused)
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

Test(options_url, every_flipped_byte_is_read_or_refused)
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

Test(options_url, garbage_is_read_or_refused)
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
