/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of signatures. */
#include "core/verify.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t cost(const struct msock__verify_job *job)
{
    return sizeof(*job) + job->text_size;
}

static void free_list(struct msock__verify_job *job)
{
    while (job) {
        struct msock__verify_job *next = job->next;
        free(job);
        job = next;
    }
}

void msock__verify_fini(struct msock__verify *verify)
{
    free_list(verify->first);
    free_list(verify->batch);
    *verify = (struct msock__verify){0};
}

bool msock__verify_spend(struct msock__verify *verify, uint64_t now_us)
{
    if (msock__rate_due(&verify->rate, MSOCK__VERIFY_AHEAD_US) > now_us) {
        return false;
    }
    msock__rate_take(&verify->rate, now_us, MSOCK__VERIFY_US);
    return true;
}

struct msock__verify_job *
msock__verify_job_new(const struct msock__signer *signer,
                      const struct msock__plain *plain, const uint8_t *public)
{
    bool is_signed = (plain->frame.flags & MSOCK__SIGNED) != 0;
    size_t size = plain->size + (is_signed ? MSOCK__SIGNATURE_SIZE : 0);
    size_t text_size = MSOCK__SIGN_BEFORE + size;
    struct msock__verify_job *job = malloc(sizeof(*job) + text_size + 1);
    if (!job) {
        return NULL;
    }
    *job = (struct msock__verify_job){
        .plain = *plain, .needed = public != NULL, .text_size = text_size};
    if (public) {
        memcpy(job->public, public, sizeof(job->public));
    }
    msock__signer_text(signer, &plain->frame, plain->bytes, size, job->text);
    job->plain.bytes = job->text + MSOCK__SIGN_BEFORE;
    return job;
}

bool msock__verify_room(const struct msock__verify *verify, size_t size)
{
    size_t wanted = sizeof(struct msock__verify_job) + MSOCK__SIGN_BEFORE +
                    size + MSOCK__SIGNATURE_SIZE;
    return verify->count < MSOCK__VERIFY_FRAMES_MAX &&
           wanted <= MSOCK__VERIFY_BYTES_MAX - verify->bytes;
}

void msock__verify_add(struct msock__verify *verify,
                       struct msock__verify_job *job)
{
    assert(msock__verify_room(verify, job->plain.size));
    job->next = NULL;
    if (verify->last) {
        verify->last->next = job;
    } else {
        verify->first = job;
    }
    verify->last = job;
    verify->count++;
    verify->bytes += cost(job);
}

bool msock__verify_begin(struct msock__verify *verify)
{
    if (verify->working || !verify->first) {
        return false;
    }
    struct msock__verify_job *last = verify->first;
    for (int i = 1; i < MSOCK__VERIFY_BATCH && last->next; i++) {
        last = last->next;
    }
    verify->batch = verify->first;
    verify->first = last->next;
    if (!verify->first) {
        verify->last = NULL;
    }
    last->next = NULL;
    verify->working = true;
    return true;
}

void msock__verify_work(void *verify)
{
    const struct msock__verify *self = verify;
    for (struct msock__verify_job *job = self->batch; job; job = job->next) {
        job->right = job->needed &&
                     msock__sign_verify(job->public, job->text, job->text_size);
    }
}

struct msock__verify_job *msock__verify_end(struct msock__verify *verify)
{
    assert(verify->working);
    struct msock__verify_job *batch = verify->batch;
    for (const struct msock__verify_job *job = batch; job; job = job->next) {
        verify->count--;
        verify->bytes -= cost(job);
    }
    verify->batch = NULL;
    verify->working = false;
    return batch;
}
