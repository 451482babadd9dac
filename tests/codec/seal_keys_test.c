/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that change under a running seal: read again from the file. */
#include "codec/ring.h"
#include "codec/seal.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/counter.h>
#include <multisock/error.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CAPACITY = 256, PORT = 7783 };

static const uint8_t house[MSOCK__GROUP_SIZE] = {[15] = 1};
static const char text[] = "all lights off";
static char directory[64];

static void make_directory(void)
{
    strcpy(directory, "/tmp/multisock-sealkeys-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(directory), NULL));
    cr_assert(zero(int, chdir(directory)));
}

static void remove_directory(void)
{
    remove("a.key");
    remove("b.key");
    cr_assert(zero(int, rmdir(directory)));
}

TestSuite(seal_keys, .init = make_directory, .fini = remove_directory);

static void master_of(char letter, uint8_t master[static MSOCK__KEY_SIZE])
{
    memset(master, letter, MSOCK__KEY_SIZE);
}

static uint32_t id_of(char letter)
{
    uint8_t master[MSOCK__KEY_SIZE];

    master_of(letter, master);
    return msock__key_id(master);
}

/* Writes a key file with a key of each letter. */
static void write_keys(const char *path, const char *letters)
{
    FILE *file = fopen(path, "w");

    cr_assert(ne(ptr, file, NULL));
    cr_assert(zero(int, chmod(path, 0600)));
    for (; *letters != '\0'; letters++) {
        uint8_t master[MSOCK__KEY_SIZE];
        char line[64];
        master_of(*letters, master);
        sodium_bin2base64(line, sizeof line, master, sizeof master,
                          sodium_base64_VARIANT_ORIGINAL);
        fprintf(file, "%s # %c\n", line, *letters);
    }
    fclose(file);
}

/* A channel sealed with the keys of a file. */
static struct msock__pipeline open_file(const char *path)
{
    struct msock__pipeline pipeline = {.count = 0};
    struct msock__keyring *ring = NULL;
    struct msock__keysource source;
    struct msock__stage stage;

    cr_assert(zero(int, msock__keyring_new(&ring)));
    cr_assert(zero(int, msock__keyring_load(ring, path)));
    cr_assert(zero(int, msock__ring_source(&source, path)));
    cr_assert(zero(int, msock__seal_stage(&stage, ring, house, PORT, &source)));
    msock__pipeline_add(&pipeline, &stage);
    return pipeline;
}

/* Whether the pipeline holds a key of each letter, in this order. */
static bool holds(const struct msock__pipeline *pipeline, const char *letters)
{
    uint32_t ids[MSOCK__KEYS_MAX];
    size_t count = msock__pipeline_keys(pipeline, ids);
    bool same = count == strlen(letters);

    for (size_t i = 0; same && i < count; i++) {
        same = ids[i] == id_of(letters[i]);
    }
    return same;
}

/* Seals one frame of a session; returns its size. */
static size_t send(const struct msock__pipeline *pipeline, uint64_t counter,
                   uint8_t bytes[static CAPACITY])
{
    struct msock__packet packet = {
        .frame = {.counter = counter, .session = {9}},
        .bytes = bytes,
        .size = MSOCK__HEADER_SIZE + sizeof text,
        .capacity = CAPACITY};

    memcpy(bytes + MSOCK__HEADER_SIZE, text, sizeof text);
    msock__pipeline_encode(pipeline, &packet);
    return packet.size;
}

/* Opens a copy as the engine does.  Returns 0 or the drop. */
static int receive(const struct msock__pipeline *pipeline, const uint8_t *bytes,
                   size_t size)
{
    uint8_t copy[CAPACITY];
    struct msock__packet packet = {
        .bytes = copy, .size = size, .capacity = CAPACITY};

    memcpy(copy, bytes, size);
    int drop = msock__frame_decode(copy, size, &packet.frame);
    drop = drop ? drop : msock__pipeline_admit(pipeline, &packet.frame);
    return drop ? drop : msock__pipeline_decode(pipeline, &packet);
}

/* What `to` makes of a frame that `from` seals now. */
static int pass(const struct msock__pipeline *from,
                const struct msock__pipeline *to)
{
    static uint64_t counter;
    uint8_t bytes[CAPACITY];
    size_t size = send(from, ++counter, bytes);

    return receive(to, bytes, size);
}

Test(seal_keys, the_ids_are_told_the_sealing_one_first)
{
    write_keys("a.key", "ab");

    struct msock__pipeline pipeline = open_file("a.key");

    cr_assert(holds(&pipeline, "ab"));
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, a_file_that_is_as_before_changes_nothing)
{
    write_keys("a.key", "ab");
    struct msock__pipeline pipeline = open_file("a.key");

    cr_expect(zero(int, msock__pipeline_reload(&pipeline)));
    write_keys("a.key", "ba");
    cr_expect(eq(int, msock__pipeline_reload(&pipeline), 1));
    cr_expect(holds(&pipeline, "ba"));
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, two_ends_change_their_key_and_understand_each_other_throughout)
{
    static const char *const steps[] = {"a", "ab", "ba", "b"};
    write_keys("a.key", "a");
    write_keys("b.key", "a");
    struct msock__pipeline one = open_file("a.key");
    struct msock__pipeline two = open_file("b.key");

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        write_keys("a.key", steps[i]);
        cr_assert(ge(int, msock__pipeline_reload(&one), 0));
        cr_expect(zero(int, pass(&one, &two)), "%s", steps[i]);
        cr_expect(zero(int, pass(&two, &one)), "%s", steps[i]);
        write_keys("b.key", steps[i]);
        cr_assert(ge(int, msock__pipeline_reload(&two), 0));
        cr_expect(zero(int, pass(&one, &two)), "%s", steps[i]);
        cr_expect(zero(int, pass(&two, &one)), "%s", steps[i]);
    }
    msock__pipeline_fini(&one);
    msock__pipeline_fini(&two);
}

Test(seal_keys, a_key_that_went_opens_nothing_though_its_session_was_known)
{
    uint8_t bytes[CAPACITY];
    write_keys("a.key", "a");
    write_keys("b.key", "ba");
    struct msock__pipeline one = open_file("a.key");
    struct msock__pipeline two = open_file("b.key");
    size_t size = send(&one, 1, bytes);
    cr_assert(zero(int, receive(&two, bytes, size)));

    write_keys("b.key", "b");
    cr_assert(eq(int, msock__pipeline_reload(&two), 1));

    cr_assert(eq(int, receive(&two, bytes, size), MSOCK_DROP_KEY_ID));
    msock__pipeline_fini(&one);
    msock__pipeline_fini(&two);
}

Test(seal_keys, a_key_in_the_place_of_another_is_not_taken_for_it)
{
    uint8_t bytes[CAPACITY];
    write_keys("a.key", "a");
    write_keys("b.key", "a");
    struct msock__pipeline one = open_file("a.key");
    struct msock__pipeline two = open_file("b.key");
    cr_assert(zero(int, receive(&two, bytes, send(&one, 1, bytes))));

    write_keys("a.key", "c");
    write_keys("b.key", "c");
    msock__pipeline_reload(&one);
    msock__pipeline_reload(&two);

    cr_expect(zero(int, receive(&two, bytes, send(&one, 2, bytes))));
    cr_expect(zero(int, receive(&two, bytes, send(&one, 3, bytes))));
    msock__pipeline_fini(&one);
    msock__pipeline_fini(&two);
}

Test(seal_keys, a_file_that_cannot_be_used_leaves_the_keys)
{
    write_keys("a.key", "ab");
    struct msock__pipeline pipeline = open_file("a.key");

    write_keys("a.key", "caa");
    cr_expect(eq(int, msock__pipeline_reload(&pipeline), MSOCK_EKEY));
    cr_expect(zero(int, strncmp(msock_error_detail(), "a.key:3: two keys", 17)),
              "%s", msock_error_detail());
    write_keys("a.key", "c");
    chmod("a.key", 0644);
    cr_expect(eq(int, msock__pipeline_reload(&pipeline), MSOCK_EACCESS));
    remove("a.key");
    cr_expect(eq(int, msock__pipeline_reload(&pipeline), MSOCK_EKEY));

    cr_expect(holds(&pipeline, "ab"));
    cr_expect(zero(int, pass(&pipeline, &pipeline)));
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, no_memory_leaves_the_keys)
{
    write_keys("a.key", "a");
    struct msock__pipeline pipeline = open_file("a.key");
    write_keys("a.key", "b");

    test_alloc_fail_at(1);
    int result = msock__pipeline_reload(&pipeline);

    cr_assert(test_alloc_failed());
    cr_expect(eq(int, result, MSOCK_ENOMEM));
    cr_expect(holds(&pipeline, "a"));
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, an_open_channel_has_none)
{
    static const uint8_t master[MSOCK__KEY_SIZE] = {1};
    struct msock__pipeline open = {.count = 0};

    cr_expect(holds(&open, ""));
    cr_expect(zero(int, msock__pipeline_reload(&open)));
    cr_expect(
        eq(int, msock__pipeline_replace(&open, master, 1), MSOCK_ENOTSUP));
}

/* -- Keys that were given -- */

/* Gives the pipeline a key of each letter. */
static int replace(const struct msock__pipeline *pipeline, const char *letters)
{
    uint8_t masters[MSOCK__KEYS_MAX + 1][MSOCK__KEY_SIZE];
    size_t count = strlen(letters);

    for (size_t i = 0; i < count; i++) {
        master_of(letters[i], masters[i]);
    }
    return msock__pipeline_replace(pipeline, masters[0], count);
}

static void expect_file(const char *path, const char *expected)
{
    char found[1024] = "";
    FILE *file = fopen(path, "r");

    cr_assert(ne(ptr, file, NULL));
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    cr_expect(eq(str, found, (char *)expected));
}

#define LINE_A "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
#define LINE_B "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI="
#define LINE_C "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M="

Test(seal_keys, given_keys_are_used_and_kept_with_the_comments_of_the_old)
{
    write_keys("a.key", "abd");
    struct msock__pipeline pipeline = open_file("a.key");

    cr_expect(eq(int, replace(&pipeline, "cba"), 1));

    cr_expect(holds(&pipeline, "cba"));
    expect_file("a.key", LINE_C "\n" LINE_B " # b\n" LINE_A " # a\n");
    cr_expect(zero(int, msock__pipeline_reload(&pipeline)));
    cr_expect(zero(int, replace(&pipeline, "cba")));
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, given_keys_may_be_all_others_than_before)
{
    write_keys("a.key", "abdefghi");
    struct msock__pipeline pipeline = open_file("a.key");

    cr_expect(eq(int, replace(&pipeline, "stuvwxyz"), 1));

    cr_expect(holds(&pipeline, "stuvwxyz"));
    cr_expect(zero(int, msock__pipeline_reload(&pipeline)));
    msock__pipeline_fini(&pipeline);
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    cr_assert(ne(ptr, file, NULL));
    fputs(content, file);
    fclose(file);
    cr_assert(zero(int, chmod(path, 0600)));
}

/* Two keys of the id bfcce5ba: 32 digits each, found by trying. */
#define TWIN_A "00000000000000000000000000005680"
#define TWIN_B "00000000000000000000000000134444"
#define LINE_TWIN_A "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDU2ODA="
#define LINE_TWIN_B "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAxMzQ0NDQ="

Test(seal_keys, a_given_key_is_kept_though_one_of_its_id_was_there)
{
    write_file("a.key", LINE_TWIN_A " # old\n");
    struct msock__pipeline pipeline = open_file("a.key");

    cr_expect(eq(int,
                 msock__pipeline_replace(&pipeline, (const uint8_t *)TWIN_B, 1),
                 1));

    cr_expect(eq(u32, msock__key_id((const uint8_t *)TWIN_A), 0xbfcce5ba));
    cr_expect(eq(u32, msock__key_id((const uint8_t *)TWIN_B), 0xbfcce5ba));
    expect_file("a.key", LINE_TWIN_B "\n");
    cr_expect(zero(int, msock__pipeline_reload(&pipeline)));
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, keys_that_cannot_be_used_leave_all_as_it_is)
{
    write_keys("a.key", "ab");
    struct msock__pipeline pipeline = open_file("a.key");

    cr_expect(eq(int, replace(&pipeline, ""), MSOCK_EKEY));
    cr_expect(eq(int, replace(&pipeline, "cc"), MSOCK_EKEY));
    cr_expect(eq(int, replace(&pipeline, "cdefghijk"), MSOCK_ELIMIT));

    cr_expect(holds(&pipeline, "ab"));
    cr_expect(zero(int, msock__pipeline_reload(&pipeline)));
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, keys_that_cannot_be_kept_are_used_all_the_same)
{
    write_keys("a.key", "a");
    struct msock__pipeline pipeline = open_file("a.key");
    cr_assert(zero(int, chmod("a.key", 0644)));

    cr_expect(eq(int, replace(&pipeline, "b"), MSOCK_ESYSTEM));

    cr_expect(holds(&pipeline, "b"));
    expect_file("a.key", LINE_A " # a\n");
    msock__pipeline_fini(&pipeline);
}

Test(seal_keys, every_allocation_that_fails_leaves_old_or_new_keys)
{
    long n = 0;

    do {
        write_keys("a.key", "a");
        struct msock__pipeline pipeline = open_file("a.key");
        test_alloc_fail_at(++n);
        int result = replace(&pipeline, "b");
        const char *now = result == MSOCK_ENOMEM ? "a" : "b";
        cr_expect(holds(&pipeline, now), "%ld", n);
        msock__pipeline_fini(&pipeline);
    } while (test_alloc_failed());
    cr_expect(gt(int, (int)n, 3));
}
