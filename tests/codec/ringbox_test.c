/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes of rings: only the one they are for opens them, and only whole. */
#include "codec/ringbox.h"

#include "tests/support/alloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <multisock/error.h>
#include <multisock/identity.h>
#include <sodium.h>
#include <string.h>

enum { MASTERS = MSOCK__KEYS_MAX * MSOCK__KEY_SIZE };

struct node {
    uint8_t public[MSOCK__PUBLIC_SIZE];
    struct msock__identity *identity;
};

static struct node lamp;
static struct node bulb;

static struct node node_of(uint8_t number)
{
    const uint8_t seed[crypto_sign_SEEDBYTES] = {number};
    char text[MSOCK_ID_TEXT_SIZE] = "ed25519-secret ";
    struct node node;

    sodium_bin2base64(text + strlen(text), MSOCK_ID_PUBLIC_SIZE, seed,
                      sizeof seed, sodium_base64_VARIANT_ORIGINAL);
    cr_assert(zero(
        int, msock__identity_parse(&node.identity, text, strlen(text), "id")));
    msock__identity_public(node.identity, node.public);
    return node;
}

static void make_nodes(void)
{
    lamp = node_of(1);
    bulb = node_of(2);
}

static void free_nodes(void)
{
    msock__identity_free(lamp.identity);
    msock__identity_free(bulb.identity);
}

TestSuite(ringbox, .init = make_nodes, .fini = free_nodes);

/* A ring of `count` different keys. */
static struct msock__keyring *ring_of(int count)
{
    struct msock__keyring *ring = NULL;

    cr_assert(zero(int, msock__keyring_new(&ring)));
    for (int i = 0; i < count; i++) {
        uint8_t master[MSOCK__KEY_SIZE] = {(uint8_t)(i + 1)};
        cr_assert(zero(int, msock__keyring_add(ring, master)));
    }
    return ring;
}

/* Seals a ring of `count` keys to a node. */
static int seal(int count, const struct node *to,
                char text[static MSOCK__RINGBOX_TEXT])
{
    struct msock__keyring *ring = ring_of(count);
    int size = msock__ringbox_seal(ring, to->public, text);

    msock__keyring_free(ring);
    return size;
}

static int open_text(const char *text, size_t size, const struct node *by)
{
    struct msock__keyring *ring = NULL;
    int result = msock__ringbox_open(text, size, by->identity, &ring);

    msock__keyring_free(ring);
    return result;
}

Test(ringbox, every_size_of_ring_comes_out_in_its_order)
{
    char text[MSOCK__RINGBOX_TEXT];

    for (int count = 1; count <= MSOCK__KEYS_MAX; count++) {
        int size = seal(count, &lamp, text);
        cr_assert(eq(int, size, (int)strlen(text)));
        struct msock__keyring *ring = NULL;
        cr_assert(zero(int, msock__ringbox_open(text, (size_t)size,
                                                lamp.identity, &ring)));
        cr_assert(eq(sz, msock__keyring_count(ring), (size_t)count));
        for (size_t i = 0; i < (size_t)count; i++) {
            cr_expect(
                eq(u8, msock__keyring_master(ring, i)[0], (uint8_t)(i + 1)));
        }
        msock__keyring_free(ring);
    }
}

Test(ringbox, two_boxes_of_one_ring_have_nothing_in_common)
{
    char first[MSOCK__RINGBOX_TEXT];
    char second[MSOCK__RINGBOX_TEXT];

    cr_assert(ge(int, seal(1, &lamp, first), 1));
    cr_assert(ge(int, seal(1, &lamp, second), 1));
    cr_expect(ne(str, first, second));
}

Test(ringbox, another_node_opens_nothing)
{
    char text[MSOCK__RINGBOX_TEXT];
    int size = seal(2, &lamp, text);

    cr_expect(eq(int, open_text(text, (size_t)size, &bulb), MSOCK_EKEY));
}

Test(ringbox, an_empty_ring_is_not_pushed)
{
    char text[MSOCK__RINGBOX_TEXT];

    cr_expect(eq(int, seal(0, &lamp, text), MSOCK_EKEY));
}

/* A point of small order: nobody has a secret for it. */
Test(ringbox, a_public_key_that_is_none_is_refused)
{
    const struct node nobody = {.public = {1}};
    char text[MSOCK__RINGBOX_TEXT];

    cr_expect(eq(int, seal(1, &nobody, text), MSOCK_EKEY));
}

Test(ringbox, no_part_of_a_box_opens)
{
    char text[MSOCK__RINGBOX_TEXT];
    int size = seal(2, &lamp, text);

    for (size_t part = 0; part < (size_t)size; part++) {
        cr_expect(eq(int, open_text(text, part, &lamp), MSOCK_EKEY),
                  "%zu characters", part);
    }
}

Test(ringbox, no_flipped_bit_opens)
{
    char text[MSOCK__RINGBOX_TEXT];
    int size = seal(1, &lamp, text);

    for (int bit = 0; bit < size * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        cr_expect(eq(int, open_text(text, (size_t)size, &lamp), MSOCK_EKEY),
                  "bit %d", bit);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
}

/* Whoever may push could seal anything: sizes that are no ring. */
Test(ringbox, a_box_that_is_not_whole_keys_is_refused)
{
    static const size_t sizes[] = {0, 1, 31, 33, 63, MASTERS + 32};
    const uint8_t plain[MASTERS + 32] = {1};
    uint8_t to[crypto_box_PUBLICKEYBYTES];
    uint8_t box[sizeof plain + crypto_box_SEALBYTES];
    char text[2 * sizeof box];

    cr_assert(zero(int, crypto_sign_ed25519_pk_to_curve25519(to, lamp.public)));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        crypto_box_seal(box, plain, sizes[i], to);
        sodium_bin2base64(text, sizeof text, box,
                          sizes[i] + crypto_box_SEALBYTES,
                          sodium_base64_VARIANT_ORIGINAL);
        cr_expect(eq(int, open_text(text, strlen(text), &lamp), MSOCK_EKEY),
                  "%zu bytes", sizes[i]);
    }
}

/* Nor could it be loaded from a file. */
Test(ringbox, a_box_with_one_key_twice_is_refused)
{
    const uint8_t plain[2 * MSOCK__KEY_SIZE] = {0};
    uint8_t to[crypto_box_PUBLICKEYBYTES];
    uint8_t box[sizeof plain + crypto_box_SEALBYTES];
    char text[2 * sizeof box];

    cr_assert(zero(int, crypto_sign_ed25519_pk_to_curve25519(to, lamp.public)));
    crypto_box_seal(box, plain, sizeof plain, to);
    sodium_bin2base64(text, sizeof text, box, sizeof box,
                      sodium_base64_VARIANT_ORIGINAL);
    cr_expect(eq(int, open_text(text, strlen(text), &lamp), MSOCK_EKEY));
}

Test(ringbox, out_of_memory_is_said)
{
    struct msock__keyring *ring = ring_of(1);
    char text[MSOCK__RINGBOX_TEXT];
    int size = msock__ringbox_seal(ring, lamp.public, text);
    int failures = 0;

    test_alloc_fail_at(1);
    cr_expect(
        eq(int, msock__ringbox_seal(ring, lamp.public, text), MSOCK_ENOMEM));
    for (long nth = 1; nth <= 3; nth++) {
        test_alloc_fail_at(nth);
        failures += open_text(text, (size_t)size, &lamp) == MSOCK_ENOMEM;
    }
    test_alloc_fail_at(0);
    cr_expect(eq(int, failures, 3));
    msock__keyring_free(ring);
}
