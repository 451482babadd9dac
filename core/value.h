/* SPDX-License-Identifier: Apache-2.0 */
/* A value of a state topic, and which of two is newer (docs/protocol.md 8.1).
 *
 * It is one piece of memory that counts who holds it, so that a callback may be
 * lent it and do to the table of values what it wants. */
#ifndef MSOCK_CORE_VALUE_H
#define MSOCK_CORE_VALUE_H

#include "codec/frame.h"

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The largest version there is: 2^53-1, what JSON carries exactly. */
#define MSOCK__VERSION_MAX UINT64_C(9007199254740991)

/** How long it is remembered that a topic was cleared, from then on as far as
 *  that is known. Who cleared it remembers longer than all who heard of it, the
 *  latest from a disk: what is written next is newer for them, too. */
#define MSOCK__CLEARED_US UINT64_C(3600000000)
#define MSOCK__CLEARED_OWN_US (3 * MSOCK__CLEARED_US)
#define MSOCK__CLEARED_LEAST_US UINT64_C(60000000) /* since it was heard */

/** Which of a topic's values one is: the higher version is newer, of equal ones
 *  that of the higher session. Version 0: there is none. */
struct msock__edition {
    uint64_t version;
    uint8_t session[MSOCK__SESSION_SIZE]; /* that published it */
};

/** Less than, equal to or greater than 0: one is older, the same, newer. */
int msock__edition_compare(const struct msock__edition *one,
                           const struct msock__edition *other);

/** A value; it stays as it is, but that its age may become known, its edition
 *  another one by msock__values_adopt(), and that `kept` is set. Its texts end
 * with a NUL that their sizes do not count. */
struct msock__value {
    struct msock__edition edition;
    uint64_t published_us; /* on our own clock, maybe before its beginning: only
                              now_us - published_us means something */
    bool age_known;        /* else published_us is nothing */
    bool told;             /* it came as a reply, or from a disk */
    bool own;              /* published by this very node */
    bool cleared;          /* there is no data */
    bool kept;             /* those who keep it were shown it */
    unsigned flags; /* msock_message_flags it came with: SEALED, SIGNED */
    char owner[MSOCK_NAME_MAX + 1];
    size_t owner_size;
    const char *topic;
    size_t topic_size;
    const char *data; /* JSON; cleared: "null" */
    size_t data_size;
    size_t holders;
    char text[];
};

/** A value as it comes; all is borrowed. */
struct msock__offer {
    struct msock__edition edition; /* version 1..MSOCK__VERSION_MAX */
    const char *topic;             /* valid */
    size_t topic_size;
    const char *owner; /* valid, 1..MSOCK_NAME_MAX bytes */
    size_t owner_size;
    const char *data; /* JSON; NULL: cleared */
    size_t data_size;
    uint64_t published_us; /* as in struct msock__value */
    bool age_known;
    bool told;
    bool own;
    unsigned flags;
    bool pinned; /* the topic is not to make room for others */
};

/** Bytes that the value of an offer takes. */
size_t msock__offer_cost(const struct msock__offer *offer);

/** Makes a value, held once.  Returns NULL if there is no memory. */
struct msock__value *msock__value_new(const struct msock__offer *offer);

/** Bytes that it takes. */
size_t msock__value_cost(const struct msock__value *value);

/** Keeps a value in memory, whatever becomes of its topic, until as many calls
 *  of msock__value_release(). NULL is ignored there. */
struct msock__value *msock__value_hold(struct msock__value *value);
void msock__value_release(struct msock__value *value);

/** Releases a list of values and frees it. */
void msock__values_release(struct msock__value **list, int count);

/** When it is forgotten that a topic was cleared, of which that is the value,
 *  if it came at `now_us`. */
uint64_t msock__value_forget_us(const struct msock__value *value,
                                uint64_t now_us);

#endif
