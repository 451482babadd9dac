/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's configuration against the keys that the plugin declares. */
#include "plugins/config.h"

#include "codec/error.h"

#include <assert.h>
#include <multisock/text.h>
#include <stdio.h>
#include <string.h>

enum {
    WORD_SIZE = 128,    /* of a key that is looked up, with a NUL */
    PLACE_SIZE = 256,   /* of "a.b[3]." */
    DIGITS_MAX = 16,    /* of a whole number */
    EXPECTED_SIZE = 160 /* of a list of types */
};

static const uint64_t whole_max = (UINT64_C(1) << 53) - 1;

/* An object of the configuration, and what is known about it. */
struct object {
    const char *plugin;
    const char *place; /* where it is: "" or "commands[1]." */
    const msock_config_key *keys;
    const char *json;
    size_t size;
};

static const struct {
    enum msock_config_type type;
    const char *name;
} types[] = {
    {MSOCK_CONFIG_TEXT, "a string"},   {MSOCK_CONFIG_WHOLE, "a whole number"},
    {MSOCK_CONFIG_NUMBER, "a number"}, {MSOCK_CONFIG_SWITCH, "true or false"},
    {MSOCK_CONFIG_LIST, "a list"},     {MSOCK_CONFIG_OBJECT, "an object"},
};

static int check_members(const struct object *object);

/* -- Types -- */

/* Reads a whole number.  Returns whether the (valid) number is one. */
static bool read_whole(const char *json, size_t size, uint64_t *value)
{
    uint64_t sum = 0;
    if (size > DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (json[i] < '0' || json[i] > '9') {
            return false;
        }
        sum = 10 * sum + (uint64_t)(json[i] - '0');
    }
    *value = sum;
    return sum <= whole_max;
}

/* Returns the types that a valid JSON value has. */
static unsigned types_of(const char *json, size_t size)
{
    uint64_t value;

    switch (json[0]) {
    case '"':
        return MSOCK_CONFIG_TEXT;
    case '{':
        return MSOCK_CONFIG_OBJECT;
    case '[':
        return MSOCK_CONFIG_LIST;
    case 't':
    case 'f':
        return MSOCK_CONFIG_SWITCH;
    case 'n':
        return 0;
    default:
        return MSOCK_CONFIG_NUMBER |
               (read_whole(json, size, &value) ? MSOCK_CONFIG_WHOLE : 0U);
    }
}

static int fail_type(const struct object *object, const msock_config_key *key)
{
    char expected[EXPECTED_SIZE] = "";
    size_t used = 0;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if ((key->types & types[i].type) != 0) {
            int size = snprintf(expected + used, sizeof expected - used, "%s%s",
                                used > 0 ? " or " : "", types[i].name);
            used += (size_t)size;
            assert(used < sizeof expected);
        }
    }
    return msock__fail(MSOCK_EOPTION,
                       "configuration of plugin %s: \"%s%s\" must be %s",
                       object->plugin, object->place, key->name, expected);
}

/* -- Values -- */

static int check_range(const struct object *object, const msock_config_key *key,
                       const char *json, size_t size)
{
    uint64_t most = key->most > 0 ? key->most : whole_max;
    uint64_t value;

    if (!read_whole(json, size, &value) ||
        (value >= key->least && value <= most)) {
        return 0;
    }
    return msock__fail(
        MSOCK_EOPTION,
        "configuration of plugin %s: \"%s%s\" must be %llu to %llu",
        object->plugin, object->place, key->name,
        (unsigned long long)key->least, (unsigned long long)most);
}

static int check_list(const struct object *object, const msock_config_key *key,
                      const char *json, size_t size)
{
    size_t cursor = 0;
    unsigned long index = 0;
    const char *item;
    int item_size;

    while ((item_size = msock_json_next(json, size, &cursor, &item)) >= 0) {
        char place[PLACE_SIZE];
        snprintf(place, sizeof place, "%s%s[%lu].", object->place, key->name,
                 index++);
        const struct object inner = {.plugin = object->plugin,
                                     .place = place,
                                     .keys = key->members,
                                     .json = item,
                                     .size = (size_t)item_size};
        if (item[0] != '{') {
            return msock__fail(MSOCK_EOPTION,
                               "configuration of plugin %s: \"%s%s[%lu]\" must "
                               "be an object",
                               object->plugin, object->place, key->name,
                               index - 1);
        }
        int result = check_members(&inner);
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

static int check_value(const struct object *object, const msock_config_key *key,
                       const char *json, size_t size)
{
    unsigned found = types_of(json, size);

    if ((found & key->types) == 0) {
        return fail_type(object, key);
    }
    if ((found & MSOCK_CONFIG_WHOLE) != 0) {
        return check_range(object, key, json, size);
    }
    if (key->members == NULL) {
        return 0;
    }
    if (found == MSOCK_CONFIG_LIST) {
        return check_list(object, key, json, size);
    }
    if (found == MSOCK_CONFIG_OBJECT) {
        char place[PLACE_SIZE];
        snprintf(place, sizeof place, "%s%s.", object->place, key->name);
        const struct object inner = {.plugin = object->plugin,
                                     .place = place,
                                     .keys = key->members,
                                     .json = json,
                                     .size = size};
        return check_members(&inner);
    }
    return 0;
}

/* -- Members -- */

static int fail_unknown(const struct object *object, const char *key,
                        size_t key_size)
{
    const char *names[MSOCK__CONFIG_KEYS_MAX] = {NULL};
    size_t count = 0;
    for (; object->keys[count].name != NULL; count++) {
        names[count] = object->keys[count].name;
    }
    const char *nearest = msock_text_nearest(key, key_size, names, count);
    char meant[WORD_SIZE] = "it has none here";
    if (nearest == NULL && count > 0) {
        snprintf(meant, sizeof meant, "leave it out");
    } else if (nearest != NULL) {
        snprintf(meant, sizeof meant, "did you mean \"%s\"?", nearest);
    }
    return msock__fail(MSOCK_EOPTION,
                       "configuration of plugin %s: unknown key \"%s%s\"; %s",
                       object->plugin, object->place, key, meant);
}

static int check_member(const struct object *object, const char *quoted,
                        size_t quoted_size, const char *json, size_t size)
{
    char name[WORD_SIZE];
    const char *first;
    int name_size = msock_json_text(quoted, quoted_size, name, sizeof name);

    if (name_size < 0) { /* longer than any key */
        snprintf(name, sizeof name, "%.*s", WORD_SIZE / 2, quoted + 1);
        return fail_unknown(object, name, strlen(name));
    }
    const msock_config_key *key = object->keys;
    while (key->name != NULL && strcmp(key->name, name) != 0) {
        key++;
    }
    if (key->name == NULL) {
        return fail_unknown(object, name, (size_t)name_size);
    }
    msock_json_get(object->json, object->size, name, &first);
    if (first != json) {
        return msock__fail(MSOCK_EOPTION,
                           "configuration of plugin %s: \"%s%s\" comes twice",
                           object->plugin, object->place, name);
    }
    return check_value(object, key, json, size);
}

static int check_required(const struct object *object)
{
    const msock_config_key *key = object->keys;
    for (; key->name != NULL; key++) {
        const char *value;
        if (key->required &&
            msock_json_get(object->json, object->size, key->name, &value) < 0) {
            return msock__fail(MSOCK_EOPTION,
                               "configuration of plugin %s: \"%s%s\" is "
                               "missing%s%s",
                               object->plugin, object->place, key->name,
                               key->help != NULL ? ": " : "",
                               key->help != NULL ? key->help : "");
        }
    }
    return 0;
}

static int check_table(const struct object *object)
{
    size_t count = 0;
    while (object->keys[count].name != NULL) {
        if (++count > MSOCK__CONFIG_KEYS_MAX) {
            return msock__fail(MSOCK_EPLUGIN,
                               "plugin %s declares over %d keys of its "
                               "configuration",
                               object->plugin, MSOCK__CONFIG_KEYS_MAX);
        }
    }
    return 0;
}

static int check_members(const struct object *object)
{
    size_t cursor = 0;
    const char *key;
    size_t key_size;
    const char *value;
    int size;
    int result = check_table(object);

    while (result == 0 &&
           (size = msock_json_member(object->json, object->size, &cursor, &key,
                                     &key_size, &value)) >= 0) {
        result = check_member(object, key, key_size, value, (size_t)size);
    }
    return result < 0 ? result : check_required(object);
}

int msock__config_object(const char *plugin, const char *config)
{
    size_t size = strlen(config);
    int result = msock_json_check(config, size);
    if (result < 0) {
        return msock__fail(result, "configuration of plugin %s: %s", plugin,
                           msock_error_detail());
    }
    if (config[strspn(config, " \t\r\n")] != '{') {
        return msock__fail(MSOCK_EJSON,
                           "the configuration of plugin %s must be a JSON "
                           "object, such as {}",
                           plugin);
    }
    return 0;
}

int msock__config_check(const char *plugin, const msock_config_key *keys,
                        const char *config)
{
    const struct object object = {.plugin = plugin,
                                  .place = "",
                                  .keys = keys,
                                  .json = config,
                                  .size = strlen(config)};
    return check_members(&object);
}
