/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the session table: look-up, bound, who goes first, slots. */
#include "core/session.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const uint8_t key[16] = {9, 8, 7};
static struct msock__sessions *sessions;

static void setup(void)
{
    cr_assert(eq(int, msock__sessions_new(&sessions, 4, key), 0));
}

static void teardown(void)
{
    msock__sessions_free(sessions);
}

TestSuite(session, .init = setup, .fini = teardown);

struct id {
    uint8_t bytes[MSOCK__SESSION_SIZE];
};

static struct id id_of(uint32_t number)
{
    struct id id = {{0xa5}};
    memcpy(id.bytes + 12, &number, sizeof(number));
    return id;
}

static struct msock__session *add(uint32_t number)
{
    struct msock__session *made =
        msock__sessions_add(sessions, id_of(number).bytes);
    cr_assert(ne(ptr, made, NULL));
    return made;
}

static struct msock__session *find(uint32_t number)
{
    return msock__sessions_find(sessions, id_of(number).bytes);
}

Test(session, what_was_added_is_found)
{
    struct msock__session *one = add(1);
    struct msock__session *two = add(2);

    cr_expect(eq(ptr, find(1), one));
    cr_expect(eq(ptr, find(2), two));
    cr_expect(eq(ptr, find(3), NULL));
    cr_expect(eq(sz, msock__sessions_count(sessions), 2));
}

Test(session, those_without_an_entry_make_room_first)
{
    const struct msock__trusted *entry = (const void *)key;
    for (uint32_t i = 1; i <= 4; i++) {
        add(i)->trusted = i != 3 ? entry : NULL;
    }

    cr_expect(eq(ptr, msock__sessions_victim(sessions), find(3)));
    add(5)->trusted = entry;
    cr_expect(eq(ptr, find(3), NULL));
    cr_expect(eq(ptr, msock__sessions_victim(sessions), find(1)));
}

Test(session, slots_of_removed_ones_are_given_again)
{
    uint32_t slots[4];
    for (uint32_t i = 0; i < 4; i++) {
        slots[i] = add(i + 1)->slot;
    }

    msock__sessions_remove(sessions, find(2));
    msock__sessions_remove(sessions, find(4));
    cr_expect(eq(ptr, find(2), NULL));
    cr_expect(eq(sz, msock__sessions_count(sessions), 2));
    cr_expect(eq(u32, add(5)->slot, slots[3]));
    cr_expect(eq(u32, add(6)->slot, slots[1]));
    cr_expect(eq(ptr, msock__sessions_victim(sessions), find(1)));
    cr_expect(eq(u32, add(7)->slot, slots[0]));
}

Test(session, one_that_comes_again_is_another)
{
    uint64_t birth = add(1)->birth;

    msock__sessions_remove(sessions, find(1));
    struct msock__session *again = add(1);

    cr_expect(ne(u64, again->birth, birth));
    cr_expect(zero(sz, again->verifying));
    cr_expect(eq(ptr, msock__sessions_newest(sessions), again));
}

Test(session, new_one_is_blank)
{
    struct msock__session *one = add(1);

    cr_expect(eq(int, memcmp(one->id, id_of(1).bytes, sizeof(one->id)), 0));
    cr_expect(eq(int, one->sender_size, 0));
    cr_expect(eq(u64, one->heard_us, 0));
    cr_expect(eq(int, msock__window_check(&one->best_effort, 1), 0));
    cr_expect(eq(int, msock__window_check(&one->control, 1), 0));
}

static bool bind(uint32_t number, const char *name)
{
    return msock__sessions_bind(sessions, find(number), name, strlen(name));
}

Test(session, is_bound_to_its_first_name)
{
    add(1);

    cr_expect(bind(1, "lamp"));
    cr_expect(bind(1, "lamp"));
    cr_expect(not(bind(1, "lam")));
    cr_expect(not(bind(1, "lamps")));
    cr_expect(eq(str, find(1)->sender, "lamp"));
}

/* How many sessions are found by a name, all of which have it. */
static size_t count_named(const char *name)
{
    struct msock__session *at = NULL;
    size_t count = 0;
    while ((at = msock__sessions_named(sessions, at, name)) != NULL) {
        cr_assert(eq(str, at->sender, (char *)(uintptr_t)name));
        count++;
    }
    return count;
}

Test(session, all_of_a_name_are_found)
{
    for (uint32_t i = 1; i <= 4; i++) {
        add(i);
    }
    bind(1, "lamp");
    bind(2, "hub");
    bind(3, "lamp");

    cr_expect(eq(sz, count_named("lamp"), 2));
    cr_expect(eq(sz, count_named("hub"), 1));
    cr_expect(eq(sz, count_named("porch"), 0));
    cr_expect(eq(sz, count_named(""), 0)); /* 4 has no name */
}

Test(session, forgotten_one_is_not_found_by_its_name)
{
    static const char *const names[] = {"a", "b", "c"};
    for (uint32_t i = 1; i <= 40; i++) {
        add(i);
        bind(i, names[i % 3]);
    }

    size_t found = count_named("a") + count_named("b") + count_named("c");
    cr_expect(eq(sz, found, 4));
    cr_expect(eq(sz, count_named("a"), 1)); /* 39 of 37..40 */
}

Test(session, least_recently_heard_goes_when_full)
{
    for (uint32_t i = 1; i <= 4; i++) {
        cr_expect(eq(ptr, msock__sessions_victim(sessions), NULL));
        msock__sessions_touch(sessions, add(i), i);
    }
    msock__sessions_touch(sessions, find(1), 10);

    cr_expect(eq(ptr, msock__sessions_victim(sessions), find(2)));
    add(5);

    cr_expect(eq(ptr, find(2), NULL));
    cr_expect(ne(ptr, find(1), NULL));
    cr_expect(ne(ptr, find(5), NULL));
    cr_expect(eq(sz, msock__sessions_count(sessions), 4));
    cr_expect(eq(ptr, msock__sessions_victim(sessions), find(3)));
}

Test(session, touching_keeps_the_order_wherever_it_stood)
{
    static const uint32_t touched[] = {4, 1, 2, 2, 3, 1};
    static const uint32_t left[] = {4, 2, 3, 1};
    for (uint32_t i = 1; i <= 4; i++) {
        add(i);
    }

    for (uint64_t i = 0; i < 6; i++) {
        msock__sessions_touch(sessions, find(touched[i]), 100 + i);
    }

    for (uint32_t i = 0; i < 4; i++) {
        cr_expect(eq(ptr, msock__sessions_victim(sessions), find(left[i])));
        add(100 + i);
    }
}

Test(session, slots_are_small_unique_and_reused)
{
    for (uint32_t i = 0; i < 1000; i++) {
        struct msock__session *victim = msock__sessions_victim(sessions);
        uint32_t expected = victim != NULL ? victim->slot : i;
        cr_assert(eq(u32, add(i)->slot, expected));
        cr_assert(lt(u32, expected, 4));
    }

    unsigned slots = 0;
    for (uint32_t i = 996; i < 1000; i++) {
        slots |= 1u << find(i)->slot;
    }
    cr_expect(eq(uint, slots, 15));
}

Test(session, table_of_one_works)
{
    struct msock__sessions *small;
    cr_assert(eq(int, msock__sessions_new(&small, 1, key), 0));

    for (uint32_t i = 0; i < 10; i++) {
        struct msock__session *made =
            msock__sessions_add(small, id_of(i).bytes);
        cr_assert(ne(ptr, made, NULL));
        cr_expect(eq(u32, made->slot, 0));
        cr_expect(eq(sz, msock__sessions_count(small), 1));
        cr_expect(eq(ptr, msock__sessions_victim(small), made));
    }

    msock__sessions_free(small);
}

Test(session, thousands_are_found)
{
    struct msock__sessions *large;
    cr_assert(eq(int, msock__sessions_new(&large, 5000, key), 0));

    for (uint32_t i = 0; i < 20000; i++) {
        cr_assert(ne(ptr, msock__sessions_add(large, id_of(i).bytes), NULL));
    }

    cr_expect(eq(sz, msock__sessions_count(large), 5000));
    for (uint32_t i = 0; i < 20000; i++) {
        bool found = msock__sessions_find(large, id_of(i).bytes) != NULL;
        cr_assert(eq(int, found, i >= 15000));
    }
    msock__sessions_free(large);
}

Test(session, free_ignores_null)
{
    msock__sessions_free(NULL);
}
