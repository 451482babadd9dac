/* SPDX-License-Identifier: Apache-2.0 */
/* How a hub shows its nodes: all of them as a table, or what changed as a line.
 * All is safe for a terminal. */
#ifndef SAMPLES_HUB_SHOW_H
#define SAMPLES_HUB_SHOW_H

#include "samples/hub_nodes.h"

/** Prints them as an aligned table. */
void hub_show_table(const struct hub_nodes *nodes, uint64_t now_ms);

/** Prints what changed: "porch is down: cut off, or out of power". */
void hub_show_change(const struct hub_node *node, enum hub_change change);

#endif
