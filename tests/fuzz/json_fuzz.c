/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what applications and tools use of JSON and text: what is accepted can
 * be walked through and compacted, what is quoted comes back, and what is
 * escaped harms no terminal. */
#include "codec/json.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <multisock/text.h>

static void walk_object(const char *json, size_t size)
{
    size_t cursor = 0, key_size = 0;
    const char *key, *value, *found;
    int value_size;

    while ((value_size = msock_json_member(json, size, &cursor, &key, &key_size,
                                           &value)) >= 0) {
        char *name = exact_copy(key, key_size, 1);
        assert(value >= json && value + value_size <= json + size);
        assert(msock_json_check(value, (size_t)value_size) == 0);
        int name_size = msock_json_text(key, key_size, name, key_size);
        assert(name_size >= 0);
        assert(msock_json_get(json, size, name, &found) >= 0);
        assert(found <= value); /* the first of that name */
        free(name);
    }
    assert(value_size == MSOCK_ENOENT);
}

static void walk_array(const char *json, size_t size)
{
    size_t cursor = 0;
    const char *value;
    int value_size;

    while ((value_size = msock_json_next(json, size, &cursor, &value)) >= 0) {
        assert(value >= json && value + value_size <= json + size);
        assert(msock_json_check(value, (size_t)value_size) == 0);
    }
    assert(value_size == MSOCK_ENOENT);
}

static void compact(const char *text, size_t size)
{
    char *once = exact_copy(text, size, 0);
    size_t once_size = msock__json_compact(text, size, once);
    char *twice = exact_copy(once, once_size, 0);

    assert(once_size <= size && msock_json_check(once, once_size) == 0);
    assert(msock__json_compact(once, once_size, twice) == once_size);
    assert(memcmp(once, twice, once_size) == 0);
    assert(msock__utf8_valid(once, once_size));
    free(once);
    free(twice);
}

static void quote(const char *text, size_t size)
{
    size_t capacity = 6 * size + 3;
    char *quoted = exact_copy("", 0, capacity);
    char *back = exact_copy("", 0, size + 1);
    int quoted_size = msock_json_quote(text, size, quoted, capacity);
    bool possible =
        msock__utf8_valid(text, size) && memchr(text, '\0', size) == NULL;

    assert((quoted_size >= 0) == possible);
    if (possible) {
        assert(msock_json_check(quoted, (size_t)quoted_size) == 0);
        assert(msock_json_text(quoted, (size_t)quoted_size, back, size + 1) ==
               (int)size);
        assert(memcmp(back, text, size) == 0);
    }
    free(quoted);
    free(back);
}

/* Controls and bidirectional controls, by their code. */
static bool harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c ||
           code == 0x200e || code == 0x200f ||
           (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

static void expect_harmless(const char *text, size_t size)
{
    uint32_t code;
    for (size_t offset = 0; offset < size;) {
        size_t step = msock__utf8_next(text + offset, size - offset, &code);
        assert(step > 0 && !harmful(code));
        offset += step;
    }
}

static void escape(const char *text, size_t size, size_t room)
{
    size_t whole = msock_text_escape(text, size, NULL, 0);
    char *all = exact_copy("", 0, whole + 1);
    char *cut = exact_copy("", 0, room + 1);

    assert(msock_text_escape(text, size, all, whole + 1) == whole);
    assert(strlen(all) == whole);
    expect_harmless(all, whole);
    assert(msock_text_escape(text, size, cut, room + 1) == whole);
    assert(strncmp(all, cut, strlen(cut)) == 0);
    expect_harmless(cut, strlen(cut));
    free(all);
    free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    if (size == 0) {
        return 0;
    }
    quote(text, size);
    escape(text, size, bytes[size - 1]);
    if (msock_json_check(text, size) == 0) {
        compact(text, size);
        switch (text[strspn(text, " \t\r\n")]) {
        case '{':
            walk_object(text, size);
            break;
        case '[':
            walk_array(text, size);
            break;
        default:
            break;
        }
    } else {
        assert(msock_error_detail()[0] != '\0');
    }
    return 0;
}
