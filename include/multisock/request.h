/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for an echo: confirmed ones, which tell what each node did
 * with them, and requests, which are replied to. Calls belong to the channel's
 * thread. */
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
struct msock_message;
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

/* -- Asking -- */

/** In place of a number of replies: as many as come until the deadline. */
#define MSOCK_REPLIES_ALL UINT32_MAX

/** A reply, or the end of a request; lent for the call. */
typedef struct msock_response {
    int id;                              /* as msock_request() returned it */
    const struct msock_message *message; /* the reply; NULL: the end */
    const char *node; /* who replies: msock_text_escape(); the end: NULL */
    uint64_t session; /* first 8 bytes of its session */
    uint64_t time_us; /* since the request */
    uint32_t replies; /* that have come by now */
    size_t listeners; /* the end: others that are up and, as far as is known,
                         listen to that topic */
    int code;         /* the end: 0 (replies_max have come, or some of
                         MSOCK_REPLIES_ALL), MSOCK_ETIMEDOUT (fewer by the
                         deadline), MSOCK_ENOBODY (none, and nobody is known who
                         listens), MSOCK_ECANCELED, MSOCK_ECLOSED */
} msock_response;

typedef void msock_request_callback(struct msock_channel *channel,
                                    const msock_response *response, void *user);

typedef struct msock_request_options {
    size_t struct_size;   /* sizeof(msock_request_options), or 0 */
    unsigned deadline_ms; /* when it ends at the latest, over `after_ms`,
                             1..600,000 [1,000] */
    uint32_t replies_max; /* so many end it, or MSOCK_REPLIES_ALL [1] */
    const struct msock_publish_options *publish; /* as in msock_publish(), or
                             NULL; .reliable is meant unless .copies is given,
                             .expires_ms is [the deadline], .state cannot be */
} msock_request_options;

/** Publishes a message whose sender waits for replies. `callback` is called for
 *  each, and exactly once more for the end; from then on never again. A node
 *  may reply several times, each of its handlers for itself, and the channel's
 *  own handlers too. Whoever may publish on `$reply/...` can reply: `node` says
 *  who it was, msock_node's `proved` whether that is certain. The callback may
 *  do what a message's callback may; it is called from within msock_close() and
 *  msock_request_cancel() if they end it.
 *  Returns the request's id (1..2^31-1), MSOCK_ENOBODY (no node that is up
 *  listens, nor does a handler of this channel, as far as can be known 6 s
 * after opening; before, and where somebody's subscriptions are unknown, the
 * deadline decides), MSOCK_EINVAL (no callback, deadline, state, struct sizes),
 *  MSOCK_ELIMIT (1,024 are under way), MSOCK_ENOTSUP (codec=raw), and the codes
 *  of msock_publish(); then nothing was published, and `callback` is not
 * called. Thread: loop only.  Source: docs/protocol.md 8.4. */
int msock_request(struct msock_channel *channel, const char *topic,
                  const char *json, const msock_request_options *options,
                  msock_request_callback *callback, void *user);

/** Ends a request: its callback is called with MSOCK_ECANCELED, once and before
 *  this returns. Replies that come later are dropped (MSOCK_DROP_REPLY).
 *  Returns 0, MSOCK_ENOENT (no such request, or it has ended).
 *  Thread: loop only. */
int msock_request_cancel(struct msock_channel *channel, int id);

/* -- Replying -- */

/** In the callback of a message with MSOCK_MESSAGE_REQUEST: replies to it with
 *  `json` (NULL: no data), or with raw bytes. `options` are as in
 *  msock_publish(), or NULL; a reply is reliable unless .copies is given, and
 *  no .state. All nodes get it on the wire, the asker's callback alone is
 *  called. Each call is another reply.
 *  Returns 0, MSOCK_EINVAL (not in a message's callback; state), MSOCK_ENOBODY
 *  (the message asks for none, or who asked is gone), and the codes of
 *  msock_publish(); then there was no reply.  Thread: loop only.
 *  Source: docs/protocol.md 8.4. */
int msock_reply(struct msock_channel *channel, const char *json,
                const struct msock_publish_options *options);

/** In such a callback: takes a token to reply with after it, by
 *  msock_reply_to(). *token is written on success; give it back in any case.
 *  Returns 0, MSOCK_EINVAL, MSOCK_ENOBODY (as msock_reply()), MSOCK_ELIMIT
 *  (1,024 are open whose askers are there), MSOCK_ENOMEM.  Thread: loop only.
 */
int msock_reply_later(struct msock_channel *channel, uint64_t *token);

/** Replies as msock_reply(), and uses up the token unless it fails in another
 *  way than MSOCK_ENOBODY.
 *  Returns 0, MSOCK_ENOENT (no such token, or used before), MSOCK_ENOBODY (who
 *  asked said bye, has another session by now, or is forgotten; one's own
 *  channel: waits no longer), and the codes of msock_publish().
 *  Thread: loop only. */
int msock_reply_to(struct msock_channel *channel, uint64_t token,
                   const char *json,
                   const struct msock_publish_options *options);

/** Gives back a token without a reply.
 *  Returns 0, MSOCK_ENOENT (no such token, or used before).
 *  Thread: loop only. */
int msock_reply_drop(struct msock_channel *channel, uint64_t token);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
