/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages against frames that something else made. */
#include "tests/codec/control_case.h"
#include "tests/codec/vector_case.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 2048, FRAME_MAX = 16384, TEXTS_MAX = 64 };

/* JSON that the slices of an expected message point to. */
static char *texts[TEXTS_MAX];
static size_t texts_count;

/* -- What a case says -- */

static bool has(const cJSON *data, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(data, key) != NULL;
}

static void take_number(const cJSON *data, const char *key, uint64_t *number)
{
    if (has(data, key)) {
        *number = vector_number(data, key);
    }
}

static uint64_t id_of(const cJSON *item)
{
    cr_assert(cJSON_IsString(item));
    return strtoull(item->valuestring, NULL, 16);
}

static void take_id(const cJSON *data, const char *key, uint64_t *id)
{
    if (has(data, key)) {
        *id = id_of(vector_get(data, key));
    }
}

static uint64_t number_at(const cJSON *array, int index)
{
    const cJSON *item = cJSON_GetArrayItem(array, index);

    cr_assert(cJSON_IsNumber(item));
    return (uint64_t)item->valuedouble; /* exact up to 2^53 */
}

static struct msock__range range_of(const cJSON *pair)
{
    return (struct msock__range){number_at(pair, 0), number_at(pair, 1)};
}

static void take_floors(const cJSON *entries, struct msock__control *control)
{
    const cJSON *entry;

    cJSON_ArrayForEach(entry, entries)
    {
        for (int i = 2; i < cJSON_GetArraySize(entry); i++) {
            control->floors[control->count++] =
                (struct msock__floor){number_at(entry, 0), number_at(entry, 1),
                                      id_of(cJSON_GetArrayItem(entry, i))};
        }
    }
}

static struct msock__json_slice json_of(const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);

    cr_assert(texts_count < TEXTS_MAX && text != NULL);
    texts[texts_count++] = text;
    return (struct msock__json_slice){
        .text = text, .size = strlen(text), .type = MSOCK__JSON_STRING};
}

static void forget_texts(void)
{
    while (texts_count > 0) {
        cJSON_free(texts[--texts_count]);
    }
}

static void take_about(const cJSON *data, struct msock__control *control)
{
    struct msock__about *about = &control->about;
    const cJSON *part = vector_get(data, "part");
    const cJSON *item;

    control->full = true;
    snprintf(about->version, sizeof about->version, "%s",
             vector_text(data, "version"));
    about->part = (uint32_t)number_at(part, 0);
    about->parts = (uint32_t)number_at(part, 1);
    about->keeper =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "keeper"));
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "filters"))
    {
        control->filters[control->count++] = json_of(item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "keys"))
    {
        about->keys[about->key_count++] = (uint32_t)id_of(item);
    }
    if (has(data, "will")) {
        about->will = json_of(vector_get(data, "will"));
    }
}

/* A query for values, and what answers it. */
static void take_asking(const cJSON *data, struct msock__control *control)
{
    const cJSON *item;

    control->asks_values = control->kind == MSOCK__QUERY;
    take_id(data, "query", &control->query);
    take_number(data, "values", &control->value_count);
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "filters"))
    {
        control->filters[control->count++] = json_of(item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "done"))
    {
        control->done.sessions[control->done.count++] = id_of(item);
    }
}

/* Who acted on what: asked, and said. */
static void take_acts(const cJSON *data, struct msock__control *control)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "ack"))
    {
        control->asked[control->count++] = (uint64_t)item->valuedouble;
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "acts"))
    {
        control->acts[control->count++] =
            (struct msock__act){.counter = number_at(item, 0),
                                .code = (uint32_t)number_at(item, 1)};
    }
}

/* Each kind has few lists. */
static void take_lists(const cJSON *data, struct msock__control *control)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "sessions"))
    {
        control->sessions[control->count++] = id_of(item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "who"))
    {
        control->sessions[control->count++] = id_of(item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "ranges"))
    {
        control->ranges[control->count++] = range_of(item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "of"))
    {
        control->of.sessions[control->of.count++] = id_of(item);
    }
    take_floors(cJSON_GetObjectItemCaseSensitive(data, "floors"), control);
    take_acts(data, control);
}

static struct msock__control expected_of(const cJSON *item)
{
    const cJSON *data = vector_get(item, "data");
    const char *topic = vector_text(item, "topic");
    const struct msock__envelope named = {.topic = topic,
                                          .topic_size = strlen(topic)};
    struct msock__control control = {.kind = msock__control_kind_of(&named)};

    take_number(data, "age", &control.age_ms);
    take_number(data, "every", &control.every_ms);
    take_number(data, "be", &control.best_effort_last);
    take_number(data, "rev", &control.revision);
    take_number(data, "up", &control.up_ms);
    take_id(data, "nonce", &control.nonce);
    take_id(data, "session", &control.session);
    if (has(data, "rel") || has(data, "frames")) {
        control.held =
            range_of(vector_get(data, has(data, "rel") ? "rel" : "frames"));
    }
    if (has(data, "take")) {
        control.take = range_of(vector_get(data, "take"));
    }
    if (has(data, "version")) {
        take_about(data, &control);
    }
    if (has(data, "query")) {
        take_asking(data, &control);
    }
    take_lists(data, &control);
    if (has(data, "box")) {
        snprintf(control.pushed.to, sizeof control.pushed.to, "%s",
                 vector_text(data, "to"));
        control.pushed.made_ms = vector_number(data, "made");
        snprintf(control.pushed.box, sizeof control.pushed.box, "%s",
                 vector_text(data, "box"));
    }
    return control;
}

/* -- Encoding -- */

static void expect_encoded(const cJSON *vector)
{
    const cJSON *spec = cJSON_GetObjectItemCaseSensitive(vector, "send");
    if (spec == NULL) {
        return;
    }
    spec = spec->child;
    static uint8_t bytes[FRAME_MAX];
    struct msock__packet packet = {.bytes = bytes, .capacity = FRAME_MAX};
    struct msock__body body = {.sent_us = vector_number(spec, "sent")};
    struct msock__control control =
        expected_of(vector_get(vector, "control")->child);
    struct msock__pipeline pipeline = vector_pipeline(vector);
    struct vector_bytes session = vector_hex(vector_get(spec, "session"));
    struct vector_bytes frame = vector_hex(vector_get(vector, "frames")->child);
    size_t used;

    packet.frame.stream = (uint8_t)vector_number(spec, "stream");
    packet.frame.counter = vector_number(spec, "counter");
    memcpy(packet.frame.session, session.bytes, MSOCK__SESSION_SIZE);
    packet.size = MSOCK__HEADER_SIZE;
    packet.size += msock__body_encode(&body, bytes + packet.size);
    packet.size +=
        msock__control_encode(&control, "hub", (char *)bytes + packet.size,
                              FRAME_MAX - MSOCK__TAG_SIZE - packet.size, &used);
    msock__pipeline_encode(&pipeline, &packet);

    cr_expect(eq(sz, used, control.count), "%s", vector_text(vector, "name"));
    cr_assert(eq(sz, packet.size, frame.size), "%s",
              vector_text(vector, "name"));
    cr_expect(zero(int, memcmp(bytes, frame.bytes, frame.size)), "%s",
              vector_text(vector, "name"));
    free(frame.bytes);
    free(session.bytes);
    forget_texts();
    msock__pipeline_fini(&pipeline);
}

/* -- Decoding -- */

/* Opens a frame of stream 2 and reads its only message.  Returns 0 or the drop
 * counter. */
static int take_frame(const struct msock__pipeline *pipeline, uint8_t *bytes,
                      size_t size, struct msock__control *control)
{
    struct msock__packet packet = {
        .bytes = bytes, .size = size, .capacity = size};
    struct msock__envelope envelope;
    struct msock__body body;
    size_t used;

    cr_assert(zero(int, msock__frame_decode(bytes, size, &packet.frame)));
    cr_assert(eq(int, packet.frame.stream, MSOCK__CONTROL));
    cr_assert(zero(int, msock__pipeline_admit(pipeline, &packet.frame)));
    cr_assert(zero(int, msock__pipeline_decode(pipeline, &packet)));
    cr_assert(zero(int, msock__body_decode(bytes + MSOCK__HEADER_SIZE,
                                           packet.size - MSOCK__HEADER_SIZE,
                                           packet.frame.flags, &body)));
    int drop = msock__envelope_decode(
        (char *)body.bytes, body.size, false,
        msock__session_short(packet.frame.session), HEAD_MAX, &envelope, &used);
    cr_assert(zero(int, drop));
    cr_assert(eq(sz, used, body.size));
    cr_expect(zero(int, strcmp(envelope.sender, "hub")));
    return msock__control_decode(&envelope, control);
}

static void expect_decoded(const cJSON *vector)
{
    const char *name = vector_text(vector, "name");
    const cJSON *item = vector_get(vector, "control")->child;
    const cJSON *counters = vector_get(vector, "counters");
    struct msock__pipeline pipeline = vector_pipeline(vector);
    struct vector_bytes frame = vector_hex(vector_get(vector, "frames")->child);
    struct msock__control control;

    int drop = take_frame(&pipeline, frame.bytes, frame.size, &control);

    cr_assert(
        eq(int, drop, has(counters, "drop_control") ? MSOCK_DROP_CONTROL : 0),
        "%s", name);
    cr_assert(eq(int, drop == 0, item != NULL), "%s", name);
    if (item != NULL) {
        struct msock__control expected = expected_of(item);
        cr_expect(control_same(&control, &expected), "%s", name);
    }
    free(frame.bytes);
    forget_texts();
    msock__pipeline_fini(&pipeline);
}

static int for_cases(void (*expect)(const cJSON *vector))
{
    cJSON *tree = vector_file("control.json");
    const cJSON *vector;
    int count = 0;

    cJSON_ArrayForEach(vector, vector_get(tree, "cases"))
    {
        expect(vector);
        count++;
    }
    cJSON_Delete(tree);
    return count;
}

Test(control_vectors, control_frames_are_made)
{
    cr_assert(ge(int, for_cases(expect_encoded), 160));
}

Test(control_vectors, control_frames_are_taken_or_refused)
{
    cr_assert(ge(int, for_cases(expect_decoded), 160));
}
