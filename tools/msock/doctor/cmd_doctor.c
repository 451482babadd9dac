/* SPDX-License-Identifier: Apache-2.0 */
/* msock doctor: what the network does to a channel, and what mends it. */
#include "tools/msock/doctor/local.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const double wait_max_s = 86400;
static const double soak_max_s = 86400;
static const double serve_s = 600;
static const double look_s = 1.5;

enum { JSON = CLI_OWN, PEERS, PEER, SERVE, SOAK, STRICT, ONLY, LIST };

struct call {
    struct peers_call peers;
    bool wants_peers;
    bool lists;
    const char *only; /* ids with commas, or NULL */
    bool serves;
};

static int take_soak(struct peers_call *call, const char *text)
{
    char *end;

    call->soak_s = strtod(text, &end);
    return end != text && *end == '\0' && call->soak_s > 0 &&
                   call->soak_s <= soak_max_s
               ? CLI_OK
               : cli_usage("--soak wants a number of seconds, over 0 and at "
                           "most %.0f, not %s",
                           soak_max_s, text);
}

static int take_only(struct call *call, const char *text)
{
    const char *at = text;

    if (*at == '\0') {
        return cli_usage("--only wants ids; see msock doctor --list");
    }
    call->only = text;
    while (*at != '\0') {
        size_t size = strcspn(at, ",");
        const struct local_check *check = local_checks;
        while (check->id && (strlen(check->id) != size ||
                             strncmp(check->id, at, size) != 0)) {
            check++;
        }
        if (!check->id) {
            return cli_usage("--only: there is no check %.*s; see msock doctor "
                             "--list",
                             (int)size, at);
        }
        at += size;
        at += *at == ',' ? 1 : 0;
    }
    return CLI_OK;
}

static int list_checks(void)
{
    int code = CLI_OK;

    for (const struct local_check *check = local_checks;
         check->id && code == CLI_OK; check++) {
        code = cli_line("%-16s  %s", check->id, check->what);
    }
    return code;
}

static int take(void *user, int id, const char *value)
{
    struct call *call = user;

    switch (id) {
    case PEERS:
        call->wants_peers = true;
        return CLI_OK;
    case PEER:
        call->wants_peers = true;
        if (call->peers.named_count == PEERS_NAMED_MAX) {
            return cli_usage("--peer names at most %d hosts", PEERS_NAMED_MAX);
        }
        call->peers.named[call->peers.named_count++] = value;
        return CLI_OK;
    case SERVE:
        call->serves = true;
        return CLI_OK;
    case SOAK:
        call->wants_peers = true;
        return take_soak(&call->peers, value);
    case ONLY:
        return take_only(call, value);
    case LIST:
        call->lists = true;
        return CLI_OK;
    case STRICT:
        call->peers.strict = true;
        return CLI_OK;
    case 'W':
        return until_wait(value, wait_max_s, &call->peers.wait_s);
    default:
        call->peers.json = true;
        return CLI_OK;
    }
}

static int doctor(int argc, char **argv)
{
    struct call call = {.peers = {.names = {.verb = "doctor"}}};
    bool ended = false;
    int code = verb_options(&verb_doctor, argc, argv, &call.peers.names, take,
                            &call, &ended);

    if (ended) {
        return code;
    }
    if (optind < argc) {
        return cli_usage("doctor takes no arguments; see msock doctor -h");
    }
    if (call.lists) {
        return list_checks();
    }
    if (call.serves && call.wants_peers) {
        return cli_usage("one of --peers and --serve; see msock doctor -h");
    }
    if ((call.serves || call.wants_peers) && call.only) {
        return cli_usage("--only is of this host's checks, without --peers and "
                         "--serve");
    }
    if (!call.serves && !call.wants_peers) {
        return local_run(&call.peers, call.only);
    }
    if (call.peers.wait_s == 0) {
        call.peers.wait_s = call.serves ? serve_s : look_s;
    }
    return call.serves ? peers_serve(&call.peers) : peers_run(&call.peers);
}

static const char *const forms[] = {"[OPTION]...", "--serve [OPTION]...",
                                    "--peers [OPTION]...", NULL};

static const struct verb_option options[] = {
    {SERVE, "serve", NULL, "answer those who measure", VERB_ANYTHING},
    {PEERS, "peers", NULL, "measure the way to all that serve", VERB_ANYTHING},
    {PEER, "peer", "ADDRESS",
     "ask this host by unicast, too; may be given 16 times; implies --peers",
     VERB_ANYTHING},
    {SOAK, "soak", "S",
     "listen for S seconds whether multicast goes on, which a switch that "
     "snoops without a querier cuts after up to 260 s; implies --peers",
     VERB_ANYTHING},
    {'W', "wait", "S",
     "serve for S seconds [600], or look for hosts that serve so long [1.5]; "
     "at most 86400",
     VERB_ANYTHING},
    {ONLY, "only", "ID,...", "of this host, tell these checks alone",
     VERB_ANYTHING},
    {LIST, "list", NULL,
     "print the ids of this host's checks, and what they "
     "look at",
     VERB_ANYTHING},
    {STRICT, "strict", NULL, "warnings make the exit status 1, too",
     VERB_ANYTHING},
    {JSON, "json", NULL, "an object a line", VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Checks",
     "Of this host, each by its id: what --list prints. A check that another "
     "one "
     "explains is skipped.\n\n"
     "Of each pair: peer-version (of the probe; another version of the "
     "library is a warning), peer-multicast and peer-unicast (whether they "
     "pass, both ways), peer-loss (over 1 % of 100 datagrams each way is a "
     "warning, over 5 % fails), peer-duplicates (over 5 % fails), peer-rtt "
     "(median over 250 ms is a warning), peer-mtu (a size that the interface "
     "takes, up to 1500 bytes, does not pass), peer-key (one seals with what "
     "the other lacks), peer-channel (the probe is heard, the channel is not: "
     "a warning).\n\n"
     "Of all: peers-none (nobody answered), peer-silent (a host of --peer did "
     "not), peer-name (two nodes have one name). Of --soak: querier-missing "
     "(multicast stopped while unicast went on), multicast-stopped (the same, "
     "though queries were seen), peer-gone (it stopped answering). Only root "
     "sees queries of IGMP."},
    {"Output",
     "A line for each check: ok, warn, fail or skip, its id, the other host, "
     "and "
     "what was found; then what mends it. With --json each object has "
     "\"check\", \"status\", \"peer\" (not of all checks), \"text\" and, of "
     "what is not ok, \"mend\"."},
    {"The probe",
     "Questions and answers are UDP datagrams of their own, on the group and "
     "the port after the channel's: they are not sealed. A server tells "
     "whoever asks its session, the version of its library and the ids of its "
     "keys; it answers at most 1000 questions a second, none with more bytes "
     "than it has, and only to its sender or the group."},
    {"Exit status",
     "0 if nothing failed (with --strict: and nothing was warned of), 1 if "
     "something did, 2 for usage."},
    {0},
};

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "find what eats multicast, and say what mends it",
    .forms = forms,
    .text =
        "Looks at what this host does to the channel: interfaces, routes, "
        "firewall, filters, buffers, keys, other programs. It opens the "
        "channel as a program would, listens for 1.5 seconds, and changes "
        "nothing. Each check tells what it found, and the command that mends "
        "it.\n\n"
        "With --serve on other hosts and --peers on this one it finds out what "
        "the network does between them: it compares multicast with unicast "
        "both ways, counts what is lost or comes twice, measures round trips "
        "and which sizes of packets pass, and compares keys, versions and "
        "names.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = doctor,
};
