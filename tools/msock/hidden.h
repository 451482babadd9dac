/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is typed on the terminal at standard input and not shown there.
 * Whatever signal ends or stops the program finds the terminal as it was. */
#ifndef MSOCK_TOOLS_HIDDEN_H
#define MSOCK_TOOLS_HIDDEN_H

#include <signal.h>
#include <termios.h>

enum { HIDDEN_SIGNALS = 6 };

struct hidden {
    struct termios shown;
    sigset_t mask; /* as it was */
    struct sigaction actions[HIDDEN_SIGNALS];
};

/** Asks with `prompt` and waits until a line can be read, which is then read
 *  before hidden_end().  Returns CLI_OK, or CLI_FAILURE after having told why:
 *  then all is as before. */
int hidden_begin(struct hidden *hidden, const char *prompt);

/** Shows what is typed again. Signals that came meanwhile act now. */
void hidden_end(struct hidden *hidden);

#endif
