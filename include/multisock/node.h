/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on a channel: events of other nodes and of one's own sending, what is
 * known of each session, and what others hear of this node when it is gone. */
#ifndef MULTISOCK_NODE_H
#define MULTISOCK_NODE_H

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

/* -- Nodes -- */

/** What is known of another session; lent for the call. All text but the ids
 *  was chosen by that node: msock_text_escape(). */
typedef struct msock_node {
    const char *name;
    uint64_t session;    /* its first 8 bytes */
    const char *address; /* where its newest frame came from, "ADDRESS:PORT";
                            "" if that is not known */
    bool up;             /* it is believed, speaks, and said no bye */
    bool visitor;        /* its name begins with `$`: no event tells of it */
    bool described;      /* it said what stands in the next six */
    const char *version; /* of its library, "" */
    const char *const *filters; /* its subscriptions, in no order */
    size_t filter_count;
    const char *const *keys; /* ids of the keys it accepts, the sealing one
                                first: 8 hexadecimal digits */
    size_t key_count;        /* 0: its channel is open */
    bool keeper;             /* it keeps the state of others */
    const char *sealed_with; /* id of the key that its newest frame was sealed
                                with, "" on an open channel */
    uint64_t heard_ms;       /* since that frame came */
    uint64_t received;       /* best-effort frames of it that came, ... */
    uint64_t missed;         /* ... and that did not, of those between the
                                first and the newest that did */
    bool proved; /* its own key vouches for its name, which is in this node's
                    trust file; without that any member may bear any name */
} msock_node;

typedef void msock_node_callback(struct msock_channel *channel,
                                 const msock_node *node, void *user);

/** Calls `callback` (NULL: counts only) for each session of other nodes that is
 *  up or was, as far as it is remembered (.sessions_max), in no particular
 *  order. A node that was restarted has several, of which one is up. A node
 *  says anew what changed within some milliseconds; what got lost is asked for.
 *  The callback may publish and close, but not dispatch.
 *  Returns their number, MSOCK_ECLOSED.
 *  Thread: loop only.  Source: docs/protocol.md 7. */
int msock_nodes(struct msock_channel *channel, msock_node_callback *callback,
                void *user);

/* -- Events -- */

/* UP, DOWN, CONFLICT and CHANGED tell of no visitors: nodes whose names begin
 * with `$`, as tools have that come for a moment. */

enum msock_event_kind {
    MSOCK_EVENT_UP = 1,   /* a session is heard and believed */
    MSOCK_EVENT_DOWN,     /* it said bye (what got lost before may still come,
                             for 2 s), or was silent for 3 times the gap that it
                             promised: about 19 s in a small group */
    MSOCK_EVENT_LOSS,     /* `count` reliable frames from `first` on will not
                             come: the stream goes on behind them. Frames, not
                             messages: one holds many small ones, or a piece of
                             a large one */
    MSOCK_EVENT_WRITABLE, /* what MSOCK_EAGAIN refused has room again */
    MSOCK_EVENT_SLOW,     /* a node misses over 20 % of this channel's reliable
                             frames, or takes less than a 256th of the pace:
                             it is not waited for, for 10 s at least */
    MSOCK_EVENT_CLONE,    /* somebody sent as this very session: a new one was
                             drawn; `session` is the old one */
    MSOCK_EVENT_CONFLICT, /* two living sessions have one name, or one has this
                             channel's; it is logged, too */
    MSOCK_EVENT_CHANGED   /* what a node says of itself is known now, or is
                             different: msock_nodes() has it */
};

/** What happened; lent for the call. */
typedef struct msock_event {
    enum msock_event_kind kind;
    const char *node; /* its name, "" if not known or of nobody else */
    uint64_t session; /* first 8 bytes of the session it is about */
    uint64_t first;   /* LOSS: sequence */
    uint64_t count;   /* LOSS: frames */
    bool proved;      /* UP, DOWN, CONFLICT, CHANGED: as msock_node.proved */
    const msock_node *about; /* UP, DOWN, CONFLICT, CHANGED: all that is known
                                of it now, else NULL */
} msock_event;

typedef void msock_event_callback(struct msock_channel *channel,
                                  const msock_event *event, void *user);

/** Calls `callback` (NULL: nobody) for events of the channel, in place of the
 *  one that was set before. It may do what a message's callback may. An
 *  unknown kind is to be ignored: later versions add some.
 *  Returns 0, MSOCK_ECLOSED.  Thread: loop only. */
int msock_watch(struct msock_channel *channel, msock_event_callback *callback,
                void *user);

/* -- Last will -- */

/** Sets what the others are to hear if this node goes without a bye: crashed,
 *  cut off or out of power. `json` (a JSON value; NULL: null) on `topic` takes
 *  the place of the will before; `topic` NULL: there is none. Both are copied.
 *  Each node learns it with what this one says of itself, within some
 *  milliseconds, and delivers it to its own matching subscriptions when it sees
 *  this session go: after the silence that MSOCK_EVENT_DOWN tells of, or when a
 *  new session has the name, right before that event. MSOCK_MESSAGE_WILL is set
 *  then, `sender` is this node, and this node's rights decide. Heard again, it
 *  may leave it once more. msock_close() ends without it. `.will_topic` and
 *  `.will` set it at open.
 *  Returns 0, MSOCK_ETOPIC, MSOCK_EJSON, MSOCK_ETOOBIG (512 bytes of both as
 *  they are written, or with the rest of a hello more than a frame),
 *  MSOCK_ENOTSUP (codec=raw), MSOCK_EBUSY (another thread runs the channel's
 *  loop), MSOCK_ECLOSED.  Thread: loop only.  Source: docs/protocol.md 8.5. */
int msock_will(struct msock_channel *channel, const char *topic,
               const char *json);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
