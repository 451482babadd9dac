/* SPDX-License-Identifier: Apache-2.0 */
/* The datagrams of msock doctor --peers, and what bounds them. */
#include "tools/msock/doctor/probe.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* By hand of docs/troubleshooting.md, "The probe". */
static const uint8_t golden[PROBE_SIZE] = {
    'M',  'S',  'D',  'P',  1,    3,    1,    2,    /* what it is */
    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* asker */
    0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, /* server */
    0x31, 0x32, 0x33, 0x34, 4,    5,    6,    0,    /* number */
    0,    0,    0,    7,    0,    0,    0,    8,    /* unicast */
    0,    0,    0,    9,    0,    0,    0,    10,   /* multicast */
    0,    0,    0,    11,   0,    0,    0,    12,   /* ... */
    0xa1, 0xa2, 0xa3, 0xa4, 0xb1, 0xb2, 0xb3, 0xb4, /* keys */
};

static const struct probe said = {
    .version = 1,
    .kind = PROBE_ANSWER,
    .back = PROBE_MULTICAST,
    .key_count = 2,
    .asker = 0x1112131415161718,
    .server = 0x2122232425262728,
    .number = 0x31323334,
    .library = {4, 5, 6},
    .counts = {{7, 8, 9}, {10, 11, 12}},
    .keys = {0xa1a2a3a4, 0xb1b2b3b4},
};

Test(doctor_probe, what_is_written_is_as_documented)
{
    uint8_t bytes[PROBE_SIZE + 3];

    memset(bytes, 0xff, sizeof(bytes));
    probe_write(&said, bytes, sizeof(bytes));

    cr_assert(eq(int, memcmp(bytes, golden, PROBE_SIZE), 0));
    cr_assert(eq(int, memcmp(bytes + PROBE_SIZE, "\0\0\0", 3), 0));
}

Test(doctor_probe, what_is_read_is_as_documented)
{
    struct probe probe;

    cr_assert(probe_read(golden, sizeof(golden), &probe));
    cr_assert(eq(u8, probe.kind, said.kind));
    cr_assert(eq(u8, probe.back, said.back));
    cr_assert(eq(u8, probe.key_count, said.key_count));
    cr_assert(eq(u64, probe.asker, said.asker));
    cr_assert(eq(u64, probe.server, said.server));
    cr_assert(eq(u32, probe.number, said.number));
    cr_assert(eq(int, memcmp(probe.library, said.library, 3), 0));
    cr_assert(
        eq(int, memcmp(probe.counts, said.counts, sizeof(said.counts)), 0));
    cr_assert(eq(int, memcmp(probe.keys, said.keys, sizeof(said.keys)), 0));
}

Test(doctor_probe, nothing_shorter_or_else_is_read)
{
    uint8_t bytes[PROBE_SIZE];
    struct probe probe;

    for (size_t size = 0; size < PROBE_SIZE; size++) {
        cr_assert(not(probe_read(golden, size, &probe)));
    }
    for (int i = 0; i < 4; i++) {
        memcpy(bytes, golden, sizeof(bytes));
        bytes[i] ^= 1;
        cr_assert(not(probe_read(bytes, sizeof(bytes), &probe)));
    }
}

Test(doctor_probe, a_count_of_keys_is_bounded)
{
    uint8_t bytes[PROBE_SIZE];
    struct probe probe;

    memcpy(bytes, golden, sizeof(bytes));
    bytes[7] = 255;

    cr_assert(probe_read(bytes, sizeof(bytes), &probe));
    cr_assert(eq(u8, probe.key_count, PROBE_KEYS_MAX));
}

Test(doctor_probe, of_another_version_only_the_head_is_read)
{
    uint8_t bytes[PROBE_SIZE];
    struct probe probe;

    memcpy(bytes, golden, sizeof(bytes));
    bytes[4] = 2;

    cr_assert(probe_read(bytes, sizeof(bytes), &probe));
    cr_assert(eq(u64, probe.server, said.server));
    cr_assert(eq(u8, probe.key_count, 0));
    cr_assert(eq(u32, probe.counts[0].received, 0));
}

Test(doctor_probe, a_number_is_new_once)
{
    static const uint32_t numbers[] = {0, 5, 3, 1023, 1024, 5000, 4999};
    struct probe_window window = {0};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        cr_assert(
            eq(int, (int)probe_window_add(&window, numbers[i]), PROBE_NEW));
        cr_assert(
            eq(int, (int)probe_window_add(&window, numbers[i]), PROBE_AGAIN));
    }
    cr_assert(eq(int, (int)probe_window_add(&window, 1), PROBE_OLD));
    cr_assert(eq(int, (int)probe_window_add(&window, 5001 - PROBE_WINDOW),
                 PROBE_NEW));
    cr_assert(eq(int, (int)probe_window_add(&window, 5000 - PROBE_WINDOW),
                 PROBE_OLD));
}

Test(doctor_probe, a_bucket_gives_its_burst_and_then_its_rate)
{
    struct probe_bucket bucket = {0};
    int taken = 0;

    for (int i = 0; i < 1000; i++) {
        taken += probe_bucket_take(&bucket, 60000, 100, 20);
    }
    cr_assert(eq(int, taken, 20));
    for (int ms = 0; ms < 1000; ms++) {
        taken += probe_bucket_take(&bucket, 60000 + ms, 100, 20);
    }
    cr_assert(ge(int, taken, 20 + 99));
    cr_assert(le(int, taken, 20 + 100));
}
