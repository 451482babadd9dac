/* SPDX-License-Identifier: Apache-2.0 */
/* Drives a channel on a uv loop, its own or the caller's: implements
 * core/driver.h over a transport.
 *
 * What arrives goes to the engine in the poll phase of a turn; a check handle
 * sends what was published in that, right behind it, and a prepare handle ticks
 * the engine and sends what was published elsewhere, right before the loop
 * sleeps; one timer ends the sleep at the engine's next deadline, one
 * async handle for msock_stop() and msock_post(). Nothing wakes an idle
 * channel. */
#ifndef MSOCK_TRANSPORT_LOOP_H
#define MSOCK_TRANSPORT_LOOP_H

#include "core/driver.h"
#include "transport/keywatch.h"
#include "transport/transport.h"

/** Makes a driver for a channel that is yet to be made, on the caller's `loop`
 *  or, if that is NULL, on one of its own. `transport`, not started, is given
 *  to the driver on success.
 *  Returns 0, MSOCK_ESYSTEM, MSOCK_ENOMEM, with the detail set. */
int msock__loop_new(struct msock__driver **driver, uv_loop_t *loop,
                    struct msock__transport *transport);

/** Has the driver, once started, watch `count` (at most MSOCK__KEYWATCH_MAX)
 *  files by their absolute paths, lent until then: when one changes, the
 *  channel reads its keys again, and `logger` (may be NULL) hears why it could
 *  not. */
void msock__loop_watch(struct msock__driver *driver, const char *const *paths,
                       size_t count, msock_logger *logger);

/** Starts the transport. From then on the driver owns the channel, and both
 *  live until ops->close() is done.
 *  Returns 0, or MSOCK_ESYSTEM, MSOCK_ENOMEM, with the detail set: nothing is
 *  started, and channel and driver are the caller's to free. */
int msock__loop_start(struct msock__driver *driver, msock_channel *channel);

/** Frees a driver that does not own a channel, and its transport. NULL is
 *  ignored. */
void msock__loop_free(struct msock__driver *driver);

#endif
