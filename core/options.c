/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's address and options, from a URL and msock_options. */
#include "core/options.h"

#include "codec/error.h"
#include "core/options_table.h"
#include "core/will.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SHOWN_MAX = 80, /* bytes of an address that a detail shows */

    /* What msock_options had in its first version: all of it. */
    LAYOUT_1_0 = sizeof(msock_options)
};

static const char group_hint[] = "write udp://GROUP:PORT, as in "
                                 "udp://239.255.77.83:7783 or "
                                 "udp://[ff15::4d53]:7783";

/** A piece of the address. */
struct span {
    const char *text;
    size_t size;
};

static int shown(size_t size)
{
    return (int)(size < SHOWN_MAX ? size : SHOWN_MAX);
}

static bool starts_with(const struct span *span, const char *prefix)
{
    size_t size = strlen(prefix);
    return span->size >= size && memcmp(span->text, prefix, size) == 0;
}

static void skip(struct span *span, size_t size)
{
    assert(size <= span->size);
    span->text += size;
    span->size -= size;
}

/* Cuts off and returns what stands before `mark`, which is dropped; all, if
 * there is no mark. */
static struct span cut(struct span *span, char mark)
{
    const char *found = memchr(span->text, mark, span->size);
    struct span head = *span;
    if (found == NULL) {
        skip(span, span->size);
        return head;
    }
    head.size = (size_t)(found - span->text);
    skip(span, head.size + 1);
    return head;
}

/* -- Values of the URL -- */

static int hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    if (letter >= 'a' && letter <= 'f') {
        return letter - 'a' + 10;
    }
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

/* Resolves %HH into `out`, which has room for MSOCK__PATH_MAX bytes. */
static int decode(struct span value, const char *key, char *out, size_t *size)
{
    *size = 0;
    while (value.size > 0) {
        int byte = (unsigned char)value.text[0];
        size_t used = 1;
        if (byte == '%') {
            int high = value.size > 2 ? hex_digit(value.text[1]) : -1;
            int low = value.size > 2 ? hex_digit(value.text[2]) : -1;
            byte = high >= 0 && low >= 0 ? high * 16 + low : 0;
            used = 3;
        }
        if (byte == 0) {
            return msock__fail(MSOCK_EURL,
                               "%s: a %% stands for itself as %%25; %%HH is a "
                               "byte other than 00",
                               key);
        }
        if (*size == MSOCK__PATH_MAX) {
            return msock__fail(MSOCK_EOPTION, "%s: over %d bytes", key,
                               MSOCK__PATH_MAX);
        }
        out[(*size)++] = (char)byte;
        skip(&value, used);
    }
    return 0;
}

static int unknown_key(struct span key)
{
    const char *nearest = msock__option_nearest(key.text, key.size);

    return nearest != NULL
               ? msock__fail(MSOCK_EOPTION,
                             "unknown option \"%.*s\": did you mean \"%s\"?",
                             shown(key.size), key.text, nearest)
               : msock__fail(MSOCK_EOPTION,
                             "unknown option \"%.*s\": leave it out; man "
                             "msock tells which there are",
                             shown(key.size), key.text);
}

/* Sets one `key=value`; `seen` has a bit for each key that came before. */
static int set_pair(struct msock__config *config, struct span pair,
                    uint64_t *seen)
{
    const bool has_value = memchr(pair.text, '=', pair.size) != NULL;
    struct span key = cut(&pair, '=');
    const struct msock__option *option = msock__option_find(key.text, key.size);
    if (option == NULL && key.size > 0) {
        return unknown_key(key);
    }
    if (option == NULL || !has_value) {
        return msock__fail(MSOCK_EOPTION,
                           "option \"%.*s\" has no value: write key=value",
                           shown(key.size), key.text);
    }
    if ((option->schemes & 1U << config->scheme) == 0) {
        return msock__fail(MSOCK_EOPTION, "%s is for %s only: leave it out",
                           option->key,
                           config->scheme == MSOCK__SIM ? "udp://" : "sim://");
    }
    uint64_t bit = UINT64_C(1) << (option - msock__options);
    if ((*seen & bit) != 0) {
        return msock__fail(MSOCK_EOPTION, "%s stands twice: keep one",
                           option->key);
    }
    *seen |= bit;

    char value[MSOCK__PATH_MAX];
    size_t size;
    int result = decode(pair, option->key, value, &size);
    return result < 0 ? result : msock__option_set(option, config, value, size);
}

static int read_query(struct msock__config *config, struct span query)
{
    uint64_t seen = 0;
    bool more = true;
    while (more) {
        more = memchr(query.text, '&', query.size) != NULL;
        int result = set_pair(config, cut(&query, '&'), &seen);
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

/* -- The address -- */

static bool only_of(const char *set, struct span span)
{
    for (size_t i = 0; i < span.size; i++) {
        if (span.text[i] == '\0' || strchr(set, span.text[i]) == NULL) {
            return false;
        }
    }
    return true;
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int set_host(struct msock__config *config, struct span host)
{
    memcpy(config->host, host.text, host.size);
    config->host[host.size] = '\0';
    return 0;
}

/* Only the look of an address is checked: what it means, the transport says. */
static int set_group(struct msock__config *config, struct span group)
{
    if (group.size == 0 || group.size > MSOCK__HOST_MAX) {
        return msock__fail(MSOCK_EURL,
                           "the group is empty or over %d bytes: %s",
                           MSOCK__HOST_MAX, group_hint);
    }
    if (memchr(group.text, '%', group.size) != NULL) {
        return msock__fail(MSOCK_EURL,
                           "\"%.*s\": a group has no scope: name the interface "
                           "with iface=",
                           shown(group.size), group.text);
    }
    if (!only_of(DIGITS LETTERS ".:-", group)) {
        return msock__fail(MSOCK_EURL,
                           "\"%.*s\" is not an IPv4 or IPv6 address: %s",
                           shown(group.size), group.text, group_hint);
    }
    return set_host(config, group);
}

static int set_port(struct msock__config *config, struct span text)
{
    uint32_t port = 0;
    bool good = text.size >= 1 && text.size <= 5 && only_of(DIGITS, text);
    for (size_t i = 0; good && i < text.size; i++) {
        port = port * 10 + (uint32_t)(text.text[i] - '0');
    }
    if (port < 1 || port > UINT16_MAX) {
        return msock__fail(MSOCK_EURL, "port \"%.*s\": must be 1..65535",
                           shown(text.size), text.text);
    }
    config->port = (uint16_t)port;
    return 0;
}

/* Splits [GROUP]:PORT or GROUP:PORT. */
static int read_udp(struct msock__config *config, struct span authority)
{
    struct span rest = authority;
    struct span group;
    if (starts_with(&rest, "[")) {
        skip(&rest, 1);
        if (memchr(rest.text, ']', rest.size) == NULL) {
            return msock__fail(MSOCK_EURL, "the ] is missing: %s", group_hint);
        }
        group = cut(&rest, ']');
    } else {
        const char *colon = memchr(rest.text, ':', rest.size);
        group = cut(&rest, ':');
        if (memchr(rest.text, ':', rest.size) != NULL) {
            return msock__fail(
                MSOCK_EURL, "an IPv6 group stands in brackets: %s", group_hint);
        }
        if (colon != NULL) {
            rest = (struct span){colon, rest.size + 1};
        }
    }
    if (rest.size == 0) {
        return msock__fail(MSOCK_EURL, "the port is missing: %s", group_hint);
    }
    if (!starts_with(&rest, ":")) {
        return msock__fail(MSOCK_EURL, "only :PORT may follow the ]: %s",
                           group_hint);
    }
    skip(&rest, 1);
    int result = set_group(config, group);
    return result < 0 ? result : set_port(config, rest);
}

static int read_sim(struct msock__config *config, struct span name)
{
    if (name.size == 0 || name.size > MSOCK__HOST_MAX ||
        !only_of(DIGITS LETTERS "._-", name)) {
        return msock__fail(MSOCK_EURL,
                           "sim://%.*s: the network's name is 1..%d letters, "
                           "digits, dots, dashes and underscores",
                           shown(name.size), name.text, MSOCK__HOST_MAX);
    }
    return set_host(config, name);
}

static int read_scheme(struct msock__config *config, struct span *url)
{
    if (starts_with(url, "udp://")) {
        config->scheme = MSOCK__UDP;
    } else if (starts_with(url, "sim://")) {
        config->scheme = MSOCK__SIM;
    } else {
        return msock__fail(MSOCK_EURL,
                           "\"%.*s\" is not an address: write udp://GROUP:PORT "
                           "or sim://NAME",
                           shown(url->size), url->text);
    }
    skip(url, strlen("udp://"));
    return 0;
}

static int read_url(struct msock__config *config, const char *text)
{
    struct span url = {text, strlen(text)};
    if (memchr(url.text, '#', url.size) != NULL) {
        return msock__fail(MSOCK_EURL,
                           "an address has no #fragment: write %%23 "
                           "for a # inside of a value");
    }
    int result = read_scheme(config, &url);
    if (result < 0) {
        return result;
    }

    const bool has_query = memchr(url.text, '?', url.size) != NULL;
    struct span authority = cut(&url, '?');
    if (memchr(authority.text, '/', authority.size) != NULL) {
        return msock__fail(MSOCK_EURL,
                           "\"%.*s\": an address has no path: only "
                           "?key=value&... may follow",
                           shown(authority.size), authority.text);
    }
    result = config->scheme == MSOCK__UDP ? read_udp(config, authority)
                                          : read_sim(config, authority);
    return result < 0 || !has_query ? result : read_query(config, url);
}

/* .group and .port: the original library's tuple. */
static int read_tuple(struct msock__config *config,
                      const msock_options *options)
{
    if (options->port == 0) {
        return msock__fail(MSOCK_EURL,
                           ".port is missing: it goes with .group, 1..65535");
    }
    if (options->group == NULL) {
        return msock__fail(MSOCK_EURL, ".group is missing: it goes with .port");
    }
    struct span group = {options->group, strlen(options->group)};
    if (starts_with(&group, "[") && group.text[group.size - 1] == ']') {
        group = (struct span){group.text + 1, group.size - 2};
    }
    config->scheme = MSOCK__UDP;
    config->port = options->port;
    return set_group(config, group);
}

/* -- msock_options -- */

/* Copies the caller's struct, of whatever version, into ours. */
static int copy_options(msock_options *copy, const msock_options *options)
{
    static const msock_options none;
    *copy = none;
    if (options == NULL) {
        return 0;
    }

    size_t size = options->struct_size;
    if (size == 0) {
        size = LAYOUT_1_0;
    }
    if (size < LAYOUT_1_0) {
        return msock__fail(MSOCK_EINVAL,
                           "struct_size %zu is no size that msock_options had: "
                           "set sizeof(msock_options)",
                           size);
    }
    const unsigned char *bytes = (const unsigned char *)options;
    for (size_t i = sizeof(*copy); i < size; i++) {
        if (bytes[i] != 0) {
            return msock__fail(MSOCK_EINVAL,
                               "msock_options has fields set that this version "
                               "of the library does not know");
        }
    }
    memcpy(copy, options, size < sizeof(*copy) ? size : sizeof(*copy));
    return 0;
}

/* The field as text, "" by way of NULL if it is zero: the default. */
static const char *field_text(const struct msock__option *option,
                              const msock_options *options, char number[32])
{
    const char *field = (const char *)options + option->field_offset;
    const char *text = NULL;
    size_t size = 0;
    unsigned count = 0;
    if (option->field == MSOCK__FIELD_TEXT) {
        memcpy(&text, field, sizeof(text));
        return text;
    }
    if (option->field == MSOCK__FIELD_SIZE) {
        memcpy(&size, field, sizeof(size));
    } else if (option->field == MSOCK__FIELD_UNSIGNED) {
        memcpy(&count, field, sizeof(count));
        size = count;
    } else if (option->field == MSOCK__FIELD_PORT) {
        uint16_t port;
        memcpy(&port, field, sizeof(port));
        size = port;
    }
    snprintf(number, 32, "%zu", size);
    return size != 0 ? number : NULL;
}

static int set_field(const struct msock__option *option,
                     struct msock__config *config, const msock_options *options)
{
    char number[32];
    const char *text = field_text(option, options, number);
    return text == NULL ? 0
                        : msock__option_set(option, config, text, strlen(text));
}

static void set_defaults(struct msock__config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < msock__options_count; i++) {
        const struct msock__option *option = &msock__options[i];
        if (option->initial == NULL) {
            continue;
        }
        int result = msock__option_set(option, config, option->initial,
                                       strlen(option->initial));
        assert(result == 0);
        (void)result;
    }
}

static int read_all(struct msock__config *config, const char *url,
                    const msock_options *options)
{
    set_defaults(config);
    for (size_t i = 0; i < msock__options_count; i++) {
        int result = set_field(&msock__options[i], config, options);
        if (result < 0) {
            return result;
        }
    }

    if (url != NULL) {
        return read_url(config, url);
    }
    if (options->group != NULL || options->port != 0) {
        return read_tuple(config, options);
    }
    return read_url(config, MSOCK_DEFAULT_URL);
}

/* What one option alone cannot say. */
static int check_codec(const struct msock__config *config)
{
    if (config->raw && config->key_file[0] != '\0') {
        return msock__fail(MSOCK_ENOTSUP,
                           "codec=raw has no room for a seal: leave out the "
                           "key file, or use codec=json");
    }
    if (!config->raw && strcmp(config->topic, "raw") != 0) {
        return msock__fail(MSOCK_EOPTION,
                           "topic=%s is for codec=raw: a frame of codec=json "
                           "brings its own",
                           config->topic);
    }
    return 0;
}

/* Identities live inside of a group: without its key there are none. */
static int check_identity(struct msock__config *config)
{
    bool has_id = config->id_file[0] != '\0';
    bool has_trust = config->trust_file[0] != '\0';
    if (config->sign == MSOCK__SIGN_DEFAULT) {
        config->sign = has_id ? MSOCK__SIGN_ALL : MSOCK__SIGN_NEVER;
    }
    if ((has_id || has_trust) && config->key_file[0] == '\0') {
        return msock__fail(MSOCK_EOPTION,
                           "%s needs key_file: on an open channel anybody may "
                           "say anything",
                           has_id ? "id_file" : "trust_file");
    }
    if (!has_id && config->sign != MSOCK__SIGN_NEVER) {
        return msock__fail(MSOCK_EOPTION, "sign needs id_file: make one with "
                                          "msock id gen");
    }
    return 0;
}

int msock__options_read(struct msock__config *config, const char *url,
                        const msock_options *options)
{
    struct msock__config made;
    msock_options copy;
    int result = copy_options(&copy, options);
    if (result == 0) {
        result = read_all(&made, url, &copy);
    }
    if (result < 0) {
        return result;
    }
    result = check_codec(&made);
    result = result < 0 ? result : check_identity(&made);
    result = result < 0 ? result : msock__will_check(&made);
    if (result == 0) {
        *config = made;
    }
    return result;
}
