/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: both sides. */
#include "core/engine_request.h"

#include "codec/error.h"
#include "core/engine_confirm.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* -- Whether anybody would reply -- */

/* Others who are up and listen, as far as is known; *unsure gets how many more
 * may. */
static size_t count_listeners(const struct msock__engine *engine,
                              const char *topic, size_t *unsure)
{
    const struct msock__session *session =
        msock__sessions_newest(engine->sessions);
    size_t count = 0;
    *unsure = 0;
    for (; session; session = session->older) {
        if (session->up && session->entry.card) {
            count += msock__engine_listens(session, topic);
        } else if (session->up) {
            *unsure += 1;
        }
    }
    return count;
}

/* Whether all are known who are there: each has said hello since the session
 * began, and nobody is on the way to be admitted. */
static bool knows_all(const struct msock__engine *engine, uint64_t now_us)
{
    uint64_t every_us =
        msock__announce_every_ms(msock__engine_nodes(engine)) * 1000;
    return now_us >= engine->began_us + every_us &&
           !(engine->admission &&
             msock__admission_count(engine->admission) > 0);
}

static bool nobody_listens(const struct msock__engine *engine, uint64_t now_us,
                           const char *topic)
{
    size_t unsure;
    return !msock__dispatch_any(engine->dispatch, topic, strlen(topic), true) &&
           knows_all(engine, now_us) &&
           count_listeners(engine, topic, &unsure) + unsure == 0;
}

/* -- Asking -- */

/* A number that nobody foretells. */
static uint64_t draw(const struct msock__engine *engine)
{
    uint64_t number;
    engine->driver->ops->random(engine->driver, &number, sizeof(number));
    return number;
}

int msock__engine_request(struct msock__engine *engine,
                          struct msock__publication *publication,
                          const struct msock__request *how,
                          uint64_t deadline_us)
{
    struct msock__requests *requests = &engine->asking.requests;
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    char reply_to[MSOCK__REPLY_SIZE];
    if (nobody_listens(engine, now_us, publication->topic)) {
        return msock__fail(MSOCK_ENOBODY,
                           "nobody who is up listens to \"%.255s\"",
                           publication->topic);
    }
    if (requests->count == MSOCK__REQUESTS_MAX) {
        return msock__fail(MSOCK_ELIMIT, "%d requests are under way",
                           MSOCK__REQUESTS_MAX);
    }
    const struct msock__reply reply = {
        .session = msock__session_short(engine->session),
        .number = draw(engine)};
    struct msock__request *request =
        msock__requests_add(requests, &reply, publication->topic);
    if (!request) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a request");
    }
    request->callback = how->callback;
    request->user = how->user;
    request->replies_max = how->replies_max;
    request->began_us = now_us;
    request->deadline_us = now_us + deadline_us;
    (void)msock__reply_encode(&request->reply, reply_to);
    publication->reply_to = reply_to;
    int code = msock__engine_publish(engine, publication);
    publication->reply_to = NULL;
    if (code < 0) {
        msock__requests_remove(requests, request);
        free(request);
        return code;
    }
    return request->id;
}

/* A turn may be told an earlier time than its callbacks look up. */
static uint64_t age_of(const struct msock__request *request, uint64_t now_us)
{
    return now_us > request->began_us ? now_us - request->began_us : 0;
}

/* Tells the end of a request that was taken out, and frees it. */
static void end(struct msock__engine *engine, uint64_t now_us,
                struct msock__request *request, int code)
{
    size_t unsure;
    msock_response response = {
        .id = request->id,
        .time_us = age_of(request, now_us),
        .replies = request->replies,
        .listeners = count_listeners(engine, request->topic, &unsure),
        .code = code};
    bool nobody = request->replies == 0 && response.listeners + unsure == 0;
    if (code == MSOCK_ETIMEDOUT && nobody &&
        !msock__dispatch_any(engine->dispatch, request->topic,
                             strlen(request->topic), true)) {
        response.code = MSOCK_ENOBODY;
    }
    request->callback(engine->channel, &response, request->user);
    free(request);
}

int msock__engine_request_cancel(struct msock__engine *engine, int id)
{
    struct msock__request *request =
        msock__requests_take(&engine->asking.requests, id);
    if (!request) {
        return msock__fail(MSOCK_ENOENT, "no request %d, or it has ended", id);
    }
    end(engine, engine->driver->ops->now(engine->driver), request,
        MSOCK_ECANCELED);
    return 0;
}

void msock__engine_request_tick(struct msock__engine *engine, uint64_t now_us,
                                uint64_t known_us)
{
    struct msock__request *request;
    while ((request = msock__requests_take_over(&engine->asking.requests,
                                                known_us)) != NULL) {
        bool fine =
            request->replies_max == MSOCK_REPLIES_ALL && request->replies > 0;
        end(engine, now_us, request, fine ? 0 : MSOCK_ETIMEDOUT);
    }
}

void msock__engine_request_close(struct msock__engine *engine)
{
    struct msock__requests *requests = &engine->asking.requests;
    assert(engine->closing);
    while (requests->first) {
        struct msock__request *request = requests->first;
        msock__requests_remove(requests, request);
        end(engine, engine->closed_us, request, MSOCK_ECLOSED);
    }
}

/* -- Replies that come -- */

bool msock__engine_awaits(const struct msock__engine *engine, const char *topic,
                          size_t size)
{
    struct msock__reply reply;
    return engine->asking.requests.first &&
           msock__reply_decode(topic, size, &reply) &&
           msock__requests_find(&engine->asking.requests, &reply);
}

/* Calls back with a reply; the request may be gone afterwards. */
static void tell(struct msock__engine *engine,
                 const struct msock__origin *origin,
                 struct msock__request *request, const msock_message *message)
{
    bool last = msock__request_count(request);
    const msock_response response = {.id = request->id,
                                     .message = message,
                                     .node = message->sender,
                                     .session = message->session,
                                     .time_us = age_of(request, origin->now_us),
                                     .replies = request->replies};
    if (last) { /* whatever the callback does, it ends once */
        msock__requests_remove(&engine->asking.requests, request);
    }
    const struct msock__origin *outer =
        msock__engine_acts_enter(engine, origin);
    request->callback(engine->channel, &response, request->user);
    msock__stats_add(&engine->stats, MSOCK_DELIVERED, 1);
    msock__engine_acts_leave(engine, outer);
    if (last) {
        end(engine, origin->now_us, request, 0);
    }
}

bool msock__engine_reply_heard(struct msock__engine *engine,
                               const struct msock__origin *origin,
                               const msock_message *message)
{
    struct msock__reply reply;
    if (message->topic[0] != '$' || (message->flags & MSOCK_MESSAGE_STATE) ||
        !msock__reply_decode(message->topic, message->topic_size, &reply)) {
        return true;
    }
    struct msock__request *request =
        msock__requests_find(&engine->asking.requests, &reply);
    if (request) {
        tell(engine, origin, request, message);
    } else if (reply.session == msock__session_short(engine->session)) {
        /* As usual as several who reply where one is enough: no log line. */
        msock__stats_add(&engine->stats, MSOCK_DROP_REPLY, 1);
        return false;
    }
    return true;
}

/* -- Replying -- */

/* Whether who asked is there no more. One that fell silent may be. */
static bool gone(const struct msock__ticket *ticket, void *owner)
{
    const struct msock__engine *engine = owner;
    if (ticket->bare ||
        msock__requests_find(&engine->asking.requests, &ticket->reply)) {
        return false;
    }
    const struct msock__session *session =
        msock__sessions_find(engine->sessions, ticket->session);
    return !session || session->bye_us > 0 || session->replaced ||
           session->over;
}

static int fail_gone(void)
{
    return msock__fail(MSOCK_ENOBODY, "who asked is gone, or waits no longer");
}

int msock__engine_asker(struct msock__engine *engine,
                        struct msock__ticket *ticket)
{
    const struct msock__origin *origin = engine->acting.origin;
    if (!origin) {
        return msock__fail(MSOCK_EINVAL,
                           "a reply belongs into a message's callback; later "
                           "it takes a token of msock_reply_later()");
    }
    const struct msock__envelope *asks = origin->asks;
    struct msock__ticket made = {.bare =
                                     (origin->flags & MSOCK_MESSAGE_BARE) != 0};
    if (!asks || !msock__reply_decode(asks->reply_to, asks->reply_to_size,
                                      &made.reply)) {
        return msock__fail(MSOCK_ENOBODY, "the message asks for no reply: see "
                                          "MSOCK_MESSAGE_REQUEST");
    }
    if (origin->session) {
        memcpy(made.session, origin->session->id, sizeof(made.session));
    }
    assert(asks->id_size <= MSOCK__ID_MAX);
    if (asks->id_size > 0) {
        memcpy(made.id, asks->id, asks->id_size);
    }
    if (gone(&made, engine)) {
        return fail_gone();
    }
    *ticket = made;
    return 0;
}

int msock__engine_reply_later(struct msock__engine *engine, uint64_t *token)
{
    struct msock__tickets *tickets = &engine->asking.tickets;
    struct msock__ticket ticket;
    int code = msock__engine_asker(engine, &ticket);
    if (code < 0) {
        return code;
    }
    code = msock__tickets_room(tickets);
    if (code == MSOCK_ELIMIT) {
        msock__tickets_sweep(tickets, gone, engine);
        code = msock__tickets_room(tickets);
    }
    if (code < 0) {
        return code == MSOCK_ELIMIT
                   ? msock__fail(code, "%d requests wait for a reply already",
                                 MSOCK__TICKETS_MAX)
                   : msock__fail(code, "no memory to reply later");
    }
    *token = msock__tickets_give(tickets, &ticket);
    return 0;
}

int msock__engine_reply_token(struct msock__engine *engine, uint64_t token,
                              struct msock__ticket *ticket)
{
    struct msock__tickets *tickets = &engine->asking.tickets;
    const struct msock__ticket *found = msock__tickets_find(tickets, token);
    if (!found) {
        return msock__fail(MSOCK_ENOENT, "no such request waits for a reply, "
                                         "or it has its reply");
    }
    *ticket = *found;
    if (gone(ticket, engine)) {
        (void)msock__tickets_take(tickets, token, ticket);
        return fail_gone();
    }
    return 0;
}

int msock__engine_reply_used(struct msock__engine *engine, uint64_t token)
{
    struct msock__ticket ticket;
    return msock__tickets_take(&engine->asking.tickets, token, &ticket)
               ? 0
               : msock__fail(MSOCK_ENOENT, "no such request waits for a reply, "
                                           "or it has its reply");
}

void msock__engine_request_fini(struct msock__engine *engine)
{
    msock__tickets_fini(&engine->asking.tickets);
    msock__requests_fini(&engine->asking.requests);
}
