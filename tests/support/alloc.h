/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation failures on demand, for tests that try every one of a scenario:
 *
 *     long n = 0;
 *     do {
 *         test_alloc_fail_at(++n);
 *         ... the scenario: it works, or fails cleanly with MSOCK_ENOMEM ...
 *     } while (test_alloc_failed());
 *
 * Link msock_test_alloc: it wraps the allocators that our own objects call
 * (malloc, calloc, realloc, strdup, strndup, sodium_malloc), while Criterion
 * and shared libraries keep theirs. */
#ifndef TESTS_SUPPORT_ALLOC_H
#define TESTS_SUPPORT_ALLOC_H

#include <stdbool.h>

/** Lets the `n`-th allocation from now on fail, once; 0: none. */
void test_alloc_fail_at(long n);

/** Whether an allocation has failed since; then the count is disarmed. */
bool test_alloc_failed(void);

#endif
