/* SPDX-License-Identifier: Apache-2.0 */
/* multisock: publish and subscribe on one local network, without a broker.
 *
 *     msock_options options = {.name = "kitchen", .key_file = "home.key"};
 *     msock_channel *channel;
 *     if (msock_open(&channel, "udp://239.255.77.83:7783", &options) < 0)
 *         return 1;
 *     msock_subscribe(channel, "lights", on_lights, NULL, NULL);
 *     msock_publish(channel, "kitchen/state", "{\"on\":true}", NULL);
 *     msock_run(channel);
 *
 * A channel belongs to one thread: the one that runs its loop. Only the calls
 * whose `Thread` line says so may be used elsewhere. A struct of options means
 * "the default" by zero in every field. Errors are negative codes (error.h).
 */
#ifndef MULTISOCK_MULTISOCK_H
#define MULTISOCK_MULTISOCK_H

#include <multisock/counter.h>
#include <multisock/error.h>
#include <multisock/identity.h>
#include <multisock/key.h>
#include <multisock/node.h>
#include <multisock/request.h>
#include <multisock/state.h>
#include <multisock/version.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The channel that is used when no address is given. */
#define MSOCK_DEFAULT_URL "udp://239.255.77.83:7783"

enum {
    MSOCK_TOPIC_MAX = 255, /* bytes of a topic or filter */
    MSOCK_LEVELS_MAX = 16, /* levels of a topic or filter */
    MSOCK_NAME_MAX = 63,   /* bytes of a node name */
    MSOCK_TYPE_MAX = 127   /* bytes of a media type */
};

struct uv_loop_s;
typedef struct msock_channel msock_channel;
typedef struct msock_logger msock_logger;

/* -- Channel -- */

/** How a channel is opened. Text is copied by msock_open(). Where the URL names
 *  the same thing, the URL wins. */
typedef struct msock_options {
    size_t struct_size;     /* sizeof(msock_options), or 0: layout of 1.0 */
    const char *name;       /* node name [host name], 1..63 bytes; of a tool
                               that only visits: `$`... */
    const char *key_file;   /* key file [none: the channel is open] */
    const char *group;      /* with .port instead of a URL: group address */
    uint16_t port;          /* 1..65535 */
    struct uv_loop_s *loop; /* the caller's uv loop [one of its own] */
    msock_logger *logger;   /* receives the channel's events [nobody] */
    const char *iface;      /* names, addresses, CIDR, "all", "auto" [auto] */
    const char *codec;      /* "json" or "raw" [json] */
    const char *topic;      /* codec=raw: topic of what arrives [raw] */
    unsigned ttl;           /* hops, 1..255 [1] */
    unsigned mtu;           /* IP packet, 576..65535 bytes [interface's, at
                               most 1500] */
    unsigned dscp;          /* differentiated services, 0..63 [0] */
    size_t rcvbuf;          /* bytes asked of the kernel [4 MiB] */
    size_t message_max;     /* bytes of a message on the wire [8 MiB] */
    size_t head_max;        /* bytes of an envelope without data [2 KiB] */
    size_t assemblies_max;  /* messages in reassembly a session [4] */
    size_t reassembly_max;  /* bytes in reassembly, all sessions [32 MiB] */
    size_t sessions_max;    /* sessions remembered [1024] */
    size_t queue_max;       /* bytes waiting to be sent [16 MiB]: best effort,
                               reliable, own callbacks, each */
    size_t post_max;        /* bytes posted and not yet published [4 MiB] */
    size_t pace;            /* bytes/s of pieces and of the reliable stream
                               [10 MiB/s; reliable on lo alone: 256] */
    size_t history_max;     /* bytes kept to be sent again [16 MiB] */
    unsigned history_ms;    /* how long they are kept, the same at all nodes:
                               what is 5 s older is lost [10,000] */
    size_t reorder_max;     /* bytes that wait for a gap, a session [4 MiB] */
    size_t reorder_all_max; /* the same, all sessions [16 MiB] */
    size_t pending_max;     /* sessions waiting for admission [256] */
    size_t held_max;        /* bytes held for one of those [2 MiB] */
    size_t held_all_max;    /* the same, all of them [16 MiB] */
    size_t scheduled_max;   /* bytes of messages with `after` [1 MiB] */
    unsigned late_ms;       /* age at which best effort is dropped when it
                               arrives on a sealed channel [3,000] */
    unsigned copies_ms;     /* between the copies of a frame [20] */
    const char *peer;       /* hosts that multicast does not reach,
                               ADDRESS[:PORT],… [none] */
    uint16_t listen;        /* port that takes their unicast [none] */
    const char *id_file;    /* this node's own key [none]; needs .key_file */
    const char *trust_file; /* the others', and what they may say [none: all
                               members may say all]; needs .key_file */
    const char *sign;       /* "never", "commands" (what may not be said
                               without) or "all" [all with .id_file] */
    const char *will_topic; /* as msock_will() [no last will] */
    const char *will;       /* its JSON [null] */
    size_t state_max;       /* bytes of states that are held [16 MiB] */
    size_t state_count_max; /* topics with states that are held [65,536] */
} msock_options;

/** Opens the channel at `url` (udp://GROUP:PORT?key=value&…, sim://NAME; NULL:
 *  `.group` and `.port`, else MSOCK_DEFAULT_URL) and joins it on each wanted
 *  interface; with no network present it joins when there is one. `options` may
 *  be NULL. *channel is written on success and given to the caller, to be
 *  closed by msock_close(). A failed call may leave handles that are closing in
 *  `.loop`: run it once more before uv_loop_close().
 *  Returns 0, MSOCK_EURL (address), MSOCK_EOPTION (unknown key, or value out of
 *  range), MSOCK_ENAME (node name), MSOCK_EKEY, MSOCK_EACCESS (key file),
 *  MSOCK_ENOTSUP (a key file on an open-only codec), MSOCK_EINVAL (no place
 *  for the channel, struct_size), MSOCK_ESYSTEM (sockets),
 *  MSOCK_ENOMEM; msock_error_detail() says what and what to do.
 *  Thread: becomes the channel's thread.  Source: docs/protocol.md 1. */
int msock_open(msock_channel **channel, const char *url,
               const msock_options *options);

/** Says whether msock_open() would take the same arguments: all of them are
 *  checked and the key file is read, but no socket is opened, no network joined
 *  and none of `options` used.
 *  Returns 0, or a code of msock_open().  Thread: any. */
int msock_check(const char *url, const msock_options *options);

/** The last callback of a channel: it is closed and no longer exists. */
typedef void msock_closed(void *user);

/** Closes a channel: what was published and posted is sent first, as long as it
 *  leaves (it is given up after 4 s without a frame, or 30 s in all); then bye
 *  is said. A channel that sent something others may ask for (reliable
 *  messages, and anything on a sealed channel, where a listener that is new
 *  asks who speaks) answers them until nobody asked for 500 ms (1 s if frames
 *  get lost), at most 2 s. Timers and subscriptions end at once, and posting is
 *  refused. End the threads that post before. `closed` (may be NULL) is called
 *  last. On a channel with a loop of its own and outside of its callbacks, all
 *  this has happened when the call returns; inside a callback it happens soon
 *  after: msock_run() returns then, and who polls goes on until
 *  msock_dispatch() returns MSOCK_ECLOSED. NULL is ignored; closing twice is
 *  harmless until `closed` was called. A forked child may close its copy, which
 *  sends nothing; of a channel on `.loop` only after uv_loop_fork() of that
 *  loop, or the parent's channel goes deaf.  Thread: loop only. */
void msock_close(msock_channel *channel, msock_closed *closed, void *user);

/** Runs the channel's loop until msock_stop(), or until it has closed.
 *  Returns 0 when stopped, MSOCK_ECLOSED when the channel was closed (and no
 *  longer exists), MSOCK_EBUSY when it runs already, MSOCK_ENOTSUP on a
 *  caller's loop, MSOCK_EFORK in a forked child.  Thread: loop only. */
int msock_run(msock_channel *channel);

/** Makes msock_run() return soon, or the next one at once.
 *  Thread: any, and signal handlers; the channel must exist. */
void msock_stop(msock_channel *channel);

/** Returns a descriptor that is readable when msock_dispatch() has work, for
 *  poll(2) or any loop; MSOCK_ENOTSUP on a caller's loop or a virtual network.
 *  The channel owns it.  Thread: loop only. */
int msock_fd(const msock_channel *channel);

/** Returns how long poll(2) may wait before msock_dispatch() is due, in ms; -1:
 *  until the descriptor is readable; MSOCK_ENOTSUP as msock_fd().
 *  Thread: loop only. */
int msock_timeout(const msock_channel *channel);

/** Does the work that is due now without waiting: sends what is queued, runs
 *  timers and callbacks. Call it after poll(2), and after publishing.
 *  Returns as msock_run(); after MSOCK_ECLOSED the channel no longer exists.
 *  Thread: loop only. */
int msock_dispatch(msock_channel *channel);

/** Returns the node's name; the channel's.  Thread: any. */
const char *msock_name(const msock_channel *channel);

/** Returns the first 8 bytes of the channel's session.  Thread: loop only. */
uint64_t msock_session(const msock_channel *channel);

/** Returns the number of interfaces the channel has joined (0: no network yet),
 *  1 on sim://.  Thread: loop only. */
int msock_joined(const msock_channel *channel);

/** Returns the memory of what waits to be sent, in bytes (0: nothing does),
 *  posted ones among them. Thread: loop only. */
size_t msock_queued(const msock_channel *channel);

/** Returns the number of frames that wait for their session's answer, 0 on an
 *  open channel. Without one they are dropped within 10 s, and only then
 * counted as MSOCK_DROP_PENDING: a recording, or a node that does not hear this
 * one. Thread: loop only.  Source: docs/protocol.md 6.4. */
size_t msock_held(const msock_channel *channel);

/** Returns a counter, 0 if there is no such one.  Thread: loop only. */
uint64_t msock_counter_get(const msock_channel *channel,
                           enum msock_counter counter);

/* -- Subscribing -- */

enum msock_message_flags {
    MSOCK_MESSAGE_RAW = 1,    /* data is bytes, not JSON */
    MSOCK_MESSAGE_LOCAL = 2,  /* published on this very channel */
    MSOCK_MESSAGE_BARE = 4,   /* an unframed datagram: nothing vouches for it */
    MSOCK_MESSAGE_SEALED = 8, /* came authenticated */
    MSOCK_MESSAGE_EMPTY = 16, /* the sender gave no data: data is "null" */
    MSOCK_MESSAGE_RELIABLE = 32, /* of the sender's reliable stream */
    MSOCK_MESSAGE_SIGNED = 64,   /* its sender's own key vouches for it */
    MSOCK_MESSAGE_STATE = 128,   /* the state of its topic; EMPTY: cleared */
    MSOCK_MESSAGE_TOLD = 256,    /* a state that was not published just now */
    MSOCK_MESSAGE_OWNER_DOWN = 512, /* the session that published it is gone, or
                                       was not heard yet by who just opened:
                                       msock_state_each() tells later */
    MSOCK_MESSAGE_AGE_UNKNOWN = 1024,
    MSOCK_MESSAGE_REQUEST = 2048, /* its sender waits for msock_reply() */
    MSOCK_MESSAGE_WILL = 4096     /* the last will of a node that went without a
                                     bye, spoken by this very channel */
};

/** A message as a callback sees it: NUL-terminated slices of the receive
 *  buffer, valid until the callback returns. Nothing in it is safe to print to
 *  a terminal as it is: see msock_text_escape(). */
typedef struct msock_message {
    const char *topic;
    const char *sender; /* node name; codec=raw: "ADDRESS:PORT" */
    const char *data;   /* valid JSON, or bytes (RAW); never NULL */
    const char *type;   /* media type of raw data, or NULL */
    size_t topic_size;  /* bytes, without the NUL */
    size_t sender_size;
    size_t data_size;
    uint64_t session;  /* first 8 bytes of the sender's session; bare: 0 */
    uint64_t age_us;   /* since it first left its sender, less the quickest way
                          a frame of that session took; bare: 0; local and
                          states: since it was published (UINT64_MAX if that is
                          not known); will: since its sender was heard last */
    unsigned flags;    /* msock_message_flags */
    uint64_t version;  /* of a state; others: 0 */
    uint64_t sequence; /* of the frame that brought it, or its last piece: one
                          numbering for RELIABLE, one for the others; 0: it
                          came in none just now (local, bare, told, after) */
} msock_message;

/** A handler: returns 0 when it acted, a negative code when it refused (both
 *  are counted). It may subscribe, unsubscribe, publish and close. */
typedef int msock_callback(msock_channel *channel, const msock_message *message,
                           void *user);

typedef struct msock_subscribe_options {
    size_t struct_size; /* sizeof(msock_subscribe_options), or 0 */
    bool no_local;      /* do not deliver what this channel published */
    bool observe;       /* listen without being counted: others are not told of
                           it, but are asked for states, and do not wait for
                           what it does */
} msock_subscribe_options;

/** Calls `callback` for each message whose topic matches `filter` (MQTT 5, 4.7:
 *  `+` one level, `#` the rest; copied), in the order of subscribing. A
 *  subscription made in a callback starts with the next message. `options` may
 *  be NULL.
 *  Returns the subscription's id (1..2^31-1), MSOCK_EFILTER, MSOCK_EINVAL (no
 *  callback), MSOCK_EBUSY (another thread runs the channel's loop),
 *  MSOCK_ECLOSED, MSOCK_ELIMIT (65,536 subscriptions), MSOCK_ENOMEM.  Thread:
 *  loop only.  Source: docs/protocol.md 10. */
int msock_subscribe(msock_channel *channel, const char *filter,
                    msock_callback *callback, void *user,
                    const msock_subscribe_options *options);

/** Ends a subscription: its callback is not called again, even if the message
 *  in delivery matches.
 *  Returns 0, MSOCK_ENOENT (no such id).  Thread: loop only. */
int msock_unsubscribe(msock_channel *channel, int id);

/** Says whether a topic matches a filter; false if either is not valid.
 *  Thread: any.  Source: docs/protocol.md 10. */
bool msock_topic_match(const char *filter, const char *topic);

/* -- Publishing -- */

typedef struct msock_publish_options {
    size_t struct_size;  /* sizeof(msock_publish_options), or 0 */
    const void *raw;     /* bytes to send instead of JSON, or NULL */
    size_t raw_size;     /* their number, 0 is valid */
    const char *type;    /* media type of `raw`, at most 127 bytes, or NULL */
    bool reliable;       /* once and in order, or reported as lost */
    unsigned copies;     /* times a best-effort frame is sent, 1..10 [1] */
    unsigned expires_ms; /* not delivered when older [never]; on a sealed
                            channel the time counts in which a listener that is
                            new to the sender asks who it is: some ms, 100 and
                            more if frames are lost */
    unsigned after_ms;   /* delivered this long after it was sent, at the same
                            moment everywhere, 0..60,000 [0] */
    bool state;          /* the topic's state from now on (state.h): reliable;
                            no data clears it. Without raw, copies, expires_ms
                            and after_ms */
    bool conflate;       /* a state of the topic that waits to be sent gives its
                            place to this one */
} msock_publish_options;

/** Publishes `json` (a JSON value; NULL: no data) or `options->raw` on `topic`,
 *  best effort unless `options` say otherwise: everything is copied, and what
 *  is published in one turn of the loop shares frames and leaves before the
 *  loop sleeps, in the order of publishing; reliable messages are a stream of
 *  their own, in order among themselves, and may be held back so that the
 *  slowest listener keeps up. Matching subscriptions of the channel itself get
 *  it in the same turn (`after_ms`: then). On codec=raw the payload goes alone:
 *  a JSON string as its text, other JSON as it is, `topic` and `type` not at
 *  all.  Returns 0, MSOCK_ETOPIC, MSOCK_EJSON, MSOCK_EINVAL (`json` and `raw`
 *  both, `type` without `raw`, `reliable` with `copies`, `expires_ms` below
 *  `after_ms`, a number out of range, `state` with what it goes without,
 *  `conflate` without it), MSOCK_ENOTSUP (reliable, copies, expires, after or
 *  state with codec=raw), MSOCK_ELIMIT (no room for another state: state_max,
 *  state_count_max), MSOCK_ETOOBIG (over message_max, over 1024 pieces,
 *  reliable and over half of history_max, or head over head_max), MSOCK_EAGAIN
 *  (queue_max reached: nothing was queued, MSOCK_EVENT_WRITABLE follows),
 *  MSOCK_EBUSY (another thread runs the channel's loop), MSOCK_ECLOSED,
 *  MSOCK_EFORK, MSOCK_ENOMEM. Thread: loop only.  Source: docs/protocol.md 2,
 *  3. */
int msock_publish(msock_channel *channel, const char *topic, const char *json,
                  const msock_publish_options *options);

/** Publishes from another thread, as msock_publish() does from the loop's:
 *  arguments are checked and copied here and now, and the channel's thread
 *  publishes them while it runs the loop, which is woken, or dispatches.
 *  Messages of one thread stay in order; between threads, and between this call
 *  and msock_publish(), there is no order. What the send queue has no room for
 *  waits; nothing is lost but with the channel. A callback may post: the
 *  message is published in the next turn. The channel must exist until the call
 *  returns.
 *  Returns 0, MSOCK_EAGAIN (post_max is reached: nothing was taken, try again
 *  in a moment), MSOCK_ETOOBIG (also over post_max), MSOCK_ECLOSED (since
 *  msock_close()), MSOCK_ENOTSUP (a virtual network, which is one thread's),
 *  and the other codes of msock_publish().
 *  Thread: any, not signal handlers.  Source: docs/embedding.md. */
int msock_post(msock_channel *channel, const char *topic, const char *json,
               const msock_publish_options *options);

/* -- Timers -- */

typedef void msock_timer_callback(msock_channel *channel, void *user);

/** Calls `callback` after `delay_ms`, then every `period_ms` (0: once).
 *  Returns the timer's id (1..2^31-1), MSOCK_EINVAL, MSOCK_ECLOSED,
 *  MSOCK_ELIMIT (4,096 timers), MSOCK_ENOMEM.  Thread: loop only. */
int msock_timer_start(msock_channel *channel, uint64_t delay_ms,
                      uint64_t period_ms, msock_timer_callback *callback,
                      void *user);

/** Stops a timer; its callback is not called again.
 *  Returns 0, MSOCK_ENOENT (no such id, or it has run).  Thread: loop only. */
int msock_timer_stop(msock_channel *channel, int id);

/* -- Keys -- */

/** Has the channel read its key file and its trust file again, as it does by
 *  itself soon after one changed (a virtual network does not). The first key
 *  seals from the next frame on; sessions, streams and what is on its way run
 *  on. Keys that were pushed and could not be written stay until the file says
 *  something new. A file that cannot be used changes nothing; the other one
 *  counts all the same.
 *  Returns 1 if one says something else now, 0 if not (or the channel is open),
 *  MSOCK_EKEY, MSOCK_EACCESS, MSOCK_ELIMIT (over 8 keys, too many nodes),
 *  MSOCK_ESYSTEM (it cannot be read at the moment), MSOCK_ENOMEM,
 *  MSOCK_ECLOSED.  Thread: loop only. */
int msock_keys_reload(msock_channel *channel);

enum { MSOCK_PUSH_MAX = 1024 }; /* nodes that one push reaches */

/** Gives the `count` (1..MSOCK_PUSH_MAX) nodes of these names the keys of
 *  `ring`, in its order, in place of those they have; each box of keys can be
 *  opened by its node alone, and is sent once, one every 20 ms. The nodes keep
 *  the keys in their key files, for whose writing their loops wait. They take
 *  them only from a node that their trust files give the right `admin`, over a
 *  channel whose present keys both have. Who has taken them shows in
 *  msock_nodes(). A channel that is closed before pushes no more.
 *  Returns 0, MSOCK_ENOTSUP (no id_file or trust_file), MSOCK_EACCESS (this
 *  node's name has no right `admin`), MSOCK_ENOENT (a name is not in the trust
 *  file), MSOCK_EAGAIN (the push before has not left yet), MSOCK_EINVAL,
 *  MSOCK_ECLOSED, MSOCK_ENOMEM.  Thread: loop only.
 *  Source: docs/protocol.md 1.6. */
int msock_keys_push(msock_channel *channel, const msock_ring *ring,
                    const char *const *names, size_t count);

/* -- The logger for applications -- */

enum msock_level {
    MSOCK_LEVEL_DEFAULT, /* as a threshold: MSOCK_INFO */
    MSOCK_DEBUG,
    MSOCK_INFO,
    MSOCK_WARNING,
    MSOCK_ERROR,
    MSOCK_FATAL
};

/** Opens a logger that writes lines "TIME LEVEL component: text". `file` NULL:
 *  standard output; "-": standard error, and if systemd's journal reads there
 *  ($JOURNAL_STREAM), lines "<N>component: text" with N as in syslog(3);
 *  "traces": traces_2026-11-22.log, a new file each local day, appended to,
 *  mode 0640. Text that could harm a terminal is escaped. *logger is written on
 *  success and given to the caller.
 *  Returns 0, MSOCK_EINVAL, MSOCK_ESYSTEM (cannot open), MSOCK_ENOMEM. Thread:
 *  any. */
int msock_logger_open(msock_logger **logger, const char *component,
                      const char *file);

/** Sets the lowest level that is written [MSOCK_INFO].  Thread: any. */
void msock_logger_level(msock_logger *logger, enum msock_level lowest);

/** Writes one line, at most 1023 bytes; NULL loggers are ignored.
 *  Thread: any. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void msock_log(msock_logger *logger, enum msock_level level, const char *format,
               ...);

/** Closes a logger; channels that use it must be closed before. NULL is
 *  ignored.  Thread: any. */
void msock_logger_close(msock_logger *logger);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
