/* SPDX-License-Identifier: Apache-2.0 */
/* States on a disk: the newest one of each topic, in one SQLite file.
 *
 * Invariant: what msock__store_commit() has confirmed is on the disk, whatever
 * ends the program or the power, until something newer is: each transaction is
 * synced before it returns (WAL, synchronous=FULL), and the file and its log
 * are synced into their folder when they are made. A transaction that fails
 * changes nothing. While a store is open, no other process opens it.
 *
 * Cost: a put is a look-up and an insertion, O(log topics), a commit one wait
 * for the disk; memory is that of SQLite's cache, 2 MiB. The file takes about
 * twice bytes_max, and its log as much as one transaction, at least 4 MiB.
 *
 * Thread: any, but one at a time. */
#ifndef MSOCK_PLUGINS_KEEPER_STORE_H
#define MSOCK_PLUGINS_KEEPER_STORE_H

#include <multisock/multisock.h>

enum {
    MSOCK__STORE_SESSION_SIZE = 16,
    MSOCK__STORE_REASON_SIZE = 512,
    MSOCK__STORE_STATE_COST =
        128, /* bytes that a state takes beside its texts */
    MSOCK__STORE_CLEARED_S = 3600, /* for which a cleared topic is remembered */
    MSOCK__STORE_ASIDE_MAX = 9     /* damaged files that are left for a look */
};

struct msock__store;

/** A state as it is kept; the texts need no NUL, but have one when they come
 *  from msock__store_each(). */
struct msock__kept {
    const char *topic;
    size_t topic_size; /* 1..MSOCK_TOPIC_MAX */
    const char *owner;
    size_t owner_size; /* 1..MSOCK_NAME_MAX */
    const char *data;  /* JSON; NULL: the topic was cleared */
    size_t data_size;
    uint64_t
        version; /* 1..2^53-1; of one version the higher session is newer */
    const uint8_t *session; /* MSOCK__STORE_SESSION_SIZE bytes */
    uint64_t time_s;        /* when it was stored, since 1970 */
};

/** Opens the store at `path`, or makes it (mode 0640) in a folder that exists;
 *  together its states have at most `bytes_max` bytes, of which more that are
 *  there already stay. The whole file is read and checked. States of which
 *  single bytes changed are removed; a file that is damaged otherwise is moved
 *  aside to PATH.damaged-1 (up to -9), and the store begins anew: `reason` says
 *  so, and is "" if all was well.
 *  Returns 0, or a negative code with a sentence in `reason`: MSOCK_EINVAL (the
 *  path is no file, or a file that is none of ours: it is left as it is),
 *  MSOCK_EBUSY (another process has it open), MSOCK_EABI (a newer version of
 *  the plugin wrote it), MSOCK_ELIMIT (damaged, and nine others are there),
 *  MSOCK_ESYSTEM, MSOCK_ENOMEM. */
int msock__store_open(struct msock__store **store, const char *path,
                      uint64_t bytes_max,
                      char reason[static MSOCK__STORE_REASON_SIZE]);

/** Closes it; what was not committed is lost. NULL is ignored. */
void msock__store_close(struct msock__store *store);

/** Puts a state into the transaction, which begins with the first one, if it is
 *  newer than what is there of its topic; otherwise does nothing.
 *  Returns 0, MSOCK_ELIMIT (bytes_max: the older one stays), or MSOCK_ESYSTEM,
 *  MSOCK_ENOMEM: then the whole transaction is undone. */
int msock__store_put(struct msock__store *store,
                     const struct msock__kept *state);

/** Forgets the topics which were cleared MSOCK__STORE_CLEARED_S before `now_s`,
 *  in the transaction.  Returns 0, MSOCK_ESYSTEM, MSOCK_ENOMEM as above. */
int msock__store_prune(struct msock__store *store, uint64_t now_s);

/** Ends the transaction, and waits until the disk has it; without one it does
 *  nothing.
 *  Returns 0, or MSOCK_ESYSTEM, MSOCK_ENOMEM: then it is undone. */
int msock__store_commit(struct msock__store *store);

/** Whether the store has this version of a topic, or a newer one; what is not
 *  committed counts. */
bool msock__store_has(struct msock__store *store, const char *topic,
                      size_t topic_size, uint64_t version);

/** Calls `visit` with each state, cleared ones too, in the order in which they
 *  first came, until it returns false; it must not change the store.
 *  Returns 0, MSOCK_ESYSTEM, MSOCK_ENOMEM. */
int msock__store_each(struct msock__store *store,
                      bool (*visit)(const struct msock__kept *state,
                                    void *user),
                      void *user);

/** Bytes of all states: their texts, and MSOCK__STORE_STATE_COST each. */
uint64_t msock__store_bytes(const struct msock__store *store);

/** Why the last call failed, as SQLite says it; "" if none did. */
const char *msock__store_reason(const struct msock__store *store);

#endif
