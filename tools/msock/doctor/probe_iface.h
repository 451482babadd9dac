/* SPDX-License-Identifier: Apache-2.0 */
/* Where this host has joined a group, as the kernel lists it. */
#ifndef MSOCK_TOOLS_DOCTOR_PROBE_IFACE_H
#define MSOCK_TOOLS_DOCTOR_PROBE_IFACE_H

#include "tools/msock/doctor/probe_socket.h"

/** Lists the interfaces that have joined the group, `group` in network order, 4
 *  or 16 bytes.  Returns their number, at most PROBE_IFACES_MAX. */
int probe_ifaces(bool v6, const void *group,
                 struct probe_iface ifaces[static PROBE_IFACES_MAX]);

/** Returns a number that a file holds on a line of its own after this word
 *  ("" : as its first), or -1. */
long probe_number(const char *path, const char *word);

#endif
