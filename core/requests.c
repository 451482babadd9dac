/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in a list: few are under way at a time. */
#include "core/requests.h"

#include "core/number.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t number_max = (UINT64_C(1) << 53) - 1;

/* The reply, with a number that is not in use: of 2^53 at most 1024 are. */
static struct msock__reply free_one(const struct msock__requests *requests,
                                    const struct msock__reply *reply)
{
    struct msock__reply wanted = *reply;

    wanted.number &= number_max;
    while (msock__requests_find(requests, &wanted) != NULL) {
        wanted.number = (wanted.number + 1) & number_max;
    }
    return wanted;
}

struct msock__request *msock__requests_add(struct msock__requests *requests,
                                           const struct msock__reply *reply,
                                           const char *topic)
{
    size_t size = strlen(topic) + 1;

    if (requests->count == MSOCK__REQUESTS_MAX) {
        return NULL;
    }
    struct msock__request *request = malloc(sizeof(*request) + size);
    if (request == NULL) {
        return NULL;
    }
    requests->last_id = requests->last_id % INT_MAX + 1;
    *request = (struct msock__request){.id = requests->last_id,
                                       .reply = free_one(requests, reply),
                                       .deadline_us = UINT64_MAX,
                                       .replies_max = 1};
    memcpy(request->topic, topic, size);
    if (requests->last != NULL) {
        requests->last->next = request;
    } else {
        requests->first = request;
    }
    requests->last = request;
    requests->count++;
    return request;
}

struct msock__request *
msock__requests_find(const struct msock__requests *requests,
                     const struct msock__reply *reply)
{
    struct msock__request *request = requests->first;

    while (request != NULL && (request->reply.number != reply->number ||
                               request->reply.session != reply->session)) {
        request = request->next;
    }
    return request;
}

bool msock__request_count(struct msock__request *request)
{
    request->replies += request->replies < UINT32_MAX ? 1 : 0;
    return request->replies_max != MSOCK_REPLIES_ALL &&
           request->replies >= request->replies_max;
}

void msock__requests_remove(struct msock__requests *requests,
                            struct msock__request *request)
{
    struct msock__request *before = NULL;
    struct msock__request *one = requests->first;

    while (one != request) {
        assert(one != NULL);
        before = one;
        one = one->next;
    }
    if (before != NULL) {
        before->next = request->next;
    } else {
        requests->first = request->next;
    }
    if (requests->last == request) {
        requests->last = before;
    }
    request->next = NULL;
    requests->count--;
}

/* Takes out the one that was found, if one was. */
static struct msock__request *take(struct msock__requests *requests,
                                   struct msock__request *request)
{
    if (request != NULL) {
        msock__requests_remove(requests, request);
    }
    return request;
}

struct msock__request *msock__requests_take(struct msock__requests *requests,
                                            int id)
{
    struct msock__request *request = requests->first;

    while (request != NULL && request->id != id) {
        request = request->next;
    }
    return take(requests, request);
}

struct msock__request *
msock__requests_take_over(struct msock__requests *requests, uint64_t now_us)
{
    struct msock__request *request = requests->first;

    while (request != NULL && request->deadline_us > now_us) {
        request = request->next;
    }
    return take(requests, request);
}

uint64_t msock__requests_deadline(const struct msock__requests *requests)
{
    uint64_t due_us = UINT64_MAX;

    for (const struct msock__request *request = requests->first;
         request != NULL; request = request->next) {
        due_us = msock__least(due_us, request->deadline_us);
    }
    return due_us;
}

void msock__requests_fini(struct msock__requests *requests)
{
    while (requests->first != NULL) {
        free(take(requests, requests->first));
    }
}
