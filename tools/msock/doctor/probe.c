/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's datagrams, and what bounds them. */
#include "tools/msock/doctor/probe.h"

#include <assert.h>
#include <string.h>

static const uint8_t magic[4] = {'M', 'S', 'D', 'P'};

/* Where what stands. */
enum {
    AT_VERSION = 4,
    AT_KIND = 5,
    AT_BACK = 6,
    AT_KEY_COUNT = 7,
    AT_ASKER = 8,
    AT_SERVER = 16,
    AT_NUMBER = 24,
    AT_LIBRARY = 28,
    AT_COUNTS = 32, /* unicast, multicast: three numbers each */
    AT_KEYS = 56,
    AT_END = AT_KEYS + 4 * PROBE_KEYS_MAX
};

static_assert((int)AT_END <= (int)PROBE_SIZE, "a probe holds its fields");

static void put(uint8_t *bytes, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get(const uint8_t *bytes, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

void probe_write(const struct probe *probe, uint8_t *bytes, size_t size)
{
    assert(size >= PROBE_SIZE);
    memset(bytes, 0, size);
    memcpy(bytes, magic, sizeof(magic));
    bytes[AT_VERSION] = PROBE_VERSION;
    bytes[AT_KIND] = probe->kind;
    bytes[AT_BACK] = probe->back;
    bytes[AT_KEY_COUNT] = probe->key_count;
    put(bytes + AT_ASKER, probe->asker, 8);
    put(bytes + AT_SERVER, probe->server, 8);
    put(bytes + AT_NUMBER, probe->number, 4);
    memcpy(bytes + AT_LIBRARY, probe->library, sizeof(probe->library));
    for (int i = 0; i < PROBE_WAYS; i++) {
        uint8_t *at = bytes + AT_COUNTS + 12 * i;
        put(at, probe->counts[i].received, 4);
        put(at + 4, probe->counts[i].again, 4);
        put(at + 8, probe->counts[i].answered, 4);
    }
    for (int i = 0; i < PROBE_KEYS_MAX; i++) {
        put(bytes + AT_KEYS + 4 * i, probe->keys[i], 4);
    }
}

bool probe_read(const uint8_t *bytes, size_t size, struct probe *probe)
{
    if (size < PROBE_SIZE || memcmp(bytes, magic, sizeof(magic)) != 0) {
        return false;
    }
    *probe = (struct probe){
        .version = bytes[AT_VERSION],
        .kind = bytes[AT_KIND],
        .back = bytes[AT_BACK] == PROBE_MULTICAST,
        .asker = get(bytes + AT_ASKER, 8),
        .server = get(bytes + AT_SERVER, 8),
        .number = (uint32_t)get(bytes + AT_NUMBER, 4),
    };
    if (probe->version != PROBE_VERSION) {
        return true;
    }
    memcpy(probe->library, bytes + AT_LIBRARY, sizeof(probe->library));
    probe->key_count = bytes[AT_KEY_COUNT] < PROBE_KEYS_MAX
                           ? bytes[AT_KEY_COUNT]
                           : PROBE_KEYS_MAX;
    for (int i = 0; i < PROBE_WAYS; i++) {
        const uint8_t *at = bytes + AT_COUNTS + 12 * i;
        probe->counts[i].received = (uint32_t)get(at, 4);
        probe->counts[i].again = (uint32_t)get(at + 4, 4);
        probe->counts[i].answered = (uint32_t)get(at + 8, 4);
    }
    for (int i = 0; i < PROBE_KEYS_MAX; i++) {
        probe->keys[i] = (uint32_t)get(bytes + AT_KEYS + 4 * i, 4);
    }
    return true;
}

enum probe_fresh probe_window_add(struct probe_window *window, uint32_t number)
{
    if (number >= window->next) {
        uint32_t ahead = number - window->next;
        for (uint32_t i = 0; i <= ahead && i < PROBE_WINDOW; i++) {
            uint32_t at = (number - i) % PROBE_WINDOW;
            window->bits[at / 64] &= ~(1ULL << at % 64);
        }
        window->next = number + 1;
    } else if (window->next - number > PROBE_WINDOW) {
        return PROBE_OLD;
    }
    uint32_t at = number % PROBE_WINDOW;
    uint64_t bit = 1ULL << at % 64;
    bool again = (window->bits[at / 64] & bit) != 0;

    window->bits[at / 64] |= bit;
    return again ? PROBE_AGAIN : PROBE_NEW;
}

bool probe_bucket_take(struct probe_bucket *bucket, int64_t now_ms,
                       unsigned rate, unsigned burst)
{
    int64_t each_us = 1000000 / rate;
    int64_t now_us = now_ms * 1000;
    int64_t full_us = now_us - each_us * burst;

    if (bucket->empty_us < full_us) {
        bucket->empty_us = full_us;
    }
    if (bucket->empty_us + each_us > now_us) {
        return false;
    }
    bucket->empty_us += each_us;
    return true;
}
