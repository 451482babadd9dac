/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes a plugin's configuration: one byte chooses a table of keys, the rest
 * is the text. What is taken is held against the table once more, member by
 * member; what is refused has a sentence. */
#include "plugins/config.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/text.h>

static const msock_config_key command_keys[] = {
    {.name = "on", .types = MSOCK_CONFIG_TEXT, .required = true},
    {.name = "run", .types = MSOCK_CONFIG_LIST, .required = true},
    {.name = "timeout_ms",
     .types = MSOCK_CONFIG_WHOLE,
     .least = 1,
     .most = 600000},
    {0}};

static const msock_config_key deep_keys[] = {
    {.name = "inner", .types = MSOCK_CONFIG_OBJECT, .members = deep_keys},
    {.name = "list", .types = MSOCK_CONFIG_LIST, .members = deep_keys},
    {.name = "number", .types = MSOCK_CONFIG_NUMBER},
    {0}};

static const msock_config_key flat_keys[] = {
    {.name = "filter",
     .types = MSOCK_CONFIG_TEXT | MSOCK_CONFIG_LIST,
     .help = "what is wanted"},
    {.name = "limit", .types = MSOCK_CONFIG_WHOLE | MSOCK_CONFIG_SWITCH},
    {.name = "commands", .types = MSOCK_CONFIG_LIST, .members = command_keys},
    {.name = "sync", .types = MSOCK_CONFIG_SWITCH, .required = true},
    {0}};

static const msock_config_key no_keys[] = {{0}};

static const msock_config_key *const tables[] = {flat_keys, command_keys,
                                                 deep_keys, no_keys};

/* What a value is, by its first byte; a whole number is a number too. */
static unsigned type_of(const char *value, size_t size)
{
    static const struct {
        const char *first;
        unsigned type;
    } types[] = {{"\"", MSOCK_CONFIG_TEXT},
                 {"tf", MSOCK_CONFIG_SWITCH},
                 {"[", MSOCK_CONFIG_LIST},
                 {"{", MSOCK_CONFIG_OBJECT},
                 {"-0123456789", MSOCK_CONFIG_NUMBER}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strchr(types[i].first, value[0])) {
            bool digits = strspn(value, "0123456789") >= size;
            return types[i].type | (digits ? MSOCK_CONFIG_WHOLE : 0U);
        }
    }
    return 0;
}

static void check_members(const msock_config_key *keys, const char *json,
                          size_t size);

static void check_items(const msock_config_key *keys, const char *json,
                        size_t size)
{
    size_t cursor = 0;
    const char *value;
    int value_size;
    while ((value_size = msock_json_next(json, size, &cursor, &value)) >= 0) {
        check_members(keys, value, (size_t)value_size);
    }
}

static void check_value(const msock_config_key *key, const char *json,
                        size_t size)
{
    unsigned type = type_of(json, size);
    assert((type & key->types) != 0);
    if (type == MSOCK_CONFIG_OBJECT && key->members) {
        check_members(key->members, json, size);
    } else if (type == MSOCK_CONFIG_LIST && key->members) {
        check_items(key->members, json, size);
    }
}

/* Every member is in the table once, and what is required is there. */
static void check_members(const msock_config_key *keys, const char *json,
                          size_t size)
{
    size_t cursor = 0, key_size;
    const char *key, *value;
    int value_size;
    unsigned seen = 0;
    assert(json[0] == '{' || strchr(" \t\r\n", json[0]));
    while ((value_size = msock_json_member(json, size, &cursor, &key, &key_size,
                                           &value)) >= 0) {
        char name[32];
        int named = msock_json_text(key, key_size, name, sizeof name);
        assert(named >= 0);
        unsigned i = 0;
        while (keys[i].name && strcmp(keys[i].name, name) != 0) {
            i++;
        }
        assert(keys[i].name && !(seen & 1U << i));
        seen |= 1U << i;
        check_value(&keys[i], value, (size_t)value_size);
    }
    for (unsigned i = 0; keys[i].name; i++) {
        assert(!keys[i].required || (seen & 1U << i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const msock_config_key *keys = tables[bytes[0] % 4];
    char *text = exact_copy(bytes + 1, size - 1, 1);
    int result = msock__config_object("fuzz", text);
    if (result == 0) {
        result = msock__config_check("fuzz", keys, text);
    }
    if (result == 0) {
        check_members(keys, text, strlen(text));
    } else {
        assert(msock_error_detail()[0] != '\0');
    }
    free(text);
    return 0;
}
