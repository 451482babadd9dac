/* SPDX-License-Identifier: Apache-2.0 */
/* A logger that takes notes instead of writing: it stands in for msock_log() in
 * programs that are linked without transport/, and in others that are linked
 * with --wrap=msock_log. */
#ifndef TESTS_SUPPORT_LOG_NOTES_H
#define TESTS_SUPPORT_LOG_NOTES_H

#include <multisock/multisock.h>
#include <stddef.h>

/** Something to pass as a logger. */
msock_logger *log_notes_logger(void);

/** Lines written since the last reset. */
size_t log_notes_count(void);

/** Returns the newest line that contains `text`, of the last 16, or "". */
const char *log_notes_find(const char *text);

/** The newest line, "" if none, and its level. */
const char *log_notes_line(void);
enum msock_level log_notes_level(void);

void log_notes_reset(void);

#endif
