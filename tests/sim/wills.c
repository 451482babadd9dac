/* SPDX-License-Identifier: Apache-2.0 */
/* Last wills. */
#include "tests/sim/wills.h"

#include "tests/sim/shared.h"

#include <stdlib.h>
#include <string.h>

void wills_write(const struct life *life, char text[static WILLS_TEXT_SIZE])
{
    snprintf(text, WILLS_TEXT_SIZE, "%u", life->number);
}

/* Whose will it is, or NULL. */
static const struct life *left_by(const struct ledger *ledger,
                                  const msock_message *message)
{
    char *end;
    unsigned long number = strtoul(message->data, &end, 10);
    if (end == message->data || *end != '\0' || number >= ledger->life_count) {
        return NULL;
    }
    return ledger->lives[number];
}

static bool has_session(const struct life *life, uint64_t session)
{
    size_t i = 0;
    while (i < life->session_count && life->sessions[i] != session) {
        i++;
    }
    return i < life->session_count;
}

static bool is_genuine(const struct ledger *ledger, const struct life *gone,
                       const msock_message *message)
{
    unsigned flags =
        MSOCK_MESSAGE_WILL | (ledger->sealed ? MSOCK_MESSAGE_SEALED : 0);
    return message->flags == flags &&
           strcmp(message->topic, WILLS_TOPIC) == 0 &&
           strcmp(message->sender, gone->called) == 0 &&
           has_session(gone, message->session);
}

void wills_hear(struct ledger *ledger, struct life *life,
                const msock_message *message)
{
    if (ledger->shared != NULL &&
        shared_has(ledger->shared, message->session)) {
        return; /* what two have said of themselves is a mixture */
    }
    const struct life *gone = left_by(ledger, message);
    if (gone == NULL || !is_genuine(ledger, gone, message)) {
        report_fail(ledger->report, "%s heard a will that nobody left: %.40s",
                    life->name, message->data);
        return;
    }
    struct hearing *hearing = &life->hearings[gone->number];
    report_note(ledger->report, "%s hears the will of %s", life->name,
                gone->name);
    if (!hearing->up) {
        report_fail(ledger->report, "%s heard the will of %s, which was not up",
                    life->name, gone->name);
    }
    if (hearing->willed) {
        report_fail(ledger->report, "%s heard the will of %s a second time",
                    life->name, gone->name);
    }
    hearing->willed = true;
}

void wills_down(struct ledger *ledger, const struct life *life,
                const struct life *gone, uint64_t session)
{
    const struct hearing *hearing = &life->hearings[gone->number];
    /* Who is forgotten for want of room was not seen to go. */
    bool due = ledger->sealed && hearing->described == session &&
               !gone->closing && !life->forgetful;
    if (due && !hearing->willed) {
        report_fail(ledger->report, "%s did not hear the will of %s",
                    life->name, gone->name);
    }
}
