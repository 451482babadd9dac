/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of signatures: order, batches, bounds. */
#include "core/verify.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static struct msock__stage stage;
static const struct msock__signer *signer;

static void make_signer(void)
{
    static const uint8_t group[MSOCK__GROUP_SIZE] = {1};
    cr_assert(zero(int, msock__sign_stage(&stage, NULL, group, 7)));
    signer = stage.signer(stage.self);
}

static void free_signer(void)
{
    stage.free(stage.self);
}

TestSuite(verify, .init = make_signer, .fini = free_signer);

/* Adds an unsigned frame.  Returns whether it could. */
static bool add(struct msock__verify *verify, uint64_t counter, size_t size)
{
    static uint8_t body[MSOCK__FRAME_MAX];
    const struct msock__plain plain = {
        .frame = {.counter = counter}, .bytes = body, .size = size};
    if (!msock__verify_room(verify, size)) {
        return false;
    }
    struct msock__verify_job *job = msock__verify_job_new(signer, &plain, NULL);
    cr_assert(ne(ptr, (void *)job, NULL));
    msock__verify_add(verify, job);
    return true;
}

/* Frees a batch whose counters go on from `first`.  Returns their number. */
static size_t free_batch(struct msock__verify_job *job, uint64_t first)
{
    size_t count = 0;
    while (job) {
        struct msock__verify_job *next = job->next;
        cr_expect(eq(u64, job->plain.frame.counter, first + count++));
        free(job);
        job = next;
    }
    return count;
}

Test(verify, what_goes_in_comes_out_in_batches_and_in_order)
{
    struct msock__verify verify = {0};
    uint64_t first = 1;

    for (uint64_t i = 1; i <= 200; i++) {
        cr_assert(add(&verify, i, 10));
    }
    while (msock__verify_begin(&verify)) {
        cr_expect(not(msock__verify_begin(&verify)), "one batch at a time");
        msock__verify_work(&verify);
        first += free_batch(msock__verify_end(&verify), first);
    }
    cr_expect(eq(u64, first, 201));
    cr_expect(zero(sz, verify.count));
    cr_expect(zero(sz, verify.bytes));
}

Test(verify, frames_and_bytes_are_bounded)
{
    struct msock__verify many = {0};
    struct msock__verify large = {0};
    uint64_t counter = 0;

    while (add(&many, ++counter, 1)) {
        cr_assert(le(u64, counter, MSOCK__VERIFY_FRAMES_MAX));
    }
    cr_expect(eq(sz, many.count, MSOCK__VERIFY_FRAMES_MAX));
    while (add(&large, ++counter, 60000)) {
        cr_assert(le(sz, large.bytes, MSOCK__VERIFY_BYTES_MAX));
    }
    cr_expect(gt(sz, large.bytes, MSOCK__VERIFY_BYTES_MAX - 70000));
    cr_assert(msock__verify_begin(&many));
    msock__verify_fini(&many);
    msock__verify_fini(&large);
}

Test(verify, thirty_two_at_once_then_500_a_second)
{
    struct msock__verify verify = {0};
    uint64_t now_us = 1000000;
    int count = 0;

    while (msock__verify_spend(&verify, now_us)) {
        count++;
    }
    cr_expect(eq(int, count, 32));
    for (int i = 0; i < 1000; i++) {
        now_us += 1000;
        count += msock__verify_spend(&verify, now_us);
    }
    cr_expect(eq(int, count, 32 + 500));
}

Test(verify, only_a_right_signature_is_right)
{
    static const char line[] =
        "ed25519-secret nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    struct msock__verify verify = {0};
    struct msock__identity *identity = NULL;
    uint8_t public[MSOCK__PUBLIC_SIZE];
    uint8_t body[10 + MSOCK__SIGNATURE_SIZE] = {0};
    uint8_t text[MSOCK__SIGN_BEFORE + sizeof(body)];
    struct msock__plain plain = {
        .frame = {.flags = MSOCK__SIGNED, .counter = 1},
        .bytes = body,
        .size = 10};

    cr_assert(
        zero(int, msock__identity_parse(&identity, line, strlen(line), "id")));
    msock__identity_public(identity, public);
    msock__signer_text(signer, &plain.frame, body, sizeof(body), text);
    msock__identity_sign(identity, text, MSOCK__SIGN_BEFORE + 10, body + 10);
    msock__identity_free(identity);
    msock__verify_add(&verify, msock__verify_job_new(signer, &plain, public));
    plain.frame.counter = 2;
    msock__verify_add(&verify, msock__verify_job_new(signer, &plain, public));
    plain.frame.counter = 1;
    msock__verify_add(&verify, msock__verify_job_new(signer, &plain, NULL));

    cr_assert(msock__verify_begin(&verify));
    msock__verify_work(&verify);
    struct msock__verify_job *job = msock__verify_end(&verify);
    cr_expect(job->right && job->needed);
    cr_expect(not(job->next->right));
    cr_expect(not(job->next->next->right));
    cr_expect(zero(int, memcmp(job->plain.bytes, body, sizeof(body))));
    for (struct msock__verify_job *next; job; job = next) {
        next = job->next;
        free(job);
    }
}

Test(verify, lack_of_memory_makes_no_job)
{
    uint8_t body[10] = {0};
    const struct msock__plain plain = {
        .frame = {.counter = 1}, .bytes = body, .size = sizeof(body)};

    test_alloc_fail_at(1);
    cr_expect(
        eq(ptr, (void *)msock__verify_job_new(signer, &plain, NULL), NULL));
    cr_expect(test_alloc_failed());
}
