/* SPDX-License-Identifier: Apache-2.0 */
/* What the samples embed_*.c have in common, so that each shows its loop and
 * nothing else: they publish what they read, and print what they hear.
 *
 *     embed_NAME TOPIC [CHANNEL [KEY-FILE]] */
#ifndef SAMPLES_CHAT_H
#define SAMPLES_CHAT_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>

/** Opens a channel as the arguments say, on the caller's uv loop or, if that is
 *  NULL, one of its own, and prints what others publish on TOPIC.
 *  Returns the channel, or NULL when it has said what is wrong. */
msock_channel *chat_open(int argc, char **argv, struct uv_loop_s *loop);

/** Reads once from standard input, which may block, into the `size` bytes of
 *  `json`: as a JSON string.  Returns false at the end, and at what is no
 *  UTF-8. */
bool chat_read(char *json, size_t size);

/** Says on standard error why a call failed.  Returns an exit status. */
int chat_fail(const char *what);

#endif
