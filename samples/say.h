/* SPDX-License-Identifier: Apache-2.0 */
/* How the samples speak: whole lines, in which nothing can harm a terminal.
 * Names, data, files and arguments come from elsewhere; who prints them by
 * printf() forgets once to escape them. */
#ifndef SAMPLES_SAY_H
#define SAMPLES_SAY_H

#include <stdbool.h>

#if defined(__GNUC__)
#define SAY_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define SAY_PRINTF
#endif

/** Prints one line, at most 1023 bytes of it, and flushes.  Returns 0, or EOF
 *  if nobody reads any more. */
SAY_PRINTF int say(const char *format, ...);

/** The same on standard error. */
SAY_PRINTF void complain(const char *format, ...);

/** Says whether standard output is a terminal, on which clear_screen() has the
 *  next line be the first one. */
bool is_screen(void);
void clear_screen(void);

/** Prints a text of our own, of several lines: to whoever asked for it, else on
 *  standard error. */
void show_help(const char *text, bool asked);

#endif
