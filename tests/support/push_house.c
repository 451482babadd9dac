/* SPDX-License-Identifier: Apache-2.0 */
/* Houses in which keys are pushed. */
#include "tests/support/push_house.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEYS = 2, PATH_SIZE = 80, LETTERS = MSOCK_KEYS_MAX + 1 };

msock_sim *push_sim;
struct sim_node push_hub, push_lamp, push_hall;

static struct {
    char text[MSOCK_KEY_TEXT_SIZE];
    char id[MSOCK_KEY_ID_SIZE];
} keys[KEYS];

void push_write(const char *path, const char *letters)
{
    FILE *file = fopen(path, "w");

    assert(file != NULL);
    for (; *letters != '\0'; letters++) {
        fprintf(file, "%s\n", keys[*letters - 'a'].text);
    }
    fclose(file);
    int code = chmod(path, 0600);
    assert(code == 0);
    (void)code;
}

msock_ring *push_ring(const char *letters)
{
    msock_ring *ring = NULL;

    push_write("ring", letters);
    int code = msock_ring_load(&ring, "ring");
    assert(code == 0);
    (void)code;
    return ring;
}

static void make_keys(void)
{
    for (int i = 0; i < KEYS; i++) {
        const char letter[2] = {(char)('a' + i)};
        int code = msock_key_generate(keys[i].text);
        assert(code == 0);
        (void)code;
        msock_ring *ring = push_ring(letter);
        msock_ring_id(ring, 0, keys[i].id);
        msock_ring_free(ring);
    }
}

static void make_node(const char *name, const char *rights)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s.key", name);
    push_write(path, "a");
    id_home_node(name);
    id_home_trust(name, name, rights);
}

void push_house_make(void)
{
    id_home_make();
    make_keys();
    make_node("hub", "publish home/# admin");
    make_node("lamp", "publish home/#");
    make_node("hall", "publish home/#");
    int code = msock_sim_open(&push_sim, "push", NULL);
    assert(code == 0);
    (void)code;
}

void push_house_leave(void)
{
    msock_close(push_hub.channel, NULL, NULL);
    msock_close(push_lamp.channel, NULL, NULL);
    msock_close(push_hall.channel, NULL, NULL);
    msock_sim_close(push_sim);
    id_home_remove();
}

const msock_options *push_options(const char *name)
{
    static char path[PATH_SIZE];
    static msock_options options;

    snprintf(path, sizeof(path), "%s.key", name);
    options = *id_home_options(name);
    options.key_file = path;
    return &options;
}

void push_house_open(void)
{
    sim_node_open(&push_hub, "push", "hub", push_options("hub"));
    sim_node_open(&push_lamp, "push", "lamp", push_options("lamp"));
    sim_node_open(&push_hall, "push", "hall", push_options("hall"));
    msock_sim_run(push_sim, 3 * PUSH_SECOND);
}

void push_hub_keys(const char *letters)
{
    push_write("hub.key", letters);
    int code = msock_keys_reload(push_hub.channel);
    assert(code == 1);
    (void)code;
}

int push_keys(const struct sim_node *from, const char *to, const char *letters)
{
    msock_ring *ring = push_ring(letters);
    int code = msock_keys_push(from->channel, ring, &to, 1);

    msock_ring_free(ring);
    msock_sim_run(push_sim, PUSH_SECOND);
    return code;
}

/* The letter of an id, `?` for another. */
static char letter_of(const char *id)
{
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(id, keys[i].id) == 0) {
            return (char)('a' + i);
        }
    }
    return '?';
}

/* A node that is looked for, and its keys. */
struct look {
    const char *name;
    char letters[LETTERS];
};

static void on_node(msock_channel *channel, const msock_node *node, void *user)
{
    struct look *look = user;

    (void)channel;
    if (!node->up || strcmp(node->name, look->name) != 0) {
        return;
    }
    memset(look->letters, 0, sizeof(look->letters));
    for (size_t i = 0; i < node->key_count; i++) {
        look->letters[i] = letter_of(node->keys[i]);
    }
}

const char *push_shown(const char *name)
{
    static struct look look;

    look = (struct look){.name = name};
    int code = msock_nodes(push_hub.channel, on_node, &look);
    assert(code >= 0);
    (void)code;
    return look.letters;
}

const char *push_filed(const char *name)
{
    static char letters[LETTERS];
    char path[PATH_SIZE];
    char id[MSOCK_KEY_ID_SIZE];
    msock_ring *ring = NULL;

    memset(letters, 0, sizeof(letters));
    snprintf(path, sizeof(path), "%s.key", name);
    if (msock_ring_load(&ring, path) < 0) {
        return letters;
    }
    for (int i = 0; i < msock_ring_count(ring); i++) {
        msock_ring_id(ring, i, id);
        letters[i] = letter_of(id);
    }
    msock_ring_free(ring);
    return letters;
}
