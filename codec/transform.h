/* SPDX-License-Identifier: Apache-2.0 */
/* The transform pipeline between frames and the network. A stage is {encode,
 * decode}: it changes a frame's body in place on its way out and back; sealing
 * is one. Stages run in order outward and in reverse order inward. An empty
 * pipeline is an open channel.
 *
 * A stage owns the header flags it sets: a frame that carries a flag of no
 * stage, or lacks one of a stage, is dropped by msock__pipeline_admit(). */
#ifndef MSOCK_CODEC_TRANSFORM_H
#define MSOCK_CODEC_TRANSFORM_H

#include "codec/frame.h"

enum { MSOCK__STAGES_MAX = 4 };

/** A frame in memory: header, body, and room for what stages add. */
struct msock__packet {
    struct msock__frame frame; /* as in bytes[0..32) */
    uint8_t *bytes;
    size_t size;
    size_t capacity;
};

struct msock__stage {
    const char *name;
    uint8_t flag;    /* header flag of frames that went through it */
    size_t overhead; /* most bytes encode adds */
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

#endif
