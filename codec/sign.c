/* SPDX-License-Identifier: Apache-2.0 */
/* The signing stage. Ed25519 reads its text twice and in one piece: what stands
 * before the frame on the wire is put before a copy of it. */
#include "codec/sign.h"

#include "codec/bytes.h"
#include "codec/error.h"

#include <assert.h>
#include <multisock/counter.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct msock__signer {
    struct msock__identity *identity;      /* or NULL */
    uint8_t label[MSOCK__SIGN_LABEL_SIZE]; /* of every text */
    uint8_t *text; /* of what is sent, if there is an identity */
};

static void sign_stamp(void *self, struct msock__frame *frame)
{
    (void)self;
    (void)frame;
}

static int sign_admit(void *self, const struct msock__frame *frame)
{
    (void)self;
    (void)frame;
    return 0;
}

static void sign_encode(void *self, struct msock__packet *packet)
{
    struct msock__signer *signer = self;

    if ((packet->frame.flags & MSOCK__SIGNED) == 0) {
        return;
    }
    assert(signer->identity != NULL && packet->size <= MSOCK__FRAME_MAX);
    memcpy(signer->text + MSOCK__SIGN_LABEL_SIZE, packet->bytes, packet->size);
    msock__identity_sign(signer->identity, signer->text,
                         MSOCK__SIGN_LABEL_SIZE + packet->size,
                         packet->bytes + packet->size);
    packet->size += MSOCK__SIGNATURE_SIZE;
}

/* The signature stays in place, behind the end of the packet. */
static int sign_decode(void *self, struct msock__packet *packet)
{
    (void)self;
    if ((packet->frame.flags & MSOCK__SIGNED) == 0) {
        return 0;
    }
    if (packet->size < MSOCK__HEADER_SIZE + MSOCK__SIGNATURE_SIZE) {
        return MSOCK_DROP_BODY;
    }
    packet->size -= MSOCK__SIGNATURE_SIZE;
    return 0;
}

static const struct msock__signer *sign_signer(const void *self)
{
    return self;
}

static void sign_free(void *self)
{
    struct msock__signer *signer = self;

    msock__identity_free(signer->identity);
    free(signer->text);
    free(signer);
}

static void write_label(struct msock__signer *signer,
                        const uint8_t group[static MSOCK__GROUP_SIZE],
                        uint16_t port)
{
    static const char purpose[] = "multisock 1 sign";
    struct msock__writer writer = {.at = signer->label,
                                   .left = sizeof signer->label};

    msock__write_bytes(&writer, purpose, sizeof purpose - 1);
    msock__write_bytes(&writer, group, MSOCK__GROUP_SIZE);
    msock__write_uint(&writer, port, 2);
    assert(writer.left == 0);
}

int msock__sign_stage(struct msock__stage *stage,
                      struct msock__identity *identity,
                      const uint8_t group[static MSOCK__GROUP_SIZE],
                      uint16_t port)
{
    struct msock__signer *signer = calloc(1, sizeof *signer);

    if (signer != NULL && identity != NULL) {
        signer->text = malloc(MSOCK__SIGN_LABEL_SIZE + MSOCK__FRAME_MAX);
    }
    if (signer == NULL || (identity != NULL && signer->text == NULL)) {
        free(signer);
        return msock__fail(MSOCK_ENOMEM, "no memory for signatures");
    }
    write_label(signer, group, port);
    if (identity != NULL) {
        memcpy(signer->text, signer->label, sizeof signer->label);
        signer->identity = identity;
    }
    *stage = (struct msock__stage){
        .name = "sign",
        .optional = MSOCK__SIGNED,
        .overhead = identity != NULL ? MSOCK__SIGNATURE_SIZE : 0,
        .self = signer,
        .stamp = sign_stamp,
        .admit = sign_admit,
        .encode = sign_encode,
        .decode = sign_decode,
        .signer = sign_signer,
        .free = sign_free};
    return 0;
}

bool msock__signer_public(const struct msock__signer *signer,
                          uint8_t public[static MSOCK__PUBLIC_SIZE])
{
    if (signer->identity == NULL) {
        return false;
    }
    msock__identity_public(signer->identity, public);
    return true;
}

const struct msock__identity *
msock__signer_identity(const struct msock__signer *signer)
{
    return signer->identity;
}

void msock__signer_text(const struct msock__signer *signer,
                        const struct msock__frame *frame, const uint8_t *body,
                        size_t size, uint8_t *text)
{
    memcpy(text, signer->label, sizeof signer->label);
    msock__frame_encode(frame, text + MSOCK__SIGN_LABEL_SIZE);
    memcpy(text + MSOCK__SIGN_BEFORE, body, size);
}

bool msock__sign_verify(const uint8_t public[static MSOCK__PUBLIC_SIZE],
                        const uint8_t *text, size_t size)
{
    assert(size >= MSOCK__SIGN_BEFORE + MSOCK__SIGNATURE_SIZE);
    size_t before = size - MSOCK__SIGNATURE_SIZE;

    return crypto_sign_verify_detached(text + before, text, before, public) ==
           0;
}
