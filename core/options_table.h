/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys behind core/options.h: each key's kind, range, default,
 * schemes, and where it stands in msock_options and in the configuration. All
 * values come as text, those of msock_options too, so that there is one check
 * and one wording for both. */
#ifndef MSOCK_CORE_OPTIONS_TABLE_H
#define MSOCK_CORE_OPTIONS_TABLE_H

#include "core/options.h"

#include <stddef.h>
#include <stdint.h>

enum msock__option_kind {
    MSOCK__OPTION_COUNT, /* uint64_t */
    MSOCK__OPTION_SIZE,  /* uint64_t bytes, suffixes K M G */
    MSOCK__OPTION_TIME,  /* uint64_t us, suffix us ms s */
    MSOCK__OPTION_RATE,  /* double per cent, suffix % */
    MSOCK__OPTION_TEXT,  /* char[max + 1] */
    MSOCK__OPTION_NAME,  /* char[], a node name */
    MSOCK__OPTION_TOPIC, /* char[], a topic */
    MSOCK__OPTION_CODEC, /* bool: raw */
    MSOCK__OPTION_SIGN   /* enum msock__sign */
};

/** How the field of msock_options is declared. */
enum msock__option_field {
    MSOCK__FIELD_NONE,
    MSOCK__FIELD_TEXT,
    MSOCK__FIELD_UNSIGNED,
    MSOCK__FIELD_PORT, /* uint16_t */
    MSOCK__FIELD_SIZE
};

struct msock__option {
    const char *key;
    enum msock__option_kind kind;
    unsigned schemes;    /* bits 1 << enum msock__scheme */
    uint64_t min, max;   /* of a number; bytes of a text */
    const char *initial; /* default, or NULL: zero */
    size_t offset;       /* in struct msock__config */
    enum msock__option_field field;
    size_t field_offset; /* in msock_options */
};

enum { MSOCK__OPTIONS_MAX = 64 };

extern const struct msock__option msock__options[];
extern const size_t msock__options_count;

/** Returns the entry of a key, or NULL. */
const struct msock__option *msock__option_find(const char *key, size_t size);

/** Returns the known key that `key` may have been meant to be, or NULL. */
const char *msock__option_nearest(const char *key, size_t size);

/** Checks a value and writes it to `config`.
 *  Returns 0, MSOCK_EOPTION, MSOCK_ENAME, MSOCK_ENOTSUP; the detail is set. */
int msock__option_set(const struct msock__option *option,
                      struct msock__config *config, const char *text,
                      size_t size);

#endif
