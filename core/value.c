/* SPDX-License-Identifier: Apache-2.0 */
/* Values of state topics. */
#include "core/value.h"

#include "codec/json.h"
#include "core/number.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int msock__edition_compare(const struct msock__edition *one,
                           const struct msock__edition *other)
{
    if (one->version != other->version) {
        return one->version < other->version ? -1 : 1;
    }
    return memcmp(one->session, other->session, sizeof one->session);
}

static const char no_data[] = "null";

static size_t text_size(const struct msock__offer *offer)
{
    size_t data_size = offer->data ? offer->data_size : sizeof no_data - 1;

    return offer->topic_size + 1 + data_size + 1;
}

size_t msock__value_cost(const struct msock__value *value)
{
    return sizeof *value + value->topic_size + 1 + value->data_size + 1;
}

/* Copies a text and ends it; returns what lies behind it. */
static char *put_text(char *out, const char *text, size_t size)
{
    memcpy(out, text, size);
    out[size] = '\0';
    return out + size + 1;
}

size_t msock__offer_cost(const struct msock__offer *offer)
{
    return sizeof(struct msock__value) + text_size(offer);
}

struct msock__value *msock__value_new(const struct msock__offer *offer)
{
    struct msock__value *value = malloc(msock__offer_cost(offer));
    if (value == NULL) {
        return NULL;
    }
    *value = (struct msock__value){
        .edition = offer->edition,
        .published_us = offer->age_known ? offer->published_us : 0,
        .age_known = offer->age_known,
        .told = offer->told,
        .own = offer->own,
        .cleared = offer->data == NULL,
        .flags = offer->flags,
        .owner_size = offer->owner_size,
        .topic = value->text,
        .topic_size = offer->topic_size,
        .data_size = offer->data ? offer->data_size : sizeof no_data - 1,
        .holders = 1,
    };
    put_text(value->owner, offer->owner, offer->owner_size);
    char *data = put_text(value->text, offer->topic, offer->topic_size);
    if (offer->data) {
        value->data_size =
            msock__json_compact(offer->data, offer->data_size, data);
        data[value->data_size] = '\0';
    } else {
        put_text(data, no_data, value->data_size);
    }
    value->data = data;
    return value;
}

struct msock__value *msock__value_hold(struct msock__value *value)
{
    value->holders++;
    return value;
}

void msock__value_release(struct msock__value *value)
{
    if (value == NULL) {
        return;
    }
    assert(value->holders > 0);
    if (--value->holders == 0) {
        free(value);
    }
}

void msock__values_release(struct msock__value **list, int count)
{
    for (int i = 0; i < count; i++) {
        msock__value_release(list[i]);
    }
    free(list);
}

uint64_t msock__value_forget_us(const struct msock__value *value,
                                uint64_t now_us)
{
    uint64_t age_us = value->age_known ? now_us - value->published_us : 0;
    uint64_t left_us =
        age_us < MSOCK__CLEARED_US ? MSOCK__CLEARED_US - age_us : 0;

    return now_us + (value->own
                         ? MSOCK__CLEARED_OWN_US
                         : msock__most(left_us, MSOCK__CLEARED_LEAST_US));
}
