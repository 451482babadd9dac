/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes rights: members of a group write frames as anybody, signed by anybody
 * or nobody, to a node with a trust file. What it delivers and counts is held
 * against docs/protocol.md 6.10, told once more in a few lines: `hub` has to
 * sign all, `bulb` all but its sensors, and `guest` has no entry. A counter
 * that was not taken can be taken later: what is signed wrongly mutes nothing.
 */
#include "codec/seal.h"
#include "codec/sign.h"
#include "core/engine_identity.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/bench_channel.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES = 3, SIGNERS = 4, TOPICS = 5, COUNTERS = 32, ROOM = 2048 };

enum { KEY = 7, PORT = 7783, FOLDER_SIZE = 64 };

static const char *const names[NAMES] = {"hub", "bulb", "guest"};
static const char *const topics[TOPICS] = {"lights/all", "sensors/1", "talk",
                                           "lights", "other"};

/* Whether a frame that is signed, or is not, may bear a topic. */
static const bool allowed[2][NAMES][TOPICS] = {
    {{false}, {false, true, false, false, false}, {false, false, true}},
    {{true, true, true, true, true},
     {true, true, false, true, false},
     {false, false, true, false, false}}};

#define HUB "ed25519-secret nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
#define BULB "ed25519-secret TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs="

static const uint8_t group[MSOCK__GROUP_SIZE] = {1};
/* Of the hub, of the bulb, of the hub on another channel, of nobody. */
static struct msock__pipeline senders[SIGNERS];
static char folder[FOLDER_SIZE], trust_path[FOLDER_SIZE + 8];

/* What was taken, and what must have come of it. */
static bool taken[NAMES][COUNTERS];
static size_t delivered;
static uint64_t drops[MSOCK_COUNTER_COUNT];

/* -- The group -- */

static struct msock__identity *identity_of(const char *line)
{
    struct msock__identity *identity = NULL;
    int code =
        line ? msock__identity_parse(&identity, line, strlen(line), "id") : 0;
    assert(code == 0);
    return identity;
}

static struct msock__pipeline pipeline_of(const char *line, uint16_t port)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct msock__keyring *ring = NULL;
    struct msock__stage stage;
    uint8_t master[MSOCK__KEY_SIZE];

    memset(master, KEY, sizeof master);
    int code = msock__sign_stage(&stage, identity_of(line), group, port);
    assert(code == 0);
    msock__pipeline_add(&pipeline, &stage);
    code = msock__keyring_new(&ring);
    code = code ? code : msock__keyring_add(ring, master);
    code = code ? code : msock__seal_stage(&stage, ring, group, PORT, NULL);
    assert(code == 0);
    msock__pipeline_add(&pipeline, &stage);
    return pipeline;
}

static void remove_files(void)
{
    unlink(trust_path);
    rmdir(folder);
}

static void write_key(size_t sender, char text[static 45])
{
    uint8_t public[MSOCK__PUBLIC_SIZE];
    bool known =
        msock__signer_public(msock__pipeline_signer(&senders[sender]), public);
    assert(known);
    sodium_bin2base64(text, 45, public, sizeof public,
                      sodium_base64_VARIANT_ORIGINAL);
}

static void write_trust_file(void)
{
    char hub[45], bulb[45];
    write_key(0, hub);
    write_key(1, bulb);
    snprintf(folder, sizeof folder, "/tmp/rights_fuzz.XXXXXX");
    char *made = mkdtemp(folder);
    assert(made != NULL);
    snprintf(trust_path, sizeof trust_path, "%s/trust", folder);
    FILE *file = fopen(trust_path, "w");
    assert(file != NULL);
    fprintf(file,
            "hub ed25519 %s publish \"#\"\n"
            "bulb ed25519 %s publish lights/# unsigned sensors/#\n"
            "* - unsigned talk/#\n",
            hub, bulb);
    fclose(file);
    chmod(trust_path, 0644);
    atexit(remove_files);
}

static void prepare(void)
{
    if (folder[0] == '\0') {
        senders[0] = pipeline_of(HUB, PORT);
        senders[1] = pipeline_of(BULB, PORT);
        senders[2] = pipeline_of(HUB, PORT + 1);
        senders[3] = pipeline_of(NULL, PORT);
        write_trust_file();
    }
}

/* The session of a name is its letters. */
static void session_of(size_t who, uint8_t session[static MSOCK__SESSION_SIZE])
{
    memset(session, names[who][0], MSOCK__SESSION_SIZE);
}

/* What an answer under the entry's own key would have done. */
static void admit(struct bench *bench, size_t who)
{
    uint8_t id[MSOCK__SESSION_SIZE];
    session_of(who, id);
    bench_believe(bench, id);
    struct msock__session *session =
        msock__sessions_find(bench->engine->sessions, id);
    bool speaks = msock__sessions_bind(bench->engine->sessions, session,
                                       names[who], strlen(names[who]));
    assert(speaks);
    session->trusted = msock__engine_entry(bench->engine, session->sender,
                                           session->sender_size);
}

/* -- The model -- */

/* Whether a frame is taken, or the drop. */
static int judge_frame(size_t who, size_t signer, size_t counter)
{
    if (taken[who][counter]) {
        return MSOCK_DROP_DUPLICATE;
    }
    if (who == 2) {
        return 0;
    }
    if (signer == 3) {
        return who == 1 ? 0 : MSOCK_DROP_UNSIGNED;
    }
    return signer == who ? 0 : MSOCK_DROP_SIGNATURE;
}

static void expect_message(size_t who, size_t as, size_t signer, size_t topic)
{
    bool is_signed = signer != 3;
    if (as != who) {
        drops[MSOCK_DROP_SENDER]++;
    } else if (allowed[is_signed][who][topic]) {
        delivered++;
    } else {
        bool entry = who != 2;
        drops[entry && !is_signed ? MSOCK_DROP_UNSIGNED : MSOCK_DROP_RIGHTS]++;
    }
}

/* -- Steps -- */

static void send_frame(struct bench *bench, struct fuzz_input *input)
{
    uint8_t bytes[ROOM];
    unsigned what = fuzz_byte(input);
    size_t who = what % NAMES;
    size_t signer = (what >> 4) % SIGNERS;
    size_t counter = fuzz_byte(input) % COUNTERS;
    size_t count = 1 + (what >> 6) % 3;
    int drop = judge_frame(who, signer, counter);
    struct msock__packet packet = {
        .frame = {.flags = signer != 3 ? MSOCK__SIGNED : 0,
                  .counter = counter + 1},
        .bytes = bytes,
        .capacity = sizeof bytes};
    size_t at = MSOCK__HEADER_SIZE + MSOCK__SENT_SIZE;

    session_of(who, packet.frame.session);
    memset(bytes + MSOCK__HEADER_SIZE, 0, MSOCK__SENT_SIZE);
    for (size_t i = 0; i < count; i++) {
        unsigned how = fuzz_byte(input);
        size_t topic = how % TOPICS;
        size_t as = how < 192 ? who : how % NAMES;
        at += (size_t)snprintf((char *)bytes + at, sizeof bytes - at,
                               "{\"topic\":\"%s\",\"sender\":\"%s\"}\n",
                               topics[topic], names[as]);
        if (drop == 0) {
            expect_message(who, as, signer, topic);
        }
    }
    drops[drop] += drop != 0;
    taken[who][counter] |= drop == 0;
    packet.size = at;
    msock__pipeline_encode(&senders[signer], &packet);
    bench_feed(bench, bytes, packet.size, NULL, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct bench bench;
    struct fuzz_input input = {bytes, size};
    char options[2 * FOLDER_SIZE];
    memset(taken, 0, sizeof taken);
    memset(drops, 0, sizeof drops);
    delivered = 0;

    prepare();
    snprintf(options, sizeof options, "key_file=k&trust_file=%s", trust_path);
    struct msock__pipeline pipeline = pipeline_of(NULL, PORT);
    int opened = bench_open_with(&bench, "node", options, &pipeline);
    assert(opened == 0);
    bench_record(&bench, "#", false);
    for (size_t who = 0; who < NAMES; who++) {
        admit(&bench, who);
    }
    for (int i = 0; i < 256 && input.left > 0; i++) {
        send_frame(&bench, &input);
    }
    assert(bench.heard_count == delivered);
    for (int i = MSOCK_DROP_SHORT; i < MSOCK_COUNTER_COUNT; i++) {
        assert(msock_counter_get(bench.channel, (enum msock_counter)i) ==
               drops[i]);
    }
    bench_close(&bench);
    return 0;
}
