/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of msock, each in a file or a folder of its own. */
#ifndef MSOCK_TOOLS_VERBS_H
#define MSOCK_TOOLS_VERBS_H

#include "tools/msock/verb.h"

/* In the order in which they are shown. */
#define VERBS_MAP(XX)                                                          \
    XX(pub)                                                                    \
    XX(sub)                                                                    \
    XX(req)                                                                    \
    XX(reply)                                                                  \
    XX(nodes)                                                                  \
    XX(topics)                                                                 \
    XX(hz)                                                                     \
    XX(bw)                                                                     \
    XX(echo)                                                                   \
    XX(top)                                                                    \
    XX(record)                                                                 \
    XX(replay)                                                                 \
    XX(doctor)                                                                 \
    XX(bench)                                                                  \
    XX(key)                                                                    \
    XX(id)                                                                     \
    XX(hub)                                                                    \
    XX(config)                                                                 \
    XX(context)                                                                \
    XX(completion)                                                             \
    XX(help)                                                                   \
    XX(version)

#define VERBS__XX(name) extern const struct verb verb_##name;
VERBS_MAP(VERBS__XX)
#undef VERBS__XX

/** All of them; ends with NULL. */
extern const struct verb *const verbs_all[];

#endif
