/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for an echo: confirmed ones, which tell what each node did
 * with them. Calls belong to the channel's thread. */
#ifndef MULTISOCK_REQUEST_H
#define MULTISOCK_REQUEST_H

#include <multisock/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct msock_channel;
struct msock_publish_options;

/* -- Who acted -- */

enum msock_confirm_state {
    MSOCK_CONFIRM_ACTED = 1, /* its handlers returned 0 */
    MSOCK_CONFIRM_REFUSED,   /* one of them returned a negative code, .code */
    MSOCK_CONFIRM_SILENT /* it did not say by the deadline: it may have acted */
};

/** What one node did, or the end of it; lent for the call. */
typedef struct msock_confirm {
    int id;           /* as msock_publish_confirmed() returned it */
    const char *node; /* its name: msock_text_escape(); NULL: the end */
    uint64_t session; /* first 8 bytes of its session */
    enum msock_confirm_state state;
    int code;         /* REFUSED: what its handler returned, negative */
    uint64_t time_us; /* from publishing to its answer; SILENT and the end: to
                         the end */
    bool extra;       /* it was not expected: it came later, or what it listens
                         to was not known yet */
    size_t expected;  /* nodes, and of those ... */
    size_t acted;     /* ... so many by now; the rest is silent at the end */
    size_t refused;
} msock_confirm;

typedef void msock_confirm_callback(struct msock_channel *channel,
                                    const msock_confirm *confirm, void *user);

typedef struct msock_confirm_options {
    size_t struct_size;   /* sizeof(msock_confirm_options), or 0 */
    unsigned deadline_ms; /* when the last answer counts, over `after_ms`,
                             1..600,000 [1,000] */
    const struct msock_publish_options *publish; /* as in msock_publish(), or
                                                    NULL; .reliable is meant,
                                                    .copies cannot be */
} msock_confirm_options;

/** Publishes a message, reliably and in a frame of its own, and asks the nodes
 *  that are up and listen to it (this one is not among them) what they did with
 *  it, until all have answered or the deadline is over. `callback` is called
 *  for each node as soon as it answered, at the end for each that was silent,
 *  and once more for the end itself; not at all if the channel is closed
 *  before. It may do what a message's callback may. Who is silent may have
 *  acted all the same, or act later: set `publish->expires_ms` to the deadline
 *  if it must not. With nobody expected it ends at once.
 *  Returns its id (1..2^31-1), MSOCK_EINVAL (no callback, deadline, struct
 *  sizes), MSOCK_ELIMIT (1,024 are under way), MSOCK_ENOTSUP (codec=raw), and
 *  the codes of msock_publish(); then nothing was published.
 *  Thread: loop only.  Source: docs/protocol.md 8.3. */
int msock_publish_confirmed(struct msock_channel *channel, const char *topic,
                            const char *json,
                            const msock_confirm_options *options,
                            msock_confirm_callback *callback, void *user);

/** In a message's callback: says that this handler will tell later, by
 *  msock_done(), what it did, whatever the callback returns meanwhile (but a
 *  negative code refuses it already). Who asked is answered then. *token gets
 *  what stands for the message; each is to be used once.
 *  Returns 0, MSOCK_EINVAL (not in a message's callback), MSOCK_ELIMIT (1,024
 *  are open), MSOCK_ENOMEM.  Thread: loop only. */
int msock_defer(struct msock_channel *channel, uint64_t *token);

/** Tells what became of a deferred message: `code` is 0, or negative if it was
 *  refused.
 *  Returns 0, MSOCK_ENOENT (no such token, or used before), MSOCK_ECLOSED.
 *  Thread: loop only. */
int msock_done(struct msock_channel *channel, uint64_t token, int code);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
