/* SPDX-License-Identifier: Apache-2.0 */
/* What the core needs from outside, as a table of functions: time, randomness,
 * a way out for frames and somebody to wake it. transport/ implements it on a
 * uv loop, and on virtual time for the simulated network. A driver calls the
 * engine; none of these calls it back. */
#ifndef MSOCK_CORE_DRIVER_H
#define MSOCK_CORE_DRIVER_H

#include <multisock/multisock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msock__driver {
    const struct msock__driver_ops *ops;
};

/** Calls of the channel's thread, unless they say otherwise. */
struct msock__driver_ops {
    /** Monotonic time that counts suspend, in us. */
    uint64_t (*now)(struct msock__driver *driver);

    /** The wall clock, in ms since 1970; it may be set at any time. */
    uint64_t (*wall)(struct msock__driver *driver);

    /** Fills with bytes that nobody can foretell (a seeded simulation: that
     *  repeat by its seed). */
    void (*random)(struct msock__driver *driver, void *bytes, size_t size);

    /** Output is queued or a deadline moved forward: call
     *  msock__engine_output() before sleeping. Must not call the engine back.
     */
    void (*wake)(struct msock__driver *driver);

    /** The frames that msock__engine_output() showed and msock__engine_sent()
     *  did not take back are void: what it shows next is others. Must not call
     *  the engine back. NULL: the driver keeps nothing of them. */
    void (*forget)(struct msock__driver *driver);

    /** Another thread posted a message: call msock__engine_deadline() soon. Any
     *  thread. NULL: the driver knows one thread only, and msock_post() is not
     *  supported. */
    void (*notify)(struct msock__driver *driver);

    /** Has another thread run work(arg), and calls msock__engine_worked() when
     *  it has; one at a time, and to its end before the channel is freed. NULL:
     *  there is no other thread. */
    void (*work)(struct msock__driver *driver, void (*work)(void *arg),
                 void *arg);

    /** Whether another thread is running the channel's loop right now. Any
     *  thread. NULL: the driver cannot tell. */
    bool (*elsewhere)(const struct msock__driver *driver);

    /** Whether this process is a child of the one that opened the channel. */
    bool (*forked)(const struct msock__driver *driver);

    /** As msock_run(), _stop() (any thread), _fd(), _timeout(), _dispatch(),
     *  _joined(). */
    int (*run)(struct msock__driver *driver);
    void (*stop)(struct msock__driver *driver);
    int (*fd)(const struct msock__driver *driver);
    int (*timeout)(const struct msock__driver *driver);
    int (*dispatch)(struct msock__driver *driver);
    int (*joined)(const struct msock__driver *driver);

    /** Begins to close: the driver serves the engine until
     *  msock__engine_drained(), which comes within some 32 s, closes its
     * handles, calls msock__channel_free() and then `closed`. On a loop of its
     * own and outside of run() and dispatch() it does all that before it
     * returns. Called once. */
    void (*close)(struct msock__driver *driver, msock_closed *closed,
                  void *user);
};

#endif
