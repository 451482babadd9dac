/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded table of sessions we hear. */
#include "core/session.h"

#include "core/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct msock__sessions {
    struct msock__session *table;  /* uthash head */
    struct msock__session *spares; /* removed: each has a slot that is free */
    uint64_t births;
    struct msock__session *newest;
    struct msock__session *oldest;
    struct msock__session **names; /* by hash: lists of who is bound */
    size_t name_mask;
    size_t session_max;
    void (*on_forget)(void *owner, struct msock__session *session);
    void *owner;
    uint8_t hash_key[MSOCK__HASH_KEY_SIZE];
};

static void unlink_session(struct msock__sessions *sessions,
                           struct msock__session *session)
{
    *(session->newer != NULL ? &session->newer->older : &sessions->newest) =
        session->older;
    *(session->older != NULL ? &session->older->newer : &sessions->oldest) =
        session->newer;
}

static void link_newest(struct msock__sessions *sessions,
                        struct msock__session *session)
{
    session->newer = NULL;
    session->older = sessions->newest;
    *(session->older != NULL ? &session->older->newer : &sessions->oldest) =
        session;
    sessions->newest = session;
}

static unsigned hash_of(const struct msock__sessions *sessions,
                        const uint8_t *id)
{
    return msock__table_hash(sessions->hash_key, id, MSOCK__SESSION_SIZE);
}

/* Where the list begins that a name is in. */
static struct msock__session **names_of(const struct msock__sessions *sessions,
                                        const char *name, size_t size)
{
    unsigned hash = msock__table_hash(sessions->hash_key, name, size);
    return &sessions->names[hash & sessions->name_mask];
}

static void link_name(struct msock__sessions *sessions,
                      struct msock__session *session)
{
    struct msock__session **at =
        names_of(sessions, session->sender, session->sender_size);
    session->next_name = *at;
    *at = session;
}

static void unlink_name(struct msock__sessions *sessions,
                        const struct msock__session *session)
{
    struct msock__session **at =
        names_of(sessions, session->sender, session->sender_size);
    while (*at != session) {
        at = &(*at)->next_name;
    }
    *at = session->next_name;
}

/* Takes a session out of the table; it is the caller's. */
static void take_out(struct msock__sessions *sessions,
                     struct msock__session *session)
{
    unlink_session(sessions, session);
    if (session->sender_size > 0) {
        unlink_name(sessions, session);
    }
    HASH_DELETE(hh, sessions->table, session);
}

static void forget(struct msock__sessions *sessions,
                   struct msock__session *session)
{
    take_out(sessions, session);
    free(session);
}

/* Takes a session that was removed, blank again.  Returns it, or NULL. */
static struct msock__session *take_spare(struct msock__sessions *sessions)
{
    struct msock__session *spare = sessions->spares;
    if (spare != NULL) {
        uint32_t slot = spare->slot;
        sessions->spares = spare->older;
        memset(spare, 0, sizeof(*spare));
        spare->slot = slot;
    }
    return spare;
}

static void add_spare(struct msock__sessions *sessions,
                      struct msock__session *session)
{
    session->older = sessions->spares;
    sessions->spares = session;
}

/* Makes a session and finds it a slot.  Returns it, or NULL. */
static struct msock__session *make(struct msock__sessions *sessions,
                                   const struct msock__session *victim)
{
    struct msock__session *made = take_spare(sessions);
    if (made != NULL) {
        return made;
    }
    made = calloc(1, sizeof(*made));
    if (made != NULL) {
        /* Without spares, slots are dense. */
        made->slot = victim != NULL ? victim->slot
                                    : (uint32_t)msock__sessions_count(sessions);
    }
    return made;
}

/* The opposite; its slot stays known. */
static void unmake(struct msock__sessions *sessions,
                   struct msock__session *made,
                   const struct msock__session *victim)
{
    if (victim != NULL) {
        free(made);
    } else {
        add_spare(sessions, made);
    }
}

int msock__sessions_new(struct msock__sessions **sessions, size_t session_max,
                        const uint8_t hash_key[static 16])
{
    assert(session_max >= 1 && session_max <= UINT32_MAX);
    size_t lists = 1;
    while (lists < session_max) {
        lists *= 2;
    }
    struct msock__sessions *made = calloc(1, sizeof(*made));
    struct msock__session **names = calloc(lists, sizeof(*names));
    if (made == NULL || names == NULL) {
        free(names);
        free(made);
        return MSOCK_ENOMEM;
    }
    made->names = names;
    made->name_mask = lists - 1;
    made->session_max = session_max;
    memcpy(made->hash_key, hash_key, sizeof(made->hash_key));
    *sessions = made;
    return 0;
}

void msock__sessions_on_forget(
    struct msock__sessions *sessions,
    void (*on_forget)(void *owner, struct msock__session *session), void *owner)
{
    sessions->on_forget = on_forget;
    sessions->owner = owner;
}

void msock__sessions_free(struct msock__sessions *sessions)
{
    if (sessions == NULL) {
        return;
    }
    while (sessions->oldest != NULL) {
        forget(sessions, sessions->oldest);
    }
    while (sessions->spares != NULL) {
        struct msock__session *spare = sessions->spares;
        sessions->spares = spare->older;
        free(spare);
    }
    free(sessions->names);
    free(sessions);
}

struct msock__session *
msock__sessions_find(const struct msock__sessions *sessions,
                     const uint8_t id[static MSOCK__SESSION_SIZE])
{
    struct msock__session *found;
    HASH_FIND_BYHASHVALUE(hh, sessions->table, id, MSOCK__SESSION_SIZE,
                          hash_of(sessions, id), found);
    return found;
}

struct msock__session *
msock__sessions_victim(const struct msock__sessions *sessions)
{
    if (msock__sessions_count(sessions) < sessions->session_max) {
        return NULL;
    }
    struct msock__session *victim = sessions->oldest;
    while (victim != NULL && victim->trusted != NULL) {
        victim = victim->newer;
    }
    return victim != NULL ? victim : sessions->oldest;
}

struct msock__session *
msock__sessions_add(struct msock__sessions *sessions,
                    const uint8_t id[static MSOCK__SESSION_SIZE])
{
    assert(msock__sessions_find(sessions, id) == NULL);
    struct msock__session *victim = msock__sessions_victim(sessions);
    struct msock__session *made = make(sessions, victim);
    if (made == NULL) {
        return NULL;
    }
    made->birth = ++sessions->births;
    memcpy(made->id, id, sizeof(made->id));
    msock__window_init(&made->best_effort, 1);
    msock__window_init(&made->control, 1);

    /* First the one in, then the other out: lack of memory changes nothing. */
    HASH_ADD_BYHASHVALUE(hh, sessions->table, id, MSOCK__SESSION_SIZE,
                         hash_of(sessions, id), made);
    if (made->hh.tbl == NULL) {
        unmake(sessions, made, victim);
        return NULL;
    }
    if (victim != NULL) {
        if (sessions->on_forget != NULL) {
            sessions->on_forget(sessions->owner, victim);
        }
        forget(sessions, victim);
    }
    link_newest(sessions, made);
    return made;
}

bool msock__session_visits(const struct msock__session *session)
{
    return session->sender[0] == '$';
}

void msock__sessions_remove(struct msock__sessions *sessions,
                            struct msock__session *session)
{
    if (sessions->on_forget != NULL) {
        sessions->on_forget(sessions->owner, session);
    }
    take_out(sessions, session);
    add_spare(sessions, session);
}

bool msock__sessions_bind(struct msock__sessions *sessions,
                          struct msock__session *session, const char *name,
                          size_t size)
{
    if (session->sender_size == 0) {
        assert(size > 0 && size < sizeof(session->sender));
        memcpy(session->sender, name, size);
        session->sender_size = (uint8_t)size;
        link_name(sessions, session);
    }
    return size == session->sender_size &&
           memcmp(name, session->sender, size) == 0;
}

struct msock__session *
msock__sessions_named(const struct msock__sessions *sessions,
                      const struct msock__session *after, const char *name)
{
    struct msock__session *at = after != NULL
                                    ? after->next_name
                                    : *names_of(sessions, name, strlen(name));
    while (at != NULL && strcmp(at->sender, name) != 0) {
        at = at->next_name;
    }
    return at;
}

struct msock__session *
msock__sessions_newest(const struct msock__sessions *sessions)
{
    return sessions->newest;
}

void msock__sessions_touch(struct msock__sessions *sessions,
                           struct msock__session *session, uint64_t now_us)
{
    if (now_us > session->heard_us) {
        session->heard_us = now_us;
    }
    unlink_session(sessions, session);
    link_newest(sessions, session);
}

size_t msock__sessions_count(const struct msock__sessions *sessions)
{
    return HASH_CNT(hh, sessions->table);
}
