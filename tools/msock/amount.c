/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts as people write them. */
#include "tools/msock/amount.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t bytes_max = UINT64_C(1) << 50;
static const double time_max_s = 1e9;

int amount_bytes(const char *option, const char *text, uint64_t least,
                 uint64_t *bytes)
{
    static const char units[] = "KMG";
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * ((unsigned)(unit - units) + 1) : 0;
    if (text[0] < '0' || text[0] > '9' || errno || (*end && !unit) ||
        (unit && end[1]) || value > bytes_max >> shift ||
        value << shift < least) {
        return cli_usage("%s wants a number of bytes, %" PRIu64
                         " or more, such as 16M, not %s",
                         option, least, text);
    }
    *bytes = (uint64_t)value << shift;
    return CLI_OK;
}

int amount_time(const char *option, const char *text, uint64_t *time_us)
{
    static const struct {
        char letter;
        unsigned seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    double value = strtod(text, &end);
    double unit = *end ? 0 : 1;

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (*end == units[i].letter && end[1] == '\0') {
            unit = units[i].seconds;
        }
    }
    if (end == text || unit <= 0 ||
        !(value > 0 && value * unit <= time_max_s)) {
        return cli_usage("%s wants a time, such as 90, 10m, 1h or 1d, not %s",
                         option, text);
    }
    *time_us = (uint64_t)(value * unit * 1e6);
    return CLI_OK;
}
