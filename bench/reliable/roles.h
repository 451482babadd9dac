/* SPDX-License-Identifier: Apache-2.0 */
/* The two roles of a run, for each system that is compared.
 *
 *     reliable_SYSTEM publish|receive COUNT [KEY=VALUE…]
 *
 * A role prints READY when it listens, OFFERED or COMPLETE when the last object
 * was handed over or has come, and goes on, so that others are still served.
 * At SIGTERM it prints one line of what it saw, "key=value …", and ends.
 * roles.c holds what the systems share; peer_SYSTEM.* the four functions here.
 */
#ifndef BENCH_RELIABLE_ROLES_H
#define BENCH_RELIABLE_ROLES_H

#include "bench/reliable/objects.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- What each system brings -- */

/** Opens the system.  Returns 0, or -1 having said why. */
int peer_open(bool publisher);

/** Waits `settle_ms` for the group to be complete, offers `count` objects as
 *  fast as the system takes them, and serves repairs until peer_stop(). Calls
 *  role_first() just before the first and role_offered() after the last. */
void peer_publish(unsigned count, unsigned settle_ms);

/** Gives what comes to role_heard() until peer_stop(). */
void peer_receive(void);

/** Ends the two. Called by a signal handler. */
void peer_stop(void);

/** Prints what else may explain a result, as " key=value". */
void peer_report(void);

/* -- What they call -- */

void role_first(void);
void role_offered(void);
void role_heard(const void *bytes, size_t size);

/** The value of KEY on the command line, or `missing`. */
const char *role_text(const char *key, const char *missing);
double role_number(const char *key, double missing);

/** Says on standard error what is wrong.  Returns -1. */
int role_fail(const char *what, const char *why);

#ifdef __cplusplus
}
#endif

#endif
