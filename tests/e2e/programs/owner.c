/* SPDX-License-Identifier: Apache-2.0 */
/* An owner whose states change all the time:  owner CHANNEL
 *
 * Every 2 ms one of five topics, t/0 to t/4, gets the next number as its state,
 * and asks who acted. For each node that did, the number is a line of output,
 * as soon as it is known. */
#include <multisock/multisock.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PERIOD_MS = 2, TOPICS = 5, DEADLINE_MS = 1000 };

static unsigned long number;

/* `user` is a number. */
static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    char line[32];
    (void)channel;
    if (confirm->node == NULL || confirm->state != MSOCK_CONFIRM_ACTED) {
        return;
    }
    int size = snprintf(line, sizeof line, "%lu\n", (unsigned long)user);
    if (write(STDOUT_FILENO, line, (size_t)size) != size) {
        exit(1);
    }
}

/* Some cannot be published, such as while too many are under way. */
static void on_time(msock_channel *channel, void *user)
{
    const msock_publish_options state = {.state = true};
    const msock_confirm_options options = {.deadline_ms = DEADLINE_MS,
                                           .publish = &state};
    char topic[16];
    char json[32];
    (void)user;
    snprintf(topic, sizeof topic, "t/%lu", ++number % TOPICS);
    snprintf(json, sizeof json, "%lu", number);
    (void)msock_publish_confirmed(channel, topic, json, &options, on_confirm,
                                  (void *)number);
}

int main(int argc, char **argv)
{
    msock_channel *channel;
    const msock_options options = {.name = "owner"};
    if (argc != 2 || msock_open(&channel, argv[1], &options) < 0 ||
        msock_timer_start(channel, PERIOD_MS, PERIOD_MS, on_time, NULL) < 0) {
        fprintf(stderr, "owner: %s\n", msock_error_detail());
        return 1;
    }
    msock_run(channel);
    return 1; /* it ends when it is killed */
}
