/* SPDX-License-Identifier: Apache-2.0 */
/* A network namespace for one test: nothing that the test sends leaves it, and
 * it ends with the test's process. */
#ifndef MSOCK_TESTS_NETNS_H
#define MSOCK_TESTS_NETNS_H

#include <stdbool.h>

/** Moves this process into a namespace of its own, in which `lo` exists and is
 *  down. Where the system does not allow that, the test is skipped, or fails if
 *  MSOCK_REQUIRE_NETNS=1 is in the environment. */
void test_netns_enter(void);

/** Sets an interface up or down. */
void test_netns_set(const char *name, bool up);

/** Runs ip(8) with arguments, which must succeed. Without ip(8) the test is
 *  skipped or fails, as above. */
__attribute__((format(printf, 1, 2))) void test_netns_ip(const char *format,
                                                         ...);

#endif
