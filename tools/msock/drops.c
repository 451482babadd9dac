/* SPDX-License-Identifier: Apache-2.0 */
/* Says why messages may be missing. */
#include "tools/msock/drops.h"

#include "tools/msock/cli.h"
#include "tools/msock/json_out.h"

#include <inttypes.h>

/* One's own looped frames are no loss, and neither are those that came again,
 * states that others have replaced, nor replies beyond those that were wanted.
 */
bool drops_is_usual(enum msock_counter counter)
{
    return counter == MSOCK_DROP_OWN || counter == MSOCK_DROP_DUPLICATE ||
           counter == MSOCK_DROP_STATE_OLD || counter == MSOCK_DROP_REPLY;
}

/* What mends it, or "". */
static const char *mend_of(enum msock_counter counter)
{
    switch (counter) {
    case MSOCK_DROP_SEALED:
        return "; give this program the key of the others: --key-file FILE";
    case MSOCK_DROP_OPEN:
        return "; give those programs the key: --key-file FILE";
    case MSOCK_DROP_KEY_ID:
        return "; compare msock key id FILE on both hosts";
    default:
        return "";
    }
}

void drops_tell(const msock_channel *channel)
{
    size_t held = msock_held(channel);

    if (held > 0) {
        cli_error("held %zu: frames of senders that have not answered: a "
                  "recording, or they do not hear this program",
                  held);
    }
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        enum msock_counter counter = (enum msock_counter)i;
        uint64_t dropped = msock_counter_get(channel, counter);

        if (dropped > 0 && !drops_is_usual(counter)) {
            cli_error("%s %" PRIu64 ": %s%s", msock_counter_name(counter),
                      dropped, msock_counter_text(counter), mend_of(counter));
        }
    }
}

void drops_json(const msock_channel *channel, struct cli_buffer *out)
{
    const char *comma = "";

    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        enum msock_counter counter = (enum msock_counter)i;
        uint64_t dropped = msock_counter_get(channel, counter);

        if (dropped > 0 && counter != MSOCK_DROP_OWN) {
            json_out_format(out, "%s\"%s\":%" PRIu64, comma,
                            msock_counter_name(counter), dropped);
            comma = ",";
        }
    }
}
