/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a verb that listens. */
#include "tools/msock/until.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a reader that takes nothing may keep a program that shall end. */
enum { END_WAIT_S = 1 };

static msock_channel *volatile signal_channel;
static volatile sig_atomic_t signalled;
volatile sig_atomic_t until_given_up;

/* Comes again and again: a write(2) that begins after one ends with the next.
 */
static void on_alarm(int number)
{
    (void)number;
    until_given_up = 1;
    alarm(END_WAIT_S);
}

static void on_signal(int number)
{
    msock_channel *channel = signal_channel;

    (void)number;
    if (!signalled) {
        alarm(END_WAIT_S);
    }
    signalled = 1;
    if (channel) {
        msock_stop(channel);
    }
}

void until_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    action.sa_handler = SIG_IGN; /* a write fails with EPIPE instead */
    sigaction(SIGPIPE, &action, NULL);
}

void until_signals_of_terminal(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
}

void until_channel(msock_channel *channel)
{
    signal_channel = channel;
    if (channel && signalled) {
        msock_stop(channel);
    }
}

bool until_signalled(void)
{
    return signalled;
}

int until_count(const char *option, const char *text, uint64_t *count)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value == 0) {
        return cli_usage("%s wants a number from 1, not %s", option, text);
    }
    *count = value;
    return CLI_OK;
}

bool until_number(const char *text, double *number)
{
    char *end;

    if (text[strspn(text, "0123456789.eE+-")] != '\0' ||
        !strchr("0123456789.", text[0])) {
        return false; /* a blank, a word, or hexadecimal */
    }
    double value = strtod(text, &end);
    if (end == text || *end) {
        return false;
    }
    *number = value;
    return true;
}

int until_seconds(const char *option, const char *text, double most,
                  double *seconds)
{
    double value;

    if (!until_number(text, &value) || !(value > 0 && value <= most)) {
        return cli_usage("%s wants a number of seconds, over 0 and at most "
                         "%.0f, not %s",
                         option, most, text);
    }
    *seconds = value;
    return CLI_OK;
}

int until_wait(const char *text, double most, double *seconds)
{
    return until_seconds("-W", text, most, seconds);
}
