/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a trust file, word by word. */
#include "core/trust_state.h"

#include "codec/envelope.h"
#include "codec/error.h"
#include "codec/hash.h"
#include "core/topic.h"

#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 60, RIGHTS = 4 };

static const char *const rights[RIGHTS] = {"publish", "unsigned", "keep",
                                           "admin"};

/* -- Words -- */

/* What is left of a line, and where it stands. */
struct line {
    char *at;
    size_t left;
    const char *source;
    int number;
};

struct word {
    char *text;
    size_t size;
    bool quoted;
};

static int shown(size_t size)
{
    return (int)(size < SHOWN_MAX ? size : SHOWN_MAX);
}

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void skip_blanks(struct line *line)
{
    while (line->left > 0 && blank(*line->at)) {
        line->at++;
        line->left--;
    }
}

/* Takes the text between quotes, without the backslashes before quotes and
 * backslashes.  Returns whether the second quote was there. */
static bool take_quoted(struct line *line, struct word *word)
{
    char *out = line->at;
    size_t i = 1;

    word->text = out;
    while (i < line->left && line->at[i] != '"') {
        bool escape = line->at[i] == '\\' && i + 1 < line->left &&
                      (line->at[i + 1] == '"' || line->at[i + 1] == '\\');
        i += escape;
        *out++ = line->at[i++];
    }
    bool closed = i < line->left;
    word->size = (size_t)(out - word->text);
    word->quoted = true;
    i += closed;
    line->at += i;
    line->left -= i;
    return closed && (line->left == 0 || blank(*line->at));
}

/* Takes the next word.  Returns 1, 0 at the end, or the error. */
static int next_word(struct line *line, struct word *word)
{
    skip_blanks(line);
    if (line->left == 0) {
        return 0;
    }
    if (*line->at == '"') {
        return take_quoted(line, word)
                   ? 1
                   : msock__fail(MSOCK_EKEY,
                                 "%s:%d: a quote does not end, or a word goes "
                                 "on behind it",
                                 line->source, line->number);
    }
    size_t size = 0;
    while (size < line->left && !blank(line->at[size])) {
        size++;
    }
    *word = (struct word){.text = line->at, .size = size};
    line->at += size;
    line->left -= size;
    if (*word->text == '#') {
        return msock__fail(MSOCK_EKEY,
                           "%s:%d: comments have lines of their own, and a "
                           "filter that begins so is written \"%.*s\"",
                           line->source, line->number, shown(size), word->text);
    }
    return 1;
}

static bool is_word(const struct word *word, const char *text)
{
    return !word->quoted && word->size == strlen(text) &&
           memcmp(word->text, text, word->size) == 0;
}

/* Returns the number of a right, RIGHTS for another word. */
static int right_of(const struct word *word)
{
    int right = 0;

    while (right < RIGHTS && !is_word(word, rights[right])) {
        right++;
    }
    return right;
}

/* -- Reading -- */

static int no_memory(void)
{
    return msock__fail(MSOCK_ENOMEM, "no memory for a trust file");
}

/* Makes room for one item more.  Returns whether there is. */
static bool grow(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    size_t wanted = *capacity > 0 ? *capacity * 2 : 16;
    void *more = realloc(*items, wanted * size);
    if (!more) {
        return false;
    }
    *items = more;
    *capacity = wanted;
    return true;
}

/* The right that a filter looks like, or NULL: it would be another topic. */
static const char *misspelt(const struct word *word)
{
    const char *near = word->quoted ? NULL
                                    : msock_text_nearest(word->text, word->size,
                                                         rights, RIGHTS);

    /* One letter more or less, not any beginning. */
    return near && strlen(near) <= word->size + 1 &&
                   word->size <= strlen(near) + 1
               ? near
               : NULL;
}

static int add_filter(struct msock__trust *trust, const struct line *line,
                      const struct word *word)
{
    if (!msock__filter_valid(word->text, word->size) ||
        msock__topic_reserved(word->text, word->size)) {
        return msock__fail(MSOCK_EKEY,
                           "%s:%d: \"%.*s\" is not a filter: see the words "
                           "publish and unsigned",
                           line->source, line->number, shown(word->size),
                           word->text);
    }
    void *filters = trust->filters;
    bool room = grow(&filters, &trust->filter_capacity, trust->filter_count,
                     sizeof(*trust->filters));
    trust->filters = filters;
    if (!room) {
        return no_memory();
    }
    const char *near = misspelt(word);
    if (near) {
        return msock__fail(MSOCK_EKEY,
                           "%s:%d: is %.*s meant for the word %s? A filter so "
                           "called is written \"%.*s\"",
                           line->source, line->number, shown(word->size),
                           word->text, near, shown(word->size), word->text);
    }
    trust->filters[trust->filter_count++] =
        (struct msock__trust_filter){word->text, word->size};
    return 0;
}

/* Reads the filters behind `publish` or `unsigned`.  Returns 1 if there is
 * another right behind them, which *word is then, 0 at the end, or the error.
 */
static int read_filters(struct msock__trust *trust, struct line *line,
                        const char *right, struct msock__trust_filters *filters,
                        struct word *word)
{
    if (filters->count > 0) {
        return msock__fail(MSOCK_EKEY,
                           "%s:%d: %s comes twice: write its "
                           "filters behind one",
                           line->source, line->number, right);
    }
    filters->first = trust->filter_count;
    int got;
    while ((got = next_word(line, word)) > 0 && right_of(word) == RIGHTS) {
        if (trust->filter_count - filters->first == MSOCK__TRUST_FILTERS_MAX) {
            return msock__fail(MSOCK_ELIMIT, "%s:%d: more than %d filters",
                               line->source, line->number,
                               MSOCK__TRUST_FILTERS_MAX);
        }
        int code = add_filter(trust, line, word);
        if (code < 0) {
            return code;
        }
    }
    filters->count = trust->filter_count - filters->first;
    if (got >= 0 && filters->count == 0) {
        return msock__fail(MSOCK_EKEY, "%s:%d: %s needs a filter", line->source,
                           line->number, right);
    }
    return got;
}

static int unknown_right(const struct line *line, const struct word *word)
{
    const char *near =
        msock_text_nearest(word->text, word->size, rights, RIGHTS);

    return msock__fail(MSOCK_EKEY, "%s:%d: unknown word \"%.*s\"%s%s%s",
                       line->source, line->number, shown(word->size),
                       word->text, near ? ": is it " : "", near ? near : "",
                       near ? "?" : "");
}

/* Reads what stands behind the key. */
static int read_rights(struct msock__trust *trust, struct line *line,
                       struct msock__trusted *entry)
{
    struct word word;
    int code = next_word(line, &word);

    while (code > 0) {
        int right = right_of(&word);
        if (right == RIGHTS) {
            return unknown_right(line, &word);
        }
        if (right < MSOCK__TRUST_KINDS) {
            code = read_filters(trust, line, rights[right],
                                &entry->filters[right], &word);
            continue;
        }
        entry->keep |= right == 2;
        entry->admin |= right == 3;
        code = next_word(line, &word);
    }
    return code;
}

/* Reads the key, of which others (name `*`) have none. */
static int read_key(struct line *line, struct msock__trusted *entry)
{
    struct word type;
    struct word key = {0};
    int code = next_word(line, &type);

    if (code > 0 && is_word(&type, "ed25519")) {
        code = next_word(line, &key);
        code = code < 0 || msock__public_parse(key.text, key.size,
                                               entry->public) == 0
                   ? code
                   : 0;
    } else if (code > 0) {
        code = 0;
    }
    return code != 0 ? code
                     : msock__fail(MSOCK_EKEY,
                                   "%s:%d: after the name come the word "
                                   "ed25519 and a public key: see msock id "
                                   "show",
                                   line->source, line->number);
}

/* The line of everybody else: * - unsigned FILTER… */
static int read_others(struct msock__trust *trust, struct line *line)
{
    struct msock__trusted entry = {0};
    struct word dash;
    int code = next_word(line, &dash);

    if (code > 0 && trust->others_line > 0) {
        return msock__fail(MSOCK_EKEY, "%s:%d: * stands in line %d already",
                           line->source, line->number, trust->others_line);
    }
    if (code > 0 && is_word(&dash, "-")) {
        code = read_rights(trust, line, &entry);
    } else if (code >= 0) {
        entry.keep = true;
    }
    bool more =
        entry.keep || entry.admin || entry.filters[MSOCK__PUBLISH].count > 0;
    if (code >= 0 && more) {
        return msock__fail(MSOCK_EKEY,
                           "%s:%d: nodes without a key may have: * - unsigned "
                           "FILTER...",
                           line->source, line->number);
    }
    trust->others[MSOCK__UNSIGNED] = entry.filters[MSOCK__UNSIGNED];
    trust->others_line = line->number;
    return code;
}

static int read_entry(struct msock__trust *trust, struct line *line,
                      const struct word *name)
{
    struct msock__trusted entry = {
        .name = name->text, .name_size = name->size, .line = line->number};

    if (!msock__name_valid(name->text, name->size)) {
        return msock__fail(MSOCK_EKEY,
                           "%s:%d: \"%.*s\" is not a node name: 1..63 bytes of "
                           "UTF-8 without control characters",
                           line->source, line->number, shown(name->size),
                           name->text);
    }
    if (trust->count == MSOCK__TRUSTED_MAX) {
        return msock__fail(MSOCK_ELIMIT, "%s:%d: more than %d nodes",
                           line->source, line->number, MSOCK__TRUSTED_MAX);
    }
    int code = read_key(line, &entry);
    code = code < 0 ? code : read_rights(trust, line, &entry);
    if (code < 0) {
        return code;
    }
    void *entries = trust->entries;
    bool room =
        grow(&entries, &trust->capacity, trust->count, sizeof(*trust->entries));
    trust->entries = entries;
    if (!room) {
        return no_memory();
    }
    trust->entries[trust->count++] = entry;
    return 0;
}

static int read_line(struct msock__trust *trust, struct line *line)
{
    struct word name;

    skip_blanks(line);
    if (line->left == 0 || *line->at == '#') {
        return 0;
    }
    int code = next_word(line, &name);
    if (code < 0) {
        return code;
    }
    return is_word(&name, "*") ? read_others(trust, line)
                               : read_entry(trust, line, &name);
}

static int read_lines(struct msock__trust *trust, size_t size,
                      const char *source)
{
    char *at = trust->text;
    int code = 0;

    for (int number = 1; code >= 0 && size > 0; number++) {
        char *newline = memchr(at, '\n', size);
        size_t left = newline ? (size_t)(newline - at) : size;
        struct line line = {at, left, source, number};
        code = read_line(trust, &line);
        left += newline != NULL;
        at += left;
        size -= left;
    }
    return code < 0 ? code : 0;
}

/* -- The table -- */

static int compare_entries(const void *a, const void *b)
{
    const struct msock__trusted *one = a;
    const struct msock__trusted *other = b;

    return msock__trust_compare(one->name, one->name_size, other->name,
                                other->name_size);
}

/* Puts the entries in order, in which no name may come twice. */
static int sort(struct msock__trust *trust, const char *source)
{
    if (trust->count == 0 && trust->others_line == 0) {
        return msock__fail(MSOCK_EKEY,
                           "%s: names nobody: add the lines that msock id show "
                           "prints",
                           source);
    }
    if (trust->count > 0) {
        qsort(trust->entries, trust->count, sizeof(*trust->entries),
              compare_entries);
    }
    for (size_t i = 1; i < trust->count; i++) {
        const struct msock__trusted *one = &trust->entries[i - 1];
        const struct msock__trusted *other = &trust->entries[i];
        if (compare_entries(one, other) == 0) {
            int first = one->line < other->line ? one->line : other->line;
            return msock__fail(MSOCK_EKEY,
                               "%s:%d: %.*s stands in line %d already", source,
                               one->line + other->line - first,
                               shown(one->name_size), one->name, first);
        }
    }
    return 0;
}

/* Tells one text from another, as nobody makes two on purpose. */
static uint64_t digest_of(const char *text, size_t size)
{
    static const uint8_t key[MSOCK__HASH_KEY_SIZE] = {0};

    return msock__hash(key, text, size);
}

int msock__trust_parse(struct msock__trust **trust, const char *text,
                       size_t size, const char *source)
{
    if (size > MSOCK__TRUST_TEXT_MAX) {
        return msock__fail(MSOCK_ELIMIT, "%s: larger than 1 MiB", source);
    }
    struct msock__trust *made = calloc(1, sizeof(*made));
    if (made) {
        made->text = malloc(size + 1);
    }
    if (!made || !made->text) {
        free(made);
        return no_memory();
    }
    memcpy(made->text, text, size);
    made->digest = digest_of(text, size);
    int code = read_lines(made, size, source);
    code = code < 0 ? code : sort(made, source);
    if (code < 0) {
        msock__trust_free(made);
        return code;
    }
    *trust = made;
    return 0;
}
