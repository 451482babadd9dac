/* SPDX-License-Identifier: Apache-2.0 */
/* The table of trusted nodes. */
#include "core/trust_state.h"

#include "core/topic.h"

#include <multisock/counter.h>
#include <stdlib.h>
#include <string.h>

void msock__trust_free(struct msock__trust *trust)
{
    if (trust) {
        free(trust->entries);
        free(trust->filters);
        free(trust->text);
        free(trust);
    }
}

bool msock__trust_same(const struct msock__trust *one,
                       const struct msock__trust *other)
{
    return one->digest == other->digest;
}

int msock__trust_compare(const char *a, size_t a_size, const char *b,
                         size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

const struct msock__trusted *msock__trust_find(const struct msock__trust *trust,
                                               const char *name, size_t size)
{
    size_t low = 0;
    size_t high = trust->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct msock__trusted *entry = &trust->entries[middle];
        int order =
            msock__trust_compare(name, size, entry->name, entry->name_size);
        if (order == 0) {
            return entry;
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return NULL;
}

size_t msock__trust_count(const struct msock__trust *trust)
{
    return trust->count;
}

const struct msock__trusted *
msock__trust_owner(const struct msock__trust *trust,
                   const uint8_t session[static MSOCK__SESSION_SIZE])
{
    for (size_t i = 0; i < trust->count; i++) {
        if (msock__session_commits(trust->entries[i].public, session)) {
            return &trust->entries[i];
        }
    }
    return NULL;
}

const uint8_t *msock__trusted_public(const struct msock__trusted *trusted)
{
    return trusted->public;
}

bool msock__trusted_lax(const struct msock__trusted *trusted)
{
    return trusted->filters[MSOCK__UNSIGNED].count > 0;
}

bool msock__trusted_keep(const struct msock__trusted *trusted)
{
    return trusted->keep;
}

bool msock__trusted_admin(const struct msock__trusted *trusted)
{
    return trusted->admin;
}

static bool covers(const struct msock__trust *trust,
                   const struct msock__trust_filters *filters,
                   const char *topic, size_t size)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct msock__trust_filter *filter =
            &trust->filters[filters->first + i];
        if (msock__topic_match(filter->text, filter->size, topic, size)) {
            return true;
        }
    }
    return false;
}

bool msock__trust_unsigned(const struct msock__trust *trust,
                           const struct msock__trusted *trusted,
                           const char *topic, size_t size)
{
    return covers(trust,
                  trusted ? &trusted->filters[MSOCK__UNSIGNED]
                          : &trust->others[MSOCK__UNSIGNED],
                  topic, size);
}

int msock__trust_check(const struct msock__trust *trust,
                       const struct msock__trusted *trusted, const char *topic,
                       size_t size, bool is_signed)
{
    if (msock__trust_unsigned(trust, trusted, topic, size)) {
        return 0;
    }
    if (!trusted) {
        return MSOCK_DROP_RIGHTS;
    }
    if (!is_signed) {
        return MSOCK_DROP_UNSIGNED;
    }
    return covers(trust, &trusted->filters[MSOCK__PUBLISH], topic, size)
               ? 0
               : MSOCK_DROP_RIGHTS;
}
