/* SPDX-License-Identifier: Apache-2.0 */
/* What a folder of a journal's files holds, for its tests. */
#ifndef MSOCK_TESTS_BOOKS_H
#define MSOCK_TESTS_BOOKS_H

#include <stddef.h>

enum { BOOKS_MAX = 64, BOOKS_NAME_SIZE = 256 };

/** Writes the names of all files, in order, and returns how many there are. */
size_t books_names(const char *folder,
                   char names[static BOOKS_MAX][BOOKS_NAME_SIZE]);

/** Returns the text of all files, one behind the other. */
const char *books_text(const char *folder);

#endif
