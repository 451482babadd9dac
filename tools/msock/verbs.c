/* SPDX-License-Identifier: Apache-2.0 */
/* The table of verbs. */
#include "tools/msock/verbs.h"

const struct verb *const verbs_all[] = {
#define VERBS__XX(name) &verb_##name,
    VERBS_MAP(VERBS__XX)
#undef VERBS__XX
        NULL};
