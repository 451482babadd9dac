/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the hub's configuration, and how their values are read: tables of
 * members, one for each kind of object. */
#ifndef MSOCK_TOOLS_HUB_FIELDS_H
#define MSOCK_TOOLS_HUB_FIELDS_H

#include "tools/msock/hub_config.h"
#include "tools/msock/json_file.h"

/** A configuration being read. */
struct hub_reader {
    struct json_file source;
    struct hub_config *config;
};

/** Reads the whole text, reporting each problem. */
void hub_fields_read(struct hub_reader *reader, const char *text, size_t size);

#endif
