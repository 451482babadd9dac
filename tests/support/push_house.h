/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated house whose nodes have identities and a key file each, for tests
 * of keys that are pushed. Keys have letters: `a` is the one of the beginning,
 * `b` the next; "ba" is a ring whose first key is b. */
#ifndef TESTS_SUPPORT_PUSH_HOUSE_H
#define TESTS_SUPPORT_PUSH_HOUSE_H

#include "tests/support/id_home.h"
#include "tests/support/sim_node.h"

#include <multisock/sim.h>

enum { PUSH_SECOND = 1000 };

/** The house, as fixtures: ids and key files of hub (an admin, who may publish
 *  everything), lamp and hall (the same without being admin), and nobody
 *  running. The test's directory is theirs. */
void push_house_make(void);
void push_house_leave(void);

extern msock_sim *push_sim;
extern struct sim_node push_hub, push_lamp, push_hall;

/** Options of a node; valid until the next call. */
const msock_options *push_options(const char *name);

/** Opens all three, and lets them meet. */
void push_house_open(void);

/** Writes a key file with these keys. */
void push_write(const char *path, const char *keys);

/** Writes the hub's own key file, and has it read. */
void push_hub_keys(const char *keys);

/** A ring of these keys, given to the caller. */
msock_ring *push_ring(const char *keys);

/** Has a node push keys to one of the others, and lets a second pass.
 *  Returns as msock_keys_push(). */
int push_keys(const struct sim_node *from, const char *to, const char *keys);

/** The keys that a node says it has, as the hub knows; valid until the next
 *  call. */
const char *push_shown(const char *name);

/** The keys of NAME.key, "" if it cannot be read; valid until the next call. */
const char *push_filed(const char *name);

#endif
