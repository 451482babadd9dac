/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: what a channel did, and every drop under its reason.
 *
 * One table gives identifier, name and sentence. Those before DROP_SHORT count
 * work done; all from DROP_SHORT on count something dropped, in the order of
 * docs/protocol.md 9. A counter only rises, and belongs to one channel. */
#ifndef MULTISOCK_COUNTER_H
#define MULTISOCK_COUNTER_H

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define MSOCK_COUNTER_MAP(XX)                                                  \
    XX(TX_MESSAGES, "tx_messages", "messages published")                       \
    XX(TX_FRAMES, "tx_frames", "frames handed to the network")                 \
    XX(TX_BYTES, "tx_bytes", "bytes of those frames")                          \
    XX(RX_FRAMES, "rx_frames", "datagrams received")                           \
    XX(RX_BYTES, "rx_bytes", "bytes of those datagrams")                       \
    XX(RX_MESSAGES, "rx_messages", "messages received and well-formed")        \
    XX(DELIVERED, "delivered", "callbacks run")                                \
    XX(REFUSED, "refused", "callbacks that returned a negative code")          \
    XX(SESSIONS, "sessions", "sessions admitted")                              \
    XX(SESSIONS_EVICTED, "sessions_evicted",                                   \
       "sessions forgotten because the table was full")                        \
    XX(TX_CONTROL, "tx_control", "control frames sent")                        \
    XX(TX_REPAIRS, "tx_repairs", "reliable frames sent again on request")      \
    XX(TX_COPIES, "tx_copies", "best-effort frames sent again as copies")      \
    XX(TX_NACKS, "tx_nacks", "control frames that asked for missing frames")   \
    XX(TX_GIVEN_UP, "tx_given_up",                                             \
       "listeners not waited for any longer: silent, or without progress")     \
    XX(RX_CONTROL, "rx_control", "control messages received and well-formed")  \
    XX(RX_NACKS, "rx_nacks", "control messages that asked this node")          \
    XX(LOST, "lost", "reliable frames reported as lost")                       \
    XX(TX_ERRORS, "tx_errors", "frames that left by no interface")             \
    XX(TX_SKIPPED, "tx_skipped",                                               \
       "copies for interfaces or peers that did not take them")                \
    XX(DROP_SHORT, "drop_short", "shorter than a header, or a tag is missing") \
    XX(DROP_MAGIC, "drop_magic", "another protocol")                           \
    XX(DROP_VERSION, "drop_version", "another version of the protocol")        \
    XX(DROP_FLAGS, "drop_flags", "unknown flag, or flag and key id disagree")  \
    XX(DROP_SEQUENCE, "drop_sequence", "sequence is 0 or over 2^53-1")         \
    XX(DROP_STREAM, "drop_stream", "stream 3, which does not exist")           \
    XX(DROP_OWN, "drop_own", "one's own frame, looped back")                   \
    XX(DROP_OWN_AHEAD, "drop_own_ahead",                                       \
       "one's own session, but never sent: a clone or a forgery")              \
    XX(DROP_SIGNED, "drop_signed", "a signature that this node cannot check")  \
    XX(DROP_OPEN, "drop_open", "an open frame on a sealed channel")            \
    XX(DROP_SEALED, "drop_sealed", "a sealed frame on an open channel")        \
    XX(DROP_KEY_ID, "drop_key_id", "sealed with a key this node lacks")        \
    XX(DROP_OLD, "drop_old",                                                   \
       "below the replay window, or sent before this node believes")           \
    XX(DROP_DUPLICATE, "drop_duplicate", "a frame seen before")                \
    XX(DROP_SHARE, "drop_share",                                               \
       "passed over: too much of one session for this node")                   \
    XX(DROP_AUTH, "drop_auth",                                                 \
       "not authentic: forged, damaged or of another channel")                 \
    XX(DROP_UNSIGNED, "drop_unsigned", "not signed, though its sender has to") \
    XX(DROP_SIGNATURE, "drop_signature", "not signed by its sender's own key") \
    XX(DROP_VERIFY, "drop_verify",                                             \
       "more signatures than could be verified in time")                       \
    XX(DROP_SESSION_LIMIT, "drop_session_limit", "no memory for a session")    \
    XX(DROP_PENDING, "drop_pending",                                           \
       "frames of a session that was not admitted")                            \
    XX(DROP_LATE, "drop_late", "withheld on the way: too old on arrival")      \
    XX(DROP_REORDER, "drop_reorder",                                           \
       "no room to wait for a gap: asked for again later")                     \
    XX(DROP_BODY, "drop_body",                                                 \
       "a body that holds no message, or bytes behind its only one")           \
    XX(DROP_PIECE, "drop_piece", "pieces of a message disagree")               \
    XX(DROP_PIECE_LIMIT, "drop_piece_limit",                                   \
       "pieces beyond the bounds of reassembly")                               \
    XX(DROP_PIECE_LATE, "drop_piece_late",                                     \
       "messages given up because a piece did not come")                       \
    XX(DROP_JSON, "drop_json", "not strict JSON")                              \
    XX(DROP_ENVELOPE, "drop_envelope",                                         \
       "an envelope key missing, doubled or of a wrong type")                  \
    XX(DROP_TOPIC, "drop_topic", "not a valid topic")                          \
    XX(DROP_SENDER, "drop_sender",                                             \
       "not a valid node name, or not the session's")                          \
    XX(DROP_RIGHTS, "drop_rights", "its sender may not publish that")          \
    XX(DROP_RAW_SHORT, "drop_raw_short", "raw payload shorter than its len")   \
    XX(DROP_TOO_BIG, "drop_too_big", "larger than the limit for a message")    \
    XX(DROP_RESERVED, "drop_reserved", "$ms/ topic off the control stream")    \
    XX(DROP_CONTROL, "drop_control",                                           \
       "control message unknown or beyond its bounds")                         \
    XX(DROP_BARE, "drop_bare", "key that a bare datagram may not use")         \
    XX(DROP_EXPIRED, "drop_expired", "older than its expires")                 \
    XX(DROP_SCHEDULED, "drop_scheduled",                                       \
       "messages with after beyond the bounds")                                \
    XX(DROP_STATE_OLD, "drop_state_old",                                       \
       "a state older than the one that is known")                             \
    XX(DROP_STATE_FULL, "drop_state_full", "no room for another state")        \
    XX(DROP_REPLY, "drop_reply", "a reply that nobody waits for, or any more") \
    XX(DROP_MEMORY, "drop_memory", "out of memory")                            \
    XX(DROP_FOREIGN, "drop_foreign",                                           \
       "datagram for another address, or from an interface not joined")        \
    XX(DROP_TRUNCATED, "drop_truncated", "datagram over the largest size")     \
    XX(DROP_KERNEL, "drop_kernel", "receive buffer full: the kernel dropped")

enum msock_counter {
#define MSOCK__XX(id, name, text) MSOCK_##id,
    MSOCK_COUNTER_MAP(MSOCK__XX)
#undef MSOCK__XX
        MSOCK_COUNTER_COUNT
};

/** Returns a counter's name ("drop_auth"), or NULL from MSOCK_COUNTER_COUNT on.
 *  Static text.  Thread: any. */
const char *msock_counter_name(enum msock_counter counter);

/** Returns a counter's sentence, or NULL from MSOCK_COUNTER_COUNT on. Static
 *  text.  Thread: any. */
const char *msock_counter_text(enum msock_counter counter);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
