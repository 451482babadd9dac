/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network, for tests of applications: channels opened as
 * "sim://NAME" meet on a bad network inside this process.
 *
 *     msock_sim *sim;
 *     msock_sim_options bad = {.seed = 7, .faults = {.loss = 20}};
 *     msock_sim_open(&sim, "home", &bad);
 *     msock_open(&hub, "sim://home", &(msock_options){.name = "hub"});
 *     msock_publish(hub, "lights", "false", NULL);
 *     msock_sim_run(sim, 1000);
 *
 * A network made by msock_sim_open() has virtual time: nothing happens and no
 * time passes but in msock_sim_run(), where an hour takes as long as its events
 * do. It and its channels belong to one thread. One seed and the same calls
 * give the same losses, order, times and bytes (sessions come from the seed
 * too: use no key of a real channel). A step of a node takes at least 1 us of
 * virtual time, and so does the way of a datagram.
 *
 * A network in real time (.real_time, or created by the first channel of that
 * name) joins channels of any loops and threads, and ends with the last one.
 *
 * A sender hears its own datagrams, unharmed, as on a real network. What waits
 * for one receiver is bounded by its channel's .rcvbuf (512 bytes are charged
 * on top of each datagram); what exceeds it counts as MSOCK_DROP_KERNEL there.
 */
#ifndef MULTISOCK_SIM_H
#define MULTISOCK_SIM_H

#include <multisock/multisock.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct msock_sim msock_sim;

/** What a network does to datagrams, drawn for each receiver. Rates are per
 *  cent, 0..100; times are ms, 0..3,600,000, and may have decimals. */
typedef struct msock_sim_faults {
    double loss;      /* lost */
    double dup;       /* arrive twice */
    double reorder;   /* held back by jitter_ms more (1 ms if that is 0) */
    double corrupt;   /* arrive with one bit flipped */
    double delay_ms;  /* at least */
    double jitter_ms; /* on top, uniform: it lets datagrams overtake, too */
} msock_sim_faults;

typedef struct msock_sim_options {
    size_t struct_size;      /* sizeof(msock_sim_options), or 0 */
    uint64_t seed;           /* of all that is drawn [0: drawn itself] */
    msock_sim_faults faults; /* of all links [none] */
    bool real_time;          /* run by the channels' loops [virtual time] */
} msock_sim_options;

/** Makes the network "sim://NAME": 1..63 letters, digits, dots, dashes and
 *  underscores, copied. `options` may be NULL. *sim is written on success and
 *  given to the caller, to be closed by msock_sim_close().
 *  Returns 0, MSOCK_EINVAL (name, struct_size), MSOCK_EOPTION (a rate or time
 *  out of range), MSOCK_EBUSY (a network of that name exists), MSOCK_ESYSTEM
 *  (no randomness), MSOCK_ENOMEM.  Thread: any. */
int msock_sim_open(msock_sim **sim, const char *name,
                   const msock_sim_options *options);

/** Gives the network back, in virtual time after what msock_close() left open
 *  in callbacks has closed. Channels that are open still keep it alive under
 *  its name, run by msock_run() alone. NULL is ignored.
 *  Thread: the network's, outside of its callbacks; any in real time. */
void msock_sim_close(msock_sim *sim);

/** Lets `duration_ms` of virtual time pass: everything due until then happens,
 *  in order of time. 0: what is due right now.
 *  Returns 0, MSOCK_ENOTSUP (real time), MSOCK_EBUSY (inside of a callback),
 *  MSOCK_EINVAL (over 2^40 ms).  Thread: the network's.
 *
 *  msock_run() on a virtual channel does the same until msock_stop(), or until
 *  nothing is left to happen: that is never, unless all channels are codec=raw,
 *  as the others say hello for ever. msock_close() outside of callbacks lets
 *  time pass until the channel has closed, as msock_close() says; in a callback
 * it ends with the current step or with later ones. */
int msock_sim_run(msock_sim *sim, uint64_t duration_ms);

/** Returns the time since the network was made, in us.
 *  Thread: the network's; any in real time. */
uint64_t msock_sim_now_us(const msock_sim *sim);

/** Returns the seed in use, to repeat a run.  Thread: any. */
uint64_t msock_sim_seed(const msock_sim *sim);

/** Sets the faults of datagrams from nodes named `from` to nodes named `to`
 *  (NULL: all; copied), those that open later too. The latest call that covers
 *  a link decides. What is under way already stays as it is.
 *  Returns 0, MSOCK_EINVAL (a name not of 1..63 bytes), MSOCK_EOPTION (a rate
 *  or time is out of range), MSOCK_ELIMIT (4,096 rules), MSOCK_ENOMEM.
 *  Thread: as msock_sim_now_us(). */
int msock_sim_link(msock_sim *sim, const char *from, const char *to,
                   const msock_sim_faults *faults);

/** Cuts the way of datagrams from `from` to `to`, or mends it; names, their
 *  scope and the returned codes are those of msock_sim_link(). One direction
 *  only; (NULL, NULL, false) mends everything.
 *  Thread: as msock_sim_now_us(). */
int msock_sim_partition(msock_sim *sim, const char *from, const char *to,
                        bool cut);

/** What a node's host is like, beside the links. A burst is a time in which it
 *  hears nothing, counted in datagrams; a rate is what its interface carries,
 *  42 bytes charged on top of each datagram, with one queue in each direction.
 */
typedef struct msock_sim_host {
    size_t struct_size; /* sizeof(msock_sim_host), or 0 */
    double drift_ppm;   /* how much faster its clock runs, -100,000..100,000 */
    double burst;       /* per cent of datagrams that begin a burst */
    double burst_size;  /* datagrams in a burst, on average [8] */
    uint64_t rate_in;   /* bytes/s [any number] */
    uint64_t rate_out;  /* bytes/s [any number] */
    uint64_t queue;     /* bytes that wait for it, more are lost [64 KiB] */
    int64_t wall_ms;    /* how far its wall clock is ahead (behind: negative) of
                           the others', which begin in 2026; within 2^42 ms */
} msock_sim_host;

/** Sets the conditions of nodes named `name` (NULL: all; copied), those that
 *  open later too.
 *  Returns 0, MSOCK_EINVAL (name, struct_size), MSOCK_EOPTION (out of range),
 *  MSOCK_ENOTSUP (a clock of its own in real time), MSOCK_ELIMIT (4,096 names),
 *  MSOCK_ENOMEM.  Thread: as msock_sim_now_us(). */
int msock_sim_condition(msock_sim *sim, const char *name,
                        const msock_sim_host *host);

/** Suspends the nodes named `name` (NULL: all) from now on: they do nothing and
 *  what is sent to them is lost, but their clocks go on. What was under way to
 *  them waits. A later call replaces an earlier one; 0 wakes them.
 *  Returns how many there are, MSOCK_ENOENT (none), MSOCK_EINVAL (name, over
 *  2^40 ms), MSOCK_ENOTSUP (real time).  Thread: the network's. */
int msock_sim_suspend(msock_sim *sim, const char *name, uint64_t duration_ms);

/** Lets the nodes named `name` (NULL: all) vanish as if the power had failed:
 *  they send nothing more, `closed` is not called, and their channels no longer
 *  exist.
 *  Returns how many there were, MSOCK_ENOENT (none), MSOCK_EINVAL (name),
 *  MSOCK_ENOTSUP (real time), MSOCK_EBUSY (inside of a callback).
 *  Thread: the network's. */
int msock_sim_crash(msock_sim *sim, const char *name);

/** Delivers a datagram to the nodes named `to` (NULL: all), without faults, as
 *  if a stranger had sent it; the bytes are copied.
 *  Returns how many nodes get it, MSOCK_ENOENT (no such node), MSOCK_EINVAL
 *  (over 65,507 bytes), MSOCK_ENOMEM.  Thread: as msock_sim_now_us(). */
int msock_sim_inject(msock_sim *sim, const char *to, const void *bytes,
                     size_t size);

enum msock_sim_event_kind {
    MSOCK_SIM_SENT,     /* a datagram was put on the wire (`to` is NULL) */
    MSOCK_SIM_CUT,      /* it does not reach `to`: a partition */
    MSOCK_SIM_LOST,     /* it does not reach `to`: loss, a full queue */
    MSOCK_SIM_OVERFLOW, /* it does not reach `to`: too much waits there */
    MSOCK_SIM_ARRIVED   /* one copy reached `to` */
};

/** Something that happened to a datagram; all of it is lent for the call. */
typedef struct msock_sim_event {
    enum msock_sim_event_kind kind;
    uint64_t now_us;      /* as msock_sim_now_us() */
    const char *from;     /* node name, NULL: injected */
    const char *to;       /* node name, or NULL */
    const uint8_t *bytes; /* as they are there: a flipped bit shows */
    size_t size;
} msock_sim_event;

typedef void msock_sim_observer(const msock_sim_event *event, void *user);

/** Shows every datagram to `observer` (NULL: no more). It must not call the
 *  network or its channels; in real time it runs on the channels' threads, one
 *  call at a time.  Thread: as msock_sim_now_us(). */
void msock_sim_tap(msock_sim *sim, msock_sim_observer *observer, void *user);

/** Datagrams counted since the network was made; copies that a sender gets of
 *  its own do not count. */
typedef struct msock_sim_stats {
    uint64_t sent;       /* put on the wire by nodes */
    uint64_t injected;   /* put there by msock_sim_inject() */
    uint64_t arrived;    /* copies that reached a receiver */
    uint64_t cut;        /* copies stopped by a partition */
    uint64_t lost;       /* copies lost */
    uint64_t duplicated; /* copies made in excess */
    uint64_t reordered;  /* copies held back */
    uint64_t corrupted;  /* copies with a bit flipped */
    uint64_t overflowed; /* copies that found the receiver's buffer full */
    uint64_t waiting;    /* copies under way now */
    uint64_t congested;  /* copies that found an interface's queue full */
} msock_sim_stats;

/** Copies the counts to *stats, whose size is `size` (of an older layout: its
 *  part).  Thread: as msock_sim_now_us(). */
void msock_sim_stats_get(const msock_sim *sim, msock_sim_stats *stats,
                         size_t size);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
