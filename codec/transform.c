/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the stages of a pipeline. */
#include "codec/transform.h"

#include "codec/error.h"

#include <assert.h>
#include <multisock/counter.h>

/* Header flags that the stages set, and so require. */
static unsigned stage_flags(const struct msock__pipeline *pipeline)
{
    unsigned flags = 0;

    for (size_t i = 0; i < pipeline->count; i++) {
        flags |= pipeline->stages[i].flag;
    }
    return flags;
}

/* Those that a frame may have. */
static unsigned optional_flags(const struct msock__pipeline *pipeline)
{
    unsigned flags = 0;

    for (size_t i = 0; i < pipeline->count; i++) {
        flags |= pipeline->stages[i].optional;
    }
    return flags;
}

void msock__pipeline_add(struct msock__pipeline *pipeline,
                         const struct msock__stage *stage)
{
    assert(pipeline->count < MSOCK__STAGES_MAX);
    assert((stage_flags(pipeline) & stage->flag) == 0);
    pipeline->stages[pipeline->count++] = *stage;
}

void msock__pipeline_fini(struct msock__pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->count; i++) {
        pipeline->stages[i].free(pipeline->stages[i].self);
    }
    pipeline->count = 0;
}

size_t msock__pipeline_overhead(const struct msock__pipeline *pipeline)
{
    size_t overhead = 0;

    for (size_t i = 0; i < pipeline->count; i++) {
        overhead += pipeline->stages[i].overhead;
    }
    return overhead;
}

int msock__pipeline_sealed(const struct msock__pipeline *pipeline)
{
    return (stage_flags(pipeline) & MSOCK__SEALED) != 0;
}

/* Compares a header's flags with those that the stages own, or serve. */
static int admit_flags(unsigned owned, unsigned optional, unsigned flags)
{
    unsigned foreign = flags & ~(owned | optional);

    if ((foreign & MSOCK__SIGNED) != 0) {
        return MSOCK_DROP_SIGNED;
    }
    if ((foreign & MSOCK__SEALED) != 0) {
        return MSOCK_DROP_SEALED;
    }
    return (owned & ~flags) != 0 ? MSOCK_DROP_OPEN : 0;
}

int msock__pipeline_admit(const struct msock__pipeline *pipeline,
                          const struct msock__frame *frame)
{
    int drop = admit_flags(stage_flags(pipeline), optional_flags(pipeline),
                           frame->flags);

    for (size_t i = 0; drop == 0 && i < pipeline->count; i++) {
        const struct msock__stage *stage = &pipeline->stages[i];
        drop = stage->admit(stage->self, frame);
    }
    return drop;
}

void msock__pipeline_encode(const struct msock__pipeline *pipeline,
                            struct msock__packet *packet)
{
    assert(packet->size >= MSOCK__HEADER_SIZE);
    assert(packet->capacity - packet->size >=
           msock__pipeline_overhead(pipeline));
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct msock__stage *stage = &pipeline->stages[i];
        packet->frame.flags |= stage->flag;
        stage->stamp(stage->self, &packet->frame);
    }
    msock__frame_encode(&packet->frame, packet->bytes);
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct msock__stage *stage = &pipeline->stages[i];
        stage->encode(stage->self, packet);
    }
}

int msock__pipeline_decode(const struct msock__pipeline *pipeline,
                           struct msock__packet *packet)
{
    int drop = 0;

    for (size_t i = pipeline->count; drop == 0 && i > 0; i--) {
        const struct msock__stage *stage = &pipeline->stages[i - 1];
        drop = stage->decode(stage->self, packet);
    }
    return drop;
}

int msock__pipeline_reload(const struct msock__pipeline *pipeline)
{
    int changed = 0;

    for (size_t i = 0; i < pipeline->count; i++) {
        const struct msock__stage *stage = &pipeline->stages[i];
        int result = stage->reload ? stage->reload(stage->self) : 0;
        if (result < 0) {
            return result;
        }
        changed |= result;
    }
    return changed;
}

size_t msock__pipeline_keys(const struct msock__pipeline *pipeline,
                            uint32_t ids[static MSOCK__KEYS_MAX])
{
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct msock__stage *stage = &pipeline->stages[i];
        if (stage->keys) {
            return stage->keys(stage->self, ids);
        }
    }
    return 0;
}

int msock__pipeline_replace(const struct msock__pipeline *pipeline,
                            const uint8_t *masters, size_t count)
{
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct msock__stage *stage = &pipeline->stages[i];
        if (stage->replace) {
            return stage->replace(stage->self, masters, count);
        }
    }
    return msock__fail(MSOCK_ENOTSUP, "an open channel has no keys: open it "
                                      "with a key file");
}

const struct msock__signer *
msock__pipeline_signer(const struct msock__pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct msock__stage *stage = &pipeline->stages[i];
        if (stage->signer) {
            return stage->signer(stage->self);
        }
    }
    return NULL;
}
