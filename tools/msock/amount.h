/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts as people write them: 16M, 90, 10m, 1d. */
#ifndef MSOCK_TOOLS_AMOUNT_H
#define MSOCK_TOOLS_AMOUNT_H

#include "tools/msock/cli.h"

#include <stdint.h>

/** Reads a number of bytes for the option of this name, at least `least` and at
 *  most 1 PiB, which may end in K, M or G.  Returns CLI_OK, or CLI_USAGE after
 *  having told why. */
int amount_bytes(const char *option, const char *text, uint64_t least,
                 uint64_t *bytes);

/** Reads a time of more than 0 and at most 10^9 seconds, which may end in s, m,
 *  h or d.  Returns as above. */
int amount_time(const char *option, const char *text, uint64_t *time_us);

#endif
