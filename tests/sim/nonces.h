/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers every frame by what its nonce is made of: one nonce, one content.
 * So no frame is sealed twice, and what is sent again is the same to the byte.
 */
#ifndef MSOCK_TESTS_SIM_NONCES_H
#define MSOCK_TESTS_SIM_NONCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nonce {
    uint64_t key; /* of session and sequence, 0: free */
    uint64_t content;
};

struct nonces {
    struct nonce *slots;
    size_t count;
    size_t capacity; /* a power of two */
};

void nonces_fini(struct nonces *nonces);

/** Notes a frame that a node sent; copies of a machine count apart, `as` whom
 *  they send.  Returns false if its nonce had another content before. */
bool nonces_note(struct nonces *nonces, unsigned as, const uint8_t *bytes,
                 size_t size);

#endif
