/* SPDX-License-Identifier: Apache-2.0 */
/* How library code reports an operating error: the code, and per thread the
 * sentence that msock_error_detail() gives the user. Every function that
 * returns a negative code to an application has called this once. The codes
 * themselves are in include/multisock/error.h. */
#ifndef MSOCK_CODEC_ERROR_H
#define MSOCK_CODEC_ERROR_H

#include <multisock/error.h>

/** Keeps the formatted sentence (at most 511 bytes: what and what to do) as
 *  this thread's detail and returns `code`, so that one can write
 *  `return msock__fail(MSOCK_EURL, ...)`. An empty sentence ("%s", "") takes
 * the code's own. Arguments may point into the present detail. */
__attribute__((format(printf, 2, 3))) int msock__fail(int code,
                                                      const char *format, ...);

#endif
