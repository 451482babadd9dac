/* SPDX-License-Identifier: Apache-2.0 */
/* msock doctor --peers: what the network does between this host and each that
 * runs `msock doctor --serve`, and msock doctor --soak: whether it goes on. */
#ifndef MSOCK_TOOLS_DOCTOR_PEERS_H
#define MSOCK_TOOLS_DOCTOR_PEERS_H

#include "tools/msock/cli.h"
#include "tools/msock/doctor/probe_socket.h"

enum {
    PEERS_MAX = 16,       /* pairs that are measured */
    PEERS_NAMED_MAX = 16, /* addresses that are named */
    PEERS_ASKED_MAX = 64, /* addresses that are asked by unicast */
    PEERS_SIZES_MAX = 6,  /* of the ladder */
    PEERS_SHOTS = 100     /* questions each way */
};

/** How the verb was called. */
struct peers_call {
    struct cli_channel names;
    const char *named[PEERS_NAMED_MAX]; /* --peer */
    int named_count;
    double wait_s; /* serve: until it ends; peers: looks for so long */
    double soak_s; /* 0: no soak */
    bool json;
    bool strict;
};

/** The keys of this node as the probe tells them. */
struct peers_keys {
    uint32_t ids[PROBE_KEYS_MAX];
    uint8_t count;
};

/** What went one way. */
struct peers_link {
    uint32_t sent;
    uint32_t got;   /* each once */
    uint32_t again; /* more than once */
};

/** A pair: this host by one interface, and one that serves. */
struct peers_pair {
    struct probe about; /* the newest answer */
    uint64_t asker;     /* what this host is called in this pair */
    uint32_t number;    /* of the next question */
    struct probe_address address;
    unsigned iface;
    bool heard[PROBE_WAYS];        /* something of it came this way */
    bool answered;                 /* not only a HERE */
    char name[MSOCK_NAME_MAX + 1]; /* its address if not known */
    bool on_channel;               /* the channel heard it, too */
    struct peers_link out[PROBE_WAYS];
    struct peers_link in[PROBE_WAYS];
    uint32_t rtt_us[PEERS_SHOTS]; /* by unicast, rising */
    uint32_t rtt_count;
    unsigned sizes[PEERS_SIZES_MAX]; /* of IP packets, rising */
    int size_count;
    /* Which passed: there and back by unicast, to it and from it by multicast.
     */
    bool passed[PEERS_SIZES_MAX][3];
};

/** All that belongs to a run. */
struct peers {
    const struct peers_call *call;
    msock_channel *channel;
    struct probe_sockets sockets;
    struct peers_keys keys;
    uint32_t number; /* of the next question of the search */
    struct peers_pair pairs[PEERS_MAX];
    int count;
    uint64_t passed_over; /* pairs there was no room for */
    struct probe_address asked[PEERS_ASKED_MAX];
    int asked_count;
    int fails;
    int warns;
};

/** Reads the ids of the keys that the channel is opened with.  Returns CLI_OK,
 *  or CLI_FAILURE after having told why. */
int peers_keys_read(struct peers_keys *keys, const struct cli_channel *names);

/** Fills in what a probe says of who sends it. */
void peers_sign(struct probe *probe, const struct peers_keys *keys);

/** Waits until a socket or the channel (NULL: none) has work or `most_ms` have
 *  passed, and does the channel's work.  Returns CLI_OK, or CLI_FAILURE after
 *  having told why. */
int peers_turn(const struct probe_sockets *sockets, msock_channel *channel,
               int most_ms);

/** Returns a time that only rises, in µs. */
int64_t peers_now_us(void);

/** Asks a pair by unicast or multicast for an answer by either.  Returns the
 *  question's number; *left says whether it left this host. */
uint32_t peers_ask(struct peers *peers, struct peers_pair *pair,
                   enum probe_way out, enum probe_way back, size_t size,
                   bool *left);

/** Takes an answer to a pair's own question.  Returns whether there was one. */
bool peers_hear(struct peers *peers, const struct peers_pair *pair,
                struct probe_heard *heard);

/** Measures a pair.  Returns CLI_OK, or CLI_FAILURE after having told why. */
int peers_measure(struct peers *peers, struct peers_pair *pair);

/** Tells what was found of all pairs.  Returns as cli_print(). */
int peers_judge(struct peers *peers);

/** Listens for call->soak_s to the first pair, and tells what it found. Returns
 *  as peers_measure(). */
int peers_soak(struct peers *peers, struct peers_pair *pair);

enum peers_level { PEERS_OK, PEERS_WARN, PEERS_FAIL, PEERS_SKIP };

#if defined(__GNUC__)
__attribute__((format(printf, 6, 7)))
#endif
/** Prints a check: its id, whom it is about ("" for all), what was found, and
 *  the mend ("" for none).  Returns as cli_print(). */
int peers_tell(struct peers *peers, enum peers_level level, const char *id,
               const char *whom, const char *mend, const char *format, ...);

/** The verb's forms.  Each returns an exit code. */
int peers_run(const struct peers_call *call);
int peers_serve(const struct peers_call *call);

#endif
