/* SPDX-License-Identifier: Apache-2.0 */
/* Silence on an interface that should not be: one's own frames come back from
 * each interface that is joined, and others that were heard go on to be heard.
 * Where that ends, the membership is lost (in the kernel, or in a switch that
 * forgot it), and joining anew mends it. What does not help is tried ever more
 * rarely. No traffic and no timer of its own: time is passed in, in ms. */
#ifndef MSOCK_TRANSPORT_SILENCE_H
#define MSOCK_TRANSPORT_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MSOCK__SILENCE_OWN_MS = 3000, /* then doubled, to: */
    MSOCK__SILENCE_OWN_MAX_MS = 300000,
    MSOCK__SILENCE_OTHERS_MS = 60000, /* likewise */
    MSOCK__SILENCE_OTHERS_MAX_MS = 960000
};

/** What one interface tells; zero: nothing yet. */
struct msock__silence {
    uint64_t awaited_ms; /* one's own frames are, since; 0: none is */
    uint64_t own_tries;
    uint64_t others_ms; /* others were heard, or joining was tried; 0: never */
    uint64_t others_tries;
};

enum msock__silence_remedy {
    MSOCK__SILENCE_FINE,
    MSOCK__SILENCE_REJOIN, /* others are silent: leave and join */
    MSOCK__SILENCE_RENEW   /* one's own frames are missing: a new socket */
};

/** A frame left on the interface. */
void msock__silence_sent(struct msock__silence *silence, uint64_t now_ms);

/** One's own frame came back on it. */
void msock__silence_own(struct msock__silence *silence);

/** Somebody else's came. */
void msock__silence_other(struct msock__silence *silence, uint64_t now_ms);

/** What is to be done now. */
enum msock__silence_remedy
msock__silence_check(const struct msock__silence *silence, uint64_t now_ms);

/** A remedy was tried. */
void msock__silence_tried(struct msock__silence *silence, uint64_t now_ms,
                          enum msock__silence_remedy remedy);

#endif
