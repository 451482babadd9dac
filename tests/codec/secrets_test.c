/* SPDX-License-Identifier: Apache-2.0 */
/* Where secrets lie in the memory of a process: in guarded blocks, and in none
 * of them once they are freed. Every byte is looked at that can be written. */
#include "codec/hash.h"
#include "codec/identity.h"
#include "codec/keyfile.h"
#include "codec/ring.h"
#include "codec/seal.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <multisock/identity.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is looked for lies where nothing can be written. */
#define KEY "sDqHpGJzUvD2mXc+4rC8wYt1e0kZb7oLhNnQvEiAg5E="
#define SEED "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

static const char key_file[] = "# home\n" KEY " # one\n";
static const char id_file[] = "ed25519-secret " SEED "\n";
static const char key_text[] = KEY;
static const char seed_text[] = SEED;
/* The bytes of these texts, as Python's base64 has them. */
static const uint8_t key_bytes[32] = {
    0xb0, 0x3a, 0x87, 0xa4, 0x62, 0x73, 0x52, 0xf0, 0xf6, 0x99, 0x77,
    0x3e, 0xe2, 0xb0, 0xbc, 0xc1, 0x8b, 0x75, 0x7b, 0x49, 0x19, 0x6f,
    0xba, 0x0b, 0x84, 0xd9, 0xd0, 0xbc, 0x48, 0x80, 0x83, 0x91};
static const uint8_t seed_bytes[32] = {
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
    0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
    0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

enum {
    PART_SIZE = 16,            /* of a secret: so much is a copy */
    HUGE_REGION = 1024L << 20, /* a sanitizer's own, which is no copy */
    DEPTH = 128 * 1024         /* farther than looking around goes */
};

/* -- Looking around -- */

struct copies {
    size_t guarded;
    size_t elsewhere;
};

struct secret {
    const void *bytes;
    size_t size;
};

struct region {
    uintptr_t from, to;
    char mode[5];
};

#if defined(__GNUC__)
__attribute__((no_sanitize("address")))
#endif
/* As memcmp(), which a sanitizer keeps out of what was freed. */
static bool
equal(const volatile uint8_t *here, const uint8_t *there)
{
    for (size_t i = 0; i < PART_SIZE; i++) {
        if (here[i] != there[i]) {
            return false;
        }
    }
    return true;
}

#if defined(__GNUC__)
__attribute__((no_sanitize("address")))
#endif
/* How often the first or the last part of a secret lies in a region. */
static size_t
count_in(const struct region *region, const struct secret *secret)
{
    const volatile uint8_t *at = (const volatile uint8_t *)region->from;
    const volatile uint8_t *end = (const volatile uint8_t *)region->to;
    const uint8_t *first = secret->bytes;
    const uint8_t *last = first + secret->size - PART_SIZE;
    size_t count = 0;

    for (; end - at >= PART_SIZE; at++) {
        if ((*at == *first && equal(at, first)) ||
            (*at == *last && equal(at, last))) {
            count++;
        }
    }
    return count;
}

static bool read_region(FILE *maps, struct region *region)
{
    char line[512];

    return fgets(line, sizeof line, maps) != NULL &&
           sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &region->from,
                  &region->to, region->mode) == 3;
}

/* Whether it has pages that nobody may touch on both sides. */
static bool is_guarded(const struct region regions[static 3])
{
    return strcmp(regions[0].mode, "---p") == 0 &&
           strcmp(regions[2].mode, "---p") == 0 &&
           regions[0].to == regions[1].from && regions[1].to == regions[2].from;
}

static struct copies copies_of(const void *bytes, size_t size)
{
    const struct secret secret = {bytes, size};
    struct copies copies = {0};
    struct region regions[3] = {{0}}; /* the one before, this one, the next */
    FILE *maps = fopen("/proc/self/maps", "re");

    cr_assert(ne(ptr, maps, NULL));
    for (bool more = true; more;) {
        regions[0] = regions[1];
        regions[1] = regions[2];
        more = read_region(maps, &regions[2]);
        if (regions[1].mode[0] == 'r' && regions[1].mode[1] == 'w' &&
            regions[1].to - regions[1].from < HUGE_REGION) {
            *(is_guarded(regions) ? &copies.guarded : &copies.elsewhere) +=
                count_in(&regions[1], &secret);
        }
    }
    fclose(maps);
    return copies;
}

static void expect_guarded(const void *bytes, size_t size)
{
    struct copies copies = copies_of(bytes, size);

    cr_expect(ge(sz, copies.guarded, 1));
    cr_expect(zero(sz, copies.elsewhere));
}

static void expect_gone(const void *bytes, size_t size)
{
    struct copies copies = copies_of(bytes, size);

    cr_expect(zero(sz, copies.guarded));
    cr_expect(zero(sz, copies.elsewhere));
}

static int outcome; /* of what was called */

static void take(double a, double b, double c, double d, double e, double f,
                 double g, double h)
{
    (void)(a + b + c + d + e + f + g + h);
}

/* Calls far down the stack, so that nothing left there is overwritten by those
 * who look for it; and forgets the registers, which a function with any number
 * of arguments may save. */
static void deep(void (*call)(void))
{
    void (*volatile forget)(double, double, double, double, double, double,
                            double, double) = take;
    volatile char room[DEPTH];

    room[0] = 0;
    call();
    forget(0, 0, 0, 0, 0, 0, 0, 0);
    room[DEPTH - 1] = room[0];
    cr_assert(zero(int, outcome));
}

/* -- Looking while a text is at hand -- */

static const char *text_at_hand; /* what is looked for then */
static struct copies at_hand;
static int looks;

static void look(void)
{
    at_hand = copies_of(text_at_hand, strlen(text_at_hand));
    looks++;
}

static void expect_looked(void)
{
    cr_expect(eq(int, looks, 1));
    cr_expect(ge(sz, at_hand.guarded, 1));
    cr_expect(zero(sz, at_hand.elsewhere));
    looks = 0;
}

size_t __real_msock__base64_decode(const char *text, size_t size, uint8_t *out,
                                   size_t capacity);
size_t __wrap_msock__base64_decode(const char *text, size_t size, uint8_t *out,
                                   size_t capacity);
int __real_msock__keyfile_write(const char *path, const char *text, size_t size,
                                const uint8_t *was);
int __wrap_msock__keyfile_write(const char *path, const char *text, size_t size,
                                const uint8_t *was);

size_t __wrap_msock__base64_decode(const char *text, size_t size, uint8_t *out,
                                   size_t capacity)
{
    look();
    return __real_msock__base64_decode(text, size, out, capacity);
}

int __wrap_msock__keyfile_write(const char *path, const char *text, size_t size,
                                const uint8_t *was)
{
    look();
    return __real_msock__keyfile_write(path, text, size, was);
}

/* -- Files -- */

static char directory[64];
static struct msock__keyring *keyring;
static msock_ring *ring;
static struct msock__identity *identity;
static struct msock__pipeline pipeline;

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert(ne(ptr, file, NULL));
    setvbuf(file, NULL, _IONBF, 0); /* no copy of it in stdio */
    cr_assert(ge(int, fputs(text, file), 0));
    fclose(file);
    cr_assert(zero(int, chmod(path, 0600)));
}

static void make_files(void)
{
    strcpy(directory, "/tmp/multisock-secrets-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(directory), NULL));
    cr_assert(zero(int, chdir(directory)));
    write_file("home.key", key_file);
    write_file("hub.id", id_file);
}

static void remove_files(void)
{
    remove("home.key");
    remove("hub.id");
    rmdir(directory);
}

TestSuite(secrets, .init = make_files, .fini = remove_files);

/* -- Keys -- */

static void load_keyring(void)
{
    outcome |= msock__keyring_new(&keyring);
    outcome |= msock__keyring_load(keyring, "home.key");
}

Test(secrets, a_key_file_is_read_in_guarded_memory)
{
    text_at_hand = key_text;

    deep(load_keyring);

    expect_looked();
    expect_gone(key_text, strlen(key_text));
    msock__keyring_free(keyring);
}

Test(secrets, a_key_lies_in_guarded_memory_and_is_gone_with_its_ring)
{
    text_at_hand = key_text;
    deep(load_keyring);
    expect_guarded(key_bytes, sizeof key_bytes);

    msock__keyring_free(keyring);

    expect_gone(key_bytes, sizeof key_bytes);
}

static void load_ring(void)
{
    outcome |= msock_ring_load(&ring, "home.key");
}

static void save_ring(void)
{
    outcome |= msock_ring_save(ring, "home.key");
}

Test(secrets, a_ring_is_read_and_written_in_guarded_memory)
{
    text_at_hand = key_text;

    deep(load_ring);
    expect_looked();
    deep(save_ring);
    expect_looked();

    msock_ring_free(ring);
    expect_gone(key_text, strlen(key_text));
    expect_gone(key_bytes, sizeof key_bytes);
}

static void open_pipeline(void)
{
    static const uint8_t group[MSOCK__GROUP_SIZE] = {1};
    struct msock__keysource source;

    load_keyring();
    outcome |= msock__ring_source(&source, "home.key");
    outcome |=
        msock__seal_stage(&pipeline.stages[0], keyring, group, 7783, &source);
    pipeline.count = 1;
}

static void reload(void)
{
    outcome |= msock__pipeline_reload(&pipeline);
}

/* What opens frames is derived; who has a dump of it lacks the key. */
Test(secrets, a_channel_keeps_no_key_of_its_file)
{
    text_at_hand = key_text;

    deep(open_pipeline);
    deep(reload);

    expect_gone(key_text, strlen(key_text));
    expect_gone(key_bytes, sizeof key_bytes);
    msock__pipeline_fini(&pipeline);
}

static const char passphrase[] = "of all who live in it";
static char *made; /* of that, in guarded memory */

static void make_key(void)
{
    outcome |= msock_key_from_passphrase("the house", passphrase, made);
}

Test(secrets, a_passphrase_and_its_key_are_left_to_their_caller_alone)
{
    cr_assert(zero(int, msock__crypto_init()));
    made = sodium_malloc(MSOCK_KEY_TEXT_SIZE);
    uint8_t *bytes = sodium_malloc(MSOCK__KEY_SIZE);

    deep(make_key);

    expect_gone(passphrase, strlen(passphrase));
    expect_guarded(made, MSOCK_KEY_TEXT_SIZE - 1);
    text_at_hand = made;
    __real_msock__base64_decode(made, strlen(made), bytes, MSOCK__KEY_SIZE);
    expect_guarded(bytes, MSOCK__KEY_SIZE);
    sodium_free(bytes);
    sodium_free(made);
}

/* -- Identities -- */

static void load_identity(void)
{
    outcome |= msock__identity_load(&identity, "hub.id");
}

static void sign(void)
{
    uint8_t signature[MSOCK__SIGNATURE_SIZE];

    msock__identity_sign(identity, (const uint8_t *)"text", 4, signature);
}

Test(secrets, an_id_file_is_read_in_guarded_memory)
{
    text_at_hand = seed_text;

    deep(load_identity);

    expect_looked();
    expect_gone(seed_text, strlen(seed_text));
    msock__identity_free(identity);
}

Test(secrets, a_nodes_secret_lies_in_guarded_memory_and_is_gone_with_it)
{
    text_at_hand = seed_text;
    deep(load_identity);
    deep(sign);
    expect_guarded(seed_bytes, sizeof seed_bytes);

    msock__identity_free(identity);

    expect_gone(seed_bytes, sizeof seed_bytes);
}
