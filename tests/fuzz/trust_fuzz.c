/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes trust files. What is taken is a table of different names, each with
 * what the rules allow; written again in plain form it is the same table. Each
 * right is held against topics once more, filter by filter, as docs/protocol.md
 * 6.10 has it. */
#include "core/trust_state.h"

#include "codec/envelope.h"
#include "core/topic.h"
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <multisock/multisock.h>
#include <sodium.h>

enum { TEXT_MAX = 8192, PAGE_MAX = 8 * TEXT_MAX, TOPICS = 5, KEY_TEXT = 45 };

static const char *const topics[TOPICS] = {"lights/all/off", "lights", "a b/c",
                                           "$x/y", "/"};

/* -- The table as a text again -- */

static char page[PAGE_MAX];
static size_t page_size;

static void put(const char *text, size_t size)
{
    assert(size <= PAGE_MAX - page_size);
    memcpy(page + page_size, text, size);
    page_size += size;
}

static void put_quoted(const char *text, size_t size)
{
    put(" \"", 2);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            put("\\", 1);
        }
        put(text + i, 1);
    }
    put("\"", 1);
}

static void put_filters(const struct msock__trust *trust, const char *right,
                        const struct msock__trust_filters *filters)
{
    if (filters->count == 0) {
        return;
    }
    put(" ", 1);
    put(right, strlen(right));
    for (size_t i = 0; i < filters->count; i++) {
        const struct msock__trust_filter *filter =
            &trust->filters[filters->first + i];
        put_quoted(filter->text, filter->size);
    }
}

static void put_entry(const struct msock__trust *trust,
                      const struct msock__trusted *entry)
{
    char key[KEY_TEXT];
    sodium_bin2base64(key, sizeof key, entry->public, MSOCK__PUBLIC_SIZE,
                      sodium_base64_VARIANT_ORIGINAL);
    put_quoted(entry->name, entry->name_size);
    put(" ed25519 ", 9);
    put(key, strlen(key));
    put_filters(trust, "unsigned", &entry->filters[MSOCK__UNSIGNED]);
    put_filters(trust, "publish", &entry->filters[MSOCK__PUBLISH]);
    put(" admin", entry->admin ? 6 : 0);
    put(" keep", entry->keep ? 5 : 0);
    put("\n", 1);
}

static void write_page(const struct msock__trust *trust)
{
    page_size = 0;
    if (trust->others_line > 0) {
        put("* -", 3);
        put_filters(trust, "unsigned", &trust->others[MSOCK__UNSIGNED]);
        put("\r\n", 2);
    }
    for (size_t i = trust->count; i-- > 0;) {
        put("# one\n", 6);
        put_entry(trust, &trust->entries[i]);
    }
}

/* -- Checks -- */

static bool covered(const struct msock__trust *trust,
                    const struct msock__trust_filters *filters,
                    const char *topic)
{
    bool found = false;
    for (size_t i = 0; i < filters->count; i++) {
        const struct msock__trust_filter *filter =
            &trust->filters[filters->first + i];
        char *text = exact_copy(filter->text, filter->size, 1);
        found |= msock_topic_match(text, topic);
        free(text);
    }
    return found;
}

static int judge(const struct msock__trust *trust,
                 const struct msock__trusted *entry, const char *topic,
                 bool is_signed)
{
    const struct msock__trust_filters *filters =
        entry ? entry->filters : trust->others;
    if (covered(trust, &filters[MSOCK__UNSIGNED], topic)) {
        return 0;
    }
    if (entry && !is_signed) {
        return MSOCK_DROP_UNSIGNED;
    }
    return entry && covered(trust, &filters[MSOCK__PUBLISH], topic)
               ? 0
               : MSOCK_DROP_RIGHTS;
}

static void check_rights(const struct msock__trust *trust,
                         const struct msock__trusted *entry)
{
    for (size_t i = 0; i < 2 * TOPICS; i++) {
        const char *topic = topics[i / 2];
        int drop =
            msock__trust_check(trust, entry, topic, strlen(topic), i % 2);
        assert(drop == judge(trust, entry, topic, i % 2));
    }
}

static void check_filters(const struct msock__trust *trust,
                          const struct msock__trust_filters *filters)
{
    assert(filters->count <= MSOCK__TRUST_FILTERS_MAX);
    assert(filters->first + filters->count <= trust->filter_count);
    for (size_t i = 0; i < filters->count; i++) {
        const struct msock__trust_filter *filter =
            &trust->filters[filters->first + i];
        assert(msock__filter_valid(filter->text, filter->size));
        assert(!msock__topic_reserved(filter->text, filter->size));
    }
}

static void check_table(const struct msock__trust *trust)
{
    for (size_t i = 0; i < trust->count; i++) {
        const struct msock__trusted *entry = &trust->entries[i];
        assert(msock__name_valid(entry->name, entry->name_size));
        assert(msock__trust_find(trust, entry->name, entry->name_size) ==
               entry);
        check_filters(trust, &entry->filters[MSOCK__PUBLISH]);
        check_filters(trust, &entry->filters[MSOCK__UNSIGNED]);
        assert(msock__trusted_lax(entry) ==
               (entry->filters[MSOCK__UNSIGNED].count > 0));
        check_rights(trust, entry);
    }
    check_filters(trust, &trust->others[MSOCK__UNSIGNED]);
    assert(trust->others[MSOCK__PUBLISH].count == 0);
    assert(trust->count > 0 || trust->others_line > 0);
    check_rights(trust, NULL);
}

static void check_same(const struct msock__trust *a,
                       const struct msock__trust *b)
{
    assert(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct msock__trusted *one = &a->entries[i];
        const struct msock__trusted *other =
            msock__trust_find(b, one->name, one->name_size);
        assert(other && one->keep == other->keep && one->admin == other->admin);
        assert(memcmp(one->public, other->public, sizeof one->public) == 0);
        for (size_t j = 0; j < 2 * TOPICS; j++) {
            assert(judge(a, one, topics[j / 2], j % 2) ==
                   judge(b, other, topics[j / 2], j % 2));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct msock__trust *trust = NULL, *again = NULL;
    if (size > TEXT_MAX) {
        return 0;
    }
    char *text = exact_copy(bytes, size, 0);
    if (msock__trust_parse(&trust, text, size, "fuzz") < 0) {
        assert(msock_error_detail()[0] != '\0' && !trust);
        free(text);
        return 0;
    }
    check_table(trust);
    int result = msock__trust_parse(&again, text, size, "fuzz");
    assert(result == 0 && msock__trust_same(trust, again));
    msock__trust_free(again);

    write_page(trust);
    result = msock__trust_parse(&again, page, page_size, "again");
    assert(result == 0);
    check_same(trust, again);
    msock__trust_free(again);
    msock__trust_free(trust);
    free(text);
    return 0;
}
