/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of core/trust.h, for trust.c (what it says) and trust_read.c (how
 * it is read). */
#ifndef MSOCK_CORE_TRUST_STATE_H
#define MSOCK_CORE_TRUST_STATE_H

#include "core/trust.h"

/* Kinds of filters. */
enum { MSOCK__PUBLISH, MSOCK__UNSIGNED, MSOCK__TRUST_KINDS };

struct msock__trust_filter {
    const char *text;
    size_t size;
};

/* The filters of one kind, in the table's array. */
struct msock__trust_filters {
    size_t first;
    size_t count;
};

struct msock__trusted {
    const char *name;
    size_t name_size;
    int line;
    uint8_t public[MSOCK__PUBLIC_SIZE];
    struct msock__trust_filters filters[MSOCK__TRUST_KINDS];
    bool keep;
    bool admin;
};

struct msock__trust {
    uint64_t digest;                /* of the text as it was read */
    char *text;                     /* names and filters point into it */
    struct msock__trusted *entries; /* by name */
    size_t count, capacity;
    struct msock__trust_filter *filters;
    size_t filter_count, filter_capacity;
    struct msock__trust_filters
        others[MSOCK__TRUST_KINDS]; /* of nodes without an entry */
    int others_line;                /* 0: not given */
};

/** The order of names: below, at or above 0. */
int msock__trust_compare(const char *a, size_t a_size, const char *b,
                         size_t b_size);

#endif
