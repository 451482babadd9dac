/* SPDX-License-Identifier: Apache-2.0 */
/* A network namespace for one test. */
#define _GNU_SOURCE /* unshare */
#include "tests/support/netns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void give_up(const char *reason)
{
    const char *required = getenv("MSOCK_REQUIRE_NETNS");

    if (required != NULL && strcmp(required, "1") == 0) {
        cr_assert_fail("%s", reason);
    }
    cr_skip_test("%s", reason);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd >= 0) {
        ssize_t written = write(fd, text, strlen(text));
        (void)written;
        close(fd);
    }
}

/* An ordinary user becomes root of a user namespace, which a process may only
 * do before it has threads: Criterion's runner, whose children the tests are.
 * If it fails, the tests find out. */
__attribute__((constructor)) static void become_root(void)
{
    char users[32], groups[32];

    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    if (geteuid() != 0 && unshare(CLONE_NEWUSER) == 0) {
        write_file("/proc/self/uid_map", users);
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/gid_map", groups);
    }
}

void test_netns_enter(void)
{
    char reason[128];

    if (unshare(CLONE_NEWNET) < 0) {
        snprintf(reason, sizeof reason, "no network namespace: %s",
                 strerror(errno));
        give_up(reason);
    }
}

void test_netns_set(const char *name, bool up)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    cr_assert(fd >= 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    cr_assert(ioctl(fd, SIOCGIFFLAGS, &request) == 0, "%s: %s", name,
              strerror(errno));
    request.ifr_flags =
        (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    cr_assert(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "%s: %s", name,
              strerror(errno));
    close(fd);
}

void test_netns_ip(const char *format, ...)
{
    char arguments[200], command[256];
    va_list list;

    if (system("ip -V >/dev/null 2>&1") != 0) {
        give_up("no ip(8): install iproute2");
    }
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    snprintf(command, sizeof command, "ip %s", arguments);
    cr_assert(system(command) == 0, "%s", command);
}
