/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's address and options: one table of keys serves the URL and
 * msock_options, with type, range, default and the schemes a key belongs to.
 * Text in, a checked configuration out; nothing is resolved here. */
#ifndef MSOCK_CORE_OPTIONS_H
#define MSOCK_CORE_OPTIONS_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum msock__scheme { MSOCK__UDP, MSOCK__SIM };

/** What a node signs of what it sends. */
enum msock__sign {
    MSOCK__SIGN_DEFAULT, /* never found in a configuration that was checked */
    MSOCK__SIGN_NEVER,
    MSOCK__SIGN_COMMANDS, /* all that may not be sent without */
    MSOCK__SIGN_ALL
};

enum {
    MSOCK__HOST_MAX = 63,    /* bytes of a group address or network name */
    MSOCK__IFACE_MAX = 255,  /* bytes of the list of interfaces */
    MSOCK__PEERS_MAX = 1023, /* bytes of the list of peers */
    MSOCK__PATH_MAX = 4095,  /* bytes of a path */
    MSOCK__WORDS_MAX = 512   /* bytes of a last will's JSON */
};

/** Faults of a `sim://` network, given in its URL. */
struct msock__sim_config {
    uint64_t seed;      /* 0: drawn */
    double loss;        /* per cent of datagrams, per receiver, 0..100 */
    double dup;         /* per cent delivered twice */
    double reorder;     /* per cent held back by `jitter` more */
    uint64_t delay_us;  /* at least, to 60 s */
    uint64_t jitter_us; /* on top, uniform, to 60 s */
};

/** A checked configuration: every field within its range. Owns its text. */
struct msock__config {
    enum msock__scheme scheme;
    char host[MSOCK__HOST_MAX + 1];       /* group without brackets, or NAME */
    uint16_t port;                        /* sim: 0 */
    char name[MSOCK_NAME_MAX + 1];        /* "": none given */
    char key_file[MSOCK__PATH_MAX + 1];   /* "": none given */
    char id_file[MSOCK__PATH_MAX + 1];    /* the same */
    char trust_file[MSOCK__PATH_MAX + 1]; /* the same */
    enum msock__sign sign;                /* never, or all with an id file */
    char iface[MSOCK__IFACE_MAX + 1];     /* [auto] */
    char topic[MSOCK_TOPIC_MAX + 1];      /* of what arrives raw [raw] */
    bool raw;                             /* codec=raw [json] */
    char will_topic[MSOCK_TOPIC_MAX + 1]; /* "": no last will */
    char will[MSOCK__WORDS_MAX + 1];      /* "": null */
    uint64_t ttl;                         /* 1..255 [1] */
    uint64_t mtu;             /* 576..65535; 0: from the interfaces [0] */
    uint64_t dscp;            /* 0..63 [0] */
    uint64_t rcvbuf;          /* 4 KiB..1 GiB [4 MiB] */
    uint64_t message_max;     /* 1 KiB..1 GiB [8 MiB] */
    uint64_t head_max;        /* 512..64 KiB [2 KiB] */
    uint64_t assemblies_max;  /* 1..1024 [4] */
    uint64_t reassembly_max;  /* 64 KiB..1 GiB [32 MiB] */
    uint64_t sessions_max;    /* 1..65536 [1024] */
    uint64_t queue_max;       /* 64 KiB..1 GiB [16 MiB] */
    uint64_t post_max;        /* 64 KiB..1 GiB [4 MiB] */
    uint64_t pace;            /* 16 KiB/s..10 GiB/s; 0: by the interfaces [0] */
    uint64_t history_max;     /* 64 KiB..1 GiB [16 MiB] */
    uint64_t history_ms;      /* 100..600000 [10000] */
    uint64_t reorder_max;     /* 64 KiB..1 GiB [4 MiB] */
    uint64_t reorder_all_max; /* 64 KiB..1 GiB [16 MiB] */
    uint64_t pending_max;     /* 1..65536 [256] */
    uint64_t held_max;        /* 64 KiB..1 GiB [2 MiB] */
    uint64_t held_all_max;    /* 64 KiB..1 GiB [16 MiB] */
    uint64_t state_max;       /* 64 KiB..1 GiB [16 MiB] */
    uint64_t state_count_max; /* 16..1 Mi [65,536] */
    uint64_t scheduled_max;   /* 4 KiB..1 GiB [1 MiB] */
    uint64_t late_ms;         /* 1..600000 [3000] */
    uint64_t copies_ms;       /* 1..1000 [20] */
    char peer[MSOCK__PEERS_MAX + 1]; /* ADDRESS[:PORT],… "": none */
    uint64_t listen;                 /* 1..65535; 0: none */
    struct msock__sim_config sim;
};

/** Reads a channel's address and options (either may be NULL); see
 *  msock_open(). Keys of a URL are the fields of msock_options (name, key_file,
 *  iface, ...), for sim:// also loss, dup, reorder, delay, jitter and seed,
 * each at most once. Their values may be percent-encoded; sizes take the
 * suffixes K, M and G (1024), times need us, ms or s, rates may end in %. A key
 * of the other scheme is an error in a URL; a field of `options` is checked and
 * left without effect, so that one program runs on both. Returns 0, MSOCK_EURL
 * (address, escapes), MSOCK_EOPTION (the detail names the nearest known key, if
 * one is near, or the range), MSOCK_ENAME, MSOCK_ENOTSUP (a key that this
 * version does not honour yet, a key file with codec=raw), MSOCK_EINVAL
 * (struct_size). *config is written on success. */
int msock__options_read(struct msock__config *config, const char *url,
                        const msock_options *options);

#endif
