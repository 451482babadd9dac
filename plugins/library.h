/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's shared object: who may write it, and the descriptor it exports.
 *
 * The directory and the file must belong to root or to the effective user, and
 * nobody else may write them; a symbolic link may lead to a file beside it
 * only. What was checked is what is loaded: both are opened first, and what is
 * loaded is a copy that is read from the open file, so names that change
 * meanwhile change nothing. */
#ifndef MSOCK_PLUGINS_LIBRARY_H
#define MSOCK_PLUGINS_LIBRARY_H

#include <multisock/plugin.h>

enum { MSOCK__PLUGIN_NAME_MAX = 63 }; /* bytes of a plugin's name */

struct msock__library {
    int image;    /* stays open: while loaded, its number is its identity */
    void *handle; /* of the dynamic linker */
    msock_plugin_descriptor descriptor; /* a copy: what it lacks is zero */
};

/** Loads NAME.so from `directory` (absolute), checks its descriptor, and
 *  `config` against the keys that it declares; the object's constructors run.
 *  `name` has 1..MSOCK__PLUGIN_NAME_MAX bytes and no slash. *library is written
 *  on success.
 *  Returns 0, or a code of msock_host_load(). */
int msock__library_open(struct msock__library *library, const char *directory,
                        const char *name, const char *config);

/** Unloads it. */
void msock__library_close(struct msock__library *library);

#endif
