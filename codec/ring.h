/* SPDX-License-Identifier: Apache-2.0 */
/* A key file as the place where a channel's keys come from and are kept. Only
 * who makes it the source of a seal needs files at all. */
#ifndef MSOCK_CODEC_RING_H
#define MSOCK_CODEC_RING_H

#include "codec/keyring.h"

#include <multisock/key.h>

/** The keys of a ring, lent until it changes. */
const struct msock__keyring *msock__ring_keys(const msock_ring *ring);

/** Makes the source that is the key file at `path` (copied). Keeping keys
 * leaves the comments of those that the file held already; a file that cannot
 * be read is left alone. Returns 0, MSOCK_ENOMEM. */
int msock__ring_source(struct msock__keysource *source, const char *path);

#endif
