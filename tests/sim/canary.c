/* SPDX-License-Identifier: Apache-2.0 */
/* Faults for canaries: the linker puts some of these in place of functions of
 * the engine (--wrap), and the simulator has to find out. The engine's sources
 * know nothing of it. */
#include "codec/control.h"
#include "core/acts.h"
#include "core/age.h"
#include "core/confirm.h"
#include "core/engine_request.h"
#include "core/engine_state.h"
#include "core/engine_will.h"
#include "core/repair.h"
#include "core/roster.h"
#include "core/sendtimes.h"
#include "core/window.h"

/* What is replaced has another name; weak, because a canary that does not
 * replace it has none. */

int __wrap_msock__window_check(const struct msock__window *window,
                               uint64_t counter);
void __wrap_msock__window_mark(struct msock__window *window, uint64_t counter);
uint64_t __wrap_msock__sendtimes_floor(const struct msock__sendtimes *times,
                                       uint64_t at_us);
int __wrap_msock__control_floor(const struct msock__envelope *envelope,
                                const uint64_t nonces[static 2],
                                struct msock__floor *floor);
uint64_t __wrap_msock__age_of(const struct msock__age *age, uint64_t now_us,
                              uint64_t sent_us);
bool __wrap_msock__repair_asks(const struct msock__repair *repair);
void __wrap_msock__engine_query_heard(struct msock__engine *engine,
                                      uint64_t now_us,
                                      const struct msock__control *query);
__attribute__((weak)) void
__real_msock__engine_event(struct msock__engine *engine,
                           const msock_event *event);
void __wrap_msock__engine_event(struct msock__engine *engine,
                                const msock_event *event);
__attribute__((weak)) void
__real_msock__engine_will_speak(struct msock__engine *engine, uint64_t now_us,
                                const struct msock__session *session);
void __wrap_msock__engine_will_speak(struct msock__engine *engine,
                                     uint64_t now_us,
                                     const struct msock__session *session);
__attribute__((weak)) int
__real_msock__roster_take(struct msock__roster *roster,
                          struct msock__entry *entry,
                          const struct msock__control *hello);
int __wrap_msock__roster_take(struct msock__roster *roster,
                              struct msock__entry *entry,
                              const struct msock__control *hello);
__attribute__((weak)) void
__real_msock__acts_did(struct msock__acts *acts,
                       const struct msock__acts_round *round, uint64_t counter,
                       int code);
void __wrap_msock__acts_did(struct msock__acts *acts,
                            const struct msock__acts_round *round,
                            uint64_t counter, int code);
void __wrap_msock__acts_asked(struct msock__acts *acts,
                              const struct msock__acts_round *round,
                              uint64_t counter);
__attribute__((weak)) void
__real_msock__confirms_asked(struct msock__confirms *confirms, uint64_t now_us,
                             const struct msock__control *sync, size_t used);
void __wrap_msock__confirms_asked(struct msock__confirms *confirms,
                                  uint64_t now_us,
                                  const struct msock__control *sync,
                                  size_t used);

struct msock__request *
__wrap_msock__requests_find(const struct msock__requests *requests,
                            const struct msock__reply *reply);
bool __wrap_msock__request_count(struct msock__request *request);
__attribute__((weak)) bool
__real_msock__engine_reply_heard(struct msock__engine *engine,
                                 const struct msock__origin *origin,
                                 const msock_message *message);
bool __wrap_msock__engine_reply_heard(struct msock__engine *engine,
                                      const struct msock__origin *origin,
                                      const msock_message *message);

/** Nothing was ever seen. */
int __wrap_msock__window_check(const struct msock__window *window,
                               uint64_t counter)
{
    (void)window;
    (void)counter;
    return 0;
}

/** Nothing is remembered. */
void __wrap_msock__window_mark(struct msock__window *window, uint64_t counter)
{
    (void)window;
    (void)counter;
}

/** Whoever asks may believe everything that was ever sent. */
uint64_t __wrap_msock__sendtimes_floor(const struct msock__sendtimes *times,
                                       uint64_t at_us)
{
    (void)times;
    (void)at_us;
    return 1;
}

/** Answers to anybody, at any time, are answers to oneself. */
int __wrap_msock__control_floor(const struct msock__envelope *envelope,
                                const uint64_t nonces[static 2],
                                struct msock__floor *floor)
{
    struct msock__control control;
    (void)nonces;
    int drop = msock__control_decode(envelope, &control);
    if (drop != 0 || control.kind != MSOCK__ANSWER) {
        return -MSOCK_DROP_CONTROL;
    }
    if (control.count > 0) {
        *floor = control.floors[0];
    }
    return control.count > 0;
}

/** Nothing is late. */
uint64_t __wrap_msock__age_of(const struct msock__age *age, uint64_t now_us,
                              uint64_t sent_us)
{
    (void)age;
    (void)now_us;
    (void)sent_us;
    return 0;
}

/** Nothing is asked for. */
bool __wrap_msock__repair_asks(const struct msock__repair *repair)
{
    (void)repair;
    return false;
}

/** Nobody says who it is when asked. */
void __wrap_msock__engine_query_heard(struct msock__engine *engine,
                                      uint64_t now_us,
                                      const struct msock__control *query)
{
    (void)engine;
    (void)now_us;
    (void)query;
}

/** Wills are spoken twice. */
void __wrap_msock__engine_will_speak(struct msock__engine *engine,
                                     uint64_t now_us,
                                     const struct msock__session *session)
{
    __real_msock__engine_will_speak(engine, now_us, session);
    __real_msock__engine_will_speak(engine, now_us, session);
}

/** What hellos have of wills is lost. */
int __wrap_msock__roster_take(struct msock__roster *roster,
                              struct msock__entry *entry,
                              const struct msock__control *hello)
{
    struct msock__control cut = *hello;
    cut.about.will.size = 0;
    return __real_msock__roster_take(roster, entry, &cut);
}

/** Whoever refused has acted. */
void __wrap_msock__acts_did(struct msock__acts *acts,
                            const struct msock__acts_round *round,
                            uint64_t counter, int code)
{
    __real_msock__acts_did(acts, round, counter, code < 0 ? 0 : code);
}

/** Whoever is asked says nothing. */
void __wrap_msock__acts_asked(struct msock__acts *acts,
                              const struct msock__acts_round *round,
                              uint64_t counter)
{
    (void)acts;
    (void)round;
    (void)counter;
}

/** Everybody is asked again 10 ms sooner than answers may take. */
void __wrap_msock__confirms_asked(struct msock__confirms *confirms,
                                  uint64_t now_us,
                                  const struct msock__control *sync,
                                  size_t used)
{
    __real_msock__confirms_asked(confirms, now_us - 10000, sync, used);
}

/** No reply is to a request of one's own. */
struct msock__request *
__wrap_msock__requests_find(const struct msock__requests *requests,
                            const struct msock__reply *reply)
{
    (void)requests;
    (void)reply;
    return NULL;
}

/** No number of replies is enough. */
bool __wrap_msock__request_count(struct msock__request *request)
{
    request->replies++;
    return false;
}

/** Every reply is told twice. */
bool __wrap_msock__engine_reply_heard(struct msock__engine *engine,
                                      const struct msock__origin *origin,
                                      const msock_message *message)
{
    (void)__real_msock__engine_reply_heard(engine, origin, message);
    return __real_msock__engine_reply_heard(engine, origin, message);
}

/** Losses are not reported. */
void __wrap_msock__engine_event(struct msock__engine *engine,
                                const msock_event *event)
{
    if (event->kind != MSOCK_EVENT_LOSS) {
        __real_msock__engine_event(engine, event);
    }
}
