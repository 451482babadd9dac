/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to believe what. */
#include "core/engine_identity.h"

#include "codec/error.h"
#include "codec/identity.h"
#include "codec/keyfile.h"
#include "codec/sign.h"
#include "codec/told.h"
#include "core/engine_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* -- The trust file -- */

/* Whether what this node sends will be believed by who has the same file. */
static int check_self(const struct msock__config *config,
                      const struct msock__pipeline *pipeline,
                      const struct msock__trust *trust)
{
    const struct msock__signer *signer = msock__pipeline_signer(pipeline);
    const struct msock__trusted *self =
        msock__trust_find(trust, config->name, strlen(config->name));
    uint8_t public[MSOCK__PUBLIC_SIZE];
    if (!self) {
        return 0;
    }
    if (!signer || !msock__signer_public(signer, public)) {
        return msock__fail(MSOCK_EKEY,
                           "%s: %s has to sign what it says: give it its "
                           "id_file, without sign=never, or another name",
                           config->trust_file, config->name);
    }
    if (memcmp(public, msock__trusted_public(self), sizeof(public)) != 0) {
        return msock__fail(MSOCK_EKEY,
                           "%s: the key of %s is not that of %s: see msock id "
                           "show",
                           config->trust_file, config->name, config->id_file);
    }
    return 0;
}

/* Reads the trust file of a configuration that has one. */
static int load(struct msock__trust **trust, const struct msock__config *config,
                const struct msock__pipeline *pipeline)
{
    char *text;
    size_t size;
    int code = msock__trustfile_read(config->trust_file, MSOCK__TRUST_TEXT_MAX,
                                     &text, &size);
    if (code < 0) {
        return code;
    }
    struct msock__trust *made = NULL;
    code = msock__trust_parse(&made, text, size, config->trust_file);
    free(text);
    code = code < 0 ? code : check_self(config, pipeline, made);
    if (code < 0) {
        msock__trust_free(made);
        return code;
    }
    *trust = made;
    return 0;
}

int msock__engine_trust_check(const struct msock__config *config,
                              const struct msock__pipeline *pipeline)
{
    struct msock__trust *trust = NULL;
    int code =
        config->trust_file[0] != '\0' ? load(&trust, config, pipeline) : 0;
    msock__trust_free(trust);
    return code;
}

int msock__engine_identity_init(struct msock__engine *engine,
                                const struct msock__pipeline *pipeline)
{
    const struct msock__signer *signer = msock__pipeline_signer(pipeline);
    bool trusts = engine->config.trust_file[0] != '\0';
    uint8_t public[MSOCK__PUBLIC_SIZE];
    if (!trusts && !(signer && msock__signer_public(signer, public))) {
        return 0;
    }
    assert(msock__pipeline_sealed(pipeline) && signer);
    engine->text = malloc(MSOCK__SIGN_BEFORE + MSOCK__FRAME_MAX);
    if (!engine->text) {
        return msock__fail(MSOCK_ENOMEM, "no memory for signatures");
    }
    return trusts ? load(&engine->trust, &engine->config, pipeline) : 0;
}

void msock__engine_identity_fini(struct msock__engine *engine)
{
    msock__verify_fini(&engine->verify);
    msock__trust_free(engine->trust);
    free(engine->text);
}

static bool same_key(const struct msock__trusted *one,
                     const struct msock__trusted *other)
{
    return one == other ||
           (one && other &&
            memcmp(msock__trusted_public(one), msock__trusted_public(other),
                   MSOCK__PUBLIC_SIZE) == 0);
}

/* Whether a session without an entry is one of a key that the old file did not
 * know: whose it was nobody could tell when it was admitted. */
static bool found_out(const struct msock__engine *engine,
                      const struct msock__trust *old,
                      const struct msock__session *session)
{
    return !session->trusted &&
           msock__trust_owner(engine->trust, session->id) &&
           !msock__trust_owner(old, session->id);
}

/* Gives a session the rights of the new file. If its key is another one, it
 * ends, and what it said under the old one with it. */
static void rebind(struct msock__engine *engine, uint64_t now_us,
                   const struct msock__trust *old,
                   struct msock__session *session)
{
    const struct msock__trusted *entry =
        msock__engine_entry(engine, session->sender, session->sender_size);
    if (same_key(session->trusted, entry) && !found_out(engine, old, session)) {
        session->trusted = entry;
        return;
    }
    engine->sessions_over = session->over = true;
    /* Its stream stays until it is forgotten: it may be a message of it that
     * has the file read. */
    (void)msock__fragments_forget(engine->fragments, session->slot);
    msock__engine_drop(engine, now_us, MSOCK_DROP_SCHEDULED,
                       msock__schedule_forget(&engine->schedule, session->id));
    /* It goes as whom it came. Who is told may read the file once more. */
    msock__engine_session_down(engine, now_us, session);
    session->trusted =
        msock__engine_entry(engine, session->sender, session->sender_size);
    msock__roster_forget(&engine->roster, &session->entry);
}

int msock__engine_trust_reload(struct msock__engine *engine)
{
    struct msock__trust *old = engine->trust;
    uint64_t now_us = engine->driver->ops->now(engine->driver);
    if (!old) {
        return 0;
    }
    int code = load(&engine->trust, &engine->config, &engine->pipeline);
    if (code < 0) {
        return code;
    }
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    while (session) {
        struct msock__session *older = session->older;
        rebind(engine, now_us, old, session);
        session = older;
    }
    bool changed = !msock__trust_same(old, engine->trust);
    msock__trust_free(old);
    return changed;
}

void msock__engine_trust_sweep(struct msock__engine *engine, uint64_t now_us)
{
    if (!engine->sessions_over) {
        return;
    }
    engine->sessions_over = false;
    engine->forget_us = now_us;
    struct msock__session *session = msock__sessions_newest(engine->sessions);
    while (session) {
        struct msock__session *older = session->older;
        if (session->over) {
            msock__sessions_remove(engine->sessions, session);
        }
        session = older;
    }
}

/* -- What arrives -- */

const struct msock__trusted *
msock__engine_entry(const struct msock__engine *engine, const char *name,
                    size_t size)
{
    return engine->trust ? msock__trust_find(engine->trust, name, size) : NULL;
}

/* Writes what a frame's signature is over.  Returns its size. */
static size_t write_text(struct msock__engine *engine,
                         const struct msock__frame *frame, const uint8_t *body,
                         size_t size)
{
    const struct msock__signer *signer =
        msock__pipeline_signer(&engine->pipeline);
    size_t whole = size + MSOCK__SIGNATURE_SIZE;
    msock__signer_text(signer, frame, body, whole, engine->text);
    return MSOCK__SIGN_BEFORE + whole;
}

/* Whether the signature of a frame is to be looked at; 0, or minus the drop
 * counter if it has none that it should have. */
static int needs_look(const struct msock__session *session,
                      const struct msock__frame *frame)
{
    const struct msock__trusted *trusted = session->trusted;
    if (!trusted || (frame->flags & MSOCK__SIGNED)) {
        return trusted != NULL;
    }
    bool may = frame->stream != MSOCK__CONTROL && msock__trusted_lax(trusted);
    return may ? 0 : -MSOCK_DROP_UNSIGNED;
}

static void begin_work(struct msock__engine *engine)
{
    if (msock__verify_begin(&engine->verify)) {
        engine->driver->ops->work(engine->driver, msock__verify_work,
                                  &engine->verify);
    }
}

/* Lets a frame wait for a worker, behind all that wait.  Returns the drop
 * counter, or -1. */
static int defer(struct msock__engine *engine, struct msock__session *session,
                 const struct msock__plain *plain, bool needed)
{
    struct msock__verify *verify = &engine->verify;
    if (session->verifying >= MSOCK__VERIFY_SESSION_MAX ||
        !msock__verify_room(verify, plain->size)) {
        return MSOCK_DROP_VERIFY;
    }
    struct msock__verify_job *job = msock__verify_job_new(
        msock__pipeline_signer(&engine->pipeline), plain,
        needed ? msock__trusted_public(session->trusted) : NULL);
    if (!job) {
        return MSOCK_DROP_MEMORY;
    }
    job->birth = session->birth;
    msock__verify_add(verify, job);
    session->verifying++;
    begin_work(engine);
    return -1;
}

int msock__engine_identify(struct msock__engine *engine,
                           struct msock__session *session,
                           struct msock__plain *plain)
{
    int needed = needs_look(session, &plain->frame);
    if (needed < 0) {
        return -needed;
    }
    if (!session->trusted) {
        /* Nothing is known that its signature could be held against. */
        plain->frame.flags &= (uint8_t)~MSOCK__SIGNED;
    }
    bool can_wait = engine->driver->ops->work != NULL;
    if (session->verifying > 0 ||
        (needed && can_wait &&
         !msock__verify_spend(&engine->verify, plain->received_us))) {
        return defer(engine, session, plain, needed);
    }
    if (!needed) {
        return 0;
    }
    size_t size = write_text(engine, &plain->frame, plain->bytes, plain->size);
    return msock__sign_verify(msock__trusted_public(session->trusted),
                              engine->text, size)
               ? 0
               : MSOCK_DROP_SIGNATURE;
}

/* What a worker's look at a frame comes to.  Returns 0 or the drop counter. */
static int judge(struct msock__session *session,
                 const struct msock__verify_job *job)
{
    if (!session || session->birth != job->birth) {
        return MSOCK_DROP_PENDING; /* it was forgotten meanwhile */
    }
    session->verifying -= session->verifying > 0;
    int needed = needs_look(session, &job->plain.frame);
    if (needed < 0) {
        return -needed;
    }
    /* Its key may be another one by now. */
    bool same =
        session->trusted && memcmp(msock__trusted_public(session->trusted),
                                   job->public, sizeof(job->public)) == 0;
    if (job->needed ? !same || !job->right : needed > 0) {
        return MSOCK_DROP_SIGNATURE;
    }
    /* The same frame may have come twice, and both waited. */
    return msock__engine_stream_check(session, &job->plain.frame);
}

void msock__engine_worked(struct msock__engine *engine, uint64_t now_us)
{
    struct msock__verify_job *job = msock__verify_end(&engine->verify);
    begin_work(engine);
    msock__engine_trust_sweep(engine, now_us);
    while (job) {
        struct msock__verify_job *next = job->next;
        struct msock__session *session =
            msock__sessions_find(engine->sessions, job->plain.frame.session);
        int wrong = judge(session, job);
        if (wrong) {
            msock__engine_share_refuse(engine, session, job->plain.first);
            msock__engine_drop(engine, now_us, wrong, 1);
        } else {
            engine->arrived_us = job->plain.received_us;
            msock__engine_take_identified(engine, now_us, session, &job->plain);
        }
        free(job);
        job = next;
    }
}

int msock__engine_own(struct msock__engine *engine,
                      const struct msock__packet *packet)
{
    const struct msock__signer *signer =
        msock__pipeline_signer(&engine->pipeline);
    uint8_t public[MSOCK__PUBLIC_SIZE];
    if (!signer || !msock__signer_public(signer, public)) {
        return 0;
    }
    if ((packet->frame.flags & MSOCK__SIGNED) == 0) {
        return MSOCK_DROP_SIGNATURE;
    }
    if (!msock__verify_spend(&engine->verify, engine->arrived_us)) {
        return MSOCK_DROP_VERIFY; /* a clone goes on */
    }
    size_t size =
        write_text(engine, &packet->frame, packet->bytes + MSOCK__HEADER_SIZE,
                   packet->size - MSOCK__HEADER_SIZE);
    return msock__sign_verify(public, engine->text, size)
               ? 0
               : MSOCK_DROP_SIGNATURE;
}

void msock__engine_stranger_text(struct msock__engine *engine,
                                 const struct msock__packet *packet)
{
    engine->text_size = 0;
    if (packet->frame.flags & MSOCK__SIGNED) {
        engine->text_size = write_text(engine, &packet->frame,
                                       packet->bytes + MSOCK__HEADER_SIZE,
                                       packet->size - MSOCK__HEADER_SIZE);
    }
}

/* Holds a state that another than its owner tells against the rights of both:
 * its teller has to keep, and its owner to publish. */
static int may_tell(const struct msock__engine *engine,
                    const struct msock__origin *origin,
                    const struct msock__trusted *teller,
                    const struct msock__envelope *envelope,
                    const struct msock__told *told)
{
    const struct msock__trusted *owner =
        msock__trust_find(engine->trust, told->owner, told->owner_size);
    if (!teller || !msock__trusted_keep(teller)) {
        return MSOCK_DROP_RIGHTS;
    }
    if (!(origin->flags & MSOCK_MESSAGE_SIGNED)) {
        return MSOCK_DROP_UNSIGNED;
    }
    /* Whether the owner signed it was for the teller to see. */
    return msock__trust_check(engine->trust, owner, envelope->topic,
                              envelope->topic_size, true);
}

/* Whether the sender of a frame tells a value of its own. */
static bool is_own(const struct msock__session *session,
                   const struct msock__told *told)
{
    return told->owner_size == session->sender_size &&
           memcmp(told->owner, session->sender, told->owner_size) == 0 &&
           memcmp(told->session, session->id, MSOCK__SESSION_SIZE) == 0;
}

/* The entry of who sent a message. A session that was forgotten while its
 * message waited for its moment has left its name only. */
static const struct msock__trusted *
trusted_of(const struct msock__engine *engine,
           const struct msock__origin *origin,
           const struct msock__envelope *envelope)
{
    return origin->session ? origin->session->trusted
                           : msock__trust_find(engine->trust, envelope->sender,
                                               envelope->sender_size);
}

/* Whether a session that was forgotten is of another key than its name has by
 * now: its id says so. */
static bool is_anothers(const struct msock__origin *origin,
                        const struct msock__trusted *trusted)
{
    return origin->forgotten && trusted &&
           !msock__session_commits(msock__trusted_public(trusted),
                                   origin->forgotten);
}

int msock__engine_may(const struct msock__engine *engine,
                      const struct msock__origin *origin,
                      const struct msock__envelope *envelope)
{
    struct msock__told told;
    if (!engine->trust || (origin->flags & MSOCK_MESSAGE_LOCAL)) {
        return 0;
    }
    const struct msock__trusted *trusted = trusted_of(engine, origin, envelope);
    if (is_anothers(origin, trusted)) {
        return MSOCK_DROP_RIGHTS;
    }
    if ((envelope->keys & MSOCK__KEY_ORIGIN) &&
        msock__told_decode(envelope->origin, envelope->origin_size, &told) &&
        !(origin->session && is_own(origin->session, &told))) {
        return may_tell(engine, origin, trusted, envelope, &told);
    }
    return msock__trust_check(engine->trust, trusted, envelope->topic,
                              envelope->topic_size,
                              (origin->flags & MSOCK_MESSAGE_SIGNED) != 0);
}

/* -- What leaves -- */

void msock__engine_draw_session(struct msock__engine *engine,
                                const struct msock__pipeline *pipeline)
{
    const struct msock__signer *signer = msock__pipeline_signer(pipeline);
    uint8_t public[MSOCK__PUBLIC_SIZE];
    engine->driver->ops->random(engine->driver, engine->session,
                                sizeof(engine->session));
    if (signer && msock__signer_public(signer, public)) {
        msock__session_commit(public, engine->session);
    }
}

bool msock__engine_signs(const struct msock__engine *engine, const char *topic)
{
    if (engine->config.sign != MSOCK__SIGN_COMMANDS) {
        return engine->config.sign == MSOCK__SIGN_ALL;
    }
    const char *name = engine->config.name;
    return !engine->trust ||
           !msock__trust_unsigned(
               engine->trust,
               msock__trust_find(engine->trust, name, strlen(name)), topic,
               strlen(topic));
}

void msock__engine_warn_rights(struct msock__engine *engine, const char *topic,
                               bool is_signed)
{
    const char *name = engine->config.name;
    if (!engine->trust) {
        return;
    }
    const struct msock__trusted *self =
        msock__trust_find(engine->trust, name, strlen(name));
    int drop = msock__trust_check(engine->trust, self, topic, strlen(topic),
                                  is_signed);
    if (drop &&
        msock__log_may(&engine->log, engine->driver->ops->now(engine->driver),
                       MSOCK__LOG_RIGHTS, topic)) {
        msock_log(engine->log.logger, MSOCK_WARNING,
                  "who has this node's trust file does not hear it on \"%s\": "
                  "%s there",
                  topic,
                  !self                         ? "its name has no line"
                  : drop == MSOCK_DROP_UNSIGNED ? "its name has to sign that"
                                                : "its name has no such right");
    }
}

uint8_t msock__engine_control_flags(const struct msock__engine *engine)
{
    return engine->config.sign == MSOCK__SIGN_COMMANDS ||
                   engine->config.sign == MSOCK__SIGN_ALL
               ? MSOCK__SIGNED
               : 0;
}
