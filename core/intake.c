/* SPDX-License-Identifier: Apache-2.0 */
/* When a listener speaks up, and how much it lets come. */
#include "core/intake.h"

#include "codec/frame.h"
#include "core/number.h"
#include "core/reorder.h"

enum {
    FAREWELL_US = 20000, /* between two */
    NARROWER_US = 50000, /* and two times of asking less */
    AGAIN_MAX = 4,       /* the pause doubles so often */
    BAD_SHARE = 8,       /* of the frames, lost */
    ROOM_MIN = 32,
    APART = 8 /* frames between two words, at least */
};

static bool is_over(const struct msock__intake *intake, uint64_t now_us)
{
    return now_us >= intake->trouble_us + MSOCK__INTAKE_QUIET_US;
}

static void note_trouble(struct msock__intake *intake, uint64_t now_us,
                         uint64_t next)
{
    intake->trouble_us = now_us;
    intake->farewells = 0;
    if (intake->speaks) {
        return;
    }
    intake->speaks = true;
    intake->said = 0;
    intake->again = 0;
    intake->since = next;
    intake->through = 0;
    intake->lost = 0;
    if (intake->window == 0) {
        intake->window = MSOCK__INTAKE_WINDOW_MAX;
    }
}

static void fit(struct msock__intake *intake, uint64_t next, uint64_t window)
{
    intake->window = window;
    intake->since = next;
    intake->through = intake->promised;
    intake->lost = 0;
}

static uint64_t narrower(const struct msock__intake *intake)
{
    return msock__most(intake->window / 2, MSOCK__INTAKE_WINDOW_MIN);
}

static uint64_t fitting(const struct msock__intake *intake, uint64_t count)
{
    uint64_t window = intake->window;
    if (intake->lost * BAD_SHARE > count) {
        return narrower(intake);
    }
    if (intake->waited_us <= MSOCK__INTAKE_DEEP_US) {
        return msock__least(window + window / 4, MSOCK__INTAKE_WINDOW_MAX);
    }
    return msock__most(window / 2,
                       msock__least(window, MSOCK__INTAKE_WINDOW_DEEP));
}

/* Fits the window, once all was read that left under it. */
static void judge(struct msock__intake *intake, uint64_t next)
{
    uint64_t count = next - intake->since;
    if (intake->through == 0) {
        intake->through = intake->promised;
    }
    if (next > intake->through && count >= intake->window) {
        fit(intake, next, fitting(intake, count));
    }
}

/* The same where nothing goes on, as all that is asked for is lost again. */
static void judge_asking(struct msock__intake *intake, uint64_t now_us,
                         uint64_t next)
{
    if (intake->lost * BAD_SHARE > intake->window &&
        now_us >= intake->narrowed_us + NARROWER_US) {
        intake->narrowed_us = now_us;
        fit(intake, next, narrower(intake));
    }
}

bool msock__intake_looks(struct msock__intake *intake)
{
    intake->came = (intake->came + 1) % MSOCK__INTAKE_LOOKS;
    return intake->came == 0 || intake->late > 0;
}

void msock__intake_frame(struct msock__intake *intake, uint64_t now_us,
                         uint64_t waited_us, uint64_t next)
{
    intake->waited_us = waited_us;
    if (waited_us < MSOCK__INTAKE_LATE_US) {
        intake->late = 0;
    } else if (++intake->late >= MSOCK__INTAKE_LATE) {
        intake->late = MSOCK__INTAKE_LATE;
        note_trouble(intake, now_us, next);
    }
}

void msock__intake_asked(struct msock__intake *intake, uint64_t now_us,
                         const struct msock__range *take, size_t count)
{
    note_trouble(intake, now_us, take->first);
    intake->lost += count;
    judge_asking(intake, now_us, take->first);
    msock__intake_said(intake, now_us, take);
}

uint64_t msock__intake_reach(const struct msock__intake *intake)
{
    bool narrow = intake->speaks && intake->window < MSOCK__INTAKE_WINDOW_MAX;
    return narrow ? intake->window : MSOCK__REORDER_MAX;
}

uint64_t msock__intake_deadline(const struct msock__intake *intake,
                                uint64_t next)
{
    if (!intake->speaks || next > MSOCK__COUNTER_MAX) {
        return UINT64_MAX; /* nothing follows on the last counter */
    }
    uint64_t apart = msock__most(intake->allowed / MSOCK__INTAKE_WORDS, APART);
    if (intake->said == 0 || next >= intake->said + apart) {
        return 0;
    }
    if (intake->farewells > 0) {
        return intake->said_us + FAREWELL_US;
    }
    unsigned again = next > intake->said ? 0 : intake->again;
    return msock__least(intake->said_us +
                            ((uint64_t)MSOCK__INTAKE_PAUSE_US << again),
                        intake->trouble_us + MSOCK__INTAKE_QUIET_US);
}

struct msock__range msock__intake_take(const struct msock__intake *intake,
                                       uint64_t next, size_t room)
{
    uint64_t window =
        intake->window > 0 ? intake->window : MSOCK__INTAKE_WINDOW_MAX;
    uint64_t count = msock__most(msock__least(room, window), ROOM_MIN);
    return (struct msock__range){
        .first = next,
        .last = msock__least(next - 1 + count, MSOCK__COUNTER_MAX - 1)};
}

struct msock__range msock__intake_word(const struct msock__intake *intake,
                                       uint64_t now_us, uint64_t next,
                                       size_t room)
{
    struct msock__range take = msock__intake_take(intake, next, room);
    take.last = is_over(intake, now_us) ? MSOCK__COUNTER_MAX : take.last;
    return take;
}

void msock__intake_said(struct msock__intake *intake, uint64_t now_us,
                        const struct msock__range *take)
{
    bool over = take->last == MSOCK__COUNTER_MAX;
    if (take->first > intake->said) {
        intake->again = 0;
    } else if (intake->again < AGAIN_MAX) {
        intake->again++;
    }
    intake->said = take->first;
    intake->said_us = now_us;
    if (over) {
        intake->farewells++;
        intake->speaks = intake->farewells < MSOCK__INTAKE_FAREWELLS;
        return;
    }
    intake->allowed = take->last - take->first + 1;
    intake->promised = msock__most(intake->promised, take->last);
    judge(intake, take->first);
}
