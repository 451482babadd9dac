/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of known sessions: what the kernel lets in. */
#define _GNU_SOURCE
#include "transport/multicast_guard.h"

#include "tests/support/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { LO = 1, FRAME = 64 };

static const uint8_t here[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
static const uint8_t here6[16] = {[15] = 1};

static struct msock__group group;
static struct msock__memberships memberships;
static struct msock__guard guard;

static void enter(const char *host)
{
    test_netns_enter();
    test_netns_set("lo", true);
    cr_assert(eq(int, msock__group_read(&group, host, 7783), 0));
    memberships = (struct msock__memberships){
        .group = &group, .count = 1, .items[0].index = LO};
    msock__guard_init(&guard);
}

static struct msock__quiet quiet_of(uint8_t fill, const uint8_t *source)
{
    struct msock__quiet quiet;

    memset(quiet.session, fill, sizeof quiet.session);
    memcpy(quiet.source, source, sizeof quiet.source);
    return quiet;
}

static void admit(const struct msock__quiet *list, size_t count)
{
    msock__guard_admit(&guard, 1, &memberships, 212992, list, count);
}

/* Sends the first `size` bytes of a frame of a session to the group, from an
 * address. */
static void send_frame(const uint8_t *session, const uint8_t *source,
                       size_t size)
{
    uint8_t frame[FRAME] = {'M', 'S', 1};
    struct sockaddr_storage address;
    struct msock__route route;
    struct iovec part = {frame, size};
    int fd = msock__group_sender(&group, 1, 0);

    memcpy(frame + 8, session, 16);
    msock__group_route(&group, LO, source, &route);
    struct msghdr message = {.msg_name = &address,
                             .msg_namelen =
                                 msock__group_address(&group, &address),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = route.bytes,
                             .msg_controllen = route.size};
    cr_assert(eq(sz, (size_t)sendmsg(fd, &message, 0), size));
    close(fd);
}

/* Whether anything came; over lo that is at once. */
static bool came(void)
{
    uint8_t bytes[FRAME];

    return recv(guard.fd, bytes, sizeof bytes, MSG_DONTWAIT) >= 0;
}

static bool passes(uint8_t fill, const uint8_t *source)
{
    struct msock__quiet quiet = quiet_of(fill, source);

    send_frame(quiet.session, source, FRAME);
    return came();
}

Test(guard, passes_the_sessions_that_are_listed_and_no_other)
{
    struct msock__quiet list[] = {quiet_of(1, here), quiet_of(2, here)};
    enter("239.255.77.83");

    admit(list, 2);

    cr_expect(passes(1, here));
    cr_expect(passes(2, here));
    cr_expect(not(passes(3, here)));
}

Test(guard, looks_at_every_word_of_a_session)
{
    struct msock__quiet quiet = quiet_of(1, here);
    enter("239.255.77.83");
    admit(&quiet, 1);

    for (size_t i = 0; i < sizeof quiet.session; i++) {
        quiet.session[i] ^= 1;
        send_frame(quiet.session, here, FRAME);
        quiet.session[i] ^= 1;
        cr_expect(not(came()), "byte %zu", i);
    }
}

Test(guard, passes_a_session_from_its_address_alone)
{
    const uint8_t elsewhere[16] = {[10] = 0xff, 0xff, 127, 0, 0, 2};
    struct msock__quiet quiet = quiet_of(1, here);
    enter("239.255.77.83");

    admit(&quiet, 1);

    cr_expect(not(passes(1, elsewhere)));
    cr_expect(passes(1, here));
}

Test(guard, knows_ipv6)
{
    struct msock__quiet list[] = {quiet_of(1, here6), quiet_of(2, here)};
    enter("ff15::4d53");
    test_netns_ip("-6 route add local ff00::/8 dev lo");
    test_netns_ip("address add 2001:db8::1/128 dev lo nodad");
    uint8_t elsewhere[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};

    admit(list, 2);

    cr_expect(passes(1, here6));
    cr_expect(not(passes(1, elsewhere)));
    cr_expect(not(passes(2, here6)));
}

Test(guard, sessions_that_begin_alike_are_told_apart)
{
    struct msock__quiet list[] = {quiet_of(1, here), quiet_of(1, here)};
    list[1].session[15] = 2;
    enter("239.255.77.83");

    admit(list, 2);
    send_frame(list[1].session, here, FRAME);

    cr_expect(came());
}

Test(guard, full_list_is_taken)
{
    struct msock__quiet list[MSOCK__GUARD_MAX];
    for (unsigned i = 0; i < MSOCK__GUARD_MAX; i++) {
        list[i] = quiet_of((uint8_t)(1 + i), here);
    }
    enter("239.255.77.83");

    admit(list, MSOCK__GUARD_MAX);

    cr_expect(passes(1, here));
    cr_expect(passes(MSOCK__GUARD_MAX, here));
    cr_expect(not(passes(MSOCK__GUARD_MAX + 1, here)));
}

Test(guard, full_list_of_ipv6_fits_the_program)
{
    struct sock_filter code[MSOCK__GUARD_CODE_MAX];
    struct msock__quiet list[MSOCK__GUARD_MAX];
    for (unsigned i = 0; i < MSOCK__GUARD_MAX; i++) {
        list[i] = quiet_of((uint8_t)i, here6);
    }

    size_t size = msock__guard_filter(code, true, list, MSOCK__GUARD_MAX);

    cr_expect(eq(sz, size, MSOCK__GUARD_CODE_MAX));
}

Test(guard, short_datagrams_do_not_pass)
{
    struct msock__quiet quiet = quiet_of(0, here);
    enter("239.255.77.83");
    admit(&quiet, 1);

    for (size_t size = 0; size < 24; size++) {
        send_frame(quiet.session, here, size);
        cr_expect(not(came()), "%zu bytes", size);
    }
}

Test(guard, new_list_takes_the_place_of_the_old)
{
    struct msock__quiet first = quiet_of(1, here), second = quiet_of(2, here);
    enter("239.255.77.83");

    admit(&first, 1);
    admit(&second, 1);

    cr_expect(not(passes(1, here)));
    cr_expect(passes(2, here));
}

Test(guard, socket_goes_with_the_last_session)
{
    struct msock__quiet quiet = quiet_of(1, here);
    enter("239.255.77.83");

    admit(&quiet, 1);
    bool before = guard.fd >= 0;
    admit(NULL, 0);

    cr_expect(before);
    cr_expect(eq(int, guard.fd, -1));
}

Test(guard, is_wanted_for_2_s_and_looked_after_every_100_ms)
{
    msock__guard_init(&guard);
    bool in_peace = msock__guard_due(&guard, 5000);

    msock__guard_press(&guard, 5000);
    bool at_once = msock__guard_due(&guard, 5000);
    guard.looked_ms = 5000;

    cr_expect(not(in_peace));
    cr_expect(at_once);
    cr_expect(not(msock__guard_due(&guard, 5099)));
    cr_expect(msock__guard_due(&guard, 5100));
    cr_expect(msock__guard_wanted(&guard, 6999));
    cr_expect(not(msock__guard_wanted(&guard, 7000)));
}

Test(guard, socket_not_emptied_for_100_ms_is_behind)
{
    msock__guard_init(&guard);

    cr_expect(not(msock__guard_behind(&guard, 1000, false)));
    cr_expect(not(msock__guard_behind(&guard, 1099, false)));
    cr_expect(msock__guard_behind(&guard, 1100, false));
    cr_expect(not(msock__guard_behind(&guard, 1101, true)));
    cr_expect(not(msock__guard_behind(&guard, 1200, false)));
}
