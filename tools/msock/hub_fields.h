/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the hub's configuration, and how their values are read: tables of
 * members, one for each kind of object. */
#ifndef MSOCK_TOOLS_HUB_FIELDS_H
#define MSOCK_TOOLS_HUB_FIELDS_H

#include "tools/msock/hub_config.h"

/** A configuration being read: `text` is valid JSON, and every value is a slice
 *  of it, so a problem can name its line. */
struct hub_reader {
    const char *file;
    const char *text;
    struct hub_config *config;
    struct hub_problems *problems;
};

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
/** Reports a problem at the place `at` of the text. */
void hub_reader_problem(const struct hub_reader *reader, const char *at,
                        const char *format, ...);

/** Reads the whole text, reporting each problem. */
void hub_fields_read(struct hub_reader *reader, const char *text, size_t size);

#endif
