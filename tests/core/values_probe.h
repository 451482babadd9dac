/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of states do and look at: bench channels on a network, and notes
 * of what was shown to whom. */
#ifndef TESTS_CORE_VALUES_PROBE_H
#define TESTS_CORE_VALUES_PROBE_H

#include "tests/support/bench_net.h"

#include <multisock/state.h>

enum { PROBE_MS = 1000, PROBE_TEXT_MAX = 4096 };

/** What somebody was shown, as "topic=data@version ". */
struct notes {
    char text[PROBE_TEXT_MAX];
    msock_message last; /* without its texts */
    char sender[MSOCK_NAME_MAX + 1];
    msock_state last_state; /* the same */
    char owner[MSOCK_NAME_MAX + 1];
};

/** The options of a state. */
extern const msock_publish_options probe_state;

/** The session of who published what probe_restore() gives back. */
extern const uint8_t probe_session[16];

/** Writes down a message; `user` is struct notes. */
int probe_note(msock_channel *channel, const msock_message *message,
               void *user);

/** The same of a state. */
void probe_note_state(msock_channel *channel, const msock_state *state,
                      void *user);

/** Has a node write down what matches a filter; the notes of the last eight
 *  calls are there. */
struct notes *probe_listen(size_t node, const char *filter);

/** What a node holds, until the next call. */
struct notes *probe_list(size_t node, const char *filter);

/** Whether what was shown last has a flag. */
bool probe_has(const struct notes *notes, unsigned flag);

/** Publishes a state, which must work. */
void probe_set(size_t node, const char *topic, const char *json);

/** Gives a node back what it kept of "hub", which must be newest. */
void probe_restore(size_t node, const char *topic, uint64_t version,
                   const char *json);

/** Opens a node "keeper" that keeps all, without anybody to be shown it. */
size_t probe_keeper(int key);

/** Has a node tell what it holds of a topic, and waits for it to arrive. */
void probe_tell(size_t node, const char *topic);

/** Lets what is published arrive. */
void probe_run(void);

#define EXPECT_NOTES(to, wanted) cr_expect(eq(str, (to)->text, wanted))
#define EXPECT_FLAGS(to, wanted)                                               \
    cr_expect(eq(uint, (to)->last.flags, (unsigned)(wanted)))

#endif
