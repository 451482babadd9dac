/* SPDX-License-Identifier: Apache-2.0 */
/* A bad plugin: a shared object that exports no descriptor. */
#include <multisock/plugin.h>

MSOCK_PLUGIN_EXPORT extern const int msock_other;
const int msock_other = 1;
