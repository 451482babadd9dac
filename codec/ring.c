/* SPDX-License-Identifier: Apache-2.0 */
/* A key file as something to be changed: its keys with the comments that belong
 * to them. All of it lies in one guarded block beside the keys', since a
 * comment may well be a key that somebody put aside. */
#include "codec/ring.h"

#include "codec/error.h"
#include "codec/keyfile.h"

#include <assert.h>
#include <multisock/key.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMENT_MAX = 127, TEXT_MAX = 2 * MSOCK__KEYFILE_MAX };

/* The comments of a key, in the ring's text, each ended by a NUL. */
struct notes {
    size_t above; /* whole lines */
    size_t behind;
};

struct msock_ring {
    struct msock__keyring *keys;
    char *path; /* where it was loaded, and what stood there; NULL: nowhere */
    uint8_t digest[MSOCK__KEYFILE_DIGEST];
    struct notes notes[MSOCK__KEYS_MAX];
    size_t used;         /* of text; text[0] is "" */
    char text[TEXT_MAX]; /* only ever appended to */
    char head[TEXT_MAX]; /* blocks of lines, a blank one after each */
};

/* -- Comments -- */

/* Keeps a text.  Returns its place, 0 (the empty text) if there is no room. */
static size_t keep(msock_ring *ring, const char *text, size_t size)
{
    size_t place = ring->used;

    if (size >= TEXT_MAX - ring->used) {
        return 0;
    }
    memcpy(ring->text + place, text, size);
    ring->text[place + size] = '\0';
    ring->used += size + 1;
    return place;
}

/* The comment without its `#` and blanks. */
static struct msock__part comment_of(const struct msock__part *note)
{
    struct msock__part text = *note;

    while (text.size > 0 && strchr("# \t", text.text[0]) != NULL) {
        text.text++;
        text.size--;
    }
    return text;
}

/* Lines of comments that belong to no key come first. */
static void keep_head(msock_ring *ring, const struct msock__part *block)
{
    size_t size = strlen(ring->head);

    if (block->size > 0) {
        assert(size + block->size + 3 <= sizeof ring->head);
        memcpy(ring->head + size, block->text, block->size);
        size += block->size;
        strcpy(ring->head + size, ring->head[size - 1] == '\n' ? "\n" : "\n\n");
    }
}

/* Finds the comments of a text whose keys the ring has. */
static void read_notes(msock_ring *ring, const char *text, size_t size)
{
    struct msock__part rest = {text, size};
    struct msock__part block = {text, 0}; /* of comment lines, up to here */
    struct msock__keyline line;
    size_t index = 0;

    while (msock__keyline_next(&rest, &line)) {
        if (line.word.size > 0) {
            struct msock__part behind = comment_of(&line.note);
            ring->notes[index].above = keep(ring, block.text, block.size);
            ring->notes[index].behind = keep(ring, behind.text, behind.size);
            index++;
        } else if (line.note.size == 0) {
            keep_head(ring, &block);
        } else {
            block.size = (size_t)(rest.text - block.text);
            continue;
        }
        block = (struct msock__part){rest.text, 0};
    }
    keep_head(ring, &block);
}

/* -- Life -- */

static int ring_new(msock_ring **ring)
{
    struct msock__keyring *keys = NULL;
    int result = msock__keyring_new(&keys);

    if (result < 0) {
        return result;
    }
    msock_ring *made = sodium_malloc(sizeof *made);
    if (made == NULL) {
        msock__keyring_free(keys);
        return msock__fail(MSOCK_ENOMEM, "no memory for keys");
    }
    memset(made, 0, sizeof *made);
    made->keys = keys;
    made->used = 1;
    *ring = made;
    return 0;
}

/* Notes where the ring is from, so that it cannot undo what others write. */
static int keep_origin(msock_ring *ring, const char *path, const char *text,
                       size_t size)
{
    ring->path = strdup(path);
    msock__keyfile_digest(text, size, ring->digest);
    return ring->path ? 0 : msock__fail(MSOCK_ENOMEM, "no memory for a path");
}

int msock_ring_load(msock_ring **ring, const char *path)
{
    msock_ring *made = NULL;
    char *text = NULL;
    size_t size;
    int result = ring_new(&made);

    if (result == 0) {
        result = msock__keyfile_read(path, "msock key gen", &text, &size);
    }
    if (result == 0) {
        result = msock__keyring_parse(made->keys, text, size, path);
    }
    if (result == 0) {
        result = keep_origin(made, path, text, size);
    }
    if (result == 0) {
        read_notes(made, text, size);
        *ring = made;
    } else {
        msock_ring_free(made);
    }
    sodium_free(text); /* wipes; NULL is fine */
    return result;
}

void msock_ring_free(msock_ring *ring)
{
    if (ring != NULL) {
        msock__keyring_free(ring->keys);
        free(ring->path);
        sodium_free(ring); /* wipes */
    }
}

/* -- Writing -- */

/* A file's text as it grows, in guarded memory; `full`: something did not fit.
 */
struct page {
    char text[MSOCK__KEYFILE_MAX];
    size_t size;
    bool full;
};

static void append(struct page *page, const char *text)
{
    size_t size = strlen(text);

    if (size > sizeof page->text - page->size) {
        page->full = true;
        return;
    }
    memcpy(page->text + page->size, text, size);
    page->size += size;
}

/* Writes a key in place; its NUL stands where the line goes on. */
static void append_key(struct page *page,
                       const uint8_t master[static MSOCK__KEY_SIZE])
{
    if (MSOCK__KEY_TEXT > sizeof page->text - page->size) {
        page->full = true;
        return;
    }
    msock__key_text(master, page->text + page->size);
    page->size += MSOCK__KEY_TEXT - 1;
}

static void append_line(struct page *page, const msock_ring *ring, size_t index)
{
    const char *behind = ring->text + ring->notes[index].behind;

    append(page, ring->text + ring->notes[index].above);
    append_key(page, msock__keyring_master(ring->keys, index));
    append(page, behind[0] != '\0' ? " # " : "");
    append(page, behind);
    append(page, "\n");
}

/* Writes the page, unless the file it was loaded from is another by now. */
static int write_page(msock_ring *ring, const struct page *page,
                      const char *path)
{
    bool same = ring->path != NULL && strcmp(ring->path, path) == 0;
    int result = msock__keyfile_write(path, page->text, page->size,
                                      same ? ring->digest : NULL);

    if (result == 0 && same) {
        msock__keyfile_digest(page->text, page->size, ring->digest);
    }
    return result;
}

int msock_ring_save(msock_ring *ring, const char *path)
{
    struct page *page = sodium_malloc(sizeof *page);
    int result;

    if (page == NULL) {
        return msock__fail(MSOCK_ENOMEM, "%s: no memory to write it", path);
    }
    page->size = 0;
    page->full = false;
    append(page, ring->head);
    for (size_t i = 0; i < msock__keyring_count(ring->keys); i++) {
        append_line(page, ring, i);
    }
    result = page->full ? msock__fail(MSOCK_ELIMIT,
                                      "%s: would be larger than %d bytes: "
                                      "shorten its comments",
                                      path, MSOCK__KEYFILE_MAX)
                        : write_page(ring, page, path);
    sodium_free(page); /* wipes */
    return result;
}

/* -- Looking -- */

const struct msock__keyring *msock__ring_keys(const msock_ring *ring)
{
    return ring->keys;
}

int msock_ring_count(const msock_ring *ring)
{
    return (int)msock__keyring_count(ring->keys);
}

void msock_ring_id(const msock_ring *ring, int index,
                   char id[MSOCK_KEY_ID_SIZE])
{
    assert(index >= 0);
    snprintf(id, MSOCK_KEY_ID_SIZE, "%08lx",
             (unsigned long)msock__keyring_id(ring->keys, (size_t)index));
}

const char *msock_ring_comment(const msock_ring *ring, int index)
{
    assert(index >= 0 && index < msock_ring_count(ring));
    return ring->text + ring->notes[index].behind;
}

void msock_ring_text(const msock_ring *ring, int index,
                     char text[MSOCK_KEY_TEXT_SIZE])
{
    assert(index >= 0);
    msock__key_text(msock__keyring_master(ring->keys, (size_t)index), text);
}

/* -- Changing -- */

static bool is_comment(const char *comment)
{
    size_t size = strlen(comment);

    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)comment[i] < ' ' || comment[i] == 0x7F) {
            return false;
        }
    }
    return size <= COMMENT_MAX;
}

int msock_ring_add(msock_ring *ring, const char *text, const char *comment)
{
    size_t index = msock__keyring_count(ring->keys);

    if (text == NULL || (comment != NULL && !is_comment(comment))) {
        return msock__fail(MSOCK_EINVAL,
                           "a key, and a comment of at most %d bytes without "
                           "control characters",
                           COMMENT_MAX);
    }
    if (strlen(text) != MSOCK_KEY_TEXT_SIZE - 1) {
        return msock__fail(MSOCK_EKEY, "not 32 bytes in base64");
    }
    if (comment != NULL && strlen(comment) >= TEXT_MAX - ring->used) {
        return msock__fail(MSOCK_ELIMIT, "too many comments: save the ring and "
                                         "load it again");
    }
    int result =
        msock__keyring_parse(ring->keys, text, strlen(text), "the new key");
    if (result == 0) {
        ring->notes[index] = (struct notes){
            .behind = comment ? keep(ring, comment, strlen(comment)) : 0};
    }
    return result;
}

void msock_ring_promote(msock_ring *ring, int index)
{
    assert(index >= 0 && index < msock_ring_count(ring));
    struct notes notes = ring->notes[index];

    memmove(&ring->notes[1], &ring->notes[0], (size_t)index * sizeof notes);
    ring->notes[0] = notes;
    msock__keyring_promote(ring->keys, (size_t)index);
}

/* Takes a key out, be it the last one. */
static void take_out(msock_ring *ring, size_t index)
{
    msock__keyring_remove(ring->keys, index);
    memmove(&ring->notes[index], &ring->notes[index + 1],
            (msock__keyring_count(ring->keys) - index) * sizeof ring->notes[0]);
}

int msock_ring_remove(msock_ring *ring, int index)
{
    assert(index >= 0 && index < msock_ring_count(ring));
    if (msock_ring_count(ring) == 1) {
        return msock__fail(MSOCK_EKEY, "it is the only key");
    }
    take_out(ring, (size_t)index);
    return 0;
}

/* -- The source of a channel's keys -- */

/* Whether two masters are the same; their ids are, of one in 2^32 that are not.
 */
static bool is_key(const uint8_t *one, const uint8_t *two)
{
    return sodium_memcmp(one, two, MSOCK__KEY_SIZE) == 0;
}

/* Returns the index of a key, or the number of keys. */
static size_t find(const struct msock__keyring *keys,
                   const uint8_t master[static MSOCK__KEY_SIZE])
{
    size_t index = 0;

    while (index < msock__keyring_count(keys) &&
           !is_key(msock__keyring_master(keys, index), master)) {
        index++;
    }
    return index;
}

/* Whether the rings have the same keys in the same order. */
static bool same(const struct msock__keyring *one,
                 const struct msock__keyring *two)
{
    bool equal = msock__keyring_count(one) == msock__keyring_count(two);

    for (size_t i = 0; equal && i < msock__keyring_count(one); i++) {
        equal = is_key(msock__keyring_master(one, i),
                       msock__keyring_master(two, i));
    }
    return equal;
}

/* Makes the ring's keys those that are wanted. */
static int become(msock_ring *ring, const struct msock__keyring *wanted)
{
    for (size_t i = msock__keyring_count(ring->keys); i > 0; i--) {
        const uint8_t *master = msock__keyring_master(ring->keys, i - 1);
        if (find(wanted, master) == msock__keyring_count(wanted)) {
            take_out(ring, i - 1);
        }
    }
    for (size_t i = msock__keyring_count(wanted); i > 0; i--) {
        const uint8_t *master = msock__keyring_master(wanted, i - 1);
        size_t index = find(ring->keys, master);
        if (index == msock__keyring_count(ring->keys)) {
            int result = msock__keyring_add(ring->keys, master);
            if (result < 0) {
                return result;
            }
            ring->notes[index] = (struct notes){0};
        }
        msock_ring_promote(ring, (int)index);
    }
    return 0;
}

static int load(const void *self, struct msock__keyring *ring)
{
    return msock__keyring_load(ring, self);
}

/* Makes the file's keys those that are wanted.  Returns MSOCK_EBUSY if somebody
 * else wrote it meanwhile. */
static int store_once(const char *path, const struct msock__keyring *wanted)
{
    msock_ring *ring = NULL;
    int result = msock_ring_load(&ring, path);

    if (result < 0) {
        return result;
    }
    if (!same(ring->keys, wanted)) {
        result = become(ring, wanted);
        result = result < 0 ? result : msock_ring_save(ring, path);
    }
    msock_ring_free(ring);
    return result;
}

static int store(const void *self, const struct msock__keyring *wanted)
{
    int result = store_once(self, wanted);

    return result == MSOCK_EBUSY ? store_once(self, wanted) : result;
}

int msock__ring_source(struct msock__keysource *source, const char *path)
{
    char *copy = strdup(path);

    if (copy == NULL) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a path");
    }
    *source = (struct msock__keysource){
        .self = copy, .load = load, .store = store, .free = free};
    return 0;
}
