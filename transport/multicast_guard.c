/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of known sessions, and its filter. */
#define _DEFAULT_SOURCE /* SO_ATTACH_FILTER */
#include "transport/multicast_guard.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BEHIND_MS = 100, /* not emptied for so long: it is behind */
    WANTED_MS = 2000,
    LOOK_MS = 100,
    SESSION_AT = 8 + 8, /* from the UDP header on */
    SOURCE4_AT = 12,    /* from the IP header on */
    SOURCE6_AT = 8
};

void msock__guard_init(struct msock__guard *guard)
{
    *guard = (struct msock__guard){.fd = -1};
}

void msock__guard_fini(struct msock__guard *guard)
{
    msock__socket_close(&guard->fd);
}

bool msock__guard_behind(struct msock__guard *guard, uint64_t now_ms,
                         bool emptied)
{
    if (emptied) {
        guard->behind_ms = 0;
    } else if (guard->behind_ms == 0) {
        guard->behind_ms = now_ms;
    }
    return guard->behind_ms > 0 && now_ms - guard->behind_ms >= BEHIND_MS;
}

void msock__guard_press(struct msock__guard *guard, uint64_t now_ms)
{
    guard->pressed_ms = now_ms;
}

bool msock__guard_wanted(const struct msock__guard *guard, uint64_t now_ms)
{
    return guard->pressed_ms > 0 && now_ms - guard->pressed_ms < WANTED_MS;
}

bool msock__guard_due(const struct msock__guard *guard, uint64_t now_ms)
{
    return (guard->fd >= 0 || msock__guard_wanted(guard, now_ms)) &&
           now_ms - guard->looked_ms >= LOOK_MS;
}

/* -- The filter -- */

static uint32_t word_of(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static struct sock_filter load(uint32_t offset)
{
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

/* Goes on where the word is this one, else `otherwise` instructions further. */
static struct sock_filter match(uint32_t word, size_t otherwise)
{
    assert(otherwise <= UINT8_MAX);
    return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word, 0,
                                        (uint8_t)otherwise);
}

static struct sock_filter verdict(uint32_t size)
{
    return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, size);
}

/* One session. The session's first word is loaded before, and again behind:
 * it tells nearly all that are not this one with two instructions. */
static size_t write_block(struct sock_filter *code, bool ipv6,
                          const struct msock__quiet *quiet)
{
    const uint8_t *source = quiet->source + (ipv6 ? 0 : 12);
    uint32_t source_at =
        (uint32_t)SKF_NET_OFF + (ipv6 ? SOURCE6_AT : SOURCE4_AT);
    size_t source_words = ipv6 ? 4 : 1;
    size_t last = 8 + 2 * source_words; /* the one that loads again */
    size_t count = 0;

    code[count++] = match(word_of(quiet->session), last);
    for (uint32_t i = 1; i < 4; i++) {
        code[count++] = load(SESSION_AT + 4 * i);
        code[count] = match(word_of(quiet->session + 4 * i), last - count - 1);
        count++;
    }
    for (uint32_t i = 0; i < source_words; i++) {
        code[count++] = load(source_at + 4 * i);
        code[count] = match(word_of(source + 4 * i), last - count - 1);
        count++;
    }
    code[count++] = verdict(UINT32_MAX);
    assert(count == last);
    code[count++] = load(SESSION_AT);
    return count;
}

static bool is_ipv4(const uint8_t address[static 16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(address, mapped, sizeof mapped) == 0;
}

size_t msock__guard_filter(struct sock_filter code[MSOCK__GUARD_CODE_MAX],
                           bool ipv6, const struct msock__quiet *list,
                           size_t count)
{
    size_t size = 0;

    assert(count <= MSOCK__GUARD_MAX);
    code[size++] = load(SESSION_AT);
    for (size_t i = 0; i < count; i++) {
        if (is_ipv4(list[i].source) != ipv6) {
            size += write_block(code + size, ipv6, &list[i]);
        }
    }
    code[size++] = verdict(0);
    return size;
}

/* -- The socket -- */

/* Has the kernel use a filter; it may have room for fewer sessions. */
static bool attach(int fd, bool ipv6, const struct msock__quiet *list,
                   size_t count)
{
    struct sock_filter code[MSOCK__GUARD_CODE_MAX];
    int rc = -1;

    for (; rc < 0 && count > 0; count /= 2) {
        struct sock_fprog program = {
            .len = (unsigned short)msock__guard_filter(code, ipv6, list, count),
            .filter = code};
        rc = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                        sizeof program);
    }
    return rc == 0;
}

void msock__guard_admit(struct msock__guard *guard, uint64_t now_ms,
                        const struct msock__memberships *memberships,
                        size_t rcvbuf, const struct msock__quiet *list,
                        size_t count)
{
    const struct msock__group *group = memberships->group;

    guard->looked_ms = now_ms;
    if (count > 0 && guard->fd < 0) {
        /* Nothing comes to it before it has joined. */
        guard->fd = msock__group_receiver(group, rcvbuf);
        guard->empty = msock__clocks_read();
    }
    if (count == 0 || guard->fd < 0 ||
        !attach(guard->fd, group->ipv6, list, count)) {
        msock__guard_fini(guard);
        return;
    }
    for (size_t i = 0; i < memberships->count; i++) {
        /* Those that are joined already say so. */
        (void)msock__group_join(group, guard->fd, memberships->items[i].index);
    }
}
