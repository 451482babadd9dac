/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener says of how far it is in one reliable stream, and when
 * (docs/protocol.md 5.8): nothing, as long as it misses nothing and keeps up.
 * Once it asked for a frame, or read frames long after they had arrived, it
 * tells its sender as it goes on, until it had no trouble for a second.
 *
 * The window is how many frames it lets come ahead of what it read. It halves
 * when an eighth of what it let come was lost, or they waited over 100 ms to be
 * read (not below 256 frames then), and grows by a quarter otherwise: so it
 * fits the receive buffer, which nobody knows the size of. Frames that left
 * under one window are judged before there is another. Time is passed in;
 * constant cost. */
#ifndef MSOCK_CORE_INTAKE_H
#define MSOCK_CORE_INTAKE_H

#include "codec/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MSOCK__INTAKE_LOOKS = 8,      /* of so many frames one is looked at; */
    MSOCK__INTAKE_LATE_US = 5000, /* if it waited so long it was late, */
    MSOCK__INTAKE_LATE = 4,       /* and so many in a row are trouble */
    MSOCK__INTAKE_DEEP_US = 100000,
    MSOCK__INTAKE_PAUSE_US = 100000, /* between two words, at most at first */
    MSOCK__INTAKE_QUIET_US = 1000000,
    MSOCK__INTAKE_WINDOW_MIN = 32,
    MSOCK__INTAKE_WINDOW_DEEP = 256, /* fewer are not too many to wait */
    MSOCK__INTAKE_WINDOW_MAX = 2048,
    MSOCK__INTAKE_WORDS = 4, /* in each window */
    MSOCK__INTAKE_FAREWELLS = 2
};

/** Zeroed: had no trouble. */
struct msock__intake {
    bool speaks;         /* it had, of late */
    unsigned came;       /* frames that were not looked at */
    unsigned late;       /* those in a row that waited */
    uint64_t waited_us;  /* the last one, to be read */
    uint64_t trouble_us; /* when it last had */
    uint64_t said_us;    /* the last word, */
    uint64_t said;       /* the frame that was waited for then, 0: none */
    uint64_t allowed;    /* so many from there on might come */
    uint64_t promised;   /* the last of all that ever might */
    unsigned again;      /* words in a row that said nothing new */
    unsigned farewells;  /* of those that say it is over, still to come */
    uint64_t window;
    uint64_t since;       /* frames from here on are judged together, */
    uint64_t through;     /* once all up to here were read; */
    uint64_t lost;        /* so many of them came too thick */
    uint64_t narrowed_us; /* halved for it, when nothing went on */
};

/** A frame came.  Returns whether to look at the clock, and to call
 *  msock__intake_frame(). */
bool msock__intake_looks(struct msock__intake *intake);

/** The frame that came did so `waited_us` after it had arrived; `next` is
 * waited for now. */
void msock__intake_frame(struct msock__intake *intake, uint64_t now_us,
                         uint64_t waited_us, uint64_t next);

/** A NACK left that said msock__intake_take(), and asks for `count` frames that
 *  came too thick (msock__repair_asked). */
void msock__intake_asked(struct msock__intake *intake, uint64_t now_us,
                         const struct msock__range *take, size_t count);

/** How many frames from the next one on to ask for. */
uint64_t msock__intake_reach(const struct msock__intake *intake);

/** When a word is due, in us: 0 now, UINT64_MAX never, as when `next` is beyond
 *  the last counter that there is. */
uint64_t msock__intake_deadline(const struct msock__intake *intake,
                                uint64_t next);

/** What a NACK says, if there is `room` for so many frames from `next` on. */
struct msock__range msock__intake_take(const struct msock__intake *intake,
                                       uint64_t next, size_t room);

/** What a word says that is due: the same, or that trouble is over. */
struct msock__range msock__intake_word(const struct msock__intake *intake,
                                       uint64_t now_us, uint64_t next,
                                       size_t room);

/** It was said. */
void msock__intake_said(struct msock__intake *intake, uint64_t now_us,
                        const struct msock__range *take);

#endif
