/* SPDX-License-Identifier: Apache-2.0 */
/* Who published what, who heard what of it, and the checks on that:
 *
 *     nothing is invented  each delivery is a publication of its sender, alike
 *                          to the byte, in topic and in what its flags say
 *     never twice          on a sealed channel not across restarts either
 *     fresh                on a sealed channel nothing that left before the
 *                          receiver opened, nothing that was withheld
 *     in order             the reliable messages of a session
 *     nothing passed over  a gap among them is reported
 *     nothing forgotten    ledger_expect(), once there are no faults
 *     events make sense    up before down, none of sessions that never were
 *     last wills           wills.h
 *
 * A life is one open of a node. Times are those of the network. */
#ifndef MSOCK_TESTS_SIM_LEDGER_H
#define MSOCK_TESTS_SIM_LEDGER_H

#include "tests/sim/report.h"

#include <multisock/multisock.h>

enum {
    LIVES_MAX = 512,
    LIFE_SESSIONS_MAX = 16,
    TOPICS = 4,
    STATE_TOPICS = 4,
    LIFE_STATES_MAX = 1024,
    PAYLOAD_MAX = 2 * 1024 * 1024
};

enum publication_flags {
    PUBLISHED_RELIABLE = 1,
    PUBLISHED_RAW = 2,
    PUBLISHED_ECHO = 4,   /* from a callback */
    PUBLISHED_SHARED = 8, /* as a session that another has, too */
    PUBLISHED_REQUEST = 16
};

struct order;
struct question;

struct publication {
    uint64_t at_us;
    uint64_t flushed_us; /* it had left by then; 0: not yet known */
    size_t padding;      /* bytes */
    unsigned expires_ms;
    unsigned after_ms;
    uint8_t copies;
    uint8_t topic;             /* index */
    uint8_t flags;             /* publication_flags */
    struct order *order;       /* who acts on it is asked (orders.h), or NULL */
    struct question *question; /* it is one (questions.h), or NULL */
};

/** What one life heard of another. */
struct hearing {
    uint8_t *seen; /* of each publication, grown as they come */
    size_t seen_count;
    bool up;               /* an UP event came, no DOWN since */
    bool ever_up;          /* one came */
    size_t due;            /* publications before need not have come */
    size_t reliable_count; /* those heard in order: the last one and all before
                              are settled */
    bool conflict;         /* told of two with its name */
    uint64_t described;    /* of this session is known what it says */
    bool willed;           /* its will was heard since it was up */
    uint64_t excuses;      /* LOSS and DOWN since then */
};

/** Which value of a state topic: states.h. */
struct state_edition {
    uint64_t version; /* 0: none */
    uint64_t session;
};

struct life {
    unsigned number; /* index in the ledger */
    unsigned node;
    const char *name;
    const char *called; /* as whom it speaks */
    const char *filter;
    msock_channel *channel; /* NULL once it ended */
    uint64_t opened_us;
    uint64_t ended_us;  /* UINT64_MAX: it lives */
    uint64_t asleep_us; /* it woke then for the last time */
    uint64_t slept_us;  /* how long it slept until then */
    bool forgetful;     /* its tables are small: it need not hear everybody */
    int extra;          /* id of a second subscription, 0: none */
    bool closing;
    uint64_t closing_us; /* since then */
    bool blocked;        /* a publish was refused, WRITABLE has not come */
    uint64_t sessions[LIFE_SESSIONS_MAX];
    size_t session_count;
    struct publication *publications;
    size_t count;
    size_t capacity;
    size_t flushed;                  /* of them */
    struct hearing *hearings;        /* of all lives, LIVES_MAX of them */
    uint8_t stated[LIFE_STATES_MAX]; /* topics of the states it published */
    unsigned stated_count;
    struct state_edition shown[STATE_TOPICS]; /* the last ones */
};

struct shared;

struct ledger {
    struct report *report;
    struct shared *shared; /* sessions that two lives have, or NULL */
    bool sealed;
    uint64_t late_us; /* best effort older than that must not act */
    uint64_t late_reliable_us;
    struct life *lives[LIVES_MAX];
    size_t life_count;
    uint64_t published, delivered, reliable_delivered, losses, lost_frames;
};

void ledger_fini(struct ledger *ledger);

/** Adds a life. */
struct life *ledger_open(struct ledger *ledger, unsigned node, const char *name,
                         const char *filter, uint64_t now_us);

/** Its channel is gone. */
void ledger_end(struct life *life, uint64_t now_us);

/** Whose session that is, or was; NULL: nobody's. */
const struct life *ledger_life_of(const struct ledger *ledger,
                                  uint64_t session);

/** Notes the channel's session, and whether all published has left. */
void ledger_refresh(struct life *life, uint64_t now_us);

/** What others hear of a life's present session is its own no more: whether it
 *  is up, and what they miss. */
void ledger_blur(struct ledger *ledger, const struct life *life);

/** Adds a publication (copied; at_us is set).  Returns its number. */
size_t ledger_publish(struct ledger *ledger, struct life *life,
                      const struct publication *publication, uint64_t now_us);

/** Takes the newest one back: it was refused. */
void ledger_retract(struct ledger *ledger, struct life *life);

/** The topic of a publication. */
const char *ledger_topic(unsigned index);

/** Writes the payload of a publication: JSON text, or bytes, with a NUL
 *  behind.  Returns its size. */
size_t ledger_payload(const struct life *life, size_t number,
                      char out[static PAYLOAD_MAX]);

/** Reads which publication a payload says it is.  Returns false: none. */
bool ledger_identify(const struct ledger *ledger, const msock_message *message,
                     unsigned *life, size_t *number);

/** A message was delivered: checks it. */
void ledger_hear(struct ledger *ledger, struct life *life,
                 const msock_message *message, uint64_t now_us);

/** An event of a life's channel. */
void ledger_event(struct ledger *ledger, struct life *life,
                  const msock_event *event);

/** A publish was refused for want of room: WRITABLE must follow. */
void ledger_refuse(struct life *life);

/** Checks that each life that exists since before `from_us`, but forgetful
 *  ones, heard everything
 *  (`reliable_only`: of that kind) which living ones published from then until
 *  `until_us`. */
void ledger_expect(struct ledger *ledger, uint64_t from_us, uint64_t until_us,
                   bool reliable_only);

/** Checks that each life since before `from_us` was told of any two that live
 *  since then under one name. */
void ledger_expect_conflicts(struct ledger *ledger, uint64_t from_us);

#endif
