/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a recording, of JSON lines or SQLite, message by message.
 *
 * Thread: one. */
#ifndef MSOCK_TOOLS_RECORD_RECORDING_H
#define MSOCK_TOOLS_RECORD_RECORDING_H

#include "tools/msock/record/record.h"

struct recording;

/** Opens a file; what it is is seen from its first bytes.  *recording is given
 *  on success.  Returns CLI_OK, or CLI_FAILURE after having told why. */
int recording_open(struct recording **recording, const char *path);

/** Reads the next message, valid until the next call.  Lines that are none are
 *  told with their number, counted and passed over.  Returns whether there is
 *  one; recording_failed() says whether the file ended well. */
bool recording_next(struct recording *recording, struct record *record);

/** Returns how many lines were none. */
uint64_t recording_bad(const struct recording *recording);

/** Whether reading ended because it failed, which was told. */
bool recording_failed(const struct recording *recording);

/** Closes and frees it; NULL is ignored. */
void recording_close(struct recording *recording);

#endif
