/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for Criterion, where there is no Criterion: it compiles the same
 * test sources and runs each test in a child process of its own.
 *
 * It has what our tests use and no more: Test and TestSuite with .init, .fini
 * and .timeout, cr_assert, cr_expect, skipping, and the typed comparisons of
 * new/assert.h. A program prints one line for each test that did not pass and
 * a line of totals; it exits 0 if every test passed or was skipped and there
 * was at least one. Nothing is allocated, so that tests which make allocations
 * fail see only their own. */
#ifndef MSOCK_CRITERION_SHIM_CRITERION_H
#define MSOCK_CRITERION_SHIM_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
/* Not needed here, but Criterion's header brings them to our tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** One test, listed before main() by the constructor that Test() makes. */
struct criterion_shim_test {
    const char *suite;
    const char *name;
    void (*run)(void);
    void (*init)(void);
    void (*fini)(void);
    double timeout; /* seconds, at least; 0: the default */
    struct criterion_shim_test *next;
};

/** What all tests of a suite have around them. */
struct criterion_shim_suite {
    const char *name;
    void (*init)(void);
    void (*fini)(void);
    struct criterion_shim_suite *next;
};

/** Lists a test; kept for the program's life. */
void criterion_shim_add_test(struct criterion_shim_test *test);

/** Lists a suite; kept for the program's life. */
void criterion_shim_add_suite(struct criterion_shim_suite *suite);

/** Notes whether a claim holds. `text`: the claim as written; `format`, which
 *  may be empty: what to print besides if it does not hold. Does not return if
 *  it is `fatal` and does not hold. */
void criterion_shim_check(bool fatal, const char *file, int line,
                          const char *text, bool holds, const char *format,
                          ...);

/** Ends the test as skipped, for the reason. */
void criterion_shim_skip(const char *format, ...);

#define Test(...) CRITERION_SHIM_TEST(__VA_ARGS__, .next = NULL)
#define CRITERION_SHIM_TEST(suite_, name_, ...)                                \
    static void suite_##_##name_##_shim_run(void);                             \
    __attribute__((constructor)) static void suite_##_##name_##_shim_add(void) \
    {                                                                          \
        static struct criterion_shim_test test = {                             \
            .suite = #suite_,                                                  \
            .name = #name_,                                                    \
            .run = suite_##_##name_##_shim_run,                                \
            __VA_ARGS__};                                                      \
        criterion_shim_add_test(&test);                                        \
    }                                                                          \
    static void suite_##_##name_##_shim_run(void)

#define TestSuite(...) CRITERION_SHIM_SUITE(__VA_ARGS__, .next = NULL)
#define CRITERION_SHIM_SUITE(name_, ...)                                       \
    __attribute__((constructor)) static void name_##_shim_add_suite(void)      \
    {                                                                          \
        static struct criterion_shim_suite suite = {.name = #name_,            \
                                                    __VA_ARGS__};              \
        criterion_shim_add_suite(&suite);                                      \
    }                                                                          \
    extern int criterion_shim_semicolon

/* The empty string ends the arguments where a claim has no message. */
#define CRITERION_SHIM_CHECK(fatal, text, ...)                                 \
    criterion_shim_check(fatal, __FILE__, __LINE__, text, __VA_ARGS__)
#define cr_assert(...) CRITERION_SHIM_CHECK(true, #__VA_ARGS__, __VA_ARGS__, "")
#define cr_expect(...)                                                         \
    CRITERION_SHIM_CHECK(false, #__VA_ARGS__, __VA_ARGS__, "")
#define cr_assert_fail(...)                                                    \
    CRITERION_SHIM_CHECK(true, "cr_assert_fail", false, __VA_ARGS__)
#define cr_skip_test(...) criterion_shim_skip(__VA_ARGS__)
#define cr_skip(...) criterion_shim_skip(__VA_ARGS__)

#endif
