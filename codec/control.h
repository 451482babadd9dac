/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol's own messages, topics under `$ms/` on the control stream
 * (docs/protocol.md 7), as structures and back.
 *
 * Nothing is allocated and no tree is built: the decoder steps over the data of
 * a decoded envelope, the encoder writes into memory of the caller. Both are
 * linear in the text. What the decoder accepts keeps every bound of section 7;
 * what breaks one is refused as a whole.
 *
 * A session is named by its first 8 bytes (msock__session_short()). "Counter"
 * is a frame's within its stream. */
#ifndef MSOCK_CODEC_CONTROL_H
#define MSOCK_CODEC_CONTROL_H

#include "codec/envelope.h"
#include "codec/json.h"

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__CHALLENGE_MAX = 64, /* sessions of a challenge */
    MSOCK__ANSWER_MAX = 128,   /* nonces of an answer, as a structure */
    MSOCK__NACK_MAX = 96,      /* ranges of a NACK */
    MSOCK__NACK_FRAMES = 1024, /* counters in all of them */
    MSOCK__WHO_MAX = 64,       /* sessions of a query for hellos */
    MSOCK__ASKED_MAX = 16,     /* filters of a query for values, its sessions */
    MSOCK__ACK_MAX = 16,       /* frames that a sync asks about */
    MSOCK__ACTS_MAX = 64,      /* results of an ack */
    MSOCK__PARTS_MAX = 256,    /* hellos that say one revision */
    MSOCK__FILTERS_MAX = 32,   /* of a full hello */
    MSOCK__WILL_MAX = 512,     /* bytes of a will, as it is written */
    MSOCK__BOX_MAX = 408,      /* bytes of a box of keys: base64 of 8 */
    MSOCK__EVERY_MAX_MS = 600000,
    MSOCK__UP_MAX_MS = 10000
};

enum msock__control_kind {
    MSOCK__HELLO,
    MSOCK__BYE,
    MSOCK__CHALLENGE,
    MSOCK__ANSWER,
    MSOCK__SYNC,
    MSOCK__NACK,
    MSOCK__TAKE,
    MSOCK__QUERY,
    MSOCK__RING,
    MSOCK__HELD,
    MSOCK__ACK,
    MSOCK__CONTROL_UNKNOWN
};

/** Counters, inclusive. */
struct msock__range {
    uint64_t first;
    uint64_t last;
};

/** Where one who asked with `nonce` begins to believe; at least 1 each. */
struct msock__floor {
    uint64_t best_effort;
    uint64_t reliable;
    uint64_t nonce;
};

/** What a full hello adds besides filters. Slices are borrowed from the text
 *  that was decoded, or the caller's. */
struct msock__about {
    uint32_t part, parts; /* this is `part` (from 0) of `parts` */
    char version[MSOCK_NAME_MAX + 1];
    uint32_t keys[MSOCK_KEYS_MAX];
    size_t key_count;
    bool keeper;
    struct msock__json_slice will; /* [topic, data]; size 0: none */
};

/** What became of the message in a reliable frame. */
struct msock__act {
    uint64_t counter;
    uint32_t code; /* 0: acted; else refused, minus what the handler said */
};

/** A few sessions of a query for values, or of a sync. */
struct msock__asked {
    size_t count;
    uint64_t sessions[MSOCK__ASKED_MAX];
};

/** Keys for one node; its text ends with a NUL. */
struct msock__pushed {
    char to[MSOCK_NAME_MAX + 1];
    uint64_t made_ms;             /* since 1970, by the clock of who pushes */
    char box[MSOCK__BOX_MAX + 1]; /* codec/ringbox.h, if it is true */
};

struct msock__control {
    enum msock__control_kind kind;
    uint64_t age_ms;           /* hello, answer: of the sender's session */
    uint64_t every_ms;         /* hello: longest gap promised, at least 1 */
    uint64_t best_effort_last; /* hello, bye: counter, 0 if none was sent */
    uint64_t revision;         /* hello */
    struct msock__range held;  /* hello, bye, answer, sync: reliable frames that
                                  can be sent again; first = last + 1: none;
                                  held: those that answer, the same way */
    bool full;                 /* hello: says who the node is */
    struct msock__about about; /* full hello */
    uint64_t nonce;            /* challenge */
    uint64_t up_ms;            /* challenge */
    uint64_t session;          /* nack: whose frames are missing; ack, take:
                                  whose frames these are */
    struct msock__range take;  /* take, nack: the frame that is waited for, and
                                  the last that there is room for, at least
                                  first - 1; first 0: a nack that says none */
    bool asks_values;          /* query: for values, not for hellos */
    uint64_t query;            /* query for values, held: which asking */
    struct msock__asked done;  /* query for values: who need not answer */
    struct msock__asked of;    /* query for values, sync: who is asked; none:
                                  everyone */
    uint64_t value_count;      /* held: how many values were told */
    size_t count;              /* of what follows */
    union {
        uint64_t sessions[MSOCK__CHALLENGE_MAX];       /* challenge, query for
                                                          hellos */
        struct msock__floor floors[MSOCK__ANSWER_MAX]; /* answer */
        struct msock__range ranges[MSOCK__NACK_MAX];   /* nack: ascending and
                                                          disjoint */
        struct msock__json_slice filters[MSOCK__FILTERS_MAX]; /* full hello,
                                                          query for values:
                                                          JSON strings */
        uint64_t asked[MSOCK__ACK_MAX];                       /* sync: counters
                                                          of frames */
        struct msock__act acts[MSOCK__ACTS_MAX];              /* ack */
        struct msock__pushed pushed;                          /* ring */
    };
};

/** Returns what an envelope's topic asks for; MSOCK__CONTROL_UNKNOWN for any
 *  that is not in the list above. */
enum msock__control_kind
msock__control_kind_of(const struct msock__envelope *envelope);

/** Decodes the data of an envelope, which has to outlive the slices; its sender
 *  is not looked at. Of an answer the first MSOCK__ANSWER_MAX nonces are given,
 *  and all are checked.
 *  Returns 0 or MSOCK_DROP_CONTROL: an unknown topic, or a rule broken; then
 *  *control is as it was. */
int msock__control_decode(const struct msock__envelope *envelope,
                          struct msock__control *control);

/** Finds the floors that an answer of any size gives for one's own nonces (one
 *  alone: twice the same). If there are several, each stream's lowest counts,
 *  and floor->nonce is that of the first.
 *  Returns 1 (found), 0 (an answer to others), or -MSOCK_DROP_CONTROL (not an
 *  answer that msock__control_decode() takes). */
int msock__control_floor(const struct msock__envelope *envelope,
                         const uint64_t nonces[static 2],
                         struct msock__floor *floor);

/** Writes the canonical message, its newline included, to out[0..capacity).
 *  `sender` is a valid node name; numbers are at most 2^53-1 and within the
 *  bounds of section 7. A challenge, an answer, a NACK, a query or an ack names
 *  its first items, of at least one, as many as fit, and *used says how many
 *  (NULL where there is no list); so does a sync that asks about frames.
 *  Neighbouring floors that are equal share an entry.
 *  A full hello names all of its filters or does not fit; what it has none of
 *  it leaves out. Filters are canonical.
 *  Returns the size, 0 if it, or not even one item, fits. */
size_t msock__control_encode(const struct msock__control *control,
                             const char *sender, char *out, size_t capacity,
                             size_t *used);

#endif
