/* SPDX-License-Identifier: Apache-2.0 */
/* The version of multisock; CMake reads it from here. */
#ifndef MULTISOCK_VERSION_H
#define MULTISOCK_VERSION_H

#define MSOCK_VERSION_MAJOR 0
#define MSOCK_VERSION_MINOR 1
#define MSOCK_VERSION_PATCH 0

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Returns the version of the library in use as "MAJOR.MINOR.PATCH": static
 *  text, which may differ from the macros that the program was built with.
 *  Thread: any. */
const char *msock_version(void);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
