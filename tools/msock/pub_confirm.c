/* SPDX-License-Identifier: Apache-2.0 */
/* Who acted, as lines. */
#include "tools/msock/pub_confirm.h"

#include "tools/msock/cli.h"
#include "tools/msock/json_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_MAX_MS = 600000, EXPECT_MAX = 100000 };

static int read_number(const char *option, const char *text, unsigned max,
                       unsigned *number)
{
    char *end;

    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < 1 ||
        value > max) {
        return cli_usage("%s wants a number from 1 to %u, not %s", option, max,
                         text);
    }
    *number = (unsigned)value;
    return CLI_OK;
}

int pub_confirm_deadline(struct pub_confirm *confirm, const char *text)
{
    return read_number("--deadline", text, DEADLINE_MAX_MS,
                       &confirm->deadline_ms);
}

int pub_confirm_expect(struct pub_confirm *confirm, const char *text)
{
    return read_number("--expect", text, EXPECT_MAX, &confirm->expect);
}

int pub_confirm_check(const struct pub_confirm *confirm, bool one)
{
    if (confirm->wanted && !one) {
        return cli_usage("--confirm is for one message: DATA, --raw or "
                         "--clear");
    }
    if (!confirm->wanted &&
        (confirm->json || confirm->deadline_ms > 0 || confirm->expect > 0)) {
        return cli_usage("--json, --deadline and --expect are for --confirm");
    }
    return CLI_OK;
}

static void look(msock_channel *channel, const msock_node *node, void *user)
{
    bool *knows = user;

    (void)channel;
    *knows = *knows && (!node->up || node->described);
}

bool pub_confirm_knows(msock_channel *channel)
{
    bool knows = true;

    return msock_nodes(channel, look, &knows) >= 0 && knows;
}

static double ms_of(const msock_confirm *confirm)
{
    return (double)confirm->time_us / 1000;
}

static const char *state_of(const msock_confirm *confirm)
{
    switch (confirm->state) {
    case MSOCK_CONFIRM_ACTED:
        return "acted";
    case MSOCK_CONFIRM_REFUSED:
        return "refused";
    default:
        return "silent";
    }
}

static void put_node(struct cli_buffer *out, const msock_confirm *confirm)
{
    json_out_format(out, "{\"node\":");
    json_out_text(out, confirm->node, strlen(confirm->node));
    json_out_format(out, ",\"session\":\"%016llx\",\"state\":\"%s\"",
                    (unsigned long long)confirm->session, state_of(confirm));
    if (confirm->state == MSOCK_CONFIRM_REFUSED) {
        json_out_format(out, ",\"code\":%d,\"error\":\"%s\"", confirm->code,
                        msock_error_name(confirm->code));
    }
    json_out_format(out, ",\"ms\":%.3f,\"extra\":%s}\n", ms_of(confirm),
                    confirm->extra ? "true" : "false");
}

/* How many have to act: of those that are heard, or more by --expect. */
static size_t expected_of(const struct pub_confirm *told,
                          const msock_confirm *confirm)
{
    return confirm->expected > told->expect ? confirm->expected : told->expect;
}

static int print_json(const struct pub_confirm *told,
                      const msock_confirm *confirm)
{
    struct cli_buffer out = {0};

    if (confirm->node) {
        put_node(&out, confirm);
    } else {
        json_out_format(&out,
                        "{\"expected\":%zu,\"acted\":%zu,\"refused\":%zu,"
                        "\"ms\":%.3f}\n",
                        expected_of(told, confirm), confirm->acted,
                        confirm->refused, ms_of(confirm));
    }
    json_out(&out, "", 1); /* the NUL */
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static int print_line(const struct pub_confirm *told,
                      const msock_confirm *confirm)
{
    const char *extra = confirm->extra ? " (not expected)" : "";

    if (!confirm->node) {
        return cli_line("%zu of %zu acted in %.0f ms", confirm->acted,
                        expected_of(told, confirm), ms_of(confirm));
    }
    if (confirm->state == MSOCK_CONFIRM_SILENT) {
        return cli_line("%-24s silent", confirm->node);
    }
    if (confirm->state == MSOCK_CONFIRM_REFUSED) {
        return cli_line("%-24s refused %6.1f ms, %s: %s%s", confirm->node,
                        ms_of(confirm), msock_error_name(confirm->code),
                        msock_error_text(confirm->code), extra);
    }
    return cli_line("%-24s acted   %6.1f ms%s", confirm->node, ms_of(confirm),
                    extra);
}

/* All is told: whether it is as it should be. */
static void end(struct pub_confirm *told, const msock_confirm *confirm)
{
    told->ended = true;
    told->complete = told->acted > 0 && confirm->acted == confirm->expected &&
                     told->acted >= told->expect;
    if (confirm->expected == 0 && told->acted == 0) {
        cli_error("nobody who is up listens to that topic (msock sub only "
                  "watches)");
    } else if (told->acted < told->expect) {
        cli_error("%u acted where %u should (--expect): the others refused, "
                  "are silent, or are not heard at all",
                  told->acted, told->expect);
    }
}

static void on_confirm(msock_channel *channel, const msock_confirm *confirm,
                       void *user)
{
    struct pub_confirm *told = user;

    (void)channel;
    int code =
        told->json ? print_json(told, confirm) : print_line(told, confirm);
    told->failed = told->failed || code != CLI_OK;
    told->acted += confirm->node && confirm->state == MSOCK_CONFIRM_ACTED;
    if (!confirm->node) {
        end(told, confirm);
    }
}

int pub_confirm_publish(struct pub_confirm *confirm, msock_channel *channel,
                        const char *topic, const char *json,
                        const msock_publish_options *how)
{
    const msock_confirm_options options = {.deadline_ms = confirm->deadline_ms,
                                           .publish = how};
    int code = msock_publish_confirmed(channel, topic, json, &options,
                                       on_confirm, confirm);

    return code < 0 ? code : 0;
}
