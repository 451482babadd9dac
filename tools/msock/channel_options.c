/* SPDX-License-Identifier: Apache-2.0 */
/* The options of all verbs that open a channel. */
#include "tools/msock/verb.h"

const struct verb_option cli_channel_options[] = {
    {'c', "channel", "URL",
     "the channel, see msock(1) [$MSOCK_CHANNEL, "
     "multisock-config(5), " MSOCK_DEFAULT_URL "]",
     VERB_ANYTHING},
    {CLI_KEY_FILE, "key-file", "FILE",
     "its key [$MSOCK_KEY_FILE, multisock-config(5), none: open]", VERB_FILE},
    {CLI_NAME, "name", "NAME",
     "name of this node [$VERB-HOST-PID: a visitor; with an identity the "
     "host's]",
     VERB_ANYTHING},
    {CLI_ID_FILE, "id-file", "FILE", "the identity of this node [none]",
     VERB_FILE},
    {CLI_TRUST_FILE, "trust-file", "FILE",
     "whose word is taken about which topics [anybody's]", VERB_FILE},
    {CLI_CONTEXT, "context", "NAME",
     "use what this context of multisock-config(5) says of them "
     "[$MSOCK_CONTEXT, the one in use]",
     VERB_CONTEXT},
    {'q', "quiet", NULL, "do not tell the channel's warnings", VERB_ANYTHING},
    {0},
};
