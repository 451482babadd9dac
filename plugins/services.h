/* SPDX-License-Identifier: Apache-2.0 */
/* The table of services that a plugin is given. */
#ifndef MSOCK_PLUGINS_SERVICES_H
#define MSOCK_PLUGINS_SERVICES_H

#include "plugins/plugin.h"

/** Returns the services of a plugin whose host and configuration are set. */
msock_services msock__services_of(msock_plugin_host *plugin);

#endif
