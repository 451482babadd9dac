/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the library as text. */
#include <multisock/version.h>

#define TEXT_OF(number) #number
#define DOTTED(major, minor, patch)                                            \
    TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *msock_version(void)
{
    return DOTTED(MSOCK_VERSION_MAJOR, MSOCK_VERSION_MINOR,
                  MSOCK_VERSION_PATCH);
}
