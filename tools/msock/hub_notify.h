/* SPDX-License-Identifier: Apache-2.0 */
/* What a service tells its manager: sd_notify(3) without libsystemd, one
 * datagram a call to the socket that $NOTIFY_SOCKET names. Without a manager
 * nothing is sent. */
#ifndef MSOCK_TOOLS_HUB_NOTIFY_H
#define MSOCK_TOOLS_HUB_NOTIFY_H

#include "tools/msock/cli.h"

/** Takes the manager's address and the watchdog's period out of the
 *  environment, so that programs which plugins start do not speak for us. */
void hub_notify_init(void);

/** Sends a line of our own, such as "WATCHDOG=1".  Returns CLI_OK, or
 *  CLI_FAILURE after having told why. */
int hub_notify(const char *state);

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
/** Sends a line of our own and "STATUS=text", escaped, so that nothing in the
 *  text can be a line of its own; at most 511 bytes of it.  Returns as
 *  hub_notify(). */
int hub_notify_status(const char *state, const char *format, ...);

/** Says that the configuration is being read again, and when that began. */
int hub_notify_reloading(void);

/** Returns how often the manager wants to hear from us, in ms: half of the time
 *  after which it would act; 0: not at all. */
unsigned hub_notify_watchdog_ms(void);

#endif
