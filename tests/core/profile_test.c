/* SPDX-License-Identifier: Apache-2.0 */
/* What this node says of itself, cut into parts. */
#include "core/profile.h"

#include "codec/identity.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 1400, ROOM_MIN = 472 };

static const uint8_t key[16] = {1, 2, 3};
static const struct msock__pipeline open_channel;
static struct msock__dispatch *dispatch;
static struct msock__profile profile;

static void setup(void)
{
    cr_assert(zero(int, msock__dispatch_new(&dispatch, key)));
}

static void teardown(void)
{
    msock__profile_fini(&profile);
    msock__dispatch_free(dispatch);
}

TestSuite(profile, .init = setup, .fini = teardown);

static int nothing(msock_channel *channel, const msock_message *message,
                   void *user)
{
    (void)channel;
    (void)message;
    (void)user;
    return 0;
}

static int subscribe(const char *filter)
{
    int id = msock__dispatch_add(dispatch, filter, nothing, NULL, false);
    cr_assert(ge(int, id, 1));
    return id;
}

static void subscribe_to_many(size_t count, const char *form)
{
    for (size_t i = 0; i < count; i++) {
        char filter[MSOCK_TOPIC_MAX + 1];
        snprintf(filter, sizeof(filter), form, (int)i);
        subscribe(filter);
    }
}

static int refresh(void)
{
    return msock__profile_refresh(&profile, dispatch, &open_channel);
}

static struct msock__control part_of(uint32_t part, size_t room)
{
    struct msock__control hello = {
        .kind = MSOCK__HELLO, .every_ms = 1, .held = {1, 0}};
    msock__profile_part(&profile, "porch", room, part, &hello);
    return hello;
}

static bool says(const struct msock__control *hello, size_t index,
                 const char *filter)
{
    return index < hello->count &&
           msock__json_equal(&hello->filters[index], filter);
}

Test(profile, first_look_makes_the_first_revision)
{
    cr_expect(eq(int, refresh(), 1));
    cr_expect(zero(int, refresh()));

    struct msock__control hello = part_of(0, ROOM);
    cr_expect(hello.full);
    cr_expect(eq(u64, hello.revision, 1));
    cr_expect(eq(u32, hello.about.parts, 1));
    cr_expect(zero(sz, hello.count));
    cr_expect(zero(sz, hello.about.key_count));
    cr_expect(eq(str, hello.about.version, (char *)msock_version()));
}

Test(profile, filters_are_said_once_each_and_none_of_the_protocol)
{
    subscribe("b");
    subscribe("$ms/#");
    subscribe("a/+/#");
    subscribe("b");
    refresh();

    struct msock__control hello = part_of(0, ROOM);

    cr_assert(eq(sz, hello.count, 2));
    cr_expect(says(&hello, 0, "b"));
    cr_expect(says(&hello, 1, "a/+/#"));
}

Test(profile, change_makes_a_revision_and_no_change_makes_none)
{
    int first = subscribe("a");
    refresh();
    int second = subscribe("a");
    cr_expect(zero(int, refresh()));
    msock__dispatch_remove(dispatch, first);
    cr_expect(zero(int, refresh()));

    msock__dispatch_remove(dispatch, second);

    cr_expect(eq(int, refresh(), 1));
    cr_expect(eq(u64, profile.revision, 2));
    cr_expect(zero(sz, part_of(0, ROOM).count));
}

/* Whether the parts hold all filters in order, each within the room. */
static void expect_parts(size_t room, size_t count, const char *form)
{
    size_t seen = 0;
    uint32_t part = 0;
    struct msock__control hello;
    do {
        char text[2048];
        hello = part_of(part, room);
        cr_assert(eq(u32, hello.about.part, part));
        for (size_t i = 0; i < hello.count; i++) {
            char filter[MSOCK_TOPIC_MAX + 1];
            snprintf(filter, sizeof(filter), form, (int)seen++);
            cr_assert(says(&hello, i, filter), "%zu", room);
        }
        hello.age_ms = hello.best_effort_last = MSOCK__COUNTER_MAX;
        size_t size = msock__control_encode(&hello, "porch", text, room, NULL);
        cr_assert(ge(sz, size, 1), "%zu", room);
        part++;
    } while (part < hello.about.parts);
    cr_expect(eq(sz, seen, count));
}

Test(profile, parts_hold_all_filters_whatever_the_room)
{
    subscribe_to_many(200, "some/\"filter\"/%d");
    refresh();

    for (size_t room = ROOM_MIN; room <= ROOM; room += 7) {
        expect_parts(room, 200, "some/\"filter\"/%d");
    }
}

Test(profile, part_that_is_not_there_is_the_last_one)
{
    subscribe_to_many(40, "%d");
    refresh();

    struct msock__control hello = part_of(9, ROOM);

    cr_expect(eq(u32, hello.about.parts, 2));
    cr_expect(eq(u32, hello.about.part, 1));
    cr_expect(says(&hello, 0, "32"));
    cr_expect(eq(sz, hello.count, 8));
}

Test(profile, too_many_filters_are_everything)
{
    subscribe_to_many(MSOCK__PROFILE_FILTERS, "%d");
    refresh();
    cr_expect(eq(u32, part_of(0, ROOM).about.parts, 8));

    subscribe("one more");
    refresh();

    struct msock__control hello = part_of(0, ROOM);
    cr_expect(eq(u32, hello.about.parts, 1));
    cr_expect(eq(sz, hello.count, 1));
    cr_expect(says(&hello, 0, "#"));
}

Test(profile, too_much_text_is_everything)
{
    subscribe_to_many(90, "%0200d");
    refresh();

    struct msock__control hello = part_of(0, ROOM);
    cr_expect(eq(sz, hello.count, 1));
    cr_expect(says(&hello, 0, "#"));
}

Test(profile, filter_that_fits_no_frame_is_everything)
{
    char filter[MSOCK_TOPIC_MAX + 1];
    memset(filter, '"', MSOCK_TOPIC_MAX);
    filter[MSOCK_TOPIC_MAX] = '\0';
    subscribe("a");
    subscribe(filter);
    subscribe("b");
    refresh();

    cr_expect(eq(u32, part_of(0, ROOM).about.parts, 1));
    cr_expect(eq(u32, part_of(0, ROOM_MIN).about.parts, 3));
    struct msock__control middle = part_of(1, ROOM_MIN);
    cr_expect(says(&middle, 0, "#"));
    struct msock__control last = part_of(2, ROOM_MIN);
    cr_expect(says(&last, 0, "b"));
}

/* The smallest MTU, a signature, a name and a filter that double when they are
 * written, and as many keys as there may be. */
Test(profile, longest_of_all_fits_the_smallest_signed_frame)
{
    enum { MTU = 576, IPV6 = 48, TAG = 16 };
    const size_t room = MTU - IPV6 - MSOCK__HEADER_SIZE - MSOCK__SENT_SIZE -
                        MSOCK__SIGNATURE_SIZE - TAG;
    char name[MSOCK_NAME_MAX + 1] = "";
    char filter[MSOCK_TOPIC_MAX + 1] = "";
    char text[1024];
    memset(name, '"', MSOCK_NAME_MAX);
    memset(filter, '\\', MSOCK_TOPIC_MAX);
    subscribe(filter);
    refresh();
    profile.key_count = MSOCK__KEYS_MAX;
    struct msock__control hello = {.kind = MSOCK__HELLO,
                                   .age_ms = UINT64_C(86400000) * 3650,
                                   .best_effort_last = 10000000000,
                                   .every_ms = MSOCK__EVERY_MAX_MS,
                                   .held = {10000000000, 10000000000}};

    msock__profile_part(&profile, name, room, 0, &hello);
    size_t size = msock__control_encode(&hello, name, text, room, NULL);

    cr_expect(ge(sz, size, 1));
    cr_expect(le(sz, size, room));
    cr_expect(eq(u32, hello.about.parts, 1));
    cr_expect(says(&hello, 0, "#"));
}

Test(profile, lack_of_memory_changes_nothing)
{
    subscribe("a");
    refresh();
    subscribe("b");
    long n = 0;
    int code;
    do {
        test_alloc_fail_at(++n);
        code = refresh();
        cr_expect(eq(int, code, test_alloc_failed() ? MSOCK_ENOMEM : 1));
        cr_expect(eq(sz, part_of(0, ROOM).count, code < 0 ? 1 : 2));
    } while (code < 0);

    cr_expect(eq(long, n, 3));
    cr_expect(eq(u64, profile.revision, 2));
}

/* -- The last will -- */

static void set_will(const char *json)
{
    struct msock__will will;
    cr_assert(zero(int, msock__will_make(&will, "gone", json)));
    msock__profile_set_will(&profile, &will);
}

static bool says_will(const struct msock__control *hello)
{
    const struct msock__json_slice *will = &hello->about.will;
    return will->size == profile.will.size &&
           memcmp(will->text, profile.will.text, will->size) == 0;
}

Test(profile, will_is_a_change_unless_it_is_the_same)
{
    struct msock__will will;
    cr_assert(zero(int, msock__will_make(&will, "gone", "1")));
    refresh();

    cr_expect(msock__profile_set_will(&profile, &will));
    cr_expect(eq(int, refresh(), 1));
    cr_expect(not(msock__profile_set_will(&profile, &will)));
    cr_expect(zero(int, refresh()));
    struct msock__control hello = part_of(0, ROOM);
    cr_expect(says_will(&hello));
}

/* A string of so many letters. */
static const char *letters(size_t count)
{
    static char json[MSOCK__WILL_MAX];
    memset(json, 'w', sizeof(json));
    json[0] = json[count + 1] = '"';
    json[count + 2] = '\0';
    return json;
}

Test(profile, will_is_in_the_first_part_alone_and_no_filter_gives_way)
{
    set_will(letters(150));
    subscribe_to_many(40, "a/long/filter/that/needs/a/part/of/its/own/%d");
    refresh();

    size_t count = 0;
    struct msock__control first = part_of(0, ROOM_MIN);
    cr_assert(says_will(&first));
    for (uint32_t i = 0; i < first.about.parts; i++) {
        struct msock__control hello = part_of(i, ROOM_MIN);
        char text[ROOM_MIN];
        cr_expect(
            eq(sz, hello.about.will.size, i == 0 ? first.about.will.size : 0));
        for (size_t k = 0; k < hello.count; k++) {
            cr_expect(not(says(&hello, k, "#")));
        }
        count += hello.count;
        cr_expect(
            ne(sz,
               msock__control_encode(&hello, "porch", text, sizeof(text), NULL),
               0));
    }
    cr_expect(eq(sz, count, 40));
}

Test(profile, will_that_leaves_no_room_has_a_part_without_filters)
{
    char filter[MSOCK_TOPIC_MAX + 1];
    memset(filter, 'f', sizeof(filter) - 1);
    filter[200] = '\0';
    set_will(letters(150));
    subscribe(filter);
    refresh();

    cr_expect(eq(u32, part_of(0, ROOM_MIN).about.parts, 2));
    cr_expect(zero(sz, part_of(0, ROOM_MIN).count));
    struct msock__control second = part_of(1, ROOM_MIN);
    cr_expect(says(&second, 0, filter));
}

Test(profile, will_fits_where_it_can_be_said)
{
    struct msock__will will;
    cr_assert(zero(int, msock__will_make(&will, "gone", letters(300))));
    refresh();

    cr_expect(msock__profile_will_fits(&profile, &will, "porch", ROOM));
    cr_expect(
        not(msock__profile_will_fits(&profile, &will, "porch", ROOM_MIN)));
    msock__profile_set_will(&profile, &will);
    cr_expect(zero(sz, part_of(0, ROOM_MIN).about.will.size));
    cr_expect(eq(u32, part_of(0, ROOM_MIN).about.parts, 1));
}
