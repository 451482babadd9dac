/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and how each kind of value is read. */
#include "core/options_table.h"

#include "codec/envelope.h"
#include "codec/error.h"
#include "core/topic.h"

#include <assert.h>
#include <inttypes.h>
#include <multisock/text.h>
#include <stdio.h>
#include <string.h>

enum {
    UDP = 1 << MSOCK__UDP,
    SIM = 1 << MSOCK__SIM,
    BOTH = UDP | SIM,
    SHOWN_MAX = 60 /* bytes of a key or value that a detail shows */
};

#define KIB UINT64_C(1024)
#define GIB (KIB * KIB * KIB)
#define MINUTE_US UINT64_C(60000000)

/* An entry: key, kind, schemes, range, default, member of the configuration;
 * then the type and name of the field in msock_options, if there is one. */
#define ENTRY(name, type, for_schemes, least, most, value, member)             \
    .key = name, .kind = MSOCK__OPTION_##type, .schemes = for_schemes,         \
    .min = least, .max = most, .initial = value,                               \
    .offset = offsetof(struct msock__config, member)
#define FIELD(type, member)                                                    \
    .field = MSOCK__FIELD_##type,                                              \
    .field_offset = offsetof(msock_options, member)

/* clang-format off */
const struct msock__option msock__options[] = {
    {ENTRY("name", NAME, BOTH, 1, MSOCK_NAME_MAX, NULL, name),
     FIELD(TEXT, name)},
    {ENTRY("key_file", TEXT, BOTH, 1, MSOCK__PATH_MAX, NULL, key_file),
     FIELD(TEXT, key_file)},
    {ENTRY("id_file", TEXT, BOTH, 1, MSOCK__PATH_MAX, NULL, id_file),
     FIELD(TEXT, id_file)},
    {ENTRY("trust_file", TEXT, BOTH, 1, MSOCK__PATH_MAX, NULL, trust_file),
     FIELD(TEXT, trust_file)},
    {ENTRY("sign", SIGN, BOTH, 0, 0, NULL, sign), FIELD(TEXT, sign)},
    {ENTRY("iface", TEXT, UDP, 1, MSOCK__IFACE_MAX, "auto", iface),
     FIELD(TEXT, iface)},
    {ENTRY("codec", CODEC, BOTH, 0, 0, "json", raw), FIELD(TEXT, codec)},
    {ENTRY("topic", TOPIC, BOTH, 1, MSOCK_TOPIC_MAX, "raw", topic),
     FIELD(TEXT, topic)},
    {ENTRY("will_topic", TOPIC, BOTH, 1, MSOCK_TOPIC_MAX, NULL, will_topic),
     FIELD(TEXT, will_topic)},
    {ENTRY("will", TEXT, BOTH, 1, MSOCK__WORDS_MAX, NULL, will),
     FIELD(TEXT, will)},
    {ENTRY("ttl", COUNT, UDP, 1, 255, "1", ttl), FIELD(UNSIGNED, ttl)},
    {ENTRY("mtu", COUNT, BOTH, 576, 65535, NULL, mtu), FIELD(UNSIGNED, mtu)},
    {ENTRY("dscp", COUNT, UDP, 0, 63, "0", dscp), FIELD(UNSIGNED, dscp)},
    {ENTRY("rcvbuf", SIZE, UDP, 4 * KIB, GIB, "4M", rcvbuf),
     FIELD(SIZE, rcvbuf)},
    {ENTRY("message_max", SIZE, BOTH, KIB, GIB, "8M", message_max),
     FIELD(SIZE, message_max)},
    {ENTRY("head_max", SIZE, BOTH, 512, 64 * KIB, "2K", head_max),
     FIELD(SIZE, head_max)},
    {ENTRY("assemblies_max", COUNT, BOTH, 1, 1024, "4", assemblies_max),
     FIELD(SIZE, assemblies_max)},
    {ENTRY("reassembly_max", SIZE, BOTH, 64 * KIB, GIB, "32M", reassembly_max),
     FIELD(SIZE, reassembly_max)},
    {ENTRY("sessions_max", COUNT, BOTH, 1, 65536, "1024", sessions_max),
     FIELD(SIZE, sessions_max)},
    {ENTRY("queue_max", SIZE, BOTH, 64 * KIB, GIB, "16M", queue_max),
     FIELD(SIZE, queue_max)},
    {ENTRY("post_max", SIZE, BOTH, 64 * KIB, GIB, "4M", post_max),
     FIELD(SIZE, post_max)},
    {ENTRY("pace", SIZE, BOTH, 16 * KIB, 10 * GIB, NULL, pace),
     FIELD(SIZE, pace)},
    {ENTRY("history_max", SIZE, BOTH, 64 * KIB, GIB, "16M", history_max),
     FIELD(SIZE, history_max)},
    {ENTRY("history_ms", COUNT, BOTH, 100, 600000, "10000", history_ms),
     FIELD(UNSIGNED, history_ms)},
    {ENTRY("reorder_max", SIZE, BOTH, 64 * KIB, GIB, "4M", reorder_max),
     FIELD(SIZE, reorder_max)},
    {ENTRY("reorder_all_max", SIZE, BOTH, 64 * KIB, GIB, "16M",
           reorder_all_max),
     FIELD(SIZE, reorder_all_max)},
    {ENTRY("pending_max", COUNT, BOTH, 1, 65536, "256", pending_max),
     FIELD(SIZE, pending_max)},
    {ENTRY("held_max", SIZE, BOTH, 64 * KIB, GIB, "2M", held_max),
     FIELD(SIZE, held_max)},
    {ENTRY("held_all_max", SIZE, BOTH, 64 * KIB, GIB, "16M", held_all_max),
     FIELD(SIZE, held_all_max)},
    {ENTRY("scheduled_max", SIZE, BOTH, 4 * KIB, GIB, "1M", scheduled_max),
     FIELD(SIZE, scheduled_max)},
    {ENTRY("state_max", SIZE, BOTH, 64 * KIB, GIB, "16M", state_max),
     FIELD(SIZE, state_max)},
    {ENTRY("state_count_max", SIZE, BOTH, 16, 1024 * KIB, "64K",
           state_count_max),
     FIELD(SIZE, state_count_max)},
    {ENTRY("late_ms", COUNT, BOTH, 1, 600000, "3000", late_ms),
     FIELD(UNSIGNED, late_ms)},
    {ENTRY("copies_ms", COUNT, BOTH, 1, 1000, "20", copies_ms),
     FIELD(UNSIGNED, copies_ms)},
    {ENTRY("loss", RATE, SIM, 0, 100, NULL, sim.loss)},
    {ENTRY("dup", RATE, SIM, 0, 100, NULL, sim.dup)},
    {ENTRY("reorder", RATE, SIM, 0, 100, NULL, sim.reorder)},
    {ENTRY("delay", TIME, SIM, 0, MINUTE_US, NULL, sim.delay_us)},
    {ENTRY("jitter", TIME, SIM, 0, MINUTE_US, NULL, sim.jitter_us)},
    {ENTRY("seed", COUNT, SIM, 0, UINT64_MAX, NULL, sim.seed)},
    {ENTRY("peer", TEXT, UDP, 1, MSOCK__PEERS_MAX, NULL, peer),
     FIELD(TEXT, peer)},
    {ENTRY("listen", COUNT, UDP, 1, 65535, NULL, listen), FIELD(PORT, listen)},
};
/* clang-format on */

const size_t msock__options_count =
    sizeof(msock__options) / sizeof(msock__options[0]);

static_assert(sizeof(msock__options) / sizeof(msock__options[0]) <=
                  MSOCK__OPTIONS_MAX,
              "one bit an option");

/* -- Keys -- */

const struct msock__option *msock__option_find(const char *key, size_t size)
{
    for (size_t i = 0; i < msock__options_count; i++) {
        const struct msock__option *option = &msock__options[i];
        if (strlen(option->key) == size &&
            memcmp(option->key, key, size) == 0) {
            return option;
        }
    }
    return NULL;
}

const char *msock__option_nearest(const char *key, size_t size)
{
    const char *known[MSOCK__OPTIONS_MAX];

    for (size_t i = 0; i < msock__options_count; i++) {
        known[i] = msock__options[i].key;
    }
    return msock_text_nearest(key, size, known, msock__options_count);
}

/* -- Values -- */

struct unit {
    const char *suffix;
    uint64_t factor;
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit size_units[] = {
    {"", 1}, {"K", KIB}, {"M", KIB *KIB}, {"G", GIB}, {NULL, 0}};
static const struct unit time_units[] = {
    {"us", 1}, {"ms", 1000}, {"s", 1000000}, {NULL, 0}};

/* Reads digits from text[*offset].  Returns whether there were some, and their
 * value is below 2^64. */
static bool read_digits(const char *text, size_t size, size_t *offset,
                        uint64_t *value)
{
    size_t start = *offset;
    *value = 0;
    while (*offset < size && text[*offset] >= '0' && text[*offset] <= '9') {
        uint64_t digit = (uint64_t)(text[*offset] - '0');
        if (*value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *value = *value * 10 + digit;
        ++*offset;
    }
    return *offset > start;
}

static bool read_number(const char *text, size_t size, const struct unit *units,
                        uint64_t *value)
{
    size_t offset = 0;
    if (!read_digits(text, size, &offset, value)) {
        return false;
    }
    for (const struct unit *unit = units; unit->suffix != NULL; unit++) {
        if (strlen(unit->suffix) == size - offset &&
            memcmp(unit->suffix, text + offset, size - offset) == 0) {
            bool fits = *value <= UINT64_MAX / unit->factor;
            *value *= unit->factor;
            return fits;
        }
    }
    return false;
}

/* Per cent with up to six decimals; strtod would follow the locale. */
static bool read_rate(const char *text, size_t size, double *rate)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    const size_t decimals_max = sizeof(powers) / sizeof(powers[0]) - 1;
    uint64_t whole;
    uint64_t part = 0;
    size_t offset = 0;
    size_t decimals = 0;
    if (!read_digits(text, size, &offset, &whole)) {
        return false;
    }
    if (offset < size && text[offset] == '.') {
        size_t start = ++offset;
        if (!read_digits(text, size, &offset, &part)) {
            return false;
        }
        decimals = offset - start;
    }
    if (offset < size && text[offset] == '%') {
        offset++;
    }
    if (offset != size || decimals > decimals_max) {
        return false;
    }
    *rate = (double)whole + (double)part / powers[decimals];
    return true;
}

static int shown(size_t size)
{
    return (int)(size < SHOWN_MAX ? size : SHOWN_MAX);
}

static int out_of_range(const struct msock__option *option, const char *text,
                        size_t size)
{
    char range[64];
    const char *hint = "";
    snprintf(range, sizeof(range), "%" PRIu64 "..%" PRIu64, option->min,
             option->max);
    if (option->kind == MSOCK__OPTION_TIME) {
        snprintf(range, sizeof(range), "0..%" PRIu64 "s",
                 option->max / 1000000);
        hint = ", with a unit: us, ms or s";
    } else if (option->kind == MSOCK__OPTION_SIZE) {
        hint = " bytes; K, M and G are understood";
    } else if (option->kind == MSOCK__OPTION_RATE) {
        hint = " per cent";
    } else if (option->kind != MSOCK__OPTION_COUNT) {
        hint = " bytes long";
    }
    return msock__fail(MSOCK_EOPTION, "%s=%.*s: must be %s%s", option->key,
                       shown(size), text, range, hint);
}

static int set_number(const struct msock__option *option, void *field,
                      const char *text, size_t size)
{
    const struct unit *units = no_units;
    if (option->kind == MSOCK__OPTION_SIZE) {
        units = size_units;
    } else if (option->kind == MSOCK__OPTION_TIME) {
        units = time_units;
    }

    uint64_t value;
    if (!read_number(text, size, units, &value) || value < option->min ||
        value > option->max) {
        return out_of_range(option, text, size);
    }
    memcpy(field, &value, sizeof(value));
    return 0;
}

static int set_rate(const struct msock__option *option, void *field,
                    const char *text, size_t size)
{
    double rate;
    if (!read_rate(text, size, &rate) || rate > (double)option->max) {
        return out_of_range(option, text, size);
    }
    memcpy(field, &rate, sizeof(rate));
    return 0;
}

static int set_text(const struct msock__option *option, char *field,
                    const char *text, size_t size)
{
    if (size < option->min || size > option->max) {
        return out_of_range(option, text, size);
    }
    memcpy(field, text, size);
    field[size] = '\0';
    return 0;
}

static int set_codec(bool *raw, const char *text, size_t size)
{
    bool is_json = size == 4 && memcmp(text, "json", size) == 0;
    bool is_raw = size == 3 && memcmp(text, "raw", size) == 0;
    if (!is_json && !is_raw) {
        return msock__fail(MSOCK_EOPTION, "codec=%.*s: must be json or raw",
                           shown(size), text);
    }
    *raw = is_raw;
    return 0;
}

static int set_sign(enum msock__sign *sign, const char *text, size_t size)
{
    static const char *const words[] = {"never", "commands", "all"};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == size && memcmp(words[i], text, size) == 0) {
            *sign = (enum msock__sign)(MSOCK__SIGN_NEVER + i);
            return 0;
        }
    }
    return msock__fail(MSOCK_EOPTION,
                       "sign=%.*s: must be never, commands or all", shown(size),
                       text);
}

int msock__option_set(const struct msock__option *option,
                      struct msock__config *config, const char *text,
                      size_t size)
{
    void *field = (char *)config + option->offset;
    switch (option->kind) {
    case MSOCK__OPTION_COUNT:
    case MSOCK__OPTION_SIZE:
    case MSOCK__OPTION_TIME:
        return set_number(option, field, text, size);
    case MSOCK__OPTION_RATE:
        return set_rate(option, field, text, size);
    case MSOCK__OPTION_TEXT:
        return set_text(option, field, text, size);
    case MSOCK__OPTION_CODEC:
        return set_codec(field, text, size);
    case MSOCK__OPTION_SIGN:
        return set_sign(field, text, size);
    case MSOCK__OPTION_NAME:
        if (!msock__name_valid(text, size)) {
            return msock__fail(MSOCK_ENAME,
                               "name=%.*s: a node name is 1..63 bytes of UTF-8 "
                               "without control characters",
                               shown(size), text);
        }
        return set_text(option, field, text, size);
    case MSOCK__OPTION_TOPIC:
        if (!msock__topic_valid(text, size) ||
            msock__topic_reserved(text, size)) {
            return msock__fail(MSOCK_EOPTION,
                               "%s=%.*s: must be a topic, without wildcards "
                               "and not under $ms/",
                               option->key, shown(size), text);
        }
        return set_text(option, field, text, size);
    }
    return MSOCK_EOPTION;
}
