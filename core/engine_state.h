/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel consists of, for the files that make up the engine and for
 * channel.c; nobody else looks inside.
 *
 *     engine.c          making, ticking, counting, closing
 *     engine_publish.c  messages into the outboxes
 *     engine_encode.c   messages as bytes
 *     engine_post.c     the same from other threads
 *     engine_tx.c       what leaves next, in finished frames
 *     engine_control.c  control messages that are due, and those received
 *     engine_presence.c who is up
 *     engine_profile.c  who says what of himself (engine_profile.h)
 *     engine_nodes.c    what is known of others, for the application
 *     engine_keys.c     keys that change; engine_push.c: those that are pushed
 *                       (engine_push.h)
 *     engine_will.c     last wills (engine_will.h)
 *     engine_confirm.c  who acted on what (engine_confirm.h)
 *     engine_request.c  who waits for replies, and who replies
 *                       (engine_request.h)
 *     engine_identity.c signatures, and who may say what (engine_identity.h);
 *                       engine_answerer.c: who may answer for a session
 *     engine_share.c    too much to do: who goes first
 *     engine_rx.c       a datagram up to the mark: whom to believe
 *     engine_stream.c   the reliable stream: in order, asked for, sent again
 *                       (engine_stream.h)
 *     engine_flow.c     who waits for whom in it (engine_flow.h)
 *     engine_message.c  a body's messages up to the callback
 *     engine_values.c   states; engine_audience.c: who is shown them
 *                       (engine_values.h); engine_ask.c, engine_tell.c */
#ifndef MSOCK_CORE_ENGINE_STATE_H
#define MSOCK_CORE_ENGINE_STATE_H

#include "codec/control.h"
#include "codec/envelope.h"
#include "codec/head.h"
#include "core/acting.h"
#include "core/admission.h"
#include "core/announce.h"
#include "core/answers.h"
#include "core/ask.h"
#include "core/asking.h"
#include "core/audience.h"
#include "core/copies.h"
#include "core/dice.h"
#include "core/dispatch.h"
#include "core/engine.h"
#include "core/fragment.h"
#include "core/history.h"
#include "core/join.h"
#include "core/log.h"
#include "core/outbox.h"
#include "core/pace.h"
#include "core/post.h"
#include "core/profile.h"
#include "core/push.h"
#include "core/rate.h"
#include "core/repair.h"
#include "core/roster.h"
#include "core/schedule.h"
#include "core/sendtimes.h"
#include "core/session.h"
#include "core/share.h"
#include "core/stats.h"
#include "core/sync.h"
#include "core/tell.h"
#include "core/timer.h"
#include "core/trust.h"
#include "core/values.h"
#include "core/verify.h"

enum {
    MSOCK__SLOTS_MAX = 32,
    /* Bytes a second when the configuration leaves it open: over a network,
     * and within one host. */
    MSOCK__PACE_FAR = 10 * 1024 * 1024,
    MSOCK__PACE_NEAR = 256 * 1024 * 1024
};

/* Finished frames, shown to the driver in order, in a ring of slots. Their
 * bytes must not change any more: a nonce is used once. */
struct msock__slots {
    uint8_t *memory; /* slot_count x slot_size, taken with the first frame */
    size_t slot_size;
    size_t slot_count;
    size_t first;
    size_t used;
    uint64_t again_us; /* there was no memory: not before */
    size_t sizes[MSOCK__SLOTS_MAX];
};

/* A message on its way to the channel's own subscriptions: one encoded message,
 * or a bare payload if the channel is raw. */
struct msock__local {
    struct msock__local *next;
    uint64_t newest; /* subscription there was when it was published */
    uint64_t published_us;
    unsigned flags; /* msock_message_flags */
    size_t size;
    bool payload;
    uint8_t bytes[]; /* size + 1 */
};

/* Queues that answer MSOCK_EAGAIN, the first two numbered as streams. */
enum { MSOCK__QUEUE_LOCAL = 2, MSOCK__QUEUES = 3 };

struct msock__engine {
    msock_channel *channel;
    struct msock__driver *driver;
    struct msock__config config;
    struct msock__pipeline pipeline;
    struct msock__stats stats;
    struct msock__log log;
    struct msock__dice dice;
    struct msock__dispatch *dispatch;
    struct msock__timers *timers;
    msock_event_callback *watcher; /* or NULL */
    void *watcher_user;
    uint64_t opened_us;
    bool closing;
    bool ended; /* closing: nothing is left to be said, or it was given up */
    uint64_t closed_us;         /* closing: since when, ... */
    uint64_t close_progress_us; /* ... when a frame left last, ... */
    uint64_t close_frames;      /* ... and how many had by then */

    /* Whom we hear. */
    struct msock__address from; /* of the datagram in hand */
    uint64_t arrived_us; /* when the datagram in hand reached this host */
    uint64_t seen_us;    /* there is a backlog, read up to here; else MAX */
    struct msock__sessions *sessions;
    size_t up_count;
    uint64_t check_us;                  /* when somebody may be down */
    struct msock__roster roster;        /* what they say of themselves */
    uint64_t ask_us;                    /* when somebody is to be asked */
    struct msock__admission *admission; /* NULL: an open channel */
    struct msock__trust *trust;         /* NULL: members are all alike */
    uint8_t *text;      /* with it, or who signs: what a signature is over */
    size_t text_size;   /* of the stranger's frame in hand; 0: none */
    bool sessions_over; /* some are to be forgotten */
    struct msock__rate answer_rate; /* looks at their signatures */
    struct msock__rate owner_rate;  /* searches for whose a session is */
    struct msock__verify verify;
    struct msock__fragments *fragments; /* best effort */
    struct msock__join_pool join_pool;  /* reliable */
    struct msock__repair_pool repair_pool;
    struct msock__session *gapped;   /* those that miss reliable frames */
    struct msock__session *speaking; /* that are told how far we are */
    struct msock__session *asked;    /* by the NACK that is being written */
    uint64_t forget_us;              /* now, when somebody has to go */
    struct msock__head heard;        /* of the last plain message */
    struct msock__schedule schedule;
    struct msock__share share;

    /* What we say. */
    uint8_t session[MSOCK__SESSION_SIZE];
    uint64_t began_us;                 /* the session */
    uint64_t counters[3];              /* last one sent, by stream */
    struct msock__sendtimes *times[2]; /* sealed: best effort and reliable */
    size_t frame_size;
    struct msock__outbox outboxes[2]; /* best effort and reliable */
    unsigned turn;                    /* whose it is, of the two */
    /* Bytes of the largest message refused since MSOCK_EVENT_WRITABLE. */
    size_t refused[MSOCK__QUEUES];
    struct msock__head said; /* of the last plain message */
    struct msock__slots slots;
    struct msock__pace pace;
    struct msock__pace piece_pace; /* of best effort, within one host */
    bool near;                     /* all who listen are on this host */
    struct msock__rate nack_rate;
    struct msock__history *history;
    bool unwilling;   /* who asked last may not slow us */
    uint64_t room_us; /* the history has no room before */
    struct msock__flow flow;
    struct msock__sync sync;
    struct msock__copies copies;
    struct msock__answers *answers; /* NULL: an open channel */
    struct msock__announce announce;
    struct msock__profile profile;
    struct msock__push push;
    struct msock__push_taken pushed;
    struct msock__values *values;    /* states, ... */
    struct msock__audience audience; /* ... who is shown them, ... */
    struct msock__ask ask;           /* ... asked for them, ... */
    struct msock__tell tell;         /* ... and told */
    struct msock__acting acting;
    struct msock__asking asking;
    struct msock__local *local_first, *local_last;
    size_t local_bytes;
    struct msock__post post;
    uint64_t post_again_us; /* not before: there was no memory */
};

struct msock_channel {
    struct msock__engine engine;
};

/** Where a message came from, while its bytes are taken apart. */
struct msock__origin {
    struct msock__session *session; /* NULL: bare, local, not admitted, or
                                       forgotten while its message waited */
    const uint8_t *forgotten;       /* the id of such a one, else NULL */
    uint64_t session_short;
    uint64_t counter;  /* of its reliable frame, the last one; 0: it had none */
    uint64_t sequence; /* of its frame, of whichever stream; 0: it had none */
    uint64_t now_us;
    uint64_t stamp_us; /* its frame's `sent`; local: published, on our clock */
    uint64_t sent_us;  /* the same on our own clock */
    uint64_t newest;   /* subscription that hears it */
    unsigned flags;    /* msock_message_flags */
    uint64_t due_us;   /* it waited for this moment; 0: it just came */
    const struct msock__envelope *asks; /* of a request, else NULL */
    const struct msock__envelope *told; /* of a state that has an `origin` */
};

/** What a publish is, once its arguments are checked. */
struct msock__publication {
    const char *topic;
    size_t topic_size;
    struct msock__json_slice json; /* no text: none, or raw */
    const void *raw;               /* NULL: JSON */
    size_t raw_size;
    const char *type;     /* or NULL */
    const char *id;       /* or NULL */
    const char *reply_to; /* or NULL */
    uint32_t expires_ms;  /* 0: never */
    uint32_t after_ms;    /* 0: at once */
    uint64_t version;     /* of a state; 0: none yet */
    struct msock__delivery delivery;
};

/** Queues a message for the network and for one's own subscriptions.
 *  Returns 0, MSOCK_ETOOBIG, MSOCK_EAGAIN, MSOCK_ENOMEM; the detail is set. */
int msock__engine_publish(struct msock__engine *engine,
                          const struct msock__publication *publication);

/* -- engine_encode.c -- */

/** The head of a message that has nothing but a topic and JSON data, kept until
 *  the next call; NULL: it has more, or the head is too large. */
const struct msock__head *
msock__engine_head(struct msock__engine *engine,
                   const struct msock__publication *publication);

/** Bytes that a message takes at most when encoded.  Thread: any. */
size_t msock__engine_bound(const struct msock__engine *engine,
                           const struct msock__publication *publication);

/** Encodes a message into `room`.
 *  Returns 0, MSOCK_ETOOBIG (head_max); the detail is set.  Thread: any. */
int msock__engine_encode(const struct msock__engine *engine,
                         const struct msock__publication *publication,
                         uint8_t *room, size_t *size);

/* -- engine_publish.c, engine_post.c -- */

/** Queues an encoded message; as msock__engine_publish(). */
int msock__engine_publish_encoded(struct msock__engine *engine,
                                  const struct msock__delivery *delivery,
                                  const char *topic, const uint8_t *bytes,
                                  size_t size);

/** Frees what publishing holds. */
void msock__engine_publish_fini(struct msock__engine *engine);

/** Encodes a message and keeps it for msock__engine_publish_posted().
 *  Returns 0, MSOCK_ETOOBIG, MSOCK_EAGAIN, MSOCK_ECLOSED, MSOCK_ENOMEM; the
 *  detail is set.  Thread: any. */
int msock__engine_post(struct msock__engine *engine,
                       const struct msock__publication *publication);

/** Publishes what was posted, as far as there is room. */
void msock__engine_publish_posted(struct msock__engine *engine,
                                  uint64_t now_us);

/** When msock__engine_publish_posted() has something to do, in us. */
uint64_t msock__engine_post_deadline(const struct msock__engine *engine);

/** Delivers what was published on the channel itself before this call. */
void msock__engine_deliver_local(struct msock__engine *engine, uint64_t now_us);

/** The queues that refused a message and have room for it now, a bit each:
 *  MSOCK_EVENT_WRITABLE is owed. */
unsigned msock__engine_writable(const struct msock__engine *engine);

/* -- engine_message.c -- */

/** Decodes one message at the start of the bytes and delivers it, or keeps it
 *  for its moment. `alone`: it must be all of them.
 *  Returns the bytes used, 0 if it was malformed. */
size_t msock__engine_message(struct msock__engine *engine,
                             const struct msock__origin *origin, uint8_t *bytes,
                             size_t size, bool alone);

/** The messages of a batch; those before the first malformed one count. */
void msock__engine_batch(struct msock__engine *engine,
                         const struct msock__origin *origin,
                         const struct msock__body *body);

/** codec=raw: one datagram, one payload. */
void msock__engine_payload(struct msock__engine *engine,
                           const struct msock__origin *origin, uint8_t *bytes,
                           size_t size, const char *sender);

/** Decodes and delivers one local message. */
void msock__engine_local_message(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__local *local);

/** Delivers what waited for this moment. */
void msock__engine_run_scheduled(struct msock__engine *engine, uint64_t now_us);

/* -- engine_rx.c -- */

/** Lets go of all that is held for a session that makes room for another;
 *  `owner` is the engine. */
void msock__engine_session_forget(void *owner, struct msock__session *session);

/** Notes what a frame's `sent` says of its session's clock. */
void msock__engine_clock(struct msock__session *session, uint64_t received_us,
                         uint64_t sent_us);

/** Takes an authentic frame in plain, of a session that is believed and to whom
 *  it is new, as soon as its signature was looked at. */
void msock__engine_take(struct msock__engine *engine, uint64_t now_us,
                        struct msock__session *session,
                        struct msock__plain *plain);

/** The same once that was done. */
void msock__engine_take_identified(struct msock__engine *engine,
                                   uint64_t now_us,
                                   struct msock__session *session,
                                   struct msock__plain *plain);

/** Believes a session whose answer is valid: its windows start at the floors,
 *  and what was held of it runs in order.
 *  Returns it, or NULL if there is no memory. */
struct msock__session *msock__engine_admit(
    struct msock__engine *engine, const struct msock__origin *origin,
    const struct msock__frame *frame, const struct msock__floor *floor,
    const struct msock__envelope *envelope);

/* -- engine_share.c -- */

/** A frame that named this session (or NULL: none that is known) was refused;
 *  `first`: it was read ahead of others. */
void msock__engine_share_refuse(struct msock__engine *engine,
                                struct msock__session *session, bool first);

/** Charges a session for a frame that is surely its own. */
void msock__engine_share_charge(struct msock__engine *engine,
                                struct msock__session *session,
                                const struct msock__plain *plain);

/* -- engine_control.c -- */

/** A control frame's body, the mark being set; of a session that is not
 *  admitted if origin->session is NULL. */
void msock__engine_control_frame(struct msock__engine *engine,
                                 const struct msock__origin *origin,
                                 const struct msock__frame *frame,
                                 const struct msock__body *body);

/** Writes the control message that is due, newline included, of at most
 *  `capacity` bytes, and counts it as sent.  Returns its size, 0: none. */
size_t msock__engine_control_write(struct msock__engine *engine,
                                   uint64_t now_us, char *out, size_t capacity);
uint64_t msock__engine_control_deadline(const struct msock__engine *engine);

/* -- engine_presence.c -- */

/** A session is believed and speaks. */
void msock__engine_session_up(struct msock__engine *engine, uint64_t now_us,
                              struct msock__session *session);

/** A session said bye (session->bye_us) or is not to be known any more. */
void msock__engine_session_down(struct msock__engine *engine, uint64_t now_us,
                                struct msock__session *session);

/** A new authentic frame of a session came that nobody withheld. */
void msock__engine_session_alive(struct msock__engine *engine, uint64_t now_us,
                                 struct msock__session *session);

/** A hello promised the next one within every_us. */
void msock__engine_session_promised(struct msock__engine *engine,
                                    uint64_t now_us,
                                    struct msock__session *session,
                                    uint64_t every_us);

/** The longest gap between two hellos of a session. */
uint64_t msock__engine_session_every_us(const struct msock__engine *engine,
                                        const struct msock__session *session);

/** Whether nothing was heard of it for so long that it is asked. */
bool msock__engine_session_doubted(const struct msock__engine *engine,
                                   uint64_t now_us,
                                   const struct msock__session *session);

/** Sessions that fell silent, as far as all is read that came by `known_us`. */
void msock__engine_presence_tick(struct msock__engine *engine, uint64_t now_us,
                                 uint64_t known_us);

/** Sessions up, oneself included. */
size_t msock__engine_nodes(const struct msock__engine *engine);

/* -- engine_keys.c -- */

/** Reads what the channel's keys came from again.
 *  Returns as msock_keys_reload(). */
int msock__engine_keys_reload(struct msock__engine *engine);

/* -- engine_tx.c -- */

/** Whether all that was published has been shown and taken. */
bool msock__engine_sent_all(const struct msock__engine *engine);

/** Bytes that a control message takes at most. */
size_t msock__engine_control_room(const struct msock__engine *engine);

/** When sending wants a turn, in us. */
uint64_t msock__engine_tx_deadline(const struct msock__engine *engine);

/* -- engine.c -- */

/** Ends the session and draws a new one; CLONE is told if `cloned`. */
void msock__engine_redraw(struct msock__engine *engine, uint64_t now_us,
                          bool cloned);

/** Moves the mark of admission to now. */
void msock__engine_remark(struct msock__engine *engine, uint64_t now_us);

/** Calls the watcher. */
void msock__engine_event(struct msock__engine *engine,
                         const msock_event *event);

/** Counts drops (0: none) under `what`, an enum msock_counter, and logs them
 * within the rate limit. */
void msock__engine_drop(struct msock__engine *engine, uint64_t now_us, int what,
                        uint64_t count);

/** Counts drops that are no sign of a fault: they are not logged. */
void msock__engine_drop_quietly(struct msock__engine *engine,
                                enum msock_counter counter, uint64_t count);

/** Begins to close: ends subscriptions, timers, local deliveries, and posting:
 *  what was posted before is still published. */
void msock__engine_close(struct msock__engine *engine);

#endif
