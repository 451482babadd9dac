/* SPDX-License-Identifier: Apache-2.0 */
/* The transform pipeline between frames and the network. A stage is {encode,
 * decode}: it changes a frame's body in place on its way out and back; sealing
 * is one. Stages run in order outward and in reverse order inward. An empty
 * pipeline is an open channel.
 *
 * A stage that holds keys lets them be looked at and exchanged while frames
 * pass; counters and windows know nothing of it.
 *
 * A stage owns the header flags it sets: a frame that carries a flag of no
 * stage, or lacks one of a stage, is dropped by msock__pipeline_admit(). A flag
 * that a stage has as optional is set by who sends the frame. */
#ifndef MSOCK_CODEC_TRANSFORM_H
#define MSOCK_CODEC_TRANSFORM_H

#include "codec/frame.h"
#include "codec/keyring.h"

enum { MSOCK__STAGES_MAX = 4 };

struct msock__signer;

/** A frame in memory: header, body, and room for what stages add. */
struct msock__packet {
    struct msock__frame frame; /* as in bytes[0..32) */
    uint8_t *bytes;
    size_t size;
    size_t capacity;
};

struct msock__stage {
    const char *name;
    uint8_t flag;     /* header flag of frames that went through it */
    uint8_t optional; /* one that a frame may have, and asks it to work */
    size_t overhead;  /* most bytes encode adds */
    void *self;

    /** Sets the stage's header fields of a frame to be sent, besides `flag`,
     *  which the pipeline sets. */
    void (*stamp)(void *self, struct msock__frame *frame);

    /** A cheap look at a received header, before any state of its session is
     *  touched.  Returns 0 or the drop counter. */
    int (*admit)(void *self, const struct msock__frame *frame);

    /** Transforms packet->bytes behind the header, which is final. */
    void (*encode)(void *self, struct msock__packet *packet);

    /** Undoes it.  Returns 0 or the drop counter; then the bytes are
     *  undefined. Nothing is kept of a frame that does not pass. */
    int (*decode)(void *self, struct msock__packet *packet);

    /** Reads the keys again from where they came; all or nothing. NULL: the
     *  stage has none that could change.
     *  Returns whether they changed, or an error of msock__keyring_load() or
     *  MSOCK_ENOMEM: then the old ones stay. */
    int (*reload)(void *self);

    /** Writes the ids of the keys, the sealing one first.  Returns their
     *  number. NULL: it holds none. */
    size_t (*keys)(const void *self, uint32_t ids[static MSOCK__KEYS_MAX]);

    /** Takes `count` master keys, 32 bytes each, in place of the present ones;
     *  the first seals. They are kept where the old ones came from.
     *  Returns whether they changed; MSOCK_EKEY, MSOCK_ELIMIT, MSOCK_ENOMEM:
     *  the old ones stay; MSOCK_ESYSTEM: the new ones are used, but could not
     *  be written and end with the channel. NULL: not supported. */
    int (*replace)(void *self, const uint8_t *masters, size_t count);

    /** What the frames of this channel are signed by (codec/sign.h). NULL: it
     *  does not sign. */
    const struct msock__signer *(*signer)(const void *self);

    /** Frees `self`. */
    void (*free)(void *self);
};

struct msock__pipeline {
    struct msock__stage stages[MSOCK__STAGES_MAX];
    size_t count;
};

/** Appends a stage, whose `self` the pipeline then owns. */
void msock__pipeline_add(struct msock__pipeline *pipeline,
                         const struct msock__stage *stage);

/** Frees the stages. */
void msock__pipeline_fini(struct msock__pipeline *pipeline);

/** Bytes that all stages add at most. */
size_t msock__pipeline_overhead(const struct msock__pipeline *pipeline);

/** Whether frames leave sealed. */
int msock__pipeline_sealed(const struct msock__pipeline *pipeline);

/** Looks at a received header: flags first (MSOCK_DROP_SIGNED, _SEALED on an
 *  open channel, _OPEN on a sealed one), then each stage.
 *  Returns 0 or the drop counter. */
int msock__pipeline_admit(const struct msock__pipeline *pipeline,
                          const struct msock__frame *frame);

/** Stamps and writes packet->frame as the header of packet->bytes, then runs
 *  the stages; the capacity must suffice. */
void msock__pipeline_encode(const struct msock__pipeline *pipeline,
                            struct msock__packet *packet);

/** Runs the stages backwards on an admitted packet.
 *  Returns 0 or the drop counter. */
int msock__pipeline_decode(const struct msock__pipeline *pipeline,
                           struct msock__packet *packet);

/** Has every stage read its keys again, until one fails.
 *  Returns whether any changed, or the error of that stage: what stands before
 *  it may have changed. */
int msock__pipeline_reload(const struct msock__pipeline *pipeline);

/** Writes the ids of the channel's keys, the sealing one first.
 *  Returns their number, 0 on an open channel. */
size_t msock__pipeline_keys(const struct msock__pipeline *pipeline,
                            uint32_t ids[static MSOCK__KEYS_MAX]);

/** Gives the channel other keys (struct msock__stage says how).
 *  Returns as its `replace`, MSOCK_ENOTSUP on an open channel. */
int msock__pipeline_replace(const struct msock__pipeline *pipeline,
                            const uint8_t *masters, size_t count);

/** Returns what the channel's frames are signed by, or NULL: it takes no signed
 *  ones. */
const struct msock__signer *
msock__pipeline_signer(const struct msock__pipeline *pipeline);

#endif
