/* SPDX-License-Identifier: Apache-2.0 */
/* A last will. */
#include "core/will.h"

#include "codec/error.h"
#include "codec/json.h"
#include "core/topic.h"

#include <assert.h>
#include <string.h>

/* Around it are the array, the data of the hello and the envelope. */
enum { DATA_DEPTH = MSOCK__JSON_DEPTH_MAX - 3 };

static int check_topic(const char *topic)
{
    size_t size = strlen(topic);

    if (!msock__topic_valid(topic, size) ||
        msock__topic_reserved(topic, size)) {
        return msock__fail(MSOCK_ETOPIC,
                           "\"%.255s\" is no topic for a last will: 1..255 "
                           "bytes of UTF-8, at most 16 levels, without +, # "
                           "and control characters, and not under $ms/",
                           topic);
    }
    return 0;
}

/* Scans the data and cuts the white space around it. */
static int check_json(const char *json, struct msock__json_slice *value)
{
    size_t size = strlen(json);
    size_t offset = 0;

    msock__json_space(json, size, &offset);
    int code = msock__json_scan(json, size, DATA_DEPTH, &offset, value);
    if (code == 0) {
        msock__json_space(json, size, &offset);
    }
    if (code < 0 || offset != size) {
        return msock__fail(MSOCK_EJSON,
                           "the last will is not strict JSON at byte %zu",
                           offset);
    }
    return 0;
}

static int too_big(size_t size)
{
    return msock__fail(MSOCK_ETOOBIG,
                       "the last will takes %zu bytes or more with its topic: "
                       "%d at most",
                       size, MSOCK__WILL_MAX);
}

/* Writes the array.  Returns 0, MSOCK_ETOOBIG. */
static int spell(struct msock__will *will, const char *topic,
                 const struct msock__json_slice *data)
{
    enum { AROUND = 3 }; /* [,] */
    char quoted[6 * MSOCK_TOPIC_MAX + 2];
    size_t topic_size = msock__json_quote(topic, strlen(topic), quoted);
    char *text = will->text;

    if (topic_size + AROUND >= MSOCK__WILL_MAX) {
        return too_big(topic_size + AROUND + 1);
    }
    size_t room = MSOCK__WILL_MAX - AROUND - topic_size;
    size_t data_size = data->size;
    *text++ = '[';
    memcpy(text, quoted, topic_size);
    text += topic_size;
    *text++ = ',';
    if (data_size > room) {
        return too_big(topic_size + AROUND + data_size);
    }
    text += msock__json_compact(data->text, data_size, text);
    *text++ = ']';
    will->size = (size_t)(text - will->text);
    return 0;
}

int msock__will_make(struct msock__will *will, const char *topic,
                     const char *json)
{
    struct msock__will made = {0};
    struct msock__json_slice data;

    if (topic == NULL) {
        *will = made;
        return 0;
    }
    int code = check_topic(topic);
    if (code == 0) {
        code = check_json(json != NULL ? json : "null", &data);
    }
    if (code == 0) {
        code = spell(&made, topic, &data);
    }
    if (code == 0) {
        *will = made;
    }
    return code;
}

int msock__will_check(const struct msock__config *config)
{
    struct msock__will will;
    bool has_words = config->will[0] != '\0';

    if (config->will_topic[0] == '\0') {
        return has_words
                   ? msock__fail(MSOCK_EOPTION, "will needs will_topic: where "
                                                "is it to be heard?")
                   : 0;
    }
    if (config->raw) {
        return msock__fail(MSOCK_ENOTSUP, "codec=raw has no room for a last "
                                          "will: use codec=json");
    }
    return msock__will_make(&will, config->will_topic,
                            has_words ? config->will : NULL);
}

void msock__will_read(const char *text, size_t size, struct msock__words *words)
{
    struct msock__json_slice topic;
    struct msock__json_slice data;
    size_t offset = 0;

    assert(size <= MSOCK__WILL_MAX);
    int more = msock__json_element(text, size, DATA_DEPTH + 1, &offset, &topic);
    assert(more == 1);
    more = msock__json_element(text, size, DATA_DEPTH + 1, &offset, &data);
    assert(more == 1);
    (void)more;
    words->topic_size = msock__json_unescape(&topic, words->topic);
    words->topic[words->topic_size] = '\0';
    memcpy(words->data, data.text, data.size);
    words->data_size = data.size;
    words->data[data.size] = '\0';
}
