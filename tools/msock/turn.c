/* SPDX-License-Identifier: Apache-2.0 */
/* Turns of a channel's loop for the verbs that send. */
#include "tools/msock/turn.h"

#include "tools/msock/unjoined.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

enum {
    JOIN_WAIT_MS = 3000, /* for a network to come up */
    STALL_WAIT_MS = 5000 /* for the queue to move */
};

int64_t turn_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int turn_work(msock_channel *channel)
{
    int code = msock_dispatch(channel);

    return code < 0 ? cli_error_code(code) : CLI_OK;
}

int turn_step(msock_channel *channel, int fd, int most_ms, bool *readable)
{
    struct pollfd polls[] = {{.fd = msock_fd(channel), .events = POLLIN},
                             {.fd = fd, .events = POLLIN}};
    int wait_ms = msock_timeout(channel);

    if (wait_ms < 0 || (most_ms >= 0 && wait_ms > most_ms)) {
        wait_ms = most_ms;
    }
    if (poll(polls, 2, wait_ms) < 0 && errno != EINTR) {
        return cli_error("cannot wait: %s", strerror(errno));
    }
    *readable = polls[1].revents != 0;
    return turn_work(channel);
}

int turn_await_network(msock_channel *channel, const struct cli_channel *names)
{
    int64_t end = turn_now_ms() + JOIN_WAIT_MS;
    bool readable;

    while (msock_joined(channel) == 0) {
        if (turn_now_ms() > end) {
            return unjoined_tell(cli_channel_url(names), "nothing was sent");
        }
        int code = turn_step(channel, -1, TURN_POLL_MS, &readable);
        if (code != CLI_OK) {
            return code;
        }
    }
    return CLI_OK;
}

int turn_await_queue(msock_channel *channel, size_t most)
{
    int64_t end = turn_now_ms() + STALL_WAIT_MS;
    bool readable;
    int code = turn_work(channel);
    size_t left = msock_queued(channel);

    while (code == CLI_OK && left > most) {
        code = turn_step(channel, -1, TURN_POLL_MS, &readable);
        size_t queued = msock_queued(channel);
        if (queued < left) {
            end = turn_now_ms() + STALL_WAIT_MS;
        } else if (turn_now_ms() > end) {
            return cli_error("the network takes nothing: %zu bytes are left",
                             queued);
        }
        left = queued;
    }
    return code;
}
