/* SPDX-License-Identifier: Apache-2.0 */
/* A private copy of a shared object, to be loaded instead of the file.
 *
 * The dynamic linker takes a file with a known inode for what it has loaded,
 * and a mapped file that is written over changes under the running code. So a
 * plugin runs from a copy in memory: each copy is an object of its own, and
 * whoever builds a new version over the old file disturbs nothing. */
#ifndef MSOCK_PLUGINS_IMAGE_H
#define MSOCK_PLUGINS_IMAGE_H

enum { MSOCK__IMAGE_MAX = 64 << 20 }; /* bytes of a plugin's file */

/** Copies the open regular file `file` into memory, sealed against changes.
 *  `name` is for who looks at the process's maps, `path` for details.
 *  Returns a descriptor of the copy, to be closed, or MSOCK_EPLUGIN (no whole
 *  shared object of this machine, larger than MSOCK__IMAGE_MAX, or it changed
 *  while it was read), MSOCK_ESYSTEM. */
int msock__image_open(int file, const char *name, const char *path);

#endif
