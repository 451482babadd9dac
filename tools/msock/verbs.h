/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of msock, each in a file of its own. */
#ifndef MSOCK_TOOLS_VERBS_H
#define MSOCK_TOOLS_VERBS_H

#include "tools/msock/verb.h"

extern const struct verb verb_pub;
extern const struct verb verb_sub;
extern const struct verb verb_req;
extern const struct verb verb_reply;
extern const struct verb verb_nodes;
extern const struct verb verb_topics;
extern const struct verb verb_hz;
extern const struct verb verb_bw;
extern const struct verb verb_top;
extern const struct verb verb_bench;
extern const struct verb verb_doctor;
extern const struct verb verb_key;
extern const struct verb verb_id;
extern const struct verb verb_hub;
extern const struct verb verb_help;
extern const struct verb verb_version;

/** All of them in the order in which they are shown; ends with NULL. */
extern const struct verb *const verbs_all[];

#endif
