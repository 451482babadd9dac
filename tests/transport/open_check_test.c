/* SPDX-License-Identifier: Apache-2.0 */
/* What opening a channel refuses and checks, and that it leaves nothing. */
#define _GNU_SOURCE
#include "tests/support/netns.h"
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <multisock/multisock.h>
#include <string.h>
#include <unistd.h>

#define ON_LO "udp://239.255.77.83:7783?iface=lo"
#define ON_LO6 "udp://[ff15::4d53]:7783?iface=lo"

static int count_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");

    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static void open_and_close(void)
{
    msock_options options = {.name = "node"};
    msock_channel *channel = NULL;
    int rc = msock_open(&channel, ON_LO, &options);
    cr_assert(eq(int, rc, 0), "%s", msock_error_detail());
    msock_publish(channel, "n", NULL, NULL);
    msock_close(channel, NULL, NULL);
}

Test(open_check, opening_and_closing_leaves_no_descriptor, .timeout = 30)
{
    test_netns_enter();
    test_netns_set("lo", true);
    open_and_close();
    int before = count_descriptors();

    for (int i = 0; i < 30; i++) {
        open_and_close();
    }

    cr_expect(eq(int, count_descriptors(), before));
}

/* -- What is refused -- */

static const struct {
    const char *url;
    const char *key_file;
    int error;
} refused[] = {
    {"tcp://239.255.77.83:7783", NULL, MSOCK_EURL},
    {"udp://10.0.0.1:7783", NULL, MSOCK_EURL},
    {"udp://[fe80::1]:7783", NULL, MSOCK_EURL},
    {"udp://239.255.77.83:7783?iface=eth0,,lo", NULL, MSOCK_EOPTION},
    {"udp://239.255.77.83:7783?ifce=lo", NULL, MSOCK_EOPTION},
    {ON_LO, "/nonexistent/key", MSOCK_EKEY},
    {ON_LO, "/dev/null", MSOCK_EKEY},
    {"sim://open_test", "/nonexistent/key", MSOCK_EKEY},
};

Test(open_check, what_is_refused_says_why_and_leaves_nothing)
{
    int before = count_descriptors();

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        msock_options options = {.key_file = refused[i].key_file};
        msock_channel *channel = NULL;

        int rc = msock_open(&channel, refused[i].url, &options);

        cr_expect(eq(int, rc, refused[i].error), "%s: %s", refused[i].url,
                  msock_error_detail());
        cr_expect(strlen(msock_error_detail()) > 0);
        cr_expect(channel == NULL);
        cr_expect(eq(int, msock_check(refused[i].url, &options), rc));
    }
    cr_expect(eq(int, count_descriptors(), before));
}

Test(open_check, a_check_takes_what_open_takes_and_leaves_nothing)
{
    char key[64];
    sim_key_file(key);
    msock_options sealed = {.key_file = key};
    int before = count_descriptors();

    cr_expect(zero(int, msock_check(NULL, NULL)), "%s", msock_error_detail());
    cr_expect(zero(int, msock_check(ON_LO6, &sealed)));
    cr_expect(zero(int, msock_check("sim://open_test", &sealed)));

    cr_expect(eq(int, count_descriptors(), before));
    unlink(key);
}

Test(open_check, a_channel_without_a_name_has_the_hosts)
{
    char host[256] = "";
    msock_channel *channel = NULL;
    gethostname(host, sizeof host - 1);
    host[MSOCK_NAME_MAX] = '\0';

    int rc = msock_open(&channel, "sim://open_test", NULL);

    cr_assert(eq(int, rc, 0), "%s", msock_error_detail());
    cr_expect(eq(str, (char *)msock_name(channel), host));
    msock_close(channel, NULL, NULL);
}
