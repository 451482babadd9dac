/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, to put plugins and LEDs in; failures abort. */
#ifndef MSOCK_TESTS_FOLDER_H
#define MSOCK_TESTS_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

enum { FOLDER_PATH_SIZE = 512 };

/** Makes an empty folder, mode 0700, and writes its path. */
void folder_make(char path[static FOLDER_PATH_SIZE]);

/** Removes it with all that is in it. */
void folder_remove(const char *path);

/** Writes "FOLDER/NAME".  Returns `path`. */
char *folder_path(char path[static FOLDER_PATH_SIZE], const char *folder,
                  const char *name);

/** Writes a file with a text. */
void folder_write(const char *folder, const char *name, const char *text);

/** Makes a folder in it. */
void folder_add(const char *folder, const char *name);

/** Reads a file of the folder, at most `capacity` - 1 bytes, and a NUL.
 *  Returns `text`. */
char *folder_read(const char *folder, const char *name, char *text,
                  size_t capacity);

/** Copies the file at `from` into the folder under the same name. */
void folder_copy(const char *folder, const char *from, mode_t mode);

#endif
