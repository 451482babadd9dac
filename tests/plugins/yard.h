/* SPDX-License-Identifier: Apache-2.0 */
/* A yard for tests of the host: a node with a host, a sender, a folder of
 * plugins and a log, on a simulated network. What plugins publish on NAME/told
 * is heard. */
#ifndef MSOCK_TESTS_YARD_H
#define MSOCK_TESTS_YARD_H

#include "tests/plugins/folder.h"

#include <multisock/host.h>
#include <multisock/sim.h>

enum { YARD_TEXT_SIZE = 1024, YARD_LOG_SIZE = 65536 };

struct yard {
    char folder[FOLDER_PATH_SIZE]; /* of plugins; its log is in "log" */
    msock_sim *sim;
    msock_channel *node;
    msock_channel *sender; /* in virtual time only */
    msock_logger *logger;
    msock_host *host;
    char told[YARD_TEXT_SIZE]; /* "TOPIC JSON" of the last report */
    unsigned long sent;        /* numbered messages */
    char log[YARD_LOG_SIZE];
};

/** Makes a yard with an empty folder; `options` without directory and logger.
 */
void yard_open(struct yard *yard, msock_host_options options, bool real_time);

void yard_close(struct yard *yard);

/** Puts the plugin at "BUILD/`path`" into the folder, over the bytes of what
 *  had that name. */
void yard_put(struct yard *yard, const char *path);

/** Sends `count` numbered messages on `storm`, 1 ms apart, in virtual time. */
void yard_storm(struct yard *yard, unsigned long count);

/** Asks the counting plugins to tell; `yard->told` is the last one's report.
 *  Returns the number at `key` in it. */
unsigned long yard_told(struct yard *yard, const char *key);

/** Returns the status of the plugin `name`, which must be there. */
msock_plugin_status yard_status(struct yard *yard, const char *name);

/** Returns all that was logged so far. */
const char *yard_log(struct yard *yard);

#endif
