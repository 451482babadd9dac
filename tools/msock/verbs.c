/* SPDX-License-Identifier: Apache-2.0 */
/* The table of verbs. */
#include "tools/msock/verbs.h"

const struct verb *const verbs_all[] = {
    &verb_pub, &verb_sub, &verb_req,  &verb_reply,   &verb_nodes,  &verb_topics,
    &verb_hz,  &verb_bw,  &verb_top,  &verb_bench,   &verb_doctor, &verb_key,
    &verb_id,  &verb_hub, &verb_help, &verb_version, NULL};
