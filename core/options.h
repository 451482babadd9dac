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

enum {
    MSOCK__HOST_MAX = 63,  /* bytes of a group address or network name */
    MSOCK__IFACE_MAX = 255 /* bytes of the list of interfaces */
};

/** Faults of a `sim://` network, given in its URL. */
struct msock__sim_config {
    uint64_t seed;      /* 0: drawn */
    double loss;        /* per cent of datagrams, per receiver, 0..100 */
    double dup;         /* per cent delivered twice */
    double reorder;     /* per cent held back by `jitter` more */
    uint64_t delay_us;  /* at least */
    uint64_t jitter_us; /* on top, uniform */
};

struct msock__config {
    enum msock__scheme scheme;
    char host[MSOCK__HOST_MAX + 1]; /* group without brackets, or NAME */
    uint16_t port;                  /* sim: 0 */
    char name[MSOCK_NAME_MAX + 1];  /* "": none given */
    const char *key_file;           /* borrowed from the options, or NULL */
    char iface[MSOCK__IFACE_MAX + 1];
    char topic[MSOCK_TOPIC_MAX + 1];
    bool raw; /* codec=raw */
    uint64_t ttl;
    uint64_t mtu; /* 0: from the interfaces */
    uint64_t dscp;
    uint64_t rcvbuf;
    uint64_t message_max;
    uint64_t head_max;
    uint64_t assemblies_max;
    uint64_t reassembly_max;
    uint64_t sessions_max;
    uint64_t queue_max;
    uint64_t pace;
    struct msock__sim_config sim;
};

/** Reads a channel's address and options (either may be NULL). Values in a URL
 *  may be percent-encoded; sizes take the suffixes K and M (1024), times us, ms
 *  and s, sim's rates a %.
 *  Returns 0, MSOCK_EURL, MSOCK_EOPTION (the detail names the nearest known
 *  key, or the range), MSOCK_ENAME, MSOCK_ENOTSUP (a key that this version does
 *  not honour yet, a key file with codec=raw), MSOCK_EINVAL (struct_size). */
int msock__options_read(struct msock__config *config, const char *url,
                        const msock_options *options);

#endif
