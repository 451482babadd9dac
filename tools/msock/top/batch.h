/* SPDX-License-Identifier: Apache-2.0 */
/* Screens for those who read no terminal: as text, and as JSON. */
#ifndef MSOCK_TOOLS_TOP_BATCH_H
#define MSOCK_TOOLS_TOP_BATCH_H

#include "tools/msock/top/view.h"

/** Prints a screen of all rows, `width` columns wide, and an empty line.
 *  Returns CLI_OK, or CLI_FAILURE after having told why. */
int batch_text(const struct top_view *view, const struct top_snapshot *snapshot,
               const struct top_order *order, int width);

/** Prints a screen with all views as one object: topics as `order` has them.
 *  Returns as batch_text(). */
int batch_json(const struct top_snapshot *snapshot,
               const struct top_order *order);

#endif
