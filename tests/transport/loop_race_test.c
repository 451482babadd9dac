/* SPDX-License-Identifier: Apache-2.0 */
/* What other threads may do with a channel and a logger, for ThreadSanitizer
 * to watch: a plain program, since Criterion does not run under it. */
#define _GNU_SOURCE
#include <multisock/multisock.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 200, LINES = 50 };

struct shared {
    msock_channel *channel;
    msock_logger *logger;
};

static void *stop_and_log(void *user)
{
    struct shared *shared = user;

    for (int i = 0; i < LINES; i++) {
        msock_log(shared->logger, MSOCK_DEBUG, "%s: line %d",
                  msock_name(shared->channel), i);
    }
    msock_logger_level(shared->logger, MSOCK_DEBUG);
    msock_stop(shared->channel);
    return NULL;
}

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, msock_error_detail());
    exit(1);
}

int main(void)
{
    struct shared shared;
    char folder[] = "/tmp/multisock-race-XXXXXX";
    char command[64], file[48];

    if (mkdtemp(folder) == NULL) {
        fail("mkdtemp");
    }
    snprintf(file, sizeof file, "%s/log", folder);
    if (msock_logger_open(&shared.logger, "race", file) < 0) {
        fail("msock_logger_open");
    }
    msock_options options = {.name = "node", .logger = shared.logger};
    if (msock_open(&shared.channel, "sim://loop_race", &options) < 0) {
        fail("msock_open");
    }
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, stop_and_log, &shared);
        msock_log(shared.logger, MSOCK_INFO, "round %d", i);
        if (msock_run(shared.channel) != 0) {
            fail("msock_run");
        }
        pthread_join(thread, NULL);
    }
    msock_close(shared.channel, NULL, NULL);
    msock_logger_close(shared.logger);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? 0 : 1;
}
