/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of what other threads give to be published. */
#include "core/post.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <string.h>

enum { ROOM = 1000, MESSAGE = sizeof(struct msock__posted) + sizeof("a") };

static struct msock__post post;

static void init(void)
{
    msock__post_init(&post, ROOM);
}

static void fini(void)
{
    msock__post_fini(&post);
}

TestSuite(post, .init = init, .fini = fini);

static struct msock__posted *make(const char *text)
{
    struct msock__posted *message;
    cr_assert(eq(int, msock__post_new(&post, &message, "a", strlen(text)), 0));
    memcpy(msock__posted_room(message), text, strlen(text));
    return message;
}

static void put(const char *text)
{
    cr_assert(eq(int, msock__post_put(&post, make(text)), 0));
}

/* Takes the first message and compares it. */
static bool comes(const char *text)
{
    struct msock__posted *message = post.first;
    bool same = message && message->size == strlen(text) &&
                memcmp(msock__posted_room(message), text, strlen(text)) == 0;
    msock__post_pop(&post);
    return same;
}

Test(post, messages_come_out_in_the_order_they_were_put)
{
    put("1");
    put("2");
    put("3");

    msock__post_collect(&post);

    cr_expect(comes("1"));
    cr_expect(comes("2"));
    cr_expect(comes("3"));
    cr_expect(zero(ptr, post.first));
    cr_expect(eq(sz, post.bytes, 0));
}

Test(post, what_comes_later_waits_behind_what_was_collected)
{
    put("1");
    put("2");
    msock__post_collect(&post);
    put("3");

    msock__post_collect(&post);

    cr_expect(msock__post_arrived(&post));
    cr_expect(comes("1"));
    cr_expect(comes("2"));
    cr_expect(zero(ptr, post.first));
    msock__post_collect(&post);
    cr_expect(comes("3"));
    cr_expect(not(msock__post_arrived(&post)));
}

Test(post, message_keeps_its_topic)
{
    struct msock__posted *message;
    cr_assert(eq(int, msock__post_new(&post, &message, "home/lights", 0), 0));

    cr_expect(
        eq(str, (char *)msock__posted_topic(message), (char *)"home/lights"));
    msock__post_free(&post, message);
}

Test(post, the_limit_is_exact_and_comes_back)
{
    struct msock__posted *message, *more;
    size_t half = ROOM / 2 - MESSAGE;
    cr_assert(eq(int, msock__post_new(&post, &message, "a", half), 0));

    cr_expect(
        eq(int, msock__post_new(&post, &more, "a", half + 1), MSOCK_EAGAIN));
    cr_assert(eq(int, msock__post_new(&post, &more, "a", half), 0));
    cr_expect(eq(sz, post.bytes, ROOM));

    msock__post_free(&post, message);
    msock__post_free(&post, more);
    cr_expect(eq(sz, post.bytes, 0));
}

Test(post, what_would_never_fit_is_too_big)
{
    struct msock__posted *message;
    size_t most = ROOM - MESSAGE;

    cr_expect(eq(int, msock__post_new(&post, &message, "a", most + 1),
                 MSOCK_ETOOBIG));
    cr_expect(eq(int, msock__post_new(&post, &message, "a", SIZE_MAX),
                 MSOCK_ETOOBIG));
    cr_assert(eq(int, msock__post_new(&post, &message, "a", most), 0));
    msock__post_free(&post, message);
}

Test(post, trimming_gives_back_what_is_spare)
{
    struct msock__posted *message = make("12345");

    msock__post_trim(&post, &message, 2);

    cr_expect(eq(sz, post.bytes, MESSAGE + 2));
    cr_expect(eq(int, msock__post_put(&post, message), 0));
    msock__post_collect(&post);
    cr_expect(comes("12"));
    cr_expect(eq(sz, post.bytes, 0));
}

Test(post, closing_keeps_what_was_put_and_refuses_the_rest)
{
    put("1");
    msock__post_collect(&post);
    put("2");
    struct msock__posted *late = make("3");

    msock__post_close(&post);
    int code = msock__post_put(&post, late);

    cr_expect(eq(int, code, MSOCK_ECLOSED));
    cr_expect(not(msock__post_arrived(&post)));
    cr_expect(comes("1"));
    cr_expect(comes("2"));
    cr_expect(zero(ptr, post.first));
    cr_expect(eq(sz, post.bytes, 0));
}

Test(post, what_is_left_at_the_end_is_freed)
{
    put("1");
    msock__post_collect(&post);
    put("2");
}
