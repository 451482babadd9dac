/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page of a verb, made from its table. */
#ifndef MSOCK_TOOLS_MDOC_H
#define MSOCK_TOOLS_MDOC_H

#include "tools/msock/verb.h"

/** Prints the page in mdoc(7).  Returns as cli_print(). */
int mdoc_print(const struct verb *verb);

#endif
