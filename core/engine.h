/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol as a machine without I/O: datagrams and time in, datagrams and
 * one deadline out. A driver feeds it; the public API talks to it through
 * channel.c. Receiving is engine_rx.c, sending engine_tx.c, and what other
 * threads give to be sent engine_post.c.
 *
 * Nothing is stored or allocated for a sealed frame before it authenticated.
 * Every queue and table has a bound from the configuration. */
#ifndef MSOCK_CORE_ENGINE_H
#define MSOCK_CORE_ENGINE_H

#include "codec/transform.h"
#include "core/driver.h"
#include "core/options.h"

#include <multisock/multisock.h>
#include <stdint.h>

struct msock__engine;

/** A datagram received: `bytes` is changed, and may be read one byte beyond
 *  `size`, which is as it was afterwards: another datagram may begin there.
 *  `from` is "ADDRESS:PORT" if the configuration is raw (may be NULL
 *  otherwise). `own`: sent by this very channel's socket. `waited_us`: for how
 *  long it lay in this host before it was read, at most that; 0 if that is not
 *  known. `source`: the address it came from, IPv4 as ::ffff:a.b.c.d, or NULL.
 *  `first`: it was read ahead of others, as msock__engine_quiet() allows. */
struct msock__datagram {
    uint8_t *bytes;
    size_t size;
    const char *from;
    uint64_t waited_us;
    const uint8_t *source;
    uint16_t port; /* of `source` */
    bool first;
    bool own;
};

/** A session that sends no more than its share, and where from. */
struct msock__quiet {
    uint8_t session[MSOCK__SESSION_SIZE];
    uint8_t source[16];
};

/** A datagram to be sent. */
struct msock__outgoing {
    const uint8_t *bytes;
    size_t size;
};

/** Makes a channel on `driver` with the stages of `pipeline` (emptied: the
 *  channel owns them then; a failure leaves them to the caller). `config`
 *  carries a valid name. `frame_size` is the largest datagram to send.
 *  Returns 0, MSOCK_ENOMEM, MSOCK_ESYSTEM, and as msock__engine_trust_check().
 */
int msock__channel_new(msock_channel **channel, struct msock__driver *driver,
                       const struct msock__config *config,
                       struct msock__pipeline *pipeline, size_t frame_size,
                       msock_logger *logger);

/** Says whether msock__channel_new() would take the trust file that `config`
 *  names, if it names one.
 *  Returns 0, MSOCK_EKEY (the file, or this node's own entry in it),
 *  MSOCK_EACCESS, MSOCK_ELIMIT, MSOCK_ENOMEM; the detail is set. */
int msock__engine_trust_check(const struct msock__config *config,
                              const struct msock__pipeline *pipeline);

/** Frees a channel whose driver has ended. NULL is ignored. */
void msock__channel_free(msock_channel *channel);

/** The engine inside of a channel. */
struct msock__engine *msock__channel_engine(msock_channel *channel);

/** Takes one datagram; runs callbacks. */
void msock__engine_input(struct msock__engine *engine, uint64_t now_us,
                         const struct msock__datagram *datagram);

/** What the driver's `work` was given is done; runs callbacks. */
void msock__engine_worked(struct msock__engine *engine, uint64_t now_us);

/** Does what is due at `now_us`: timers, reassembly given up, publishing of
 *  what was posted, deliveries to one's own subscriptions; runs callbacks. */
void msock__engine_tick(struct msock__engine *engine, uint64_t now_us);

/** Of so many frames or more, msock__engine_output() shows that many. */
enum { MSOCK__OUTPUT_LEAST = 4 };

/** Points frames[0..count) at what should be sent now, in order. They stay the
 *  same until msock__engine_sent() takes them back: a driver that could not
 *  send them asks again later and gets identical bytes, unless it was told to
 *  forget them.
 *  Returns their number. Runs no callback. */
size_t msock__engine_output(struct msock__engine *engine, uint64_t now_us,
                            struct msock__outgoing *frames, size_t count);

/** Takes back the first `count` frames of the last output: they left (or can
 *  never leave: then the driver counts MSOCK_TX_ERRORS). */
void msock__engine_sent(struct msock__engine *engine, size_t count);

/** When the engine wants a tick or an output call, in us: 0 now, UINT64_MAX
 *  never. Frames that were shown and not yet sent do not count; a message that
 *  another thread posts changes it, and the driver is notified. */
uint64_t msock__engine_deadline(const struct msock__engine *engine);

/** Says whether all that the channel has joined is within this host: then, if
 *  the configuration leaves the pace open, that of the reliable stream is that
 *  of a host, not of a network. */
void msock__engine_near(struct msock__engine *engine, bool near);

/** Changes the largest datagram to send, for what is queued from now on: what
 *  waits keeps its frames, and one that is too large now is the driver's
 *  MSOCK_TX_ERRORS. */
void msock__engine_frame_size(struct msock__engine *engine, size_t frame_size);

/** Adds to a counter what only the driver sees (DROP_KERNEL, DROP_FOREIGN,
 *  DROP_TRUNCATED, TX_ERRORS), logged as the engine's own. */
void msock__engine_count(struct msock__engine *engine, uint64_t now_us,
                         enum msock_counter counter, uint64_t count);

/** Says that the driver does not keep up: the system dropped datagrams for want
 *  of room, or they wait for long. */
void msock__engine_press(struct msock__engine *engine);

/** Lists sessions, at most `count`, whose frames a driver that does not keep up
 *  should read before all others: those heard last, without those that send
 *  too much.  Returns their number, 0 if that would help nobody. */
size_t msock__engine_quiet(const struct msock__engine *engine, uint64_t now_us,
                           struct msock__quiet *list, size_t count);

/** Whether a channel that closes is done: all is sent, bye is said, and nobody
 *  asks for anything any more; or nothing could be sent for 4 s, or 30 s are
 *  over. */
bool msock__engine_drained(const struct msock__engine *engine);

#endif
