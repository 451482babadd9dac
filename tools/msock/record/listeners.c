/* SPDX-License-Identifier: Apache-2.0 */
/* Who would hear a recording. */
#include "tools/msock/record/listeners.h"

#include "tools/msock/pub_confirm.h"
#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <multisock/node.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000, /* for who is there, and ... */
    LOOK_MAX_MS = 5000,
    NAMES_TOLD = 8
};

struct crowd {
    int count;
    char names[512];
};

static void note_node(msock_channel *channel, const msock_node *node,
                      void *user)
{
    struct crowd *crowd = user;
    size_t size = strlen(crowd->names);

    (void)channel;
    if (!node->up || node->visitor) {
        return;
    }
    crowd->count++;
    if (crowd->count <= NAMES_TOLD) {
        snprintf(crowd->names + size, sizeof(crowd->names) - size, "%s%s",
                 size > 0 ? ", " : "", node->name);
    }
}

/* Asks on the terminal.  Returns whether the answer is yes. */
static bool asks_yes(void)
{
    char answer[16] = "";

    cli_error("publish to them? [y/N]");
    return fgets(answer, sizeof(answer), stdin) &&
           (answer[0] == 'y' || answer[0] == 'Y');
}

int listeners_ask(msock_channel *channel)
{
    struct crowd crowd = {0};
    int64_t begin = turn_now_ms();
    int64_t waited = 0;
    bool readable;
    int code = CLI_OK;

    while (code == CLI_OK && waited < LOOK_MAX_MS && !until_signalled() &&
           (waited < LOOK_MS || !pub_confirm_knows(channel))) {
        code = turn_step(channel, -1, TURN_POLL_MS, &readable);
        waited = turn_now_ms() - begin;
    }
    if (code != CLI_OK) {
        return code;
    }
    msock_nodes(channel, note_node, &crowd);
    if (crowd.count == 0) {
        return CLI_OK;
    }
    cli_error("%d node%s would hear it, and obey: %s%s", crowd.count,
              crowd.count == 1 ? "" : "s", crowd.names,
              crowd.count > NAMES_TOLD ? ", ..." : "");
    if (!isatty(STDIN_FILENO)) {
        return cli_error("nothing was published; --yes does it all the same");
    }
    return asks_yes() ? CLI_OK : cli_error("nothing was published");
}
