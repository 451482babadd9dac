/* SPDX-License-Identifier: Apache-2.0 */
/* msock doctor without other hosts: opens, listens, and runs the checks. */
#include "tools/msock/doctor/local.h"

#include "tools/msock/turn.h"
#include "tools/msock/until.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALONE_MAX = 8 }; /* interfaces that get a channel of their own */

const struct local_check local_checks[] = {
    {"files", "URL, key file, identity and trust file", local_see_files},
    {"interface", "interfaces that are up and take multicast",
     local_see_interface},
    {"address", "an address on each of them", local_see_address},
    {"membership-limit", "how many groups a socket may join", local_see_limit},
    {"joined", "where the channel has joined", local_see_joined},
    {"route", "where the system itself would send", local_see_route},
    {"firewall", "chains of nftables that drop", local_see_firewall},
    {"loop", "own frames come back on each interface", local_see_loop},
    {"reverse-path", "packets dropped by a strict rp_filter",
     local_see_reverse_path},
    {"receive-buffer", "what is granted of what is asked for",
     local_see_buffer},
    {"kernel-drops", "frames dropped as a buffer was full", local_see_drops},
    {"reassembly", "IP fragments that got lost", local_see_reassembly},
    {"wrong-key", "frames of another key, or of none", local_see_key},
    {"other-protocol", "datagrams that are not multisock's",
     local_see_protocol},
    {"other-version", "frames of another version", local_see_version},
    {"port", "other programs that have the port", local_see_port},
    {"mtu", "packets that are cut short", local_see_mtu},
    {"wireless", "Wi-Fi, which loses multicast", local_see_wireless},
    {"container", "containers and virtual machines", local_see_container},
    {"clock", "a clock that is wrong by years", local_see_clock},
    {"plugins", "who may write the plugins' directory", local_see_plugins},
    {0},
};

void local_say(struct local_finding *finding, enum peers_level level,
               const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
    finding->level = level;
}

void local_mend(struct local_finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->mend, sizeof(finding->mend), format, arguments);
    va_end(arguments);
}

/* -- Listening -- */

/* Writes the URL with one interface in place of those that it names. */
static void name_iface(const struct local *local, const char *name,
                       char url[static 2048])
{
    const char *question = strchr(local->url, '?');
    size_t head =
        question ? (size_t)(question - local->url) : strlen(local->url);
    size_t used = (size_t)snprintf(url, 2048, "%.*s?iface=%s", (int)head,
                                   local->url, name);

    while (question && used < 2048) {
        const char *option = question + 1;
        size_t size = strcspn(option, "&");
        if (size > 0 && strncmp(option, "iface=", 6) != 0) {
            used += (size_t)snprintf(url + used, 2048 - used, "&%.*s",
                                     (int)size, option);
        }
        question = option[size] == '&' ? option + size : NULL;
    }
}

/* A channel on one interface, whose frames are counted. */
struct alone {
    struct local_iface *iface;
    msock_channel *channel;
};

static int open_alone(struct local *local, struct alone alone[static ALONE_MAX])
{
    int count = 0;

    for (int i = 0; i < local->iface_count && count < ALONE_MAX; i++) {
        char url[2048];
        struct cli_channel names = *local->names;
        if (!local->ifaces[i].joined) {
            continue;
        }
        name_iface(local, local->ifaces[i].name, url);
        names.url = url;
        names.quiet = true;
        if (cli_channel_open(&alone[count].channel, &names) == CLI_OK) {
            alone[count].iface = &local->ifaces[i];
            count++;
        }
    }
    return count;
}

static int listen_on(struct local *local, msock_channel *channel)
{
    struct alone alone[ALONE_MAX];
    int count = open_alone(local, alone);
    int64_t end = turn_now_ms() + LOCAL_LISTEN_MS;
    bool readable;
    int code = CLI_OK;

    while (code == CLI_OK && turn_now_ms() < end && !until_signalled()) {
        code = turn_step(channel, -1, 10, &readable);
        for (int i = 0; i < count && code == CLI_OK; i++) {
            code = turn_work(alone[i].channel);
        }
    }
    for (int i = 0; i < count; i++) {
        alone[i].iface->sent =
            msock_counter_get(alone[i].channel, MSOCK_TX_FRAMES);
        alone[i].iface->heard =
            msock_counter_get(alone[i].channel, MSOCK_DROP_OWN);
        msock_close(alone[i].channel, NULL, NULL);
    }
    return code;
}

/* Opens the channel, and notes what comes.  Returns CLI_OK or CLI_FAILURE. */
static int listen_for_a_moment(struct local *local)
{
    msock_channel *channel;
    int code = cli_channel_open(&channel, local->names);

    if (code != CLI_OK) {
        return code;
    }
    until_channel(channel);
    code = turn_work(channel);
    if (code == CLI_OK) {
        code = local_ifaces(local);
    }
    if (code == CLI_OK) {
        local_count(local, &local->before);
        code = listen_on(local, channel);
        local_count(local, &local->after);
    }
    local->joined = msock_joined(channel);
    for (int i = 0; i < MSOCK_COUNTER_COUNT; i++) {
        local->counters[i] = msock_counter_get(channel, (enum msock_counter)i);
    }
    until_channel(NULL);
    msock_close(channel, NULL, NULL);
    return code;
}

/* -- Running -- */

/* Asks whether the channel would open. */
static void try_open(struct local *local)
{
    const msock_options options = {.name = local->names->name,
                                   .key_file = local->names->key_file,
                                   .id_file = local->names->id_file,
                                   .trust_file = local->names->trust_file};

    local->open_code = msock_check(local->url, &options);
    if (local->open_code < 0) {
        const char *detail = msock_error_detail();
        snprintf(local->open_why, sizeof(local->open_why), "%s",
                 detail[0] ? detail : msock_error_text(local->open_code));
    }
}

static int read_group(struct local *local)
{
    struct probe_sockets *sockets = calloc(1, sizeof(*sockets));

    if (!sockets) {
        return cli_error("out of memory");
    }
    int code = probe_read_group(sockets, local->url);
    if (code == CLI_OK) {
        local->v6 = probe_group_bytes(sockets, local->address, local->group);
        local->port = sockets->channel_port;
    }
    free(sockets);
    return code;
}

/* Whether a list of ids with commas, NULL for all, has this one. */
static bool has_id(const char *list, const char *id)
{
    size_t size = strlen(id);

    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, id, size) == 0 && (at[size] == ',' || !at[size])) {
            return true;
        }
    }
    return list == NULL;
}

static int look_at_all(struct local *local, struct peers *tally,
                       const char *only)
{
    int code = CLI_OK;

    for (const struct local_check *check = local_checks;
         check->id && code == CLI_OK; check++) {
        struct local_finding finding = {.level = PEERS_OK};
        check->look(local, &finding);
        if (has_id(only, check->id)) {
            code =
                peers_tell(tally, finding.skipped ? PEERS_SKIP : finding.level,
                           check->id, "", finding.mend, "%s",
                           finding.text[0] ? finding.text : "none");
        }
        if (local->open_code < 0) {
            break;
        }
    }
    return code;
}

int local_run(const struct peers_call *call, const char *only)
{
    struct peers *tally = calloc(1, sizeof(*tally));
    struct local *local = calloc(1, sizeof(*local));
    const char *url = cli_channel_url(&call->names);
    const char *root = getenv("MSOCK_DOCTOR_ROOT");
    int code = CLI_FAILURE;

    if (tally && local) {
        tally->call = call;
        local->names = &call->names;
        local->url = url ? url : MSOCK_DEFAULT_URL;
        local->root = root ? root : "";
        until_signals();
        try_open(local);
        code = local->open_code < 0 ? CLI_OK : read_group(local);
        if (code == CLI_OK && local->open_code == 0) {
            code = listen_for_a_moment(local);
        }
        if (code == CLI_OK && !until_signalled()) {
            code = look_at_all(local, tally, only);
        }
        if (code == CLI_OK) {
            code = tally->fails > 0 || (call->strict && tally->warns > 0)
                       ? CLI_FAILURE
                       : CLI_OK;
        }
    } else {
        cli_error("out of memory");
    }
    free(local);
    free(tally);
    return code;
}
