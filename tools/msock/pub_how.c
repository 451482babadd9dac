/* SPDX-License-Identifier: Apache-2.0 */
/* How msock pub delivers. */
#include "tools/msock/pub_how.h"

#include "tools/msock/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { COPIES_MAX = 10, AFTER_MAX_MS = 60000 };

/* Reads the number that is an option's value. */
static int read_number(const char *option, const char *text, unsigned least,
                       unsigned most, unsigned *number)
{
    char *end;

    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < least ||
        value > most) {
        return cli_usage("%s wants a number from %u to %u, not %s", option,
                         least, most, text);
    }
    *number = (unsigned)value;
    return CLI_OK;
}

int pub_how_read(enum pub_how option, const char *value,
                 msock_publish_options *how)
{
    switch (option) {
    case PUB_COPIES:
        return read_number("--copies", value, 1, COPIES_MAX, &how->copies);
    case PUB_EXPIRES:
        return read_number("--expires", value, 1, UINT_MAX, &how->expires_ms);
    case PUB_AFTER:
        return read_number("--after", value, 0, AFTER_MAX_MS, &how->after_ms);
    case PUB_STATE:
        how->state = true;
        return CLI_OK;
    case PUB_CONFLATE:
        how->conflate = true;
        return CLI_OK;
    default:
        how->reliable = true;
        return CLI_OK;
    }
}

int pub_how_check(const msock_publish_options *how)
{
    if (how->reliable && how->copies > 0) {
        return cli_usage("--reliable and --copies both: what is reliable is "
                         "sent again to whom it is missing");
    }
    if (how->expires_ms > 0 && how->expires_ms < how->after_ms) {
        return cli_usage("--expires below --after: it would be too old before "
                         "its moment comes");
    }
    if (how->conflate && !how->state) {
        return cli_usage("--conflate is for states: --state");
    }
    if (how->state && (how->type || how->copies > 0 || how->expires_ms > 0 ||
                       how->after_ms > 0)) {
        return cli_usage("a state goes without --type, --copies, --expires "
                         "and --after: it lasts until the next one");
    }
    return CLI_OK;
}
