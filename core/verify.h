/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that wait to be looked at. Up to a rate they are looked at where
 * they arrive; what is beyond it goes through this queue, in which a worker
 * takes one batch at a time, on another thread if there is one. What comes out
 * of it comes in the order in which it went in, so each session's frames stay
 * in order as long as all of them go through it while one does.
 *
 * Bounds: frames and bytes in all, frames of a session (its owner counts
 * them). One allocation a frame. */
#ifndef MSOCK_CORE_VERIFY_H
#define MSOCK_CORE_VERIFY_H

#include "codec/sign.h"
#include "core/address.h"
#include "core/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* On the loop: 500 a second, 32 at once: 2 % of a processor. */
    MSOCK__VERIFY_US = 2000,
    MSOCK__VERIFY_AHEAD_US = 31 * MSOCK__VERIFY_US,
    MSOCK__VERIFY_BATCH = 64,
    MSOCK__VERIFY_FRAMES_MAX = 4096,
    MSOCK__VERIFY_SESSION_MAX = 2048,
    MSOCK__VERIFY_BYTES_MAX = 8 * 1024 * 1024
};

/** An authentic frame in plain: its body, with a spare byte behind it and what
 *  else stood there. */
struct msock__plain {
    struct msock__frame frame;
    uint64_t received_us;
    struct msock__address from;
    uint8_t *bytes;
    size_t size;        /* without its signature */
    size_t charge_size; /* of the datagram; 0: it waited for admission, which
                           was no work of this moment */
    bool first;         /* it was read ahead of others */
};

struct msock__verify_job {
    struct msock__verify_job *next;
    struct msock__plain plain; /* its bytes are in `text` */
    uint64_t birth;            /* of its session */
    bool needed;               /* its signature counts */
    bool right;                /* it is that of `public` */
    uint8_t public[MSOCK__PUBLIC_SIZE];
    size_t text_size;
    uint8_t text[]; /* what the signature is over, and the signature */
};

/** Zeroed is empty. */
struct msock__verify {
    struct msock__rate rate;
    struct msock__verify_job *first, *last; /* they wait */
    struct msock__verify_job *batch;        /* the worker's */
    bool working;
    size_t count;
    size_t bytes;
};

/** Frees what waits; the worker must be done. */
void msock__verify_fini(struct msock__verify *verify);

/** Whether a signature may be looked at right here; if so, that is paid for. */
bool msock__verify_spend(struct msock__verify *verify, uint64_t now_us);

/** Makes a job of a frame, not yet added. `public` (NULL: no signature is to be
 *  looked at) is copied, and so is the frame.
 *  Returns it, or NULL without memory. */
struct msock__verify_job *
msock__verify_job_new(const struct msock__signer *signer,
                      const struct msock__plain *plain, const uint8_t *public);

/** Whether there is room for a frame with a body of `size` bytes. */
bool msock__verify_room(const struct msock__verify *verify, size_t size);

/** Adds a job, which is the queue's then; there must be room. */
void msock__verify_add(struct msock__verify *verify,
                       struct msock__verify_job *job);

/** Takes the next batch out for the worker.  Returns whether there is work, and
 *  none under way. */
bool msock__verify_begin(struct msock__verify *verify);

/** Looks at the batch; `verify` is the queue.  Thread: any, between begin and
 *  end. */
void msock__verify_work(void *verify);

/** The worker is done.  Returns its batch, in order, linked by `next`; each is
 *  given to the caller, for free(). */
struct msock__verify_job *msock__verify_end(struct msock__verify *verify);

#endif
