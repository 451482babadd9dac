/* SPDX-License-Identifier: Apache-2.0 */
/* Test vectors as the codec's structures. */
#include "tests/codec/vector_case.h"

#include "codec/seal.h"
#include "codec/sign.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cJSON *vector_file(const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/tests/vectors/%s", MSOCK_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert(ne(ptr, file, NULL), "%s", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    cr_assert(ne(ptr, text, NULL));
    cr_assert(eq(sz, fread(text, 1, size, file), size));
    fclose(file);
    cJSON *tree = cJSON_ParseWithLength(text, size);
    free(text);
    cr_assert(ne(ptr, tree, NULL), "%s is not JSON", path);
    return tree;
}

cJSON *vector_get(const cJSON *object, const char *key)
{
    cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);

    cr_assert(ne(ptr, member, NULL), "no member %s", key);
    return member;
}

const char *vector_text(const cJSON *object, const char *key)
{
    const cJSON *member = vector_get(object, key);

    cr_assert(cJSON_IsString(member), "%s is no text", key);
    return member->valuestring;
}

uint64_t vector_number(const cJSON *object, const char *key)
{
    const cJSON *member = vector_get(object, key);

    cr_assert(cJSON_IsNumber(member), "%s is no number", key);
    return (uint64_t)member->valuedouble; /* exact up to 2^53 */
}

struct vector_bytes vector_hex(const cJSON *item)
{
    cr_assert(cJSON_IsString(item));
    size_t size = strlen(item->valuestring) / 2;
    struct vector_bytes bytes = {.bytes = malloc(size + 1), .size = size};
    cr_assert(ne(ptr, bytes.bytes, NULL));
    for (size_t i = 0; i < size; i++) {
        unsigned byte;
        cr_assert(eq(int, sscanf(item->valuestring + 2 * i, "%2x", &byte), 1));
        bytes.bytes[i] = (uint8_t)byte;
    }
    return bytes;
}

struct msock__pipeline vector_pipeline(const cJSON *vector)
{
    struct msock__pipeline pipeline = {.count = 0};
    const cJSON *channel = vector_get(vector, "channel");
    const cJSON *keys = vector_get(vector, "keys");
    struct msock__keyring *ring = NULL;
    struct msock__stage stage;
    struct msock__identity *identity = NULL;
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(vector, "id");
    const cJSON *key;

    if (cJSON_GetArraySize(keys) == 0) {
        return pipeline;
    }
    cr_assert(zero(int, msock__keyring_new(&ring)));
    cJSON_ArrayForEach(key, keys)
    {
        cr_assert(zero(int, msock__keyring_parse(ring, key->valuestring,
                                                 strlen(key->valuestring),
                                                 "vector")));
    }
    struct vector_bytes group = vector_hex(vector_get(channel, "group16"));
    cr_assert(eq(sz, group.size, MSOCK__GROUP_SIZE));
    cr_assert(zero(int, msock__seal_stage(
                            &stage, ring, group.bytes,
                            (uint16_t)vector_number(channel, "port"), NULL)));
    struct msock__stage sign;
    if (id != NULL) {
        cr_assert(zero(int, msock__identity_parse(&identity, id->valuestring,
                                                  strlen(id->valuestring),
                                                  "vector")));
    }
    cr_assert(
        zero(int, msock__sign_stage(&sign, identity, group.bytes,
                                    (uint16_t)vector_number(channel, "port"))));
    free(group.bytes);
    msock__pipeline_add(&pipeline, &sign);
    msock__pipeline_add(&pipeline, &stage);
    return pipeline;
}

/* Takes a text member into the envelope, if it is there. */
static void take_text(const cJSON *message, const char *name, unsigned key,
                      struct msock__envelope *envelope, const char **text,
                      size_t *size)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(message, name);

    if (member != NULL) {
        envelope->keys |= key;
        *text = member->valuestring;
        *size = strlen(member->valuestring);
    }
}

static void take_number(const cJSON *message, const char *name, unsigned key,
                        struct msock__envelope *envelope, uint64_t *number)
{
    if (cJSON_GetObjectItemCaseSensitive(message, name) != NULL) {
        envelope->keys |= key;
        *number = vector_number(message, name);
    }
}

struct msock__envelope vector_envelope(const cJSON *message, uint8_t **raw)
{
    const cJSON *hex = cJSON_GetObjectItemCaseSensitive(message, "raw");
    struct msock__envelope e = {0};

    take_text(message, "topic", MSOCK__KEY_TOPIC, &e, &e.topic, &e.topic_size);
    take_text(message, "sender", MSOCK__KEY_SENDER, &e, &e.sender,
              &e.sender_size);
    take_text(message, "id", MSOCK__KEY_ID, &e, &e.id, &e.id_size);
    take_text(message, "reply_to", MSOCK__KEY_REPLY_TO, &e, &e.reply_to,
              &e.reply_to_size);
    take_text(message, "type", MSOCK__KEY_TYPE, &e, &e.type, &e.type_size);
    take_text(message, "origin", MSOCK__KEY_ORIGIN, &e, &e.origin,
              &e.origin_size);
    take_text(message, "data", MSOCK__KEY_DATA, &e, &e.data, &e.data_size);
    take_number(message, "expires", MSOCK__KEY_EXPIRES, &e, &e.expires_ms);
    take_number(message, "after", MSOCK__KEY_AFTER, &e, &e.after_ms);
    take_number(message, "state", MSOCK__KEY_STATE, &e, &e.state);
    *raw = NULL;
    if (hex != NULL) {
        struct vector_bytes bytes = vector_hex(hex);
        e.keys |= MSOCK__KEY_LEN;
        e.data = (const char *)bytes.bytes;
        e.data_size = bytes.size;
        *raw = bytes.bytes;
    }
    return e;
}
