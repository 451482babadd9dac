/* SPDX-License-Identifier: Apache-2.0 */
/* How checks between hosts are told, and what its parts share. */
#include "tools/msock/doctor/peers.h"
#include "tools/msock/json_out.h"
#include "tools/msock/turn.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const levels[] = {"ok", "warn", "fail", "skip"};

static void put_member(struct cli_buffer *out, const char *key,
                       const char *text)
{
    if (text[0] != '\0') {
        json_out_format(out, ",\"%s\":", key);
        json_out_text(out, text, strlen(text));
    }
}

static int tell_json(enum peers_level level, const char *id, const char *whom,
                     const char *mend, const char *text)
{
    struct cli_buffer out = {0};

    json_out_format(&out, "{\"check\":\"%s\",\"status\":\"%s\"", id,
                    levels[level]);
    put_member(&out, "peer", whom);
    put_member(&out, "text", text);
    put_member(&out, "mend", mend);
    json_out(&out, "}\n", 3); /* with the NUL */
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

int peers_tell(struct peers *peers, enum peers_level level, const char *id,
               const char *whom, const char *mend, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    peers->fails += level == PEERS_FAIL;
    peers->warns += level == PEERS_WARN;
    mend = level == PEERS_WARN || level == PEERS_FAIL ? mend : "";
    if (peers->call->json) {
        return tell_json(level, id, whom, mend, text);
    }
    int code = cli_line("%-4s  %-15s  %s%s%s", levels[level], id, whom,
                        whom[0] != '\0' ? ": " : "", text);
    return code == CLI_OK && mend[0] != '\0' ? cli_line("      mend: %s", mend)
                                             : code;
}

/* -- What the parts share -- */

int64_t peers_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int peers_turn(const struct probe_sockets *sockets, msock_channel *channel,
               int most_ms)
{
    struct pollfd polls[] = {
        {.fd = sockets->fds[PROBE_UNICAST], .events = POLLIN},
        {.fd = sockets->fds[PROBE_MULTICAST], .events = POLLIN},
        {.fd = channel ? msock_fd(channel) : -1, .events = POLLIN}};
    int wait_ms = channel ? msock_timeout(channel) : most_ms;

    if (wait_ms < 0 || wait_ms > most_ms) {
        wait_ms = most_ms;
    }
    if (poll(polls, 3, wait_ms) < 0 && errno != EINTR) {
        return cli_error("cannot wait: %s", strerror(errno));
    }
    return channel ? turn_work(channel) : CLI_OK;
}

void peers_sign(struct probe *probe, const struct peers_keys *keys)
{
    probe->library[0] = MSOCK_VERSION_MAJOR;
    probe->library[1] = MSOCK_VERSION_MINOR;
    probe->library[2] = MSOCK_VERSION_PATCH;
    probe->key_count = keys->count;
    memcpy(probe->keys, keys->ids, sizeof(probe->keys));
}

/* Returns the key file that the channel is opened with, "" for none: of the
 * URL, whose word counts most, the option or the environment. */
static const char *key_file_of(const struct cli_channel *names,
                               char path[static 4096])
{
    static const char key[] = "key_file=";
    const char *url = cli_channel_url(names);
    const char *at = url ? strchr(url, '?') : NULL;

    for (; at; at = strchr(at + 1, '&')) {
        if (strncmp(at + 1, key, strlen(key)) == 0) {
            at += 1 + strlen(key);
            snprintf(path, 4096, "%.*s", (int)strcspn(at, "&"), at);
            return path;
        }
    }
    const char *file = names->key_file;
    return file ? file : "";
}

int peers_keys_read(struct peers_keys *keys, const struct cli_channel *names)
{
    char path[4096];
    const char *file = key_file_of(names, path);
    char id[MSOCK_KEY_ID_SIZE];
    msock_ring *ring;

    *keys = (struct peers_keys){0};
    if (file[0] == '\0') {
        return CLI_OK;
    }
    int code = msock_ring_load(&ring, file);
    if (code < 0) {
        return cli_error_code(code);
    }
    for (int i = 0; i < msock_ring_count(ring) && i < PROBE_KEYS_MAX; i++) {
        msock_ring_id(ring, i, id);
        keys->ids[keys->count++] = (uint32_t)strtoul(id, NULL, 16);
    }
    msock_ring_free(ring);
    return CLI_OK;
}
