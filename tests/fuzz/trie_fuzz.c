/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the trie of subscriptions beside a plain list of filters that are
 * matched one by one, level by level. Callbacks subscribe, unsubscribe and
 * begin runs of their own, as the input says. */
#include "core/dispatch.h"
#include "core/topic.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

enum { ENTRIES_MAX = 256, RUNS_MAX = 3, NAME_MAX_HERE = 64 };

struct entry {
    char filter[NAME_MAX_HERE];
    int id; /* 0: removed, or never there */
    bool no_local;
};

/* A run: the entries below `newest` that were there when it began are called in
 * their order, unless they go before their turn. */
struct run {
    const msock_message *message;
    size_t next;
    size_t newest;
    size_t called;
    size_t refused;
};

static struct msock__dispatch *dispatch;
static struct entry entries[ENTRIES_MAX]; /* in the order of subscribing */
static size_t entry_count;
static struct run runs[RUNS_MAX];
static size_t run_depth;
static struct fuzz_input input;

static void act(void);

/* -- The model -- */

static const char *behind_level(const char *text)
{
    return text + strcspn(text, "/");
}

static bool levels_match(const char *filter, const char *topic)
{
    if (strcmp(filter, "#") == 0) {
        return true;
    }
    size_t wanted = (size_t)(behind_level(filter) - filter);
    size_t there = (size_t)(behind_level(topic) - topic);
    bool one = wanted == 1 && filter[0] == '+';
    if (!one && (wanted != there || memcmp(filter, topic, there) != 0)) {
        return false;
    }
    filter += wanted;
    topic += there;
    if (filter[0] == '\0' || topic[0] == '\0') {
        return (filter[0] == '\0' && topic[0] == '\0') ||
               strcmp(filter, "/#") == 0;
    }
    return levels_match(filter + 1, topic + 1);
}

static bool wanted(const struct entry *entry, const char *topic, bool local)
{
    bool hidden = topic[0] == '$' && strchr("+#", entry->filter[0]) != NULL;
    return entry->id != 0 && !hidden && !(entry->no_local && local) &&
           levels_match(entry->filter, topic);
}

/* The next entry that a run has to call, `newest` if there is none. */
static size_t next_call(const struct run *run)
{
    bool local = (run->message->flags & MSOCK_MESSAGE_LOCAL) != 0;
    size_t i = run->next;
    while (i < run->newest &&
           !wanted(&entries[i], run->message->topic, local)) {
        i++;
    }
    return i;
}

/* -- Names -- */

/* One to four levels of few words, so that filters meet. */
static void write_name(char *name, bool filter)
{
    static const char *const words[] = {"a", "b", "", "$x", "ab", "+", "#"};
    size_t count = 1 + fuzz_byte(&input) % 4;
    name[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t word = fuzz_byte(&input) % (filter ? 7 : 5);
        strcat(name, i > 0 ? "/" : "");
        strcat(name, words[word]);
    }
    if (name[0] == '\0' ||
        (filter && !msock__filter_valid(name, strlen(name)))) {
        strcpy(name, "a");
    }
}

/* -- Steps -- */

static int on_message(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)channel;
    struct run *run = &runs[run_depth - 1];
    assert(message == run->message);
    size_t due = next_call(run);
    assert(due < run->newest && user == &entries[due]);
    run->next = due + 1;
    run->called++;
    act();
    bool refuse = fuzz_byte(&input) % 4 == 1;
    run->refused += refuse;
    return refuse ? MSOCK_EINVAL : 0;
}

static void add(void)
{
    if (entry_count == ENTRIES_MAX) {
        return;
    }
    struct entry *entry = &entries[entry_count++];
    write_name(entry->filter, true);
    entry->no_local = fuzz_byte(&input) % 4 == 1;
    entry->id = msock__dispatch_add(dispatch, entry->filter, on_message, entry,
                                    entry->no_local);
    assert(entry->id >= 1);
}

static void remove_one(void)
{
    if (entry_count == 0) {
        return;
    }
    struct entry *entry = &entries[fuzz_byte(&input) % entry_count];
    int result = msock__dispatch_remove(dispatch, entry->id);
    assert(result == (entry->id != 0 ? 0 : MSOCK_ENOENT));
    entry->id = 0;
}

static void run_message(void)
{
    if (run_depth == RUNS_MAX) {
        return;
    }
    char topic[NAME_MAX_HERE];
    write_name(topic, false);
    bool local = fuzz_byte(&input) % 2 != 0;
    const msock_message message = {.topic = topic,
                                   .topic_size = strlen(topic),
                                   .flags = local ? MSOCK_MESSAGE_LOCAL : 0};
    struct run *run = &runs[run_depth];
    *run = (struct run){.message = &message, .newest = entry_count};
    bool any = next_call(run) < run->newest;
    assert(msock__dispatch_any(dispatch, topic, strlen(topic), local) == any);

    run_depth++;
    struct msock__dispatch_result result =
        msock__dispatch_run(dispatch, NULL, &message, UINT64_MAX);
    run_depth--;
    assert(next_call(run) == run->newest);
    assert(result.called == run->called && result.refused == run->refused);
}

static void act(void)
{
    switch (fuzz_byte(&input) % 8) {
    case 1:
        remove_one();
        break;
    case 2:
        add();
        break;
    case 3:
        run_message();
        break;
    default:
        break;
    }
}

static void step(void)
{
    switch (fuzz_byte(&input) % 4) {
    case 0:
    case 1:
        add();
        break;
    case 2:
        remove_one();
        break;
    default:
        run_message();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t key[16] = {1, 2, 3};
    int made = msock__dispatch_new(&dispatch, key);
    assert(made == 0);
    input = (struct fuzz_input){bytes, size};
    entry_count = 0;
    while (input.left > 0) {
        step();
    }
    size_t alive = 0;
    for (size_t i = 0; i < entry_count; i++) {
        alive += entries[i].id != 0;
    }
    assert(msock__dispatch_count(dispatch) == alive);
    msock__dispatch_clear(dispatch);
    assert(msock__dispatch_nodes(dispatch) == 0);
    msock__dispatch_free(dispatch);
    return 0;
}
