/* SPDX-License-Identifier: Apache-2.0 */
/* Names and sentences of the counters. */
#include <multisock/counter.h>
#include <stddef.h>

static const struct {
    const char *name;
    const char *text;
} counters[MSOCK_COUNTER_COUNT] = {
#define MSOCK__XX(id, name, text) [MSOCK_##id] = {name, text},
    MSOCK_COUNTER_MAP(MSOCK__XX)
#undef MSOCK__XX
};

const char *msock_counter_name(enum msock_counter counter)
{
    size_t index = (size_t)counter;

    return index < MSOCK_COUNTER_COUNT ? counters[index].name : NULL;
}

const char *msock_counter_text(enum msock_counter counter)
{
    size_t index = (size_t)counter;

    return index < MSOCK_COUNTER_COUNT ? counters[index].text : NULL;
}
