/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is typed and not shown. */
#include "tools/msock/hidden.h"

#include "tools/msock/cli.h"

#include <errno.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

static const int numbers[HIDDEN_SIGNALS] = {SIGHUP,  SIGINT,  SIGQUIT,
                                            SIGTERM, SIGTSTP, SIGALRM};
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* Holds the signals back, but where they are waited for. */
static void hold_signals(struct hidden *hidden)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t held;

    sigemptyset(&action.sa_mask);
    sigemptyset(&held);
    for (int i = 0; i < HIDDEN_SIGNALS; i++) {
        sigaddset(&held, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &held, &hidden->mask);
    for (int i = 0; i < HIDDEN_SIGNALS; i++) {
        sigaction(numbers[i], NULL, &hidden->actions[i]);
        if (hidden->actions[i].sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);
        }
    }
}

void hidden_end(struct hidden *hidden)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden->shown);
    for (int i = 0; i < HIDDEN_SIGNALS; i++) {
        sigaction(numbers[i], &hidden->actions[i], NULL);
    }
    sigprocmask(SIG_SETMASK, &hidden->mask, NULL);
}

/* Hides what is typed from now on; the newline alone is shown.  Returns whether
 * it could, with errno. */
static bool hide(struct hidden *hidden)
{
    if (tcgetattr(STDIN_FILENO, &hidden->shown) < 0) {
        return false;
    }
    struct termios quiet = hidden->shown;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ECHONL | ICANON;
    hold_signals(hidden);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0) {
        hidden_end(hidden);
        return false;
    }
    return true;
}

/* Waits for a line or a signal.  Returns whether there is a line. */
static bool await_line(const struct hidden *hidden)
{
    fd_set input;

    FD_ZERO(&input);
    FD_SET(STDIN_FILENO, &input);
    caught = 0;
    return pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, &hidden->mask) >=
           0;
}

int hidden_begin(struct hidden *hidden, const char *prompt)
{
    for (;;) {
        if (!hide(hidden)) {
            return cli_error("this terminal cannot hide what is typed: %s",
                             strerror(errno));
        }
        cli_error("%s", prompt);
        if (await_line(hidden)) {
            return CLI_OK;
        }
        hidden_end(hidden);
        /* It ends the program, or stops it, which then asks again. */
        raise(caught);
    }
}
