/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a verb that listens: a number of messages, some seconds, a signal,
 * or a reader of its output that has gone. */
#ifndef MSOCK_TOOLS_UNTIL_H
#define MSOCK_TOOLS_UNTIL_H

#include "tools/msock/cli.h"

#include <signal.h>
#include <stdint.h>

/** Reads a number from 1 on for the option of this name.  Returns CLI_OK, or
 *  CLI_USAGE after having told why. */
int until_count(const char *option, const char *text, uint64_t *count);

/** Reads a number of 0 or more in decimal digits, with a point and an exponent
 *  or without; sets *number only if it is one.  Returns whether it is. */
bool until_number(const char *text, double *number);

/** Reads seconds, over 0 and at most `most`, for the option of this name.
 *  Returns as until_count(). */
int until_seconds(const char *option, const char *text, double most,
                  double *seconds);

/** The same for -W. */
int until_wait(const char *text, double most, double *seconds);

/** Has SIGINT and SIGTERM stop the channel, once there is one, and a write fail
 *  whose reader has gone. */
void until_signals(void);

/** Has SIGHUP and SIGQUIT end it in the same way: a terminal is to be given
 * back as it was. */
void until_signals_of_terminal(void);

/** The channel that a signal stops (at once, if one came), NULL: none. */
void until_channel(msock_channel *channel);

/** Whether a signal came that ends the verb. */
bool until_signalled(void);

/** Set a second after the first signal, and again each second with SIGALRM: a
 *  reader that takes nothing is waited for no longer. */
extern volatile sig_atomic_t until_given_up;

#endif
