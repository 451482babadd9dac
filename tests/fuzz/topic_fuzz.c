/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes filters and topics beside libmosquitto: a filter, a NUL, a topic.
 *
 * What we take for a filter or a topic, libmosquitto takes too, and matches as
 * we do. What it takes and we refuse breaks one of our limits (docs/protocol.md
 * 10): 255 bytes, 16 levels, control characters and invalid UTF-8.
 *
 * Known difference: a filter that begins with `$` and a topic that does not, or
 * the other way round, never match in libmosquitto whatever follows; with us
 * neither, since the first level is then spelt out and differs. */
#include "codec/envelope.h"
#include "codec/utf8.h"
#include "core/topic.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <mosquitto.h>
#include <multisock/multisock.h>

static bool has_control(const char *text, size_t size)
{
    uint32_t code;
    for (size_t offset = 0; offset < size;) {
        size_t step = msock__utf8_next(text + offset, size - offset, &code);
        if (step == 0 || code < 0x20 || (code >= 0x7f && code <= 0x9f)) {
            return true;
        }
        offset += step;
    }
    return false;
}

/* Whether only our own limits can make a text that MQTT allows invalid. */
static bool within_limits(const char *text, size_t size)
{
    size_t levels = 1;
    for (size_t i = 0; i < size; i++) {
        levels += text[i] == '/';
    }
    return size >= 1 && size <= MSOCK_TOPIC_MAX && levels <= MSOCK_LEVELS_MAX &&
           !has_control(text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *nul = size > 0 ? memchr(bytes, 0, size) : NULL;
    size_t filter_size = nul ? (size_t)(nul - bytes) : size;
    size_t topic_size = nul ? size - filter_size - 1 : 0;
    if (topic_size > 0 && memchr(nul + 1, 0, topic_size)) {
        return 0; /* their texts end at a NUL */
    }
    char *filter = exact_copy(bytes, filter_size, 1);
    char *topic = exact_copy(bytes + size - topic_size, topic_size, 1);
    bool filter_good = msock__filter_valid(filter, filter_size);
    bool topic_good = msock__topic_valid(topic, topic_size);

    bool filter_theirs = mosquitto_sub_topic_check(filter) == MOSQ_ERR_SUCCESS;
    bool topic_theirs = mosquitto_pub_topic_check(topic) == MOSQ_ERR_SUCCESS;
    assert(filter_good ==
           (filter_theirs && within_limits(filter, filter_size)));
    assert(topic_good == (topic_theirs && within_limits(topic, topic_size)));
    assert(msock_topic_match(filter, topic) ==
           (filter_good && topic_good &&
            msock__topic_match(filter, filter_size, topic, topic_size)));
    if (filter_good && topic_good) {
        bool theirs = false;
        int code = mosquitto_topic_matches_sub(filter, topic, &theirs);
        assert(code == MOSQ_ERR_SUCCESS);
        assert(msock_topic_match(filter, topic) == theirs);
    }
    free(filter);
    free(topic);
    return 0;
}
