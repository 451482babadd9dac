/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the queries by which a querier asks who listens to which group: IGMP
 * by a raw socket, which takes root; MLD by the kernel's own counter. */
#ifndef MSOCK_TOOLS_DOCTOR_QUERIES_H
#define MSOCK_TOOLS_DOCTOR_QUERIES_H

#include <stdbool.h>

struct queries {
    bool known; /* they can be counted */
    long count; /* since they are */
    bool v6;
    int fd;
    long before; /* of the kernel's counter */
};

/** Begins to count; queries_close() ends it. */
void queries_open(struct queries *self, bool v6);

/** Counts what came since the last look. */
void queries_look(struct queries *self);

void queries_close(struct queries *self);

#endif
