/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of opening a channel fails once: a clean error, no leak. */
#include "tests/support/alloc.h"
#include "tests/support/netns.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Opens and closes, and counts: how often it was refused, and how often for
 * another reason than want of memory. */
static void try_open(const msock_options *options, int *refused, int *wrong)
{
    msock_channel *channel = NULL;
    int rc = msock_open(&channel, "udp://239.255.77.83:7783?iface=lo", options);

    *refused += rc < 0;
    *wrong += rc < 0 ? rc != MSOCK_ENOMEM || channel != NULL : channel == NULL;
    msock_close(channel, NULL, NULL);
}

static void try_all(const msock_options *options)
{
    int refused = 0, wrong = 0;
    long n = 0;

    do {
        test_alloc_fail_at(++n);
        try_open(options, &refused, &wrong);
    } while (test_alloc_failed());

    cr_expect(eq(int, wrong, 0));
    cr_expect(gt(int, refused, 8));
}

Test(open_alloc, on_a_loop_of_its_own)
{
    char text[MSOCK_KEY_TEXT_SIZE];
    char key[] = "/tmp/multisock-key-XXXXXX";
    msock_options options = {.name = "node", .key_file = key};
    test_netns_enter();
    test_netns_set("lo", true);
    int fd = mkstemp(key);
    cr_assert(msock_key_generate(text) == 0);
    cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));

    try_all(&options);

    close(fd);
    unlink(key);
}

Test(open_alloc, on_a_callers_loop)
{
    uv_loop_t loop;
    msock_options options = {.name = "node", .loop = &loop};
    test_netns_enter();
    test_netns_set("lo", true);
    uv_loop_init(&loop);

    try_all(&options);
    uv_run(&loop, UV_RUN_DEFAULT);

    cr_expect(uv_loop_close(&loop) == 0);
}

Test(open_alloc, a_logger)
{
    int refused = 0;
    long n = 0;

    do {
        msock_logger *logger = NULL;
        test_alloc_fail_at(++n);
        refused += msock_logger_open(&logger, "lamp", NULL) == MSOCK_ENOMEM;
        msock_logger_close(logger);
    } while (test_alloc_failed());

    cr_expect(eq(int, refused, 1));
}
