/* SPDX-License-Identifier: Apache-2.0 */
/* Problems of a file that was read: each is told, and they are counted. */
#ifndef MSOCK_TOOLS_PROBLEMS_H
#define MSOCK_TOOLS_PROBLEMS_H

#include "tools/msock/cli.h"

/** Where problems go: to the logger, or to standard error if there is none. */
struct problems {
    msock_logger *logger;
    unsigned count;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
/** Reports one problem. */
void problem_tell(struct problems *problems, const char *format, ...);

#endif
