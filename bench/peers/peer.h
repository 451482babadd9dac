/* SPDX-License-Identifier: Apache-2.0 */
/* What each system brings, so that all play the same roles.
 *
 *     peer_SYSTEM publish|listen|ping|echo [KEY=VALUE...]
 *
 * publish  offers messages; DONE when all were offered
 * listen   takes messages until SIGTERM and until none came for 200 ms
 * ping     makes round trips, one after the other
 * echo     publishes on channel 1 what comes on channel 0, until SIGTERM
 *
 * A role prints READY when its system is open, and ends with one line of what
 * it saw, "key=value ...". roles.c says which settings there are, peer_SYSTEM.*
 * which ones the system has of its own. */
#ifndef BENCH_PEERS_PEER_H
#define BENCH_PEERS_PEER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PEER_NONE = -1, PEER_WAIT_MS = 20 };

/** What a role needs. */
struct peer_role {
    int publishes; /* on this channel, 0 or 1, or PEER_NONE */
    int listens;
    size_t size; /* bytes of a message */
    int rcvbuf;  /* bytes of receive buffer to ask for, 0: as it comes */
};

enum peer_sent {
    PEER_SENT,
    PEER_LOST,  /* the system dropped it and says so */
    PEER_AGAIN, /* no room: peer_poll(), and offer it again */
};

/* -- What each system brings -- */

/** Opens the system.  Returns 0, or -1 having said why. */
int peer_open(const struct peer_role *role);

/** Offers a message, a JSON text of `size` bytes with a NUL behind. */
enum peer_sent peer_send(const char *text, size_t size);

/** What was offered leaves now. */
void peer_flush(void);

/** Gives what came to role_heard(); waits for it up to PEER_WAIT_MS if `wait`,
 *  and returns then if role_done(). */
void peer_poll(bool wait);

/** Listeners that the publisher is connected to, or PEER_NONE if its system
 *  does not say. */
int peer_listeners(void);

/** A publisher polls after so many messages; 0: it need not. */
extern const unsigned peer_turn;

/* -- What they call -- */

/** A message came. */
void role_heard(const char *text, size_t size);

/** Whether what peer_poll() waits for is there. */
bool role_done(void);

/** The value of KEY on the command line, or `missing`. */
const char *role_text(const char *key, const char *missing);
double role_number(const char *key, double missing);

/** Says on standard error what is wrong.  Returns -1. */
int role_fail(const char *what, const char *why);

/** Topics of the two channels, as most systems spell them. */
extern const char *const role_topics[2];

#ifdef __cplusplus
}
#endif

#endif
