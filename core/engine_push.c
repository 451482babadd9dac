/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that one node gives others over the channel (docs/protocol.md 1.6): only
 * an admin of the trust file may, and each box is closed to all but one. */
#include "core/engine_push.h"

#include "codec/error.h"
#include "codec/ring.h"
#include "codec/ringbox.h"
#include "codec/sign.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(MSOCK__BOX_MAX == MSOCK__RINGBOX_TEXT - 1,
              "a control message holds any box");

/* -- Sending -- */

/* Whether others will take keys from this node. */
static int check_admin(const struct msock__engine *engine)
{
    if (!engine->trust) {
        return msock__fail(MSOCK_ENOTSUP,
                           "keys are pushed to identities: set id_file and "
                           "trust_file, or copy the key file by hand");
    }
    const struct msock__trusted *self = msock__trust_find(
        engine->trust, engine->config.name, strlen(engine->config.name));
    if (!self || !msock__trusted_admin(self)) {
        return msock__fail(MSOCK_EACCESS,
                           "%s: '%s' has no right 'admin' there, so nobody "
                           "would take keys from it",
                           engine->config.trust_file, engine->config.name);
    }
    if (msock__push_waits(&engine->push)) {
        return msock__fail(MSOCK_EAGAIN, "the push before is under way");
    }
    return 0;
}

static int fill(const struct msock__engine *engine,
                const struct msock__keyring *ring, const char *name,
                struct msock__pushed *item)
{
    const struct msock__trusted *to =
        msock__trust_find(engine->trust, name, strlen(name));
    if (!to) {
        return msock__fail(MSOCK_ENOENT, "%s: nobody is called '%s' there",
                           engine->config.trust_file, name);
    }
    strcpy(item->to, name); /* a name of the file: it fits */
    int size = msock__ringbox_seal(ring, msock__trusted_public(to), item->box);
    return size < 0 ? size : 0;
}

int msock__engine_push(struct msock__engine *engine, const msock_ring *ring,
                       const char *const *names, size_t count)
{
    int code = check_admin(engine);
    if (code < 0) {
        return code;
    }
    struct msock__pushed *items = calloc(count, sizeof(*items));
    if (!items) {
        return msock__fail(MSOCK_ENOMEM, "no memory for a push");
    }
    uint64_t made_ms = msock__push_stamp(
        &engine->push, engine->driver->ops->wall(engine->driver));
    for (size_t i = 0; i < count && code == 0; i++) {
        items[i].made_ms = made_ms;
        code = fill(engine, msock__ring_keys(ring), names[i], &items[i]);
    }
    if (code < 0) {
        free(items);
        return code;
    }
    msock__push_start(&engine->push, engine->driver->ops->now(engine->driver),
                      items, count);
    engine->driver->ops->wake(engine->driver);
    return 0;
}

/* -- Receiving -- */

/* The ids of the channel's keys, zeros behind them. */
struct ids {
    uint32_t ids[MSOCK__KEYS_MAX];
};

static struct ids ids_of(const struct msock__engine *engine)
{
    struct ids ids = {{0}};

    (void)msock__pipeline_keys(&engine->pipeline, ids.ids);
    return ids;
}

/* Opens a box.  Returns 0, or an error of msock__ringbox_open(). */
static int open_box(const struct msock__engine *engine, const char *box,
                    struct msock__keyring **ring)
{
    const struct msock__identity *identity =
        msock__signer_identity(msock__pipeline_signer(&engine->pipeline));

    return identity ? msock__ringbox_open(box, strlen(box), identity, ring)
                    : msock__fail(MSOCK_EKEY, "this node has no id_file");
}

/* Logs why keys were not taken or not kept. */
static void tell(struct msock__engine *engine, uint64_t now_us,
                 const struct msock__session *session)
{
    if (msock__log_may(&engine->log, now_us, MSOCK__LOG_PUSH,
                       session->sender)) {
        msock_log(engine->log.logger, MSOCK_WARNING, "keys that %s pushed: %s",
                  session->sender, msock_error_detail());
    }
}

/* Replaces the channel's keys by those of a box.  Returns 0 or the drop
 * counter. */
static int take(struct msock__engine *engine, uint64_t now_us,
                const struct msock__session *session,
                const struct msock__pushed *pushed)
{
    struct msock__keyring *ring = NULL;
    int code = open_box(engine, pushed->box, &ring);

    if (code == 0) {
        code = msock__pipeline_replace(&engine->pipeline,
                                       msock__keyring_master(ring, 0),
                                       msock__keyring_count(ring));
        msock__keyring_free(ring);
    }
    if (code < 0) {
        tell(engine, now_us, session);
    }
    /* Those that could not be written are in use all the same. */
    if (code < 0 && code != MSOCK_ESYSTEM) {
        return code == MSOCK_ENOMEM ? MSOCK_DROP_MEMORY : MSOCK_DROP_CONTROL;
    }
    msock__push_took(&engine->pushed, now_us, pushed->made_ms);
    return 0;
}

/* Whether keys may come from the session.  Returns 0 or the drop counter. */
static int check_pushed(const struct msock__engine *engine, uint64_t now_us,
                        const struct msock__session *session,
                        const struct msock__frame *frame,
                        const struct msock__pushed *pushed)
{
    bool mine = strcmp(pushed->to, engine->config.name) == 0;
    if (!mine && !engine->trust) {
        return 0; /* whose keys others may take is not known here */
    }
    if (!(frame->flags & MSOCK__SIGNED) || !session->trusted ||
        !msock__trusted_admin(session->trusted)) {
        return MSOCK_DROP_RIGHTS;
    }
    if (!mine) {
        return 0;
    }
    bool late = session->bye_us > 0 ||
                !msock__push_newer(&engine->pushed, now_us, pushed->made_ms);
    return late ? MSOCK_DROP_OLD : 0;
}

void msock__engine_pushed(struct msock__engine *engine, uint64_t now_us,
                          const struct msock__session *session,
                          const struct msock__frame *frame,
                          const struct msock__pushed *pushed)
{
    const struct ids before = ids_of(engine);
    int wrong = check_pushed(engine, now_us, session, frame, pushed);
    if (!wrong && strcmp(pushed->to, engine->config.name) == 0) {
        wrong = take(engine, now_us, session, pushed);
    }
    if (wrong) {
        msock__engine_drop(engine, now_us, wrong, 1);
    }
    const struct ids after = ids_of(engine);
    if (memcmp(&before, &after, sizeof(before)) != 0) {
        msock__engine_keys_changed(engine);
    }
}
