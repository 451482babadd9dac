/* SPDX-License-Identifier: Apache-2.0 */
/* msock doctor without other hosts: what this host does to a channel.
 *
 * A channel is opened as a program would, and one more for each interface that
 * joined, all as visitors that observe; they listen for a moment. What the
 * kernel and they counted meanwhile, and what the system is set to, is what the
 * checks look at. Nothing is changed. */
#ifndef MSOCK_TOOLS_DOCTOR_LOCAL_H
#define MSOCK_TOOLS_DOCTOR_LOCAL_H

#include "tools/msock/doctor/peers.h"

enum {
    LOCAL_IFACES_MAX = 32,
    LOCAL_TEXT = 512,
    LOCAL_LISTEN_MS = 1500,
    LOCAL_RCVBUF = 4 << 20 /* that a channel asks for */
};

/** An interface as the system has it. */
struct local_iface {
    char name[16];
    unsigned index;
    unsigned mtu;
    bool up;
    bool multicast;
    bool loopback;
    bool point_to_point;
    bool addressed; /* has an address of the group's family */
    bool named;     /* by iface= */
    bool joined;
    uint64_t sent;  /* frames of a channel on it alone, ... */
    uint64_t heard; /* ... and how many of them came back */
};

/** What the kernel counts; -1: it does not say. */
struct local_counts {
    int64_t reverse_path; /* TcpExt IPReversePathFilter */
    int64_t no_room;      /* Udp RcvbufErrors */
    int64_t reassembly;   /* Ip ReasmFails */
};

struct local {
    const struct cli_channel *names;
    const char *url;  /* never NULL */
    const char *root; /* what /proc and /sys lie under; "" but in tests */
    char group[64];   /* as text */
    char missing[16]; /* an interface of iface= that is not there, or "" */
    uint16_t port;    /* the channel's */
    bool v6;
    uint32_t address[4]; /* of the group, in network order */
    struct local_iface ifaces[LOCAL_IFACES_MAX];
    int iface_count;
    int open_code; /* of msock_open(): 0 or negative, and why */
    char open_why[LOCAL_TEXT];
    int joined; /* interfaces, as the channel says */
    uint64_t counters[MSOCK_COUNTER_COUNT];
    struct local_counts before;
    struct local_counts after;
    bool blamed; /* a check has failed that explains why nothing is joined */
};

/** What a check found; zeros: it is well and there is nothing to say. */
struct local_finding {
    enum peers_level level;
    bool skipped;
    char text[LOCAL_TEXT];
    char mend[LOCAL_TEXT];
};

struct local_check {
    const char *id;
    const char *what; /* it looks at, for --list and the manual */
    void (*look)(struct local *local, struct local_finding *finding);
};

/** All checks in the order in which they run; an earlier one may explain a
 * later one. Ends with {0}. */
extern const struct local_check local_checks[];

/** Those of the network, the traffic and the host, in their files. */
void local_see_interface(struct local *local, struct local_finding *finding);
void local_see_address(struct local *local, struct local_finding *finding);
void local_see_limit(struct local *local, struct local_finding *finding);
void local_see_joined(struct local *local, struct local_finding *finding);
void local_see_route(struct local *local, struct local_finding *finding);
void local_see_mtu(struct local *local, struct local_finding *finding);
void local_see_wireless(struct local *local, struct local_finding *finding);
void local_see_firewall(struct local *local, struct local_finding *finding);
void local_see_loop(struct local *local, struct local_finding *finding);
void local_see_reverse_path(struct local *local, struct local_finding *finding);
void local_see_buffer(struct local *local, struct local_finding *finding);
void local_see_drops(struct local *local, struct local_finding *finding);
void local_see_reassembly(struct local *local, struct local_finding *finding);
void local_see_key(struct local *local, struct local_finding *finding);
void local_see_protocol(struct local *local, struct local_finding *finding);
void local_see_version(struct local *local, struct local_finding *finding);
void local_see_port(struct local *local, struct local_finding *finding);
void local_see_files(struct local *local, struct local_finding *finding);
void local_see_plugins(struct local *local, struct local_finding *finding);
void local_see_clock(struct local *local, struct local_finding *finding);
void local_see_container(struct local *local, struct local_finding *finding);

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
/** Sets what a check found. */
void local_say(struct local_finding *finding, enum peers_level level,
               const char *format, ...);

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
/** Sets what mends it. */
void local_mend(struct local_finding *finding, const char *format, ...);

/** Returns the first number of a file under /proc, or -1. */
int64_t local_number(const struct local *local, const char *path);

/** Lists the interfaces of this host.  Returns CLI_OK, or CLI_FAILURE after
 *  having told why. */
int local_ifaces(struct local *local);

/** Whether a radio saves power by sleeping between beacons: 1 or 0; -1 if it is
 *  none or does not say. */
int local_power_save(const char *name);

/** Which interface the system would send to the group on, by its own choice:
 *  its index, 0 if it would not; *why is an errno. */
unsigned local_route(const struct local *local, int *why);

/** Returns the bytes of receive buffer that the kernel grants of so many. */
int local_granted(int bytes);

/** Reads what the kernel counts. */
void local_count(const struct local *local, struct local_counts *counts);

/** Runs all checks.  Returns an exit code. */
int local_run(const struct peers_call *call, const char *only);

#endif
