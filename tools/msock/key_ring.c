/* SPDX-License-Identifier: Apache-2.0 */
/* msock key show, id and rotate: the keys of a file.
 *
 * Which key is the newest stands in comments, `added 2026-11-22T17:00:00Z`:
 * the order of the file says which one seals. */
#include "tools/msock/key.h"

#include "tools/msock/json_out.h"

#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* More than a file's keys take, so that no copy is left where it grew. */
enum { SHOWN_MAX = 32768 };

/* Each time that somebody else was quicker, he is done. */
enum { TRIES = 100 };

enum { COMMENT_SIZE = 64 };

static const char added[] = "added ";

/* -- Finding keys -- */

int key_load(msock_ring **ring, const struct key_call *call)
{
    int code = cli_check_file("FILE", call->file);

    if (code != CLI_OK) {
        return code;
    }
    code = msock_ring_load(ring, call->file);
    return code < 0 ? cli_error_code(code) : CLI_OK;
}

int key_find(const msock_ring *ring, const struct key_call *call)
{
    char id[MSOCK_KEY_ID_SIZE];

    for (int i = 0; i < msock_ring_count(ring); i++) {
        msock_ring_id(ring, i, id);
        if (strcmp(id, call->id) == 0) {
            return i;
        }
    }
    cli_error("%s holds no key %s; see msock key show %s", call->file, call->id,
              call->file);
    return -1;
}

bool key_names(const struct key_call *call, const char *name)
{
    bool named = false;

    for (size_t i = 0; i < call->name_count; i++) {
        named |= strcmp(call->names[i], name) == 0;
    }
    return named;
}

/* When a key was added, as a text that sorts; "" for long ago. */
static const char *added_at(const msock_ring *ring, int index)
{
    const char *comment = msock_ring_comment(ring, index);
    bool dated = strncmp(comment, added, sizeof(added) - 1) == 0;

    return dated ? comment + sizeof(added) - 1 : "";
}

/* Returns the index of the newest key, 0 if none is newer than the first. */
static int newest(const msock_ring *ring)
{
    int index = 0;

    for (int i = 1; i < msock_ring_count(ring); i++) {
        if (strcmp(added_at(ring, i), added_at(ring, index)) > 0) {
            index = i;
        }
    }
    return index;
}

/* -- Showing -- */

static void show_json(struct cli_buffer *out, const msock_ring *ring, int index,
                      const char *key)
{
    const char *comment = msock_ring_comment(ring, index);
    char id[MSOCK_KEY_ID_SIZE];

    msock_ring_id(ring, index, id);
    json_out_format(out, "{\"id\":\"%s\",\"seals\":%s", id,
                    index == 0 ? "true" : "false");
    if (comment[0] != '\0') {
        json_out_format(out, ",\"comment\":");
        json_out_text(out, comment, strlen(comment));
    }
    if (key[0] != '\0') {
        json_out_format(out, ",\"key\":\"%s\"", key);
    }
    json_out_format(out, "}\n");
}

static void show_line(struct cli_buffer *out, const msock_ring *ring, int index,
                      const char *key)
{
    const char *comment = msock_ring_comment(ring, index);
    char id[MSOCK_KEY_ID_SIZE];
    char safe[512];

    msock_ring_id(ring, index, id);
    msock_text_escape(comment, strlen(comment), safe, sizeof(safe));
    json_out_format(out, "%s  %s%s%s", id, index == 0 ? "seals" : "opens",
                    key[0] != '\0' ? "  " : "", key);
    if (safe[0] != '\0') {
        json_out(out, "  ", 2);
        json_out(out, safe, strlen(safe));
    }
    json_out(out, "\n", 1);
}

/* Pages of its own, which are not swapped out where the system lets it. */
static int reserve_locked(struct cli_buffer *out)
{
    long page = sysconf(_SC_PAGESIZE);
    void *bytes;

    if (page < 0 || posix_memalign(&bytes, (size_t)page, SHOWN_MAX) != 0) {
        return cli_error("out of memory");
    }
    (void)mlock(bytes, SHOWN_MAX);
    *out = (struct cli_buffer){.bytes = bytes, .capacity = SHOWN_MAX};
    return CLI_OK;
}

static void forget_locked(struct cli_buffer *out)
{
    cli_wipe(out->bytes, out->size);
    (void)munlock(out->bytes, SHOWN_MAX);
    free(out->bytes);
}

/* Prints the keys of a ring. */
static int show(const struct key_call *call, const msock_ring *ring)
{
    struct cli_buffer out;
    int code = reserve_locked(&out);

    if (code != CLI_OK) {
        return code;
    }
    for (int i = 0; i < msock_ring_count(ring); i++) {
        char key[MSOCK_KEY_TEXT_SIZE] = "";
        if (call->secret) {
            msock_ring_text(ring, i, key);
        }
        (call->json ? show_json : show_line)(&out, ring, i, key);
        cli_wipe(key, sizeof(key));
    }
    json_out(&out, "", 1);
    setvbuf(stdout, NULL, _IONBF, 0); /* no copy of keys in stdio */
    code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    forget_locked(&out);
    return code;
}

int key_show(const struct key_call *call)
{
    msock_ring *ring;
    int code = key_load(&ring, call);

    if (code == CLI_OK) {
        code = show(call, ring);
        msock_ring_free(ring);
    }
    return code;
}

int key_id(const struct key_call *call)
{
    msock_ring *ring;
    char line[MSOCK_KEY_ID_SIZE + 1];
    int code = key_load(&ring, call);

    if (code != CLI_OK) {
        return code;
    }
    msock_ring_id(ring, 0, line);
    strcat(line, "\n");
    msock_ring_free(ring);
    return cli_print(line);
}

/* -- Changing the file -- */

/* Changes a ring, and writes the id of the key that it is about.  Returns
 * CLI_OK, or CLI_FAILURE after having told why not. */
typedef int change_ring(msock_ring *ring, const struct key_call *call,
                        char id[static MSOCK_KEY_ID_SIZE]);

/* Changes the file, and begins again if somebody else did so meanwhile: no
 * other's change is undone.  Returns CLI_OK, or CLI_FAILURE after having told
 * why. */
static int change_file(const struct key_call *call, change_ring *change,
                       char id[static MSOCK_KEY_ID_SIZE])
{
    int result = MSOCK_EBUSY;

    for (int i = 0; i < TRIES && result == MSOCK_EBUSY; i++) {
        msock_ring *ring;
        int code = key_load(&ring, call);
        if (code != CLI_OK) {
            return code;
        }
        code = change(ring, call, id);
        result = code == CLI_OK ? msock_ring_save(ring, call->file) : 0;
        msock_ring_free(ring);
        if (code != CLI_OK) {
            return code;
        }
    }
    return result < 0 ? cli_error_code(result) : CLI_OK;
}

static int print_id(const char *id)
{
    return cli_line("%s", id);
}

/* -- Rotating -- */

/* The comment of a key that is made now. Of keys of one second each is dated
 * one later, so that the newest can be told. */
static void date(const msock_ring *ring, char comment[static COMMENT_SIZE])
{
    const char *last = added_at(ring, newest(ring));
    time_t now = time(NULL);

    for (int i = 0; i <= MSOCK_KEYS_MAX; i++) {
        time_t moment = now + i;
        struct tm utc;
        gmtime_r(&moment, &utc);
        strftime(comment, COMMENT_SIZE, "added %Y-%m-%dT%H:%M:%SZ", &utc);
        if (strcmp(comment + sizeof(added) - 1, last) > 0) {
            return;
        }
    }
}

/* Adds a key that is made now. */
static int add_made(msock_ring *ring)
{
    char text[MSOCK_KEY_TEXT_SIZE];
    char comment[COMMENT_SIZE];
    int result = msock_key_generate(text);

    date(ring, comment);
    if (result == 0) {
        result = msock_ring_add(ring, text, comment);
    }
    cli_wipe(text, sizeof(text));
    return result < 0 ? cli_error_code(result) : CLI_OK;
}

/* Adds a new key, which does not seal yet. */
static int add_key(msock_ring *ring, const struct key_call *call,
                   char id[static MSOCK_KEY_ID_SIZE])
{
    int waiting = newest(ring);

    if (waiting > 0 && !call->force) {
        msock_ring_id(ring, waiting, id);
        return cli_error("%s holds a newer key already, %s: have it seal with "
                         "--switch, or add one more with --force",
                         call->file, id);
    }
    int code = add_made(ring);
    if (code == CLI_OK) {
        msock_ring_id(ring, msock_ring_count(ring) - 1, id);
    }
    return code;
}

static int rotate(const struct key_call *call)
{
    char id[MSOCK_KEY_ID_SIZE];
    int code = change_file(call, add_key, id);

    if (code == CLI_OK) {
        code = print_id(id);
        cli_error("copy %s to every node, or msock key push it, and then: "
                  "msock key rotate %s --switch -c URL",
                  call->file, call->file);
    }
    return code;
}

/* -- Switching -- */

/* Finds the key that is to seal. */
static int find_next(const msock_ring *ring, const struct key_call *call)
{
    int index = call->id[0] != '\0' ? key_find(ring, call) : newest(ring);

    if (index == 0) {
        cli_error(call->id[0] != '\0'
                      ? "that key of %s seals already"
                      : "no key of %s is newer than the one that seals "
                        "(or name it: rotate FILE ID --switch)",
                  call->file);
    }
    return index > 0 ? index : -1;
}

/* Has another key seal. */
static int switch_key(msock_ring *ring, const struct key_call *call,
                      char id[static MSOCK_KEY_ID_SIZE])
{
    int index = find_next(ring, call);

    if (index < 0) {
        return CLI_FAILURE;
    }
    msock_ring_promote(ring, index);
    msock_ring_id(ring, 0, id);
    return CLI_OK;
}

/* Finds which keys are to seal now and no more. */
static int choose(const struct key_call *call,
                  char next[static MSOCK_KEY_ID_SIZE],
                  char old[static MSOCK_KEY_ID_SIZE])
{
    msock_ring *ring;
    int code = key_load(&ring, call);

    if (code != CLI_OK) {
        return code;
    }
    int index = find_next(ring, call);
    if (index > 0) {
        msock_ring_id(ring, index, next);
        msock_ring_id(ring, 0, old);
    }
    msock_ring_free(ring);
    return index > 0 ? CLI_OK : CLI_FAILURE;
}

/* Asks the nodes, and has the key seal that they were asked for. */
static int rotate_switch(const struct key_call *call)
{
    struct key_call chosen = *call;
    char next[MSOCK_KEY_ID_SIZE], old[MSOCK_KEY_ID_SIZE];
    int code = choose(call, next, old);

    if (code == CLI_OK && !call->force && !cli_channel_url(&call->channel)) {
        code =
            cli_error("nodes that lack the key would hear nothing more: name "
                      "the channel with -c to have them asked, or --force");
    }
    if (code == CLI_OK && !call->force) {
        code = key_check_switch(call, next);
    }
    chosen.id = next;
    if (code == CLI_OK) {
        code = change_file(&chosen, switch_key, next);
    }
    if (code == CLI_OK) {
        code = print_id(next);
        cli_error("now push %s, or copy it to every node, again, and then: "
                  "msock key retire %s %s -c URL",
                  call->file, call->file, old);
    }
    return code;
}

int key_rotate(const struct key_call *call)
{
    if (call->id[0] != '\0' && !call->switches) {
        return cli_usage("an ID is for --switch; see msock key -h");
    }
    if (call->choice != 0 && !call->switches) {
        return cli_usage("--except is for --switch; see msock key -h");
    }
    return call->switches ? rotate_switch(call) : rotate(call);
}

/* -- Retiring -- */

/* The file may have changed while nodes were waited for. */
static int take_out(msock_ring *ring, const struct key_call *call,
                    char id[static MSOCK_KEY_ID_SIZE])
{
    int index = key_find(ring, call);

    if (index < 0) {
        return CLI_FAILURE;
    }
    if (index == 0) {
        return cli_error("%s seals: have another do so first, by rotate "
                         "--switch",
                         call->id);
    }
    msock_ring_id(ring, index, id);
    int result = msock_ring_remove(ring, index);
    return result < 0 ? cli_error_code(result) : CLI_OK;
}

int key_remove(const struct key_call *call)
{
    char id[MSOCK_KEY_ID_SIZE];
    int code = change_file(call, take_out, id);

    if (code == CLI_OK) {
        cli_error("now push %s, or copy it to every node, again", call->file);
    }
    return code;
}
